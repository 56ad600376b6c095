"""Take a top-up or a gift card back the same day, while nothing of it is spent: with a second person's approval."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from liushui.kernel.errors import LiushuiError
from liushui.runtime import audit
from liushui.runtime.access import Principal
from liushui.till import kinds, storage
from liushui.till.actions.approve import used_approval
from liushui.till.actions.book_value import refund, take_back
from liushui.till.actions.drawer import checked_reason
from liushui.till.contracts import Till, ValueSale
from liushui.till.errors import ValueRefused
from liushui.till.models import ValueRow
from liushui.till.value_queries import value_row, value_sale_of


def void_value(*, till: Till, value_id: UUID, reason: str, approval_id: UUID | None, now: datetime) -> ValueSale:
    """Take it back with an approval of kind till.void_value for `value:<id>`; the money leaves the drawer that is open
    here. Raises ValueRefused for another day's, and what loyalty refuses it for when some of it was spent: then it
    stands as it was."""
    row = value_row(value_id=value_id, store_ids={till.store_id})
    if row.state in ("voiding", "voided"):
        return finish_void(row, principal=till.principal, now=now)
    shift = storage.open_shift_row(till)
    text = checked_reason(reason)
    if row.state != "done" or (row.business_date, row.is_training) != (shift.business_date, shift.is_training):
        raise ValueRefused(f"{row.number} is of {row.business_date} and {row.state}")
    with transaction.atomic():
        storage.held_shift(shift.id)
        approved_by = ""
        if not row.is_training:
            target = f"value:{row.id}"
            found = used_approval(
                approval_id=approval_id, kind=kinds.VOID_VALUE, target=target, principal=till.principal, now=now,
                amount_minor=row.paid_minor,
            )  # fmt: skip
            approved_by = found.decided_by_name
            audit.record(
                principal=till.principal, action="till.void_value", target=target, chain_id=row.chain_id,
                store_id=row.store_id, after={"approved_by": found.decided_by, "number": row.number}, reason=text,
            )  # fmt: skip
        moved = ValueRow.objects.filter(id=row.id, state="done").update(
            state="voiding", changed_at=now, voided_shift_id=shift.id, voided_by=till.operator,
            voided_by_name=till.operator_name, reason=text, approved_by=approved_by,
        )  # fmt: skip
        if not moved:
            raise ValueRefused(f"{row.number} is being taken back already")
    return finish_void(ValueRow.objects.get(id=row.id), principal=till.principal, now=now)


def finish_void(row: ValueRow, *, principal: Principal, now: datetime) -> ValueSale:
    """Go on with a row in `voiding`: every step may have been done before. What loyalty refuses stays sold."""
    if row.state != "voiding":
        return value_sale_of(row)
    waiting = ValueRow.objects.filter(id=row.id, state="voiding")
    try:
        if not row.is_training:
            take_back(row, operator=row.voided_by, now=now)
    except LiushuiError as refusal:
        if refusal.status < 500:
            waiting.update(state="done", changed_at=now, voided_shift_id=None)
        raise
    refund(row, principal=principal, now=now)  # to the phone that paid; cash and cards go back by hand
    waiting.update(state="voided", changed_at=now)
    return value_sale_of(ValueRow.objects.get(id=row.id))
