"""Lines that came back, as lists and reports read them: made from the events of sales and nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from liushui.orders.contracts import SaleFact, SaleLine
from liushui.promotions.contracts import order_key
from liushui.returns.contracts import APPROVAL_KIND
from liushui.returns.domain.shares import share
from liushui.returns.models import ReturnEntryRow, ReturnNoteRow
from liushui.runtime import approvals, bulk
from liushui.runtime.approvals import ApprovalMissing

_COLUMNS = (
    *("sale_id", "line_number", "part", "chain_id", "store_id", "store_code", "receipt_number", "completed_at"),
    *("business_date", "operator", "original_sale_id", "original_line_number", "sku", "name", "category", "units"),
    *("amount_minor", "tax_minor", "currency", "reason", "condition", "approved_by", "is_exchange", "status"),
)


def apply_returns(*, completed: Sequence[SaleFact], voided: Collection[UUID]) -> None:
    """Add the returned lines of these sales, each part of which something else was said by itself; mark those of voided
    ones. Two or three statements."""
    keys = {fact.sale_id: order_key(source=fact.source, source_id=fact.source_id) for fact in completed}
    notes = {row.order_key: row for row in ReturnNoteRow.objects.filter(order_key__in=set(keys.values()))}
    rows = [row for fact in completed for row in _rows(fact, notes.get(keys[fact.sale_id]))]
    bulk.insert_rows(table="returns_entry", columns=_COLUMNS, rows=rows, skip_existing=True)
    for fact in completed:
        _note_use(notes.get(keys[fact.sale_id]), fact)
    if voided:
        ReturnEntryRow.objects.filter(sale_id__in=voided).update(status="voided")


def _note_use(note: ReturnNoteRow | None, fact: SaleFact) -> None:
    """The approval of a recorded return has served, also where the process that recorded it died before it said so."""
    if note is None or note.approval_id is None:
        return
    with contextlib.suppress(ApprovalMissing):  # it was noted in time
        approvals.use(
            approval_id=note.approval_id, kind=APPROVAL_KIND, target=f"sale:{fact.source}/{fact.source_id}",
            now=note.noted_at,
        )  # fmt: skip


def _rows(fact: SaleFact, note: ReturnNoteRow | None) -> list[tuple[Any, ...]]:
    said: Mapping[int, Sequence[Any]] = {each[0]: each for each in note.lines} if note is not None else {}
    is_exchange = any(not line.is_return for line in fact.lines)
    rows = []
    for line in fact.lines:
        if not line.is_return:
            continue
        original = line.original
        for place, part in enumerate(_parts(line, said.get(line.line_number, (line.line_number, "", "")))):
            rows.append(
                (
                    fact.sale_id, line.line_number, place, fact.chain_id, fact.store_id, fact.store_code,
                    fact.receipt_number, fact.completed_at, fact.business_date, fact.operator,
                    original.sale_id if original is not None else None,
                    original.line_number if original is not None else None,
                    line.sku, line.name, line.category, part.units, part.amount_minor, part.tax_minor, fact.currency,
                    part.reason, part.condition, note.approved_by if note is not None else "", is_exchange,
                    "completed",
                )
            )  # fmt: skip
    return rows


class _Part(NamedTuple):
    units: int
    amount_minor: int
    tax_minor: int
    reason: str
    condition: str


def _parts(line: SaleLine, said: Sequence[Any]) -> list[_Part]:
    """The line as it was said of it, positive; the parts come to the line to the cent."""
    _number, reason, condition, *more = said
    told = [tuple(each) for each in more[0]] if more else []
    units = -line.units
    first = units - sum(each[0] for each in told)
    if first < 1:  # the sale is not the one that the note was written for
        first, told = units, []
    parts, gone = [], 0
    for count, why, how in [(first, reason, condition), *told]:
        until = gone + count
        amount, tax = (
            share(-whole, until, units) - share(-whole, gone, units) if told else -whole
            for whole in (line.amount_minor, line.tax_minor)
        )
        parts.append(_Part(count, amount, tax, why, how))
        gone = until
    return parts
