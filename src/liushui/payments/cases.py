"""Opening cases: once for each thing, however often it is found."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from liushui.kernel.ids import new_id
from liushui.payments.models import CaseRow, PaymentRow


def open_case(*, provider: str, bill_date: date, kind: str, subject: str, now: datetime, **facts: Any) -> bool:
    """Open it unless there is one of this day, kind and subject, open or settled; whether it is new."""
    row = CaseRow(
        id=new_id(), provider=provider, bill_date=bill_date, kind=kind, subject=subject[:96], opened_at=now, **facts
    )
    known = CaseRow.objects.filter(provider=provider, bill_date=bill_date, kind=kind, subject=row.subject)
    if known.exists():
        return False
    CaseRow.objects.bulk_create([row], ignore_conflicts=True)
    return CaseRow.objects.filter(id=row.id).exists()


def open_for_payment(
    *, payment: PaymentRow, kind: str, time_zone: str, theirs_minor: int | None, ours_minor: int | None, now: datetime
) -> bool:
    """Open a case about a payment that is known here, under the day on which it was begun."""
    return open_case(
        provider=payment.provider,
        bill_date=payment.created_at.astimezone(ZoneInfo(time_zone)).date(),
        kind=kind,
        subject=payment.id.hex,
        now=now,
        payment_id=payment.id,
        provider_trade_id=payment.provider_trade_id,
        chain_id=payment.chain_id,
        store_id=payment.store_id,
        ours_minor=ours_minor,
        theirs_minor=theirs_minor,
        currency=payment.currency,
    )
