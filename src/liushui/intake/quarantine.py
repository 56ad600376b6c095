"""Putting sales into quarantine and taking them out: one open entry for each (source, id), however often it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F

from liushui.intake.models import QuarantineEntryRow
from liushui.kernel.ids import new_id
from liushui.stores import facade as stores

_CHANGING = (
    "origin", "raw_message_id", "import_id", "chain_id", "store_id", "store_code", "reason", "command", "problem",
    "reasons", "raw_rows", "row_count",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A sale on its way into quarantine."""

    source: str
    source_id: str
    origin: str  # api | file
    chain: str
    store_code: str
    command: Mapping[str, object]
    problem: Mapping[str, object]
    raw_message_id: UUID | None = None
    import_id: UUID | None = None
    reasons: Sequence[Mapping[str, object]] = ()
    raw_rows: Sequence[Mapping[str, object]] = field(default_factory=tuple)


def reason_of(problem: Mapping[str, object]) -> str:
    """The last part of a problem's type URI: what the list filters by."""
    return str(problem.get("type", "")).rpartition(":")[2] or "unknown"


def put(*, entries: Sequence[Quarantined], now: datetime) -> dict[tuple[str, str], UUID]:
    """Keep sales for mending. One that is open already takes the new contents and counts another try.

    Three statements at most, however many; the ids by (source, source id).
    """
    fresh = {(entry.source, entry.source_id): _row(entry, now) for entry in entries}
    if not fresh:
        return {}
    known = QuarantineEntryRow.objects.filter(
        status="open", source__in={source for source, _ in fresh}, source_id__in={source_id for _, source_id in fresh}
    )
    again: list[QuarantineEntryRow] = []
    for old in known:
        new = fresh.get((old.source, old.source_id))
        if new is not None:
            new.id, new.tries = old.id, old.tries + 1
            again.append(new)
    kept = {row.id for row in again}
    if again:
        QuarantineEntryRow.objects.bulk_update(again, (*_CHANGING, "tries"), batch_size=200)
    QuarantineEntryRow.objects.bulk_create([row for row in fresh.values() if row.id not in kept], batch_size=200)
    return {key: row.id for key, row in fresh.items()}


def _row(entry: Quarantined, now: datetime) -> QuarantineEntryRow:
    store = stores.stores_by_code().get((entry.chain, entry.store_code))
    chain_id = store.chain_id if store else next((c.id for c in stores.chains() if c.code == entry.chain), None)
    return QuarantineEntryRow(
        id=new_id(),
        source=entry.source,
        source_id=entry.source_id,
        origin=entry.origin,
        raw_message_id=entry.raw_message_id,
        import_id=entry.import_id,
        chain_id=chain_id,
        store_id=store.id if store else None,
        store_code=entry.store_code[:64],
        reason=reason_of(entry.problem)[:64],
        command=_storable(entry.command),
        problem=_storable(entry.problem),
        reasons=_storable(list(entry.reasons)),
        raw_rows=_storable(list(entry.raw_rows)),
        row_count=len(entry.raw_rows),
        received_at=now,
    )


def _storable(value: Any) -> Any:
    """JSON without U+0000, which PostgreSQL's jsonb does not hold; it is written out, so that one sees it."""
    match value:
        case str():
            return value.replace("\x00", "\\u0000")
        case Mapping():
            return {_storable(key): _storable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_storable(inner) for inner in value]
    return value


def resolve(*, source: str, sales: Mapping[str, UUID], now: datetime, closed_by: str) -> int:
    """Close the open entries of sales that have been recorded by now. One statement when there are none open."""
    if len(sales) == 1:
        [(source_id, sale_id)] = sales.items()
        rows = QuarantineEntryRow.objects.filter(status="open", source=source, source_id=source_id)
        return rows.update(status="resolved", closed_at=now, closed_by=closed_by, sale_id=sale_id)
    rows = QuarantineEntryRow.objects.filter(status="open", source=source, source_id__in=list(sales))
    found = list(rows.only("id", "source_id"))
    for row in found:
        row.status, row.closed_at, row.closed_by, row.sale_id = "resolved", now, closed_by, sales[row.source_id]
    if found:
        QuarantineEntryRow.objects.bulk_update(found, ("status", "closed_at", "closed_by", "sale_id"), batch_size=200)
    return len(found)


def has_open(*, source: str) -> bool:
    """Whether any sale of this source waits for mending."""
    return QuarantineEntryRow.objects.filter(status="open", source=source).exists()


def count_try(*, entry_id: UUID, problem: Mapping[str, object], command: Mapping[str, object]) -> None:
    """Note that mending was tried and what was wrong this time."""
    QuarantineEntryRow.objects.filter(id=entry_id).update(
        tries=F("tries") + 1,
        problem=_storable(problem),
        reason=reason_of(problem)[:64],
        command=_storable(command),
        reasons=[],
    )
