"""Items by what they sold: sorted, searched and paged in the database."""

from __future__ import annotations

import calendar
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection

from liushui.analytics.contracts import Figures, Filter
from liushui.analytics.models import ItemLabel
from liushui.analytics.queries.totals import LINE_NAMES, live_generation

_NET = "SUM(gross_minor) - SUM(discount_minor) - SUM(refund_minor)"
SORTS = {
    "net": _NET,
    "gross": "SUM(gross_minor)",
    "discount": "SUM(discount_minor)",
    "refund": "SUM(refund_minor)",
    "items": "SUM(items)",
    "returned_items": "SUM(returned_items)",
    "tickets": "SUM(tickets)",
    "margin": "SUM(costed_net_minor) - SUM(cost_minor)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemQuery:
    """Which items, in which order, which page. `whole_chains` are chains all of whose stores are in the filter."""

    scope: Filter
    sort: str = "net"
    descending: bool = True
    text: str = ""
    skus: frozenset[str] = frozenset()  # what the catalogue finds for `text`
    category: str = ""
    whole_chains: frozenset[int] = frozenset()
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """An item and its figures."""

    chain_id: int
    sku: str
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPage:
    """One page, and the number and sum of all that the query finds; the sum's tickets count a sale once per item."""

    rows: tuple[ItemRow, ...]
    row_count: int
    total: Figures


def items(*, query: ItemQuery) -> ItemPage:
    """One page of items; one statement, two when the page lies beyond the end."""
    source, values = _source(query)
    where, more = _narrowing(query)
    sums = ", ".join(f"SUM({name})" for name in LINE_NAMES)
    totals = ", ".join(f"SUM(SUM({name})) OVER ()" for name in LINE_NAMES)
    direction = "DESC" if query.descending else "ASC"
    statement = (
        f"SELECT chain_id, sku, {sums}, COUNT(*) OVER (), {totals} FROM ({source}) AS sold{where}"  # noqa: S608
        f" GROUP BY chain_id, sku HAVING SUM(tickets) <> 0 OR SUM(returns) <> 0"
        f" ORDER BY {SORTS[query.sort]} {direction}, chain_id, sku LIMIT %s OFFSET %s"  # nosec B608  # our own names
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, *more, query.limit, query.offset])
        found = cursor.fetchall()
    if not found:
        return ItemPage(rows=(), row_count=0, total=Figures())
    width = 2 + len(LINE_NAMES)
    return ItemPage(
        rows=tuple(ItemRow(chain_id=row[0], sku=row[1], figures=_figures(row[2:width])) for row in found),
        row_count=int(found[0][width]),
        total=_figures(found[0][width + 1 :]),
    )


_SELLER_NAMES = ("gross_minor", "discount_minor", "refund_minor", "items")


def best_and_worst(*, query: ItemQuery) -> tuple[tuple[ItemRow, ...], tuple[ItemRow, ...]]:
    """The items with the highest and with the lowest net sales of those sold, `limit` of each, in one pass.

    Their figures hold what net sales and items sold are made of, and nothing else.
    """
    source, values = _source(query)
    sums = ", ".join(f"SUM({name}) AS {name}" for name in _SELLER_NAMES)
    columns = ", ".join(("chain_id", "sku", *_SELLER_NAMES))
    side = f"SELECT * FROM (SELECT {{0}}, {columns} FROM sold ORDER BY net {{1}}, chain_id, sku LIMIT %s) AS s"  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
    statement = (
        f"WITH sold AS MATERIALIZED (SELECT chain_id, sku, {sums}, {_NET} AS net"  # noqa: S608  own names
        f" FROM ({source}) AS rows_of_days GROUP BY chain_id, sku HAVING SUM(items) > 0)"
        f" {side.format(0, 'DESC')} UNION ALL {side.format(1, 'ASC')}"  # nosec B608  # our own names
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, query.limit, query.limit])
        found = cursor.fetchall()
    rows = [
        (
            row[0],
            ItemRow(
                chain_id=row[1], sku=row[2], figures=Figures(**dict(zip(_SELLER_NAMES, map(int, row[3:]), strict=True)))
            ),
        )
        for row in found
    ]
    return tuple(row for place, row in rows if place == 0), tuple(row for place, row in rows if place == 1)


