"""Sums of the live read models, grouped as asked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Min, Model, QuerySet, Sum

from liushui.analytics.contracts import FIGURE_NAMES, Figures, Filter
from liushui.analytics.domain.home import HourRow
from liushui.analytics.models import CategoryTotal, HourTotal, OperatorTotal, ReadModel, TenderTotal

LINE_NAMES = FIGURE_NAMES[:10]  # what lines have; the other figures are of whole sales
_SEEKS_MAX = 4000  # store-days that are cheaper to look up one by one than to read the run of days
_CHANNEL_DAYS = 90  # how far back channels are looked for

Grouped = list[tuple[tuple[Any, ...], Figures]]


def live_generation() -> int:
    """The generation that is read at this moment."""
    return ReadModel.objects.filter(id=1).values_list("live", flat=True).first() or 1


def of_days(model: type[Model], scope: Filter, days: Collection[date] | None = None) -> QuerySet[Any]:
    """Rows of a read model within a filter; on `days` instead of from first to last when they are given."""
    rows = model._default_manager.filter(
        generation=live_generation(), currency=scope.currency, store_id__in=sorted(scope.store_ids)
    )
    if days is None and scope.days * len(scope.store_ids) <= _SEEKS_MAX:
        days = [scope.first + timedelta(days=i) for i in range(scope.days)]
    if days is not None:
        rows = rows.filter(business_date__in=sorted(days))
    else:
        rows = rows.filter(business_date__range=(scope.first, scope.last))
    return rows.filter(channel=scope.channel) if scope.channel else rows


def figures_by(rows: QuerySet[Any], *keys: str, names: Sequence[str] = FIGURE_NAMES) -> Grouped:
    """Figures for every distinct value of these columns; what voids have brought back to nothing is left out."""
    found = rows.order_by().values_list(*keys).annotate(*(Sum(name) for name in names))
    width = len(keys)
    return [
        (tuple(row[:width]), Figures(**{name: int(value) for name, value in zip(names, row[width:], strict=True)}))
        for row in found
        if any(row[width:])
    ]


def by_hour(scope: Filter, *keys: str, days: Collection[date] | None = None) -> Grouped:
    """Figures of whole sales by any of business_date, store_id, channel, local_hour."""
    return figures_by(of_days(HourTotal, scope, days), *keys)


def hour_rows(scope: Filter, days: Collection[date]) -> list[HourRow]:
    """(business date, store, hour, sums in the order of FIGURE_NAMES) of these days."""
    rows = of_days(HourTotal, scope, days).order_by().values_list("business_date", "store_id", "local_hour")
    return [(row[0], row[1], row[2], tuple(map(int, row[3:]))) for row in rows.annotate(*map(Sum, FIGURE_NAMES))]


def whole(scope: Filter) -> Figures:
    """The figures of the whole filter."""
    sums = of_days(HourTotal, scope).aggregate(**{f"sum_{name}": Sum(name) for name in FIGURE_NAMES})
    return Figures(**{name: int(sums[f"sum_{name}"] or 0) for name in FIGURE_NAMES})


def by_operator(scope: Filter) -> Grouped:
    """Figures by (store_id, workstation, operator)."""
    return figures_by(of_days(OperatorTotal, scope), "store_id", "workstation", "operator")


def by_category(scope: Filter) -> Grouped:
    """Figures of lines by (chain_id, category path); tickets are those in which the category appears."""
    return figures_by(of_days(CategoryTotal, scope), "chain_id", "category", names=LINE_NAMES)


def by_tender(scope: Filter) -> list[tuple[str, str, int, int]]:
    """(type, method, amount in minor units, number of tenders), the biggest first."""
    rows = (
        of_days(TenderTotal, scope)
        .order_by()
        .values_list("type", "method")
        .annotate(Sum("amount_minor"), Sum("tenders"))
    )
    found = [(type_, method, int(amount), int(count)) for type_, method, amount, count in rows]
    return sorted((row for row in found if row[2] or row[3]), key=lambda row: (-row[2], row[0], row[1]))


def channels(store_ids: Collection[int], day: date) -> tuple[str, ...]:
    """Channels that sold in these stores in the days up to this one, by name."""
    rows = HourTotal.objects.filter(
        generation=live_generation(),
        store_id__in=sorted(store_ids),
        business_date__range=(day - timedelta(days=_CHANNEL_DAYS), day),
    )
    return tuple(sorted(rows.order_by().values_list("channel", flat=True).distinct()))


def has_sales(store_ids: Collection[int]) -> bool:
    """Whether anything was ever sold in these stores."""
    return HourTotal.objects.filter(generation=live_generation(), store_id__in=sorted(store_ids)).exists()


def days_with_sales(store_ids: Collection[int]) -> tuple[date, date] | None:
    """First and last business day with a sale in these stores."""
    rows = HourTotal.objects.filter(generation=live_generation(), store_id__in=sorted(store_ids))
    first = rows.aggregate(first=Min("business_date"))["first"]
    last = rows.order_by("-business_date").values_list("business_date", flat=True).first()
    return (first, last) if first and last else None
