"""Take a provider's word about a payment into our record: from an answer, a question, a notification or a bill."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction

from liushui.payments import facts
from liushui.payments.cases import open_for_payment
from liushui.payments.contracts import OPEN_STATES, PAYMENT_PAID, PAYMENT_REVERSED
from liushui.payments.domain.states import MOVES, Change, Known, backoff_seconds, change_for
from liushui.payments.models import PaymentRow, RefundRow
from liushui.payments.providers.port import Trade

LATE_REASON = "Paid after the payment had been given up"
_RACES = 20


def settle_trade(*, payment_id: UUID, trade: Trade, time_zone: str, now: datetime) -> PaymentRow:
    """Bring the payment to what the provider says, by one conditional statement; safe to repeat and in any order."""
    for _attempt in range(_RACES):
        row = PaymentRow.objects.get(id=payment_id)
        change = change_for(known_of(row), trade)
        if change is None:
            return row
        with transaction.atomic():
            if _apply(row, change, trade, time_zone, now):
                return row
    raise RuntimeError(f"payment {payment_id} changes faster than it can be written")


def fail(*, payment_id: UUID, failure: str, now: datetime) -> PaymentRow:
    """End an open payment that certainly took no money; anything else stays as it is."""
    PaymentRow.objects.filter(id=payment_id, state__in=OPEN_STATES).update(
        state="failed", failure=failure[:64], ended_at=now, next_try_at=None, user_is_paying=False
    )
    return PaymentRow.objects.get(id=payment_id)


def known_of(row: PaymentRow) -> Known:
    """The payment as decisions need it."""
    return Known(
        state=row.state,
        amount_minor=row.amount_minor,
        currency=row.currency,
        refunded_minor=row.refunded_minor,
        is_captured=row.sale_id is not None,
        is_releasing=row.releasing,
    )


def _apply(row: PaymentRow, change: Change, trade: Trade, time_zone: str, now: datetime) -> bool:
    """Whether it was written; not when somebody else moved the payment since it was read."""
    values = _learned(row, trade) | _moved(row, change, trade, now)
    if change.give_back:
        values |= {"refunded_minor": row.amount_minor}
    same = PaymentRow.objects.filter(id=row.id, state=row.state, sale_id=row.sale_id, refunded_minor=row.refunded_minor)
    if values and not same.update(**values):
        return False
    was = row.state
    for name, value in values.items():
        setattr(row, name, value)
    if change.case:
        ours = row.amount_minor if change.state == "paid" else 0
        open_for_payment(
            payment=row, kind=change.case, time_zone=time_zone, theirs_minor=trade.amount_minor,
            ours_minor=row.amount_minor if change.case == "amount_differs" else ours, now=now,
        )  # fmt: skip
    if change.give_back:
        _give_back(row, now)
    if row.state != was and row.state in ("paid", "reversed"):
        facts.tell(type=PAYMENT_PAID if row.state == "paid" else PAYMENT_REVERSED, payment=row, at=now)
    return True


def _learned(row: PaymentRow, trade: Trade) -> dict[str, Any]:
    """Facts that we did not have; what is there already is kept."""
    found: dict[str, Any] = {}
    for name, value in (
        ("provider_trade_id", trade.trade_id),
        ("method", trade.method),
        ("qr_text", trade.qr_text),
    ):
        if value and not getattr(row, name):
            found[name] = value
    is_paying = row.state in OPEN_STATES and trade.state == "user_paying"
    if is_paying != row.user_is_paying:
        found["user_is_paying"] = is_paying
    return found


def _moved(row: PaymentRow, change: Change, trade: Trade, now: datetime) -> dict[str, Any]:
    if change.state == row.state:
        return {}
    if change.state not in MOVES[row.state]:
        raise RuntimeError(f"no payment moves from {row.state} to {change.state}")
    if change.state == "pending":
        return {"state": "pending", "next_try_at": now + timedelta(seconds=backoff_seconds(2))}
    if change.state == "paid":
        return {"state": "paid", "paid_at": trade.paid_at or now, "next_try_at": None, "user_is_paying": False}
    return {
        "state": change.state,
        "failure": change.failure[:64],
        "ended_at": now,
        "next_try_at": None,
        "user_is_paying": False,
        "releasing": False,
    }


def _give_back(row: PaymentRow, now: datetime) -> None:
    number = RefundRow.objects.filter(payment_id=row.id).count()
    RefundRow.objects.create(
        id=uuid5(row.id, f"late:{number}"), payment_id=row.id, amount_minor=row.amount_minor, currency=row.currency,
        reason=LATE_REASON, is_automatic=True, asked_by="system", created_at=now, next_try_at=now,
    )  # fmt: skip
