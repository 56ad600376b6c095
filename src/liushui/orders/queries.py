"""Reads of single receipts, and of all of them in order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import OuterRef, Subquery

from liushui.kernel.errors import NotFound
from liushui.orders.contracts import (
    Discount,
    OriginalLine,
    PriceExplanation,
    SaleDetail,
    SaleFact,
    SaleLine,
    SaleSummary,
    Tender,
)
from liushui.orders.models import PriceExplanationRow, Sale

SUMMARY_FIELDS = (
    "id",
    "store_id",
    "store_code",
    "source",
    "source_id",
    "receipt_number",
    "channel",
    "currency",
    "completed_at",
    "business_date",
    "operator",
    "workstation",
    "customer",
    "line_count",
    "units",
    "regular_minor",
    "discount_minor",
    "returned_minor",
    "total_minor",
    "tax_minor",
    "status",
)
_LINES = """
    SELECT sale_id, line_number, item_id, sku, gtin, name, category, units, measure_value, measure_unit,
           unit_price_minor, regular_minor, discount_minor, amount_minor, tax_rate_bp, tax_minor, cost_minor, is_return
    FROM orders_line WHERE {where} ORDER BY sale_id, line_number"""
_DISCOUNTS = """
    SELECT sale_id, line_number, code, name, amount_minor
    FROM orders_discount WHERE {where} ORDER BY sale_id, line_number, position"""
_TENDERS = """
    SELECT sale_id, type, amount_minor, method, reference FROM orders_tender WHERE {where} ORDER BY sale_id, position"""


_ORIGINALS = """
    SELECT sale_id, line_number, original_sale_id, original_line_number, unit_positions
    FROM orders_returned_line WHERE {where} ORDER BY sale_id, line_number"""


class Parts(NamedTuple):
    """Lines and tenders of one sale."""

    lines: tuple[SaleLine, ...]
    tenders: tuple[Tender, ...]


def sale(*, sale_id: UUID, store_ids: Collection[int]) -> SaleDetail:
    """A receipt with everything on it; NotFound outside these stores."""
    row = Sale.objects.filter(id=sale_id, store_id__in=store_ids).first()
    if row is None:
        raise NotFound(f"There is no sale {sale_id} in the stores you may see")
    parts = parts_between(first=sale_id, last=sale_id).get(sale_id, Parts((), ()))
    return SaleDetail(
        summary=summary_of([getattr(row, name) for name in SUMMARY_FIELDS]),
        lines=parts.lines,
        tenders=parts.tenders,
        variance_minor=row.variance_minor,
        recorded_at=row.recorded_at,
        voided_at=row.voided_at,
        voided_by=row.voided_by,
        void_reason=row.void_reason,
        void_approved_by=row.void_approved_by,
    )


def price_explanation(*, sale_id: UUID, store_ids: Collection[int]) -> PriceExplanation | None:
    """Why a sale of these stores cost what it did; None where no promotion was asked, or the sale is not theirs."""
    theirs = Sale.objects.filter(id=sale_id, store_id__in=store_ids)
    row = PriceExplanationRow.objects.filter(sale_id=sale_id, sale_id__in=theirs.values("id")).first()
    if row is None:
        return None
    return PriceExplanation(
        rulebook_version=row.rulebook_version,
        rulebook_digest=row.rulebook_digest,
        answer=row.answer,
        basket=row.basket,
    )


def find_sale(*, source: str, source_id: str) -> UUID | None:
    """Our id of the sale that a source sent under its id, if it is recorded."""
    return Sale.objects.filter(source=source, source_id=source_id).values_list("id", flat=True).first()


def sale_facts(*, after: UUID | None, limit: int) -> list[tuple[SaleFact, str]]:
    """Facts and statuses of up to `limit` sales whose ids come after this one, in the order of their ids.

    For rebuilding and verifying what is made from sales: four statements, whatever the limit.
    """
    sales = Sale.objects.order_by("id")
    if after is not None:
        sales = sales.filter(id__gt=after)
    rows = list(sales.values_list(*_FACT_FIELDS, *_promised(), "status")[:limit])
    if not rows:
        return []
    parts = parts_between(first=rows[0][0], last=rows[-1][0])
    return [(_fact(row, parts[row[0]]), row[-1]) for row in rows]


def fact(*, sale_id: UUID) -> SaleFact | None:
    """The fact of one sale."""
    row = Sale.objects.filter(id=sale_id).values_list(*_FACT_FIELDS, *_promised()).first()
    return None if row is None else _fact(row, parts_between(first=sale_id, last=sale_id)[sale_id])


_FACT_FIELDS = (
    "id",
    "chain_id",
    "store_id",
    "store_code",
    "source",
    "source_id",
    "receipt_number",
    "channel",
    "currency",
    "completed_at",
    "business_date",
    "local_hour",
    "workstation",
    "operator",
    "customer",
)


def _promised() -> tuple[Subquery, Subquery]:
    """What promotions promised of points: columns of the explanation, for values_list."""
    stored = PriceExplanationRow.objects.filter(sale_id=OuterRef("id"))
    return Subquery(stored.values("points_multiply_bp")), Subquery(stored.values("points_add"))


def _fact(row: Sequence[Any], parts: Parts) -> SaleFact:
    values = dict(zip(_FACT_FIELDS, row, strict=False))
    multiply_bp, add = row[len(_FACT_FIELDS) : len(_FACT_FIELDS) + 2]
    return SaleFact(
        sale_id=values.pop("id"),
        lines=parts.lines,
        tenders=parts.tenders,
        points_multiply_bp=10_000 if multiply_bp is None else multiply_bp,
        points_add=add or 0,
        **values,
    )


def summary_of(values: Sequence[Any]) -> SaleSummary:
    """A summary of values in the order of SUMMARY_FIELDS."""
    return SaleSummary(**dict(zip(SUMMARY_FIELDS, values, strict=True)))


def parts_between(*, first: UUID, last: UUID) -> dict[UUID, Parts]:
    """Lines and tenders of every sale whose id lies in this range, both ends included; three statements, and one more
    where goods came back."""
    bounds = (first, last) if connection.vendor == "postgresql" else (first.hex, last.hex)
    discounts: dict[tuple[Any, int], tuple[Discount, ...]] = {
        key: tuple(Discount(code=row[2], name=row[3], amount_minor=row[4]) for row in rows)
        for key, rows in groupby(_rows(_DISCOUNTS, bounds), key=itemgetter(0, 1))
    }
    tenders = {
        key: tuple(Tender(type=row[1], amount_minor=row[2], method=row[3], reference=row[4]) for row in rows)
        for key, rows in groupby(_rows(_TENDERS, bounds), key=itemgetter(0))
    }
    all_lines = list(_rows(_LINES, bounds))
    originals = (
        {(row[0], row[1]): original_of(row[2:5]) for row in _rows(_ORIGINALS, bounds)}
        if any(row[17] for row in all_lines)
        else {}
    )
    parts: dict[UUID, Parts] = {}
    for key, rows in groupby(all_lines, key=itemgetter(0)):
        lines = tuple(
            line_of(row, discounts.get((key, row[1]), ()), originals.get((key, row[1])) if row[17] else None)
            for row in rows
        )
        parts[key if isinstance(key, UUID) else UUID(hex=key)] = Parts(lines, tenders.get(key, ()))
    return parts


def _rows(statement: str, bounds: tuple[Any, Any]) -> Iterator[Sequence[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement.format(where="sale_id BETWEEN %s AND %s"), bounds)
        yield from cursor.fetchall()


def original_of(row: Sequence[Any]) -> OriginalLine:
    """The line of a sale that is taken back: its sale, number and unit positions as they are stored."""
    sale_id, line_number, positions = row
    return OriginalLine(
        sale_id=sale_id if isinstance(sale_id, UUID) else UUID(hex=sale_id),
        line_number=line_number,
        unit_positions=tuple(int(each) for each in positions.split(",") if each),
    )


def line_of(row: Sequence[Any], discounts: tuple[Discount, ...], original: OriginalLine | None) -> SaleLine:
    """A line of its stored values, in the order of _LINES."""
    return SaleLine(
        line_number=row[1],
        item_id=row[2],
        sku=row[3],
        gtin=row[4],
        name=row[5],
        category=row[6],
        units=row[7],
        measure_value=row[8],
        measure_unit=row[9],
        unit_price_minor=row[10],
        regular_minor=row[11],
        discount_minor=row[12],
        amount_minor=row[13],
        tax_rate_bp=row[14],
        tax_minor=row[15],
        cost_minor=row[16],
        is_return=bool(row[17]),
        discounts=discounts,
        original=original,
    )
