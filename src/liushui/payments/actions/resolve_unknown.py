"""Find out, by the clock, what became of payments and refunds whose end is not known."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db.models import F

from liushui.payments.actions.refresh_payment import find_out
from liushui.payments.actions.refund_payment import find_out_refund
from liushui.payments.domain.states import backoff_seconds
from liushui.payments.errors import ProviderUnknown
from liushui.payments.models import PaymentRow, RefundRow

_logger = structlog.get_logger(__name__)


def resolve_unknown(*, now: datetime, limit: int = 50) -> int:
    """Ask about what is due, the longest waiting first; how many were asked about. Safe to run twice at once."""
    worked = 0
    for row in PaymentRow.objects.filter(next_try_at__lte=now).order_by("next_try_at")[:limit]:
        if _claim(row, now=now):
            worked += 1
            try:
                find_out(row, now=now)
            except ProviderUnknown:  # its settings are gone: it is asked again when they are back
                _logger.warning("payment_provider_gone", provider=row.provider, payment=str(row.id))
    for refund in RefundRow.objects.filter(next_try_at__lte=now).order_by("next_try_at")[:limit]:
        if _claim(refund, now=now):
            worked += 1
            payment = PaymentRow.objects.get(id=refund.payment_id)
            try:
                find_out_refund(refund, payment=payment, now=now)
            except ProviderUnknown:
                _logger.warning("payment_provider_gone", provider=payment.provider, refund=str(refund.id))
    return worked


def _claim(row: PaymentRow | RefundRow, *, now: datetime) -> bool:
    """Put the next try off before this one is made, so that of several workers one asks."""
    due_at = now + timedelta(seconds=backoff_seconds(row.tries))
    expires_at = getattr(row, "expires_at", None)
    if expires_at is not None and now < expires_at < due_at:
        due_at = expires_at
    model = type(row)
    return bool(
        model.objects.filter(id=row.id, next_try_at=row.next_try_at).update(tries=F("tries") + 1, next_try_at=due_at)
    )
