"""End what a till that died left half done: nothing paid is forgotten, nothing is booked twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db.models import Q, QuerySet

from liushui.kernel.errors import LiushuiError
from liushui.payments import facade as payments
from liushui.payments.contracts import Payment
from liushui.runtime.access import Principal
from liushui.runtime.grants import system_principal
from liushui.till import storage
from liushui.till.actions import book_value, charge_value, void_value
from liushui.till.actions.cancel_ticket import finish_cancel
from liushui.till.actions.pay_mobile import take_up
from liushui.till.actions.record import complete
from liushui.till.actions.void_sale import finish_void
from liushui.till.domain.value import UNSETTLED_VALUE
from liushui.till.models import TicketRow, ValueRow, paid_minor

LEFT_AFTER = timedelta(seconds=5)  # a till that lives is done by then, and a second hand does no harm if not
FORGOTTEN_AFTER = timedelta(seconds=60)
AT_A_TIME = 50

_logger = structlog.get_logger(__name__)


def recover(*, now: datetime) -> int:
    """Go on with tickets that stand in recording, voiding or cancelling, or wait for payments; how many moved.

    Idempotent, and safe in several processes at once. What cannot be ended now is tried again later.
    """
    principal = system_principal(name="till")
    moved = 0
    for row in _left_behind(now).order_by("changed_at")[:AT_A_TIME]:
        version = row.version
        try:
            _go_on(row, principal=principal, now=now)
        except LiushuiError as error:
            _logger.warning("ticket_not_recovered", ticket=row.number, state=row.state, error=error.detail)
        after = TicketRow.objects.values_list("version", flat=True).get(id=row.id)
        if after == version:
            TicketRow.objects.filter(id=row.id, version=version).update(changed_at=now)  # others first, next time
        moved += after != version
    return moved + _end_value(principal, now) + _release_forgotten(now)


def _left_behind(now: datetime) -> QuerySet[TicketRow]:
    waits = Q(state="paying") & (Q(pending_count__gt=0) | Q(total_minor=paid_minor(), line_count__gt=0))
    return TicketRow.objects.filter(
        Q(state__in=("recording", "voiding", "cancelling")) | waits, changed_at__lte=now - LEFT_AFTER
    )


def _go_on(row: TicketRow, *, principal: Principal, now: datetime) -> None:
    if row.state == "recording":
        complete(row, principal=principal, now=now)
    elif row.state == "voiding":
        finish_void(row, principal=principal, now=now)
    elif row.state == "cancelling":
        finish_cancel(row, now=now)
    else:
        take_up(row, principal=principal, now=now)


def _end_value(principal: Principal, now: datetime) -> int:
    """Top-ups and gift cards that stand in pending, booking or voiding."""
    ended = 0
    rows = ValueRow.objects.filter(state__in=UNSETTLED_VALUE, changed_at__lte=now - LEFT_AFTER)
    for row in rows.order_by("changed_at")[:AT_A_TIME]:
        try:
            if row.state == "pending":
                after = charge_value.take_up_value(row, principal=principal, now=now)
            elif row.state == "booking":
                after = book_value.go_on(row, principal=principal, now=now)
            else:
                after = void_value.finish_void(row, principal=principal, now=now)
            ended += after.state != row.state
        except LiushuiError as error:
            _logger.warning("value_not_recovered", number=row.number, state=row.state, error=error.type)
        finally:
            ValueRow.objects.filter(id=row.id, state=row.state).update(changed_at=now)  # others first, next time
    return ended


def _release_forgotten(now: datetime) -> int:
    """Payments that were made after their ticket or tender was given up go back."""
    released = 0
    for payment in payments.uncaptured(paid_before=now - FORGOTTEN_AFTER, limit=AT_A_TIME):
        row = _row_of(payment)
        if row is None or not _may_release(row, payment):
            continue
        try:
            payments.release(payment_id=payment.id, reason=f"{row.number} {row.state}", now=now)
            released += 1
        except LiushuiError as error:
            _logger.warning("payment_not_released", payment=str(payment.id), error=error.detail)
    return released


def _row_of(payment: Payment) -> TicketRow | ValueRow | None:
    noun, _, text = payment.reference.partition(":")
    try:
        if noun == charge_value.REFERENCE:
            return ValueRow.objects.filter(id=UUID(text)).first()
        return TicketRow.objects.filter(id=UUID(text)).first() if noun == "ticket" else None
    except ValueError:
        return None


def _may_release(row: TicketRow | ValueRow, payment: Payment) -> bool:
    """Whether no sale will take the payment: its ticket is over without it, or has struck it off."""
    if isinstance(row, ValueRow):
        return row.state == "failed"  # every other state books it, has booked it, or gives it back by itself
    if row.state in ("cancelled", "voided"):
        return True
    tender = next((each for each in storage.tenders_of(row) if each.payment_id == payment.id), None)
    return tender is None or tender.state == "failed"
