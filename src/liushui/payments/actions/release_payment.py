"""Give the money of a paid payment back that no sale will take: a ticket was cancelled, or its till died."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid5

from django.db import transaction

from liushui.payments import attempts
from liushui.payments.actions.refund_payment import reserve, send
from liushui.payments.actions.settle_trade import settle_trade
from liushui.payments.errors import PaymentTaken
from liushui.payments.models import PaymentRow, RefundRow
from liushui.payments.providers import offered
from liushui.payments.providers.port import NotDelivered, OutcomeUnknown, ProviderRefused
from liushui.runtime import audit
from liushui.runtime.grants import system_principal

RELEASE_REASON = "The sale was given up"


def mark_releasing(*, payment_id: UUID, reason: str, now: datetime) -> bool:
    """Keep a paid payment from being captured; whether this call did so. Raises PaymentTaken when a sale has it."""
    with transaction.atomic():
        marked = PaymentRow.objects.filter(id=payment_id, state="paid", sale_id=None, releasing=False).update(
            releasing=True, next_try_at=now
        )
        row = PaymentRow.objects.get(id=payment_id)
        if marked:
            audit.record(
                principal=system_principal(name="payments"), action="payment.release", target=f"payment:{payment_id}",
                chain_id=row.chain_id, store_id=row.store_id, reason=reason[:400],
            )  # fmt: skip
    if row.sale_id is not None:
        raise PaymentTaken(f"Payment {payment_id} belongs to sale {row.sale_id}", remedy="Refund it instead.")
    return bool(marked)


def go_on_releasing(row: PaymentRow, *, now: datetime) -> PaymentRow:
    """Take it back at the provider: reversed while it is whole and the provider still does that, else refunded."""
    open_refund = RefundRow.objects.filter(payment_id=row.id, state="created").first()
    if open_refund is not None:
        send(open_refund, payment=row, now=now)
        return PaymentRow.objects.get(id=row.id)
    provider = offered.provider(row.provider)
    if row.refunded_minor == 0:
        call = attempts.Call(provider=row.provider, operation="reverse", payment_id=row.id)
        try:
            trade = attempts.ask(call=call, question=lambda: provider.reverse(out_trade_no=row.id.hex))
            return settle_trade(payment_id=row.id, trade=trade, time_zone=provider.time_zone, now=now)
        except (NotDelivered, OutcomeUnknown):
            return row
        except ProviderRefused:
            pass  # too late to reverse
    number = RefundRow.objects.filter(payment_id=row.id).count()
    refund, _is_new = reserve(
        refund_id=uuid5(row.id, f"release:{number}"), payment_id=row.id,
        amount_minor=row.amount_minor - row.refunded_minor, reason=RELEASE_REASON, asked_by="system", now=now,
        is_release=True,
    )  # fmt: skip
    send(refund, payment=row, now=now)
    return PaymentRow.objects.get(id=row.id)
