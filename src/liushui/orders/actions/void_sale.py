"""Take a sale back as if it had not been: for mistakes at the till, with a reason."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from liushui.kernel.errors import InvalidValue, NotFound
from liushui.orders import queries
from liushui.orders.actions.ask_void import asked_void, at_stake, needs_two
from liushui.orders.contracts import SALE_VOIDED, TEXT_MAX, TILL_SOURCE, VALUE_TENDERS, SaleDetail
from liushui.orders.domain.texts import is_unicode
from liushui.orders.errors import ValueGivenBack, VoidAtTill, VoidReasonMissing
from liushui.orders.facts import event_of
from liushui.orders.kinds import VOID
from liushui.orders.models import Sale
from liushui.orders.returning import close_for_void
from liushui.runtime import approvals, audit, outbox
from liushui.runtime.access import Principal
from liushui.runtime.approvals import Approval, ApprovalMissing
from liushui.runtime.scrub import without_people


def void_sale(*, sale_id: UUID, reason: str, principal: Principal, now: datetime, at_till: bool = False) -> SaleDetail:
    """Void a sale of a store where the principal holds `sale.void`; the second time answers what the first did.

    NotFound for a sale that the principal may not see, NotAllowed for one that it may see but not void, SaleHasReturns
    for one of which goods came back, ValueGivenBack for one that gave points or stored value back, VoidAtTill for one
    that a till made: the till, which gives the money back and has seen an approval, says `at_till` and needs `till.use`
    only. Over LIUSHUI_VOID_LIMIT_MINOR another person has to have agreed to what the principal asked by `ask_void`, and
    is named: ApprovalMissing without. At the till that is its own approval; the command line's operator needs nobody.
    """
    capability = "till.use" if at_till else "sale.void"
    principal.require(capability)
    visible = principal.stores("sale.read") | principal.stores(capability)
    before = queries.sale(sale_id=sale_id, store_ids=visible)
    principal.require_store(capability, store_id=before.summary.store_id)
    if before.summary.source == TILL_SOURCE and not at_till:
        raise VoidAtTill("This sale was made at a till", remedy="Void it there, or take it back there on a later day.")
    if any(each.type in VALUE_TENDERS and each.amount_minor < 0 for each in before.tenders):
        raise ValueGivenBack(
            f"Receipt {before.summary.receipt_number} gave points or stored value back",
            remedy="Sell the goods again instead.",
        )
    text = _checked(reason)
    approval = _approved(before, principal=principal, now=now) if not at_till else None
    fact = queries.fact(sale_id=sale_id)
    if fact is None:
        raise NotFound(f"There is no sale {sale_id}")
    event = event_of(fact, type=SALE_VOIDED, at=now)
    with transaction.atomic():
        # One conditional statement: of two who void at once, one changes the row and tells it, the other does nothing.
        changed = Sale.objects.filter(id=sale_id, status="completed").update(
            status="voided", voided_at=now, voided_by=principal.subject, void_reason=text,
            void_approved_by=approval.decided_by_name if approval is not None else "",
        )  # fmt: skip
        if changed:
            if approval is not None:
                approvals.use(approval_id=approval.id, kind=VOID, target=approval.target, now=now)
            close_for_void(sale_id=sale_id, chain_id=fact.chain_id, lines=fact.lines)
            outbox.append(events=[event])
            audit.record(
                principal=principal,
                action="sale.void",
                target=f"sale:{sale_id}",
                store_id=before.summary.store_id,
                before={"status": "completed"},
                after={"status": "voided"} | ({"approved_by": approval.decided_by} if approval is not None else {}),
                reason=text,
            )
    return queries.sale(sale_id=sale_id, store_ids=visible)


def _approved(sale: SaleDetail, *, principal: Principal, now: datetime) -> Approval | None:
    """The approval that this void takes; None where nobody has to agree. Raises ApprovalMissing."""
    if sale.summary.status != "completed" or not needs_two(sale, principal=principal):
        return None
    found = asked_void(sale, principal=principal, now=now)
    if found is not None and found.state == "approved" and found.decided_by != principal.subject:
        return found
    raise ApprovalMissing(
        f"Receipt {sale.summary.receipt_number} is above what one person may void",
        remedy="Ask for an approval: POST /api/v1/orders/{id}/void/approval, or on the receipt's page."
        if found is None
        else "Wait until somebody has decided.",
        context={
            "kind": VOID,
            "approval_problem": "missing" if found is None else "pending",
            "amount_minor": at_stake(sale),
            "limit_minor": settings.LIUSHUI.void_limit_minor,
        },
    )


def _checked(reason: str) -> str:
    text = reason.strip()
    if not text:
        raise VoidReasonMissing("Say why the sale is voided", pointer="/reason")
    if len(text) > TEXT_MAX["reason"] or "\0" in text or not is_unicode(text):
        raise InvalidValue(
            f"The reason has {len(text)} characters, it may have {TEXT_MAX['reason']}, all of them valid",
            pointer="/reason",
        )
    return without_people(text, longest=TEXT_MAX["reason"])
