"""Close a store's business day: the Z report, with the next number, once."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
from django.db import transaction

from liushui.runtime import audit, outbox
from liushui.runtime.access import Principal
from liushui.stores import facade as stores
from liushui.till import facts, queries, storage
from liushui.till.contracts import DayReport
from liushui.till.domain import reports
from liushui.till.domain.numbers import z_series
from liushui.till.errors import DayBlocked, DayUnknown
from liushui.till.models import DayRow


def close_day(*, store_id: int, business_date: date, principal: Principal, now: datetime) -> DayReport:
    """Close a day whose shifts are all closed. Closing it again answers the report as it was made.

    Whatever comes after belongs to the next day. Raises DayUnknown, and DayBlocked, naming the shifts.
    """
    principal.require_store("day.close", store_id=store_id)
    store = stores.store(store_id=store_id)
    with transaction.atomic():
        rows = DayRow.objects.select_for_update()
        day = rows.filter(store_id=store_id, business_date=business_date).first()
        if day is None:
            raise DayUnknown(f"No shift was opened on {business_date}")
        if day.state == "closed":
            return queries.day_of(day, now=now)
        blockers = queries.day_blockers(store_id=store_id, business_date=business_date)
        if blockers:
            names = ", ".join(blocker.number for blocker in blockers)
            raise DayBlocked(f"Not closed yet: {names}", blockers=blockers)
        number = storage.next_in_series(z_series(store_id=store_id))
        report = reports.day_report(
            store_id=store_id, business_date=business_date, currency=store.currency,
            shifts=queries.shift_reports(day, now=now), z_number=number, closed_at=now, closed_by=principal.name,
        )  # fmt: skip
        DayRow.objects.filter(id=day.id, state="open").update(
            state="closed", z_number=number, closed_at=now, closed_by=principal.subject,
            report=msgspec.to_builtins(report),
        )  # fmt: skip
        outbox.append(events=[facts.day_closed(report, chain_id=store.chain_id, at=now)])
        audit.record(
            principal=principal, action="day.close", target=f"day:{store_id}:{business_date}", chain_id=store.chain_id,
            store_id=store_id, after={"z_number": number, "total_minor": report.total_minor},
        )  # fmt: skip
    return report
