"""What happens at the drawer besides sales: cash in, cash out, openings without a sale, copies of receipts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F

from liushui.kernel.ids import new_id
from liushui.runtime import audit
from liushui.runtime.scrub import without_people
from liushui.till import kinds, storage
from liushui.till.actions.approve import used_approval
from liushui.till.contracts import DrawerEntry, Ticket, Till
from liushui.till.domain.tenders import AMOUNT_MAX_MINOR
from liushui.till.errors import AmountRefused, ReasonMissing
from liushui.till.models import DrawerRow, ShiftRow, TicketRow

REASON_MAX = 400


def paid_in(*, till: Till, amount_minor: int, reason: str, now: datetime) -> DrawerEntry:
    """Cash is put into the drawer: change from the bank, a float that was too small."""
    _check(amount_minor)
    return _enter(till, "paid_in", amount_minor, checked_reason(reason), now)


def paid_out(
    *, till: Till, amount_minor: int, reason: str, approval_id: UUID | None = None, now: datetime
) -> DrawerEntry:
    """Cash is taken out of the drawer: to the safe, for a delivery. Over LIUSHUI_TILL_PAID_OUT_LIMIT_MINOR with an
    approval of kind till.paid_out for at least the amount."""
    _check(amount_minor)
    text = checked_reason(reason)
    if amount_minor <= settings.LIUSHUI.till_paid_out_limit_minor:
        return _enter(till, "paid_out", amount_minor, text, now)
    shift = storage.open_shift_row(till)
    with transaction.atomic():
        found = used_approval(
            approval_id=approval_id, kind=kinds.PAID_OUT, target=f"shift:{shift.id}", principal=till.principal, now=now,
            amount_minor=amount_minor,
        )  # fmt: skip
        return _enter(till, "paid_out", amount_minor, text, now, shift=shift, approved_by=found.decided_by_name)


def no_sale(*, till: Till, reason: str, now: datetime) -> DrawerEntry:
    """The drawer is opened without a sale; it is logged with its reason."""
    return _enter(till, "no_sale", 0, checked_reason(reason), now)


def note_copy(*, till: Till, ticket_id: UUID, now: datetime) -> Ticket:
    """A receipt is printed again: it says so, and the shift counts it."""
    row = storage.load(till=till, ticket_id=ticket_id, states=("settled", "voiding", "voided"))
    shift = ShiftRow.objects.filter(workstation_id=till.workstation_id, state="open").first()
    with transaction.atomic():
        TicketRow.objects.filter(id=row.id).update(copies=F("copies") + 1)
        if shift is not None:
            _enter(till, "copy", 0, row.number, now, shift=shift, ticket_id=row.id)
    return storage.ticket_of(TicketRow.objects.get(id=row.id))


def checked_reason(reason: str) -> str:
    """The reason without white space around it; raises ReasonMissing."""
    text = reason.strip()
    if not text or len(text) > REASON_MAX or "\0" in text:
        raise ReasonMissing(f"Give a reason of 1 to {REASON_MAX} characters", pointer="/reason")
    return without_people(text, longest=REASON_MAX)


def _enter(
    till: Till, kind: str, amount: int, reason: str, now: datetime, *, shift: ShiftRow | None = None,
    approved_by: str = "", ticket_id: UUID | None = None,
) -> DrawerEntry:  # fmt: skip
    shift = shift or storage.open_shift_row(till)
    with transaction.atomic():
        storage.held_shift(shift.id)
        row = DrawerRow.objects.create(
            id=new_id(), shift_id=shift.id, store_id=till.store_id, kind=kind, amount_minor=amount, tender="cash",
            reason=reason, ticket_id=ticket_id, operator=till.operator, operator_name=till.operator_name,
            approved_by=approved_by, at=now,
        )  # fmt: skip
        if kind != "copy":
            audit.record(
                principal=till.principal, action=f"till.{kind}", target=f"shift:{shift.id}", chain_id=shift.chain_id,
                store_id=shift.store_id, after={"amount_minor": amount, "approved_by": approved_by}, reason=reason,
            )  # fmt: skip
    return storage.entry_of(row)


def _check(amount: int) -> None:
    if type(amount) is not int or not 0 < amount <= AMOUNT_MAX_MINOR:
        raise AmountRefused(f"{amount!r} is not an amount in minor units", pointer="/amount_minor")
