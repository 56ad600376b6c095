"""Give paid payments to the sale that they are for."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from liushui.payments.contracts import Payment
from liushui.payments.errors import PaymentNotFound, PaymentNotPaid, PaymentTaken
from liushui.payments.models import PaymentRow
from liushui.payments.views import payment_of


def capture_payments(*, payment_ids: Collection[UUID], sale_id: UUID, now: datetime) -> tuple[Payment, ...]:
    """Bind all of them to the sale, or none; the same again changes nothing.

    Raises PaymentTaken for one of another sale, PaymentNotPaid for one that is not paid or is being given back.
    """
    wanted = set(payment_ids)
    free = Q(state="paid", releasing=False, sale_id=None)
    with transaction.atomic():
        PaymentRow.objects.filter(free, id__in=wanted).update(sale_id=sale_id)
        rows = list(PaymentRow.objects.filter(id__in=wanted).order_by("id"))
        for row in rows:
            if row.sale_id is None:
                state = "being given back" if row.releasing else row.state
                raise PaymentNotPaid(f"Payment {row.id} is {state}, it cannot be booked")
            if row.sale_id != sale_id:
                raise PaymentTaken(f"Payment {row.id} belongs to sale {row.sale_id}")
        if len(rows) < len(wanted):
            raise PaymentNotFound(f"{len(wanted) - len(rows)} of these payments are not known")
    return tuple(payment_of(row) for row in rows)
