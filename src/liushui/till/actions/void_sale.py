"""Void a sale of the day that still runs, and give the money back the way it came."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction

from liushui.loyalty import facade as loyalty
from liushui.orders import facade as orders
from liushui.orders.errors import SaleHasReturns
from liushui.payments import facade as payments
from liushui.runtime import audit
from liushui.runtime.access import Principal
from liushui.till import kinds, storage
from liushui.till.actions.approve import used_approval
from liushui.till.actions.drawer import checked_reason
from liushui.till.actions.hold_value import value_key, value_tenders
from liushui.till.contracts import Ticket, Till
from liushui.till.errors import NotVoidable
from liushui.till.models import DrawerRow, TicketRow

_NOT_VOIDED: dict[str, Any] = {
    "voided_shift_id": None,
    "voided_by": "",
    "voided_by_name": "",
    "reason": "",
    "approved_by": "",
}


def void_sale(*, till: Till, ticket_id: UUID, reason: str, approval_id: UUID | None, now: datetime) -> Ticket:
    """Void a settled ticket of this business day, with an approval of kind till.void_sale for `sale:<its sale id>`.

    The money leaves the drawer of the shift that is open here now. Raises NotVoidable for a receipt of another day,
    whose goods come back as a return, for one of which goods have come back, and for one that took goods back.
    """
    row = storage.load(till=till, ticket_id=ticket_id, states=("settled",))
    shift = storage.open_shift_row(till)
    text = checked_reason(reason)
    if row.is_refund:
        raise NotVoidable("A refund is not voided; sell the goods again")
    if (row.business_date, row.is_training) != (shift.business_date, shift.is_training):
        raise NotVoidable(f"{row.number} is of {row.business_date}", remedy="Take its goods back as a return.")
    if row.sale_id is not None and orders.returned(sale_id=row.sale_id, chain_id=row.chain_id).lines:
        raise NotVoidable(f"Goods of {row.number} came back", remedy="Take the rest back as a return.")
    with transaction.atomic():
        approved_by = ""
        if not row.is_training:
            target = f"sale:{row.sale_id}"
            found = used_approval(
                approval_id=approval_id, kind=kinds.VOID_SALE, target=target, principal=till.principal, now=now
            )
            approved_by = found.decided_by_name
            audit.record(
                principal=till.principal, action="till.void_sale", target=target, chain_id=row.chain_id,
                store_id=row.store_id, after={"approved_by": found.decided_by, "ticket": row.number}, reason=text,
            )  # fmt: skip
        storage.change(
            row, states=("settled",), now=now, while_open=shift.id, state="voiding", voided_shift_id=shift.id,
            voided_by=till.operator, voided_by_name=till.operator_name, reason=text, approved_by=approved_by,
        )  # fmt: skip
    return finish_void(row, principal=till.principal, now=now)


def finish_void(row: TicketRow, *, principal: Principal, now: datetime) -> Ticket:
    """Go on with a ticket in `voiding`: every step may have been done before."""
    if row.sale_id is not None:
        try:
            orders.void_sale(sale_id=row.sale_id, reason=row.reason, principal=principal, now=now, at_till=True)
        except SaleHasReturns:  # goods of it came back elsewhere in this moment: it stays sold
            storage.change(row, states=("voiding",), now=now, state="settled", **_NOT_VOIDED)
            raise
        if value_tenders(storage.tenders_of(row)):  # at once; the event of the void does it otherwise
            loyalty.reverse(order_key=value_key(row), now=now)
    shift_id = row.voided_shift_id
    assert shift_id is not None  # nosec B101  # named with the state
    paid = [tender for tender in storage.tenders_of(row) if tender.state == "paid"]
    for tender in paid:
        if tender.payment_id is not None and tender.amount_minor > 0:
            payments.refund(
                refund_id=uuid5(row.id, f"void:{tender.number}"), payment_id=tender.payment_id,
                amount_minor=tender.amount_minor, reason=row.reason, principal=principal, now=now,
            )  # fmt: skip
    entries = [
        DrawerRow(
            id=uuid5(row.id, f"refund:{tender.number}"), shift_id=shift_id, store_id=row.store_id,
            kind="refund", amount_minor=tender.amount_minor, tender=tender.type, reason=row.reason, ticket_id=row.id,
            operator=row.voided_by, operator_name=row.voided_by_name, approved_by=row.approved_by, at=now,
        )
        for tender in paid
    ]  # fmt: skip
    with transaction.atomic():
        # Whoever moves the ticket writes the refunds: one of two who finish it at once.
        if TicketRow.objects.filter(id=row.id, state="voiding").update(
            state="voided", changed_at=now, version=row.version + 1
        ):
            DrawerRow.objects.bulk_create(entries)
    return storage.ticket_of(TicketRow.objects.get(id=row.id))
