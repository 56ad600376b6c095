"""Lists of receipts: filters, keyset pages, and totals straight from the orders."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from liushui.kernel.errors import InvalidValue
from liushui.orders.contracts import ListTotals, OrderTotals, SalePage, SaleQuery
from liushui.orders.errors import CursorUnknown
from liushui.orders.models import Sale, SaleLineRow, TenderRow
from liushui.orders.queries import SUMMARY_FIELDS, summary_of

_ORDERS = {"time": "completed_at", "amount": "total_minor"}
LIMIT_MAX = 500


def sales(*, query: SaleQuery) -> SalePage:
    """One page of receipts, newest or highest first; the same receipt is never on two pages."""
    if query.order not in _ORDERS:
        raise InvalidValue(f"Receipts can't be sorted by {query.order!r}", remedy=f"Use one of {', '.join(_ORDERS)}.")
    column = _ORDERS[query.order]
    limit = max(1, min(query.limit, LIMIT_MAX))
    found = _filtered(query)
    if query.cursor:
        value, last_id = _decode_cursor(query.cursor, query.order)
        found = found.filter(Q(**{f"{column}__lte": value}) & (Q(**{f"{column}__lt": value}) | Q(id__lt=last_id)))
    rows = [summary_of(row) for row in found.order_by(f"-{column}", "-id").values_list(*SUMMARY_FIELDS)[: limit + 1]]
    page = tuple(rows[:limit])
    more = len(rows) > limit
    return SalePage(sales=page, next_cursor=_encode_cursor(getattr(page[-1], column), page[-1].id) if more else "")


def list_totals(*, query: SaleQuery) -> tuple[ListTotals, ...]:
    """Sums over everything the query finds, by currency; its cursor and limit play no part.

    Voided sales count only when the query asks for them: so the sums are those of the reports.
    """
    sums = ("units", "regular_minor", "discount_minor", "returned_minor", "total_minor", "tax_minor")
    asked = query if query.status else replace(query, status="completed")
    found = _filtered(asked).order_by("currency").values_list("currency")
    return tuple(
        ListTotals(currency=currency, sales=sales, **dict(zip(sums, map(int, values), strict=True)))
        for currency, sales, *values in found.annotate(Count("id"), *map(Sum, sums))
    )


def order_totals(
    *, store_ids: Collection[int], first: date, last: date, currency: str = "", channel: str = ""
) -> OrderTotals:
    """The figures of these stores and business days, added up from the lines of sales that are not voided."""
    days = daily_order_totals(store_ids=store_ids, first=first, last=last, currency=currency, channel=channel)
    names = OrderTotals.__slots__
    return OrderTotals(**{name: sum(getattr(day, name) for day in days.values()) for name in names})


def daily_order_totals(
    *, store_ids: Collection[int], first: date, last: date, currency: str = "", channel: str = ""
) -> dict[tuple[int, date], OrderTotals]:
    """The same by store and business day; days without sales are absent."""
    filters = ["s.status = 'completed'", "s.business_date BETWEEN %s AND %s"]
    values: list[Any] = [first, last]
    for name, value in (("currency", currency), ("channel", channel)):
        if value:
            filters.append(f"s.{name} = %s")
            values.append(value)
    if connection.vendor == "postgresql":
        filters.append("s.store_id = ANY(%s)")
        values.append(list(store_ids))
    else:
        filters.append("s.store_id IN (SELECT value FROM json_each(%s))")
        values.append(msgspec.json.encode(list(store_ids)).decode())
    statement = _DAILY.format(where=" AND ".join(filters))
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows = cursor.fetchall()
    names = OrderTotals.__slots__
    return {
        (row[0], row[1] if isinstance(row[1], date) else date.fromisoformat(row[1])): OrderTotals(
            **{name: int(value) for name, value in zip(names, row[2:], strict=True)}
        )
        for row in rows
    }


_DAILY = """
    SELECT s.store_id, s.business_date,
        SUM(CASE WHEN NOT l.is_return THEN l.regular_minor ELSE 0 END),
        SUM(CASE WHEN NOT l.is_return THEN l.discount_minor ELSE 0 END),
        SUM(CASE WHEN l.is_return THEN -l.amount_minor ELSE 0 END),
        SUM(l.tax_minor),
        COUNT(DISTINCT CASE WHEN NOT l.is_return THEN s.id END),
        COUNT(DISTINCT CASE WHEN l.is_return THEN s.id END),
        SUM(CASE WHEN NOT l.is_return THEN l.units ELSE 0 END),
        SUM(CASE WHEN l.cost_minor IS NOT NULL THEN l.amount_minor - l.tax_minor ELSE 0 END),
        COALESCE(SUM(l.cost_minor), 0)
    FROM orders_sale s JOIN orders_line l ON l.sale_id = s.id
    WHERE {where} GROUP BY s.store_id, s.business_date"""


def _filtered(query: SaleQuery) -> QuerySet[Sale]:
    found = Sale.objects.filter(store_id__in=query.store_ids)
    # The instant bounds say nothing new (a zone is at most 14 h off, a business day starts within 24 h of the calendar
    # day), but let the index by time stop early.
    if query.first is not None:
        found = found.filter(business_date__gte=query.first, completed_at__gte=_midnight(query.first, days=-1))
    if query.last is not None:
        found = found.filter(business_date__lte=query.last, completed_at__lt=_midnight(query.last, days=3))
    for name in ("channel", "source", "currency", "customer", "status"):
        if value := getattr(query, name):
            found = found.filter(**{name: value})
    if query.text:
        found = found.filter(Q(receipt_number=query.text) | Q(source_id=query.text))
    if query.amount_min_minor is not None:
        found = found.filter(total_minor__gte=query.amount_min_minor)
    if query.amount_max_minor is not None:
        found = found.filter(total_minor__lte=query.amount_max_minor)
    if query.local_hour is not None:
        found = found.filter(local_hour=query.local_hour)
    if query.with_returns:
        found = found.filter(returned_line_count__gt=0)
    if query.sku:
        found = found.filter(id__in=SaleLineRow.objects.filter(sku=query.sku).values("sale_id"))
    if query.category:
        below = Q(category=query.category) | Q(category__startswith=f"{query.category}/")
        found = found.filter(Exists(SaleLineRow.objects.filter(below, sale_id=OuterRef("id"))))
    if query.tender:
        by = Q(method=query.tender) | Q(type=query.tender, method="")
        found = found.filter(Exists(TenderRow.objects.filter(by, sale_id=OuterRef("id"))))
    return found


def _midnight(day: date, *, days: int) -> datetime:
    return datetime.combine(day, time(), UTC) + timedelta(days=days)


def _encode_cursor(value: datetime | int, last_id: UUID) -> str:
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return base64.urlsafe_b64encode(f"{text} {last_id.hex}".encode()).decode().rstrip("=")


def _decode_cursor(cursor: str, order: str) -> tuple[datetime | int, UUID]:
    try:
        text, _, last_id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(" ")
        value = int(text) if order == "amount" else datetime.fromisoformat(text)
        if isinstance(value, datetime) and value.tzinfo is None:
            raise ValueError("a cursor's time has a zone")
        return value, UUID(hex=last_id)
    except (ValueError, binascii.Error) as error:
        raise CursorUnknown(
            "This cursor belongs to no list of receipts",
            pointer="/cursor",
            remedy="Take the cursor from the page before, with the same order.",
        ) from error