def labels(*, keys: Collection[tuple[int, str]]) -> dict[tuple[int, str], tuple[str, str]]:
    """(name, category) as on receipts, by (chain id, SKU)."""
    wanted = set(keys)
    rows = ItemLabel.objects.filter(sku__in=sorted({sku for _, sku in wanted})).values_list(
        "chain_id", "sku", "name", "category"
    )
    return {(chain, sku): (name, category) for chain, sku, name, category in rows if (chain, sku) in wanted}


def _figures(values: tuple[Any, ...]) -> Figures:
    return Figures(**{name: int(value) for name, value in zip(LINE_NAMES, values, strict=True)})


def _source(query: ItemQuery) -> tuple[str, list[Any]]:
    """The rows to add up: of whole chains by month and day, which are far fewer; else by store and day."""
    scope = query.scope
    if not query.whole_chains:
        return _part("itemtotal", "business_date", "store_id", scope.store_ids, scope, (scope.first, scope.last))
    months = whole_months(scope.first, scope.last)
    spans = [("itemdaytotal", "business_date", (scope.first, scope.last))]
    if months:
        spans = [
            ("itemdaytotal", "business_date", (scope.first, months[0] - timedelta(days=1))),
            ("itemmonthtotal", "month", (months[0], months[-1])),
            ("itemdaytotal", "business_date", (month_end(months[-1]) + timedelta(days=1), scope.last)),
        ]
    parts = [
        _part(table, column, "chain_id", query.whole_chains, scope, span)
        for table, column, span in spans
        if span[0] <= span[1]
    ]
    return " UNION ALL ".join(sql for sql, _ in parts), [value for _, values in parts for value in values]


def _part(
    table: str, day: str, place: str, ids: Collection[int], scope: Filter, span: tuple[date, date]
) -> tuple[str, list[Any]]:
    columns = ", ".join(("chain_id", "sku", *LINE_NAMES))
    among, values = _among(place, ids)
    channel = " AND channel = %s" if scope.channel else ""
    return (
        f"SELECT {columns} FROM analytics_{table} WHERE generation = %s"  # noqa: S608  own names
        f" AND {day} BETWEEN %s AND %s AND {among} AND currency = %s{channel}",  # nosec B608  # our own names
        [live_generation(), *span, *values, scope.currency, *([scope.channel] if scope.channel else [])],
    )


def _narrowing(query: ItemQuery) -> tuple[str, list[Any]]:
    if not query.text and not query.category:
        return "", []
    clauses: list[str] = []
    values: list[Any] = []
    if query.category:
        clauses.append("(category = %s OR category LIKE %s ESCAPE '!')")
        values += [query.category, _like(query.category) + "/%"]
    if query.text:
        sku_among, sku_values = _among("sku", query.skus)
        like = f"%{_like(query.text.lower())}%"
        clauses.append(f"(LOWER(name) LIKE %s ESCAPE '!' OR LOWER(sku) LIKE %s ESCAPE '!' OR {sku_among})")
        values += [like, like, *sku_values]
    labelled = f"SELECT chain_id, sku FROM analytics_itemlabel WHERE {' AND '.join(clauses)}"  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
    return f" WHERE (chain_id, sku) IN ({labelled})", values


def _among(column: str, values: Collection[Any]) -> tuple[str, list[Any]]:
    """A test for membership with one parameter, however many values."""
    if connection.vendor == "postgresql":
        return f"{column} = ANY(%s)", [sorted(values)]
    return f"{column} IN (SELECT value FROM json_each(%s))", [json.dumps(sorted(values))]  # noqa: S608  # nosec B608  # our own names and marks, values are parameters


def _like(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def whole_months(first: date, last: date) -> list[date]:
    """First days of the months that lie wholly within these days."""
    month = first if first.day == 1 else month_end(first) + timedelta(days=1)
    found = []
    while month_end(month) <= last:
        found.append(month)
        month = month_end(month) + timedelta(days=1)
    return found


def month_end(day: date) -> date:
    """The last day of a day's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])
