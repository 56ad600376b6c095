"""Lines that came back, as lists and reports read them: made from the events of sales and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from liushui.orders.contracts import SaleFact
from liushui.promotions.contracts import order_key
from liushui.returns.models import ReturnEntryRow, ReturnNoteRow
from liushui.runtime import bulk

_COLUMNS = (
    *("sale_id", "line_number", "chain_id", "store_id", "store_code", "receipt_number", "completed_at"),
    *("business_date", "operator", "original_sale_id", "original_line_number", "sku", "name", "category", "units"),
    *("amount_minor", "tax_minor", "currency", "reason", "condition", "approved_by", "is_exchange", "status"),
)


def apply_returns(*, completed: Sequence[SaleFact], voided: Collection[UUID]) -> None:
    """Add the returned lines of these sales; mark those of voided ones. Two or three statements."""
    keys = {fact.sale_id: order_key(source=fact.source, source_id=fact.source_id) for fact in completed}
    notes = {row.order_key: row for row in ReturnNoteRow.objects.filter(order_key__in=set(keys.values()))}
    rows = [row for fact in completed for row in _rows(fact, notes.get(keys[fact.sale_id]))]
    bulk.insert_rows(table="returns_entry", columns=_COLUMNS, rows=rows, skip_existing=True)
    if voided:
        ReturnEntryRow.objects.filter(sale_id__in=voided).update(status="voided")


def _rows(fact: SaleFact, note: ReturnNoteRow | None) -> list[tuple[Any, ...]]:
    said: Mapping[int, Sequence[Any]] = {each[0]: each for each in note.lines} if note is not None else {}
    is_exchange = any(not line.is_return for line in fact.lines)
    rows = []
    for line in fact.lines:
        if not line.is_return:
            continue
        _number, reason, condition = said.get(line.line_number, (0, "", ""))
        original = line.original
        rows.append(
            (
                fact.sale_id, line.line_number, fact.chain_id, fact.store_id, fact.store_code, fact.receipt_number,
                fact.completed_at, fact.business_date, fact.operator,
                original.sale_id if original is not None else None,
                original.line_number if original is not None else None,
                line.sku, line.name, line.category, -line.units, -line.amount_minor, -line.tax_minor, fact.currency,
                reason, condition, note.approved_by if note is not None else "", is_exchange, "completed",
            )
        )  # fmt: skip
    return rows
