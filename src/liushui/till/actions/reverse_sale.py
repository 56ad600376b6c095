"""Take a receipt of a closed day back as a whole: a refund of today, once for each receipt, to the cent."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from liushui.orders import facade as orders
from liushui.orders.contracts import SaleDetail, Tender
from liushui.payments import facade as payments
from liushui.payments.errors import PaymentNotFound
from liushui.runtime import audit
from liushui.stores import facade as stores
from liushui.till import kinds, storage
from liushui.till.actions.approve import used_approval
from liushui.till.actions.drawer import checked_reason
from liushui.till.actions.record import complete
from liushui.till.actions.scan import new_ticket
from liushui.till.contracts import SOURCE, Ticket, TicketTender, Till
from liushui.till.domain.mirror import refund_line
from liushui.till.errors import AlreadyReversed, NotAtTraining, NotReversible
from liushui.till.models import ShiftRow, TicketRow


def reverse_sale(*, till: Till, sale_id: UUID, reason: str, approval_id: UUID | None, now: datetime) -> Ticket:
    """Refund a whole receipt of this store, with an approval of kind till.reverse_sale for `sale:<id>`.

    Each tender goes back the way it came: cash from the drawer of the shift open here, a payment of ours through its
    provider, all others at the machine that took them. Raises AlreadyReversed, and NotReversible for a voided receipt,
    for a refund, and for a receipt of this day's tills, which is voided.
    """
    shift = storage.open_shift_row(till)
    if shift.is_training:
        raise NotAtTraining("In training no receipt is taken back")
    text = checked_reason(reason)
    sale = orders.sale(sale_id=sale_id, store_ids={till.store_id})
    _check(sale, shift)
    store = stores.store(store_id=till.store_id)
    tenders = [_refund(number, tender, sale, now) for number, tender in enumerate(sale.tenders, start=1)]
    values: dict[str, Any] = {
        "is_refund": True,
        "reversed_sale_id": sale_id,
        "state": "recording",
        "finished_at": now,
        "reason": text,
        **storage.line_columns([refund_line(line) for line in sale.lines]),
        **storage.tender_columns(tenders),
    }
    target = f"sale:{sale_id}"
    try:
        with transaction.atomic():
            found = used_approval(
                approval_id=approval_id, kind=kinds.REVERSE_SALE, target=target, principal=till.principal, now=now
            )
            values["approved_by"] = found.decided_by_name
            row = new_ticket(till=till, store=store, shift=shift, now=now, values=values)
            audit.record(
                principal=till.principal, action="till.reverse_sale", target=target, chain_id=row.chain_id,
                store_id=row.store_id, after={"approved_by": found.decided_by, "ticket": row.number}, reason=text,
            )  # fmt: skip
    except IntegrityError as error:
        raise AlreadyReversed(f"Receipt {sale.summary.receipt_number} is being taken back already") from error
    return complete(row, principal=till.principal, now=now)


def _check(sale: SaleDetail, shift: ShiftRow) -> None:
    summary = sale.summary
    if summary.status != "completed":
        raise NotReversible(f"Receipt {summary.receipt_number} is voided")
    if summary.currency != shift.currency:
        raise NotReversible(f"Receipt {summary.receipt_number} is in {summary.currency}")
    if orders.find_sale(source=SOURCE, source_id=storage.reversal_id(summary.id)) is not None:
        raise AlreadyReversed(f"Receipt {summary.receipt_number} has been taken back")
    if summary.source != SOURCE:
        return
    ticket = TicketRow.objects.filter(sale_id=summary.id).first()
    if ticket is not None and ticket.is_refund:
        raise NotReversible(f"Receipt {summary.receipt_number} is a refund itself")
    if summary.business_date == shift.business_date:
        raise NotReversible(f"Receipt {summary.receipt_number} is of this day", remedy="Void the sale.")


def _refund(number: int, tender: Tender, sale: SaleDetail, now: datetime) -> TicketTender:
    return TicketTender(
        number=number,
        type=tender.type,
        method=tender.method,
        amount_minor=-tender.amount_minor,
        given_minor=-tender.amount_minor,
        change_minor=0,
        state="paid",
        taken_at=now,
        payment_id=_payment_id(tender, sale),
        note=tender.reference,
    )


def _payment_id(tender: Tender, sale: SaleDetail) -> UUID | None:
    """The payment behind a tender, when it was made through a provider of ours for this very sale."""
    if tender.type != "mobile" or tender.amount_minor <= 0:
        return None
    try:
        payment = payments.payment(payment_id=UUID(tender.reference))
    except (ValueError, PaymentNotFound):
        return None
    return payment.id if payment.sale_id == sale.summary.id else None
