"""Receipts of the past as shoppers put them together, in the order of time, for trying out other prices on them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum

from liushui.orders.contracts import PastLine, PastSale, PastTotals
from liushui.orders.domain.spans import Day, spans
from liushui.orders.models import Sale

_BATCH = 1_000
_HEAD = (
    "id", "store_id", "channel", "currency", "completed_at", "business_date", "customer", "line_count",
    "returned_line_count",
)  # fmt: skip
_LINES = """
    SELECT sale_id, line_number, sku, category, units, regular_minor, amount_minor, tax_rate_bp, cost_minor
    FROM orders_line WHERE {where} AND NOT is_return ORDER BY sale_id, line_number"""
_METHODS = """
    SELECT sale_id, MIN(method), MAX(method) FROM
        (SELECT sale_id, CASE method WHEN '' THEN type ELSE method END AS method FROM orders_tender WHERE {where}) t
    GROUP BY sale_id"""


def past_totals(*, store_ids: Collection[int], first: date, last: date) -> PastTotals:
    """How many receipts these stores have on these business days, and what of them is no purchase."""
    found = _sales(store_ids, first, last)
    voided = found.filter(status="voided").count()
    kept = found.filter(status="completed").aggregate(
        sales=Count("id", filter=Q(line_count__gt=F("returned_line_count"))),
        returns=Count("id", filter=Q(line_count=F("returned_line_count"))),
        lines_returned=Sum("returned_line_count"),
    )
    return PastTotals(
        sales=kept["sales"],
        sales_voided=voided,
        sales_returned=kept["returns"],
        lines_returned=kept["lines_returned"] or 0,
        currencies=tuple(found.order_by("currency").values_list("currency", flat=True).distinct()),
    )


def past_sales(
    *,
    store_ids: Collection[int],
    first: date,
    last: date,
    counted_store_ids: Collection[int] = (),
    methods: bool = False,
) -> Iterator[list[PastSale]]:
    """Purchases of these stores and business days by time of completion, then id, some at a time.

    Voided receipts and returned lines are left out, and receipts of nothing else. With `counted_store_ids` each says
    how many purchases its customer had made in those stores before; with `methods` how it was paid, if in one way.
    """
    counts = _orders_before(counted_store_ids, first) if counted_store_ids else Counter()
    wanted = frozenset(store_ids)
    for heads in _heads(wanted.union(counted_store_ids), first, last):
        before = []
        for head in heads:
            customer = head[6]
            before.append(counts[customer] if customer else 0)
            if customer and counted_store_ids:
                counts[customer] += 1
        chosen = [(head, count) for head, count in zip(heads, before, strict=True) if head[1] in wanted]
        for start in range(0, len(chosen), _BATCH):
            yield _with_lines(chosen[start : start + _BATCH], methods=methods)


def _sales(store_ids: Collection[int], first: date, last: date) -> QuerySet[Sale]:
    return Sale.objects.filter(store_id__in=store_ids, business_date__gte=first, business_date__lte=last)


def _purchases(store_ids: Collection[int], first: date, last: date) -> QuerySet[Sale]:
    return _sales(store_ids, first, last).filter(status="completed", line_count__gt=F("returned_line_count"))


def _heads(store_ids: Collection[int], first: date, last: date) -> Iterator[list[Sequence[Any]]]:
    """Heads by time, a span of time after the other: each asks for the business days alone that reach into it."""
    found = _purchases(store_ids, first, last).order_by("completed_at", "id").values_list(*_HEAD)
    by_day = _sales(store_ids, first, last).order_by("business_date").values_list("business_date")
    days = [Day(*row) for row in by_day.annotate(Count("id"), Min("completed_at"), Max("completed_at"))]
    for span in spans(days, size=_BATCH):
        heads = found.filter(
            business_date__gte=span.first, business_date__lte=span.last,
            completed_at__gte=span.begin, completed_at__lt=span.end,
        )  # fmt: skip
        yield list(heads)


def _orders_before(store_ids: Collection[int], first: date) -> Counter[str]:
    found = _purchases(store_ids, date.min, first).filter(business_date__lt=first).exclude(customer="")
    return Counter(dict(found.order_by().values_list("customer").annotate(Count("id"))))


def _with_lines(chosen: Sequence[tuple[Sequence[Any], int]], *, methods: bool) -> list[PastSale]:
    ids = [head[0] for head, _before in chosen]
    lines = {
        _uuid(key): tuple(PastLine(*row[1:]) for row in rows)
        for key, rows in groupby(_rows(_LINES, ids), key=itemgetter(0))
    }
    paid = {_uuid(row[0]): row[1] for row in _rows(_METHODS, ids) if row[1] == row[2]} if methods else {}
    return [
        PastSale(
            id=head[0],
            store_id=head[1],
            channel=head[2],
            currency=head[3],
            completed_at=head[4],
            business_date=head[5],
            customer=head[6],
            orders_before=before,
            method=paid.get(head[0], ""),
            lines=lines.get(head[0], ()),
        )
        for head, before in chosen
    ]


def _rows(statement: str, ids: Sequence[UUID]) -> list[Sequence[Any]]:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(statement.format(where="sale_id = ANY(%s)"), [list(ids)])
        else:
            among = "sale_id IN (SELECT value FROM json_each(%s))"
            cursor.execute(statement.format(where=among), [json.dumps([each.hex for each in ids])])
        return list(cursor.fetchall())


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(hex=value)
