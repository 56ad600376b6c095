"""Putting sales into quarantine and taking them out: one open entry for each (source, id), however often it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F

from liushui.intake.domain.people import hidden_cells, hidden_sale
from liushui.intake.models import QuarantineEntryRow
from liushui.kernel.ids import new_id
from liushui.runtime import row_security
from liushui.stores import facade as stores

_CHANGING = (
    "origin", "raw_message_id", "import_id", "chain_id", "store_id", "store_code", "reason", "command", "problem",
    "reasons", "raw_rows", "row_count",
)  # fmt: skip
_ROWS_PER_STATEMENT = 200


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


# A sender is not asked for what it may read: entries may be of a place that nobody knows yet.
@row_security.everything()
def put(*, entries: Sequence[Quarantined], now: datetime) -> dict[tuple[str, str], UUID]:
    """Keep sales for mending; the ids by (source, source id). One that is open already takes the new contents and
    counts another try: the unique index decides, so that however many send the same sale at once there is one entry.

    One statement for each 200 entries.
    """
    fresh = {(entry.source, entry.source_id): _row(entry, now) for entry in entries}
    rows = [fresh[key] for key in sorted(fresh)]  # in one order, so that two batches cannot wait for each other
    fields = QuarantineEntryRow._meta.concrete_fields
    table = QuarantineEntryRow._meta.db_table
    names = ", ".join(str(field.column) for field in fields)
    one = f"({', '.join(['%s'] * len(fields))})"
    changes = ", ".join(f"{name} = excluded.{name}" for name in _CHANGING)
    ids: dict[tuple[str, str], UUID] = {}
    for start in range(0, len(rows), _ROWS_PER_STATEMENT):
        part = rows[start : start + _ROWS_PER_STATEMENT]
        values = [field.get_db_prep_save(getattr(row, field.attname), connection) for row in part for field in fields]
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} ({names}) VALUES {', '.join([one] * len(part))}"  # noqa: S608  # our model's names
                f" ON CONFLICT (source, source_id) WHERE status = 'open' DO UPDATE SET {changes},"
                f" tries = {table}.tries + 1 RETURNING id, source, source_id",  # nosec B608  # our own names
                values,
            )
            ids |= {
                (source, source_id): found if isinstance(found, UUID) else UUID(found)
                for found, source, source_id in cursor.fetchall()
            }
    return ids


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
        command=_storable(hidden_sale(entry.command)),
        problem=_storable(hidden_cells(entry.problem)),
        reasons=_storable(hidden_cells(list(entry.reasons))),
        raw_rows=_storable(hidden_cells(list(entry.raw_rows))),
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


@row_security.everything()
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
        problem=_storable(hidden_cells(problem)),
        reason=reason_of(problem)[:64],
        command=_storable(command),
        reasons=[],
    )
