"""Compare a day of the tills with what orders holds of it."""

from __future__ import annotations

from datetime import date, datetime

from liushui.orders import facade as orders
from liushui.orders.contracts import ListTotals, SaleQuery
from liushui.till import queries
from liushui.till.contracts import SOURCE, DayDifference


def verify_day(*, store_id: int, business_date: date, now: datetime) -> tuple[DayDifference, ...]:
    """The figures in which a day's report and the recorded sales of its tills differ; none is how it should be."""
    report = queries.day_report(store_id=store_id, business_date=business_date, store_ids={store_id}, now=now)
    query = SaleQuery(store_ids=frozenset({store_id}), first=business_date, last=business_date, source=SOURCE)
    recorded = {totals.currency: totals for totals in orders.list_totals(query=query)}
    nothing = ListTotals(
        currency=report.currency, sales=0, units=0, regular_minor=0, discount_minor=0, returned_minor=0, total_minor=0,
        tax_minor=0,
    )  # fmt: skip
    ours = recorded.pop(report.currency, nothing)
    pairs = [
        ("sales", report.tickets + report.refund_tickets - report.voided_tickets, ours.sales),
        *(
            (name, getattr(report, name), getattr(ours, name))
            for name in ("units", "regular_minor", "discount_minor", "total_minor", "tax_minor")
        ),
        *((f"sales in {currency}", 0, totals.sales) for currency, totals in recorded.items()),
    ]
    return tuple(
        DayDifference(store_id=store_id, business_date=business_date, name=name, reported=reported, recorded=found)
        for name, reported, found in pairs
        if reported != found
    )
