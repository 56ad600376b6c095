"""From paid to booked: loyalty has it under the row's id, a payment by phone is captured, the row is done.

Each step may have been done before, by this process or by one that died.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid5

import structlog

from liushui.kernel.errors import LiushuiError
from liushui.loyalty import facade as loyalty
from liushui.payments import facade as payments
from liushui.payments.errors import PaymentNotPaid, PaymentTaken, RefundTooMuch
from liushui.runtime.access import Principal
from liushui.till.contracts import ValueSale
from liushui.till.models import ValueRow
from liushui.till.value_queries import value_sale_of

_logger = structlog.get_logger(__name__)


def go_on(row: ValueRow, *, principal: Principal, now: datetime) -> ValueSale:
    """Go on with a row in `booking` to its end; every step may have been done before.

    What loyalty refuses is failed, and its money goes back: over the counter, or to the phone that paid.
    """
    if row.state != "booking":
        return value_sale_of(row)
    try:
        bonus = 0 if row.is_training else _booked(row, now)
    except LiushuiError as refusal:
        if refusal.status < 500:  # a refusal, and no failure
            _move(row, now=now, state="failed", note="refused")
            release(row, now=now)
        raise
    if not _captured(row, now):
        _undo(row, principal=principal, now=now)
        _move(row, now=now, state="failed", note="reversed")
    elif not _move(row, now=now, state="done", bonus_minor=bonus):
        present = ValueRow.objects.get(id=row.id)
        if present.state == "failed":  # another process was refused what this one has booked: the refusal stands
            _undo(present, principal=principal, now=now)
            refund(present, principal=principal, now=now)
    return value_sale_of(ValueRow.objects.get(id=row.id))


def release(row: ValueRow, *, now: datetime) -> None:
    """Nothing will be booked for this payment: it goes back, now or by the clock of payments."""
    if row.payment_id is not None:
        try:
            payments.release(payment_id=row.payment_id, reason=f"value {row.number}", now=now)
        except PaymentTaken:
            _logger.error("value_payment_taken", number=row.number, payment=str(row.payment_id))


def refund(row: ValueRow, *, principal: Principal, now: datetime) -> None:
    """Give back what a phone paid for a row that is booked no more; once, under an id of its own."""
    if row.payment_id is None:
        return
    try:
        payments.refund(
            refund_id=refund_id_of(row.id), payment_id=row.payment_id, amount_minor=row.paid_minor,
            reason=row.reason or f"value {row.number}", principal=principal, now=now,
        )  # fmt: skip
    except (RefundTooMuch, PaymentNotPaid) as error:
        # The provider has given it back before, which is for finance: what is taken back here stays so.
        _logger.error("value_refund_refused", number=row.number, payment=str(row.payment_id), error=error.detail)


def refund_id_of(value_id: UUID) -> UUID:
    """The id under which the payment of a row is given back."""
    return uuid5(value_id, "void")


def take_back(row: ValueRow, *, operator: str, now: datetime) -> None:
    """Have loyalty undo what it booked for the row; raises what it refuses it for when a part is spent."""
    if row.kind == "top_up":
        loyalty.take_back_top_up(top_up_id=row.id, store_id=row.store_id, operator=operator, now=now)
    else:
        loyalty.take_back_gift_card(activation_id=row.id, store_id=row.store_id, operator=operator, now=now)


def _booked(row: ValueRow, now: datetime) -> int:
    """Book it with loyalty; answers what the programme gives on top."""
    if row.kind == "top_up":
        assert row.member_id is not None  # nosec B101  # for the type checker
        return loyalty.top_up(
            top_up_id=row.id, member_id=row.member_id, paid_minor=row.paid_minor, store_id=row.store_id,
            operator=row.operator, tender=row.tender, now=now,
        ).gift_minor  # fmt: skip
    loyalty.activate_gift_card(
        activation_id=row.id, chain_id=row.chain_id, number=row.card, paid_minor=row.paid_minor,
        store_id=row.store_id, operator=row.operator, tender=row.tender, now=now,
    )  # fmt: skip
    return 0


def _captured(row: ValueRow, now: datetime) -> bool:
    """Bind the payment to the row; False when the provider has taken the money back meanwhile."""
    if row.payment_id is None:
        return True
    try:
        payments.capture(payment_ids=[row.payment_id], sale_id=row.id, now=now)
    except PaymentNotPaid:
        return payments.payment(payment_id=row.payment_id).sale_id == row.id  # captured, and given back by a void
    return True


def _undo(row: ValueRow, *, principal: Principal, now: datetime) -> None:
    try:
        take_back(row, operator=principal.subject, now=now)
    except LiushuiError as error:
        if error.status >= 500:
            raise
        # It was spent in this very moment: the value is gone, its money is not here. For finance.
        _logger.error("value_unpaid", number=row.number, payment=str(row.payment_id), error=error.type)


def _move(row: ValueRow, *, now: datetime, state: str, **values: object) -> int:
    return ValueRow.objects.filter(id=row.id, state="booking").update(state=state, changed_at=now, **values)
