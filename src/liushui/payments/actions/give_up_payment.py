"""Make sure that a payment which no sale will take leaves no money with us."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from liushui.payments.actions.refresh_payment import end, row_of
from liushui.payments.actions.release_payment import go_on_releasing, mark_releasing
from liushui.payments.contracts import OPEN_STATES, Payment
from liushui.payments.models import PaymentRow
from liushui.payments.providers import offered
from liushui.payments.views import payment_of


def give_up_payment(*, payment_id: UUID, reason: str, now: datetime) -> Payment:
    """End an open payment and give a paid one back; from the first moment on it can no longer be captured.

    A provider that does not answer is asked again by the tick. Raises PaymentTaken when a sale has the payment.
    """
    row = row_of(payment_id)
    if row.state in OPEN_STATES:
        PaymentRow.objects.filter(id=payment_id, state__in=OPEN_STATES).update(cancel_wanted=True, next_try_at=now)
        row = end(row_of(payment_id), provider=offered.provider(row.provider), failure="cancelled", now=now)
    if row.state == "paid":
        mark_releasing(payment_id=payment_id, reason=reason, now=now)
        row = go_on_releasing(row_of(payment_id), now=now)
    return payment_of(row)
