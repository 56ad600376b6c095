"""End a difference with a note; where money is written off, only after another person has agreed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liushui.kernel.errors import InvalidValue
from liushui.payments.contracts import ReconciliationCase
from liushui.payments.errors import CaseSettled
from liushui.payments.models import CaseRow
from liushui.payments.queries import case_row
from liushui.payments.views import case_of
from liushui.runtime import approvals, audit
from liushui.runtime.access import Principal

KIND = "payment.case"
NOTE_MAX = 400
approvals.register_kind(
    approvals.Kind(name=KIND, title=_("Write off a difference with a payment provider"), capability="payment.settle")
)


def difference_minor(case: ReconciliationCase) -> int:
    """What the provider has more than we: the amount that settling writes off."""
    return (case.theirs_minor or 0) - (case.ours_minor or 0)


def ask_to_settle(*, case_id: UUID, note: str, principal: Principal, now: datetime) -> approvals.Approval:
    """Ask another person to agree to write the difference off; `settle_case` takes the approval."""
    row = _open_row(case_id, principal)
    case = case_of(row)
    # What no store of ours is known for is decided within a chain of who asks: he works for the whole of it.
    chain_id = row.chain_id or min(principal.whole_chains("payment.settle"))
    approval = approvals.request(
        kind=KIND, target=f"case:{case_id}", chain_id=chain_id, store_id=row.store_id, reason=_checked(note),
        principal=principal, now=now, amount_minor=difference_minor(case), currency=case.currency,
    )  # fmt: skip
    CaseRow.objects.filter(id=case_id, state="open").update(approval_id=approval.id)
    return approval


def settle_case(*, case_id: UUID, note: str, principal: Principal, now: datetime) -> ReconciliationCase:
    """Settle it, once. Where the amounts differ this takes the approval that was asked for (ApprovalMissing without);
    the machine's operator at the command line needs none."""
    row = _open_row(case_id, principal)
    case, text = case_of(row), _checked(note)
    with transaction.atomic():
        changed = CaseRow.objects.filter(id=case_id, state="open").update(
            state="settled", note=text, settled_by=principal.name, settled_at=now
        )
        if not changed:
            raise CaseSettled(f"Case {case_id} has just been settled by somebody else")
        if difference_minor(case) and principal.subject != "system":
            _use_approval(row, now)
        audit.record(
            principal=principal, action="payment.settle", target=f"case:{case_id}", chain_id=row.chain_id,
            store_id=row.store_id, before={"state": "open"},
            after={"state": "settled", "difference_minor": difference_minor(case)}, reason=text,
        )  # fmt: skip
    return case_of(CaseRow.objects.get(id=case_id))


def _use_approval(row: CaseRow, now: datetime) -> None:
    if row.approval_id is None:
        raise approvals.ApprovalMissing("Another person must agree to write this off", remedy="Ask for it first.")
    approvals.use(approval_id=row.approval_id, kind=KIND, target=f"case:{row.id}", now=now)


def _open_row(case_id: UUID, principal: Principal) -> CaseRow:
    row = case_row(
        case_id=case_id,
        store_ids=principal.stores("payment.settle"),
        whole_chains=principal.whole_chains("payment.settle"),
    )
    if row.state != "open":
        raise CaseSettled(f"Case {case_id} was settled by {row.settled_by}")
    return row


def _checked(note: str) -> str:
    text = note.strip()
    if not text or len(text) > NOTE_MAX or "\0" in text:
        raise InvalidValue(f"Write a note of 1 to {NOTE_MAX} characters", pointer="/note")
    return text
