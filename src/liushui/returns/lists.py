"""Lines that came back: pages of them, and their sums for the report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet, Sum

from liushui.kernel.errors import InvalidValue
from liushui.returns.contracts import (
    LineDetails,
    ReturnDetails,
    ReturnEntry,
    ReturnPage,
    ReturnPart,
    ReturnQuery,
    ReturnSum,
)
from liushui.returns.models import ReturnEntryRow, ReturnNoteRow

SUMMED_BY = {"reason": "reason", "store": "store_code", "cashier": "operator", "item": "sku", "condition": "condition"}
_LIMIT_MAX = 500
_SUMS_MAX = 200
_FIELDS = tuple(ReturnEntry.__dataclass_fields__)


def returns(*, query: ReturnQuery) -> ReturnPage:
    """One page of lines that came back, the newest first; one statement."""
    limit = max(1, min(query.limit, _LIMIT_MAX))
    rows = _matching(query)
    if query.cursor:
        at, sale_id, number, part = _read_cursor(query.cursor)
        rows = rows.filter(completed_at__lte=at).exclude(completed_at=at, sale_id__gt=sale_id)
        rows = rows.exclude(completed_at=at, sale_id=sale_id, line_number__lt=number)
        rows = rows.exclude(completed_at=at, sale_id=sale_id, line_number=number, part__lte=part)
    found = list(rows.order_by("-completed_at", "-sale_id", "line_number", "part")[: limit + 1])
    entries = tuple(ReturnEntry(**{name: getattr(row, name) for name in _FIELDS}) for row in found[:limit])
    last = entries[-1] if len(found) > limit else None
    at_last = (last.completed_at.isoformat(), last.sale_id.hex, last.line_number, last.part) if last is not None else ()
    cursor = "|".join(map(str, at_last))
    return ReturnPage(entries=entries, next_cursor=cursor)


def return_sums(*, query: ReturnQuery, by: str) -> tuple[ReturnSum, ...]:
    """What came back by reason, store, cashier, item or condition, the highest amount first; voided returns are left
    out. One statement; at most 200 rows."""
    column = SUMMED_BY.get(by)
    if column is None:
        raise InvalidValue(f"Sums are by one of {', '.join(SUMMED_BY)}, not {by!r}", pointer="/by")
    labels = ["name"] if by == "item" else []
    rows = (
        _matching(query)
        .filter(status="completed")
        .values(column, "currency", *labels)
        .annotate(
            receipts=Count("sale_id", distinct=True), lines=Count("line_number"), all_units=Sum("units"),
            amount=Sum("amount_minor"),
        )
        .order_by("-amount", column, "currency")[:_SUMS_MAX]
    )  # fmt: skip
    return tuple(
        ReturnSum(
            key=row[column],
            label=row["name"] if labels else row[column],
            receipts=row["receipts"],
            lines=row["lines"],
            units=row["all_units"],
            amount_minor=row["amount"],
            currency=row["currency"],
        )
        for row in rows
    )


def return_details(*, order_key: str) -> ReturnDetails | None:
    """What was said of the returned lines of an order, before or after it was recorded."""
    row = ReturnNoteRow.objects.filter(order_key=order_key).first()
    if row is None:
        return None
    return ReturnDetails(
        lines={each[0]: _details(*each) for each in row.lines},
        approved_by=row.approved_by,
    )


def _details(number: int, reason: str, condition: str, parts: Sequence[Sequence[Any]] = ()) -> LineDetails:
    more = tuple(ReturnPart(units=units, reason=why, condition=how) for units, why, how in parts)
    return LineDetails(line_number=number, reason=reason, condition=condition, parts=more)


def _matching(query: ReturnQuery) -> QuerySet[ReturnEntryRow]:
    rows = ReturnEntryRow.objects.filter(store_id__in=query.store_ids)
    exact: dict[str, Any] = {
        "business_date__gte": query.first,
        "business_date__lte": query.last,
        "reason": query.reason,
        "condition": query.condition,
        "operator": query.operator,
        "sku": query.sku,
        "status": query.status,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value not in (None, "")})
    if query.receipt in ("none", "with"):
        rows = rows.filter(original_sale_id__isnull=query.receipt == "none")
    return rows


def _read_cursor(text: str) -> tuple[datetime, UUID, int, int]:
    try:
        at, sale_id, number, part = text.split("|")
        when = datetime.fromisoformat(at)
        if when.tzinfo is None:
            raise ValueError(at)
        return when, UUID(hex=sale_id), int(number), int(part)
    except ValueError as error:
        raise InvalidValue("This is not a cursor that a page before gave", pointer="/cursor") from error
