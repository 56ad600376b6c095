"""Reads of imports and quarantine; every one is narrowed to the places that the reader may see."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from liushui.intake.accounts import run_of
from liushui.intake.contracts import (
    ImportPage,
    ImportRun,
    QuarantineDetail,
    QuarantinePage,
    QuarantineQuery,
    QuarantineSummary,
    Reason,
)
from liushui.intake.errors import EntryNotFound, ImportNotFound
from liushui.intake.models import ImportRunRow, QuarantineEntryRow
from liushui.stores import facade as stores


def imports(*, chains: Collection[str], offset: int = 0, limit: int = 50) -> ImportPage:
    """Imports into these chains (by code), newest first."""
    rows = ImportRunRow.objects.filter(chain_code__in=chains).order_by("-created_at").defer("mapping_text")
    return ImportPage(runs=tuple(run_of(row) for row in rows[offset : offset + limit]), total=rows.count())


def import_run(*, import_id: UUID, chains: Collection[str]) -> ImportRun:
    """One import; raises ImportNotFound outside these chains."""
    row = ImportRunRow.objects.filter(id=import_id, chain_code__in=chains).first()
    if row is None:
        raise ImportNotFound(f"There is no import {import_id} in the chains you may see")
    return run_of(row)


def quarantine(*, query: QuarantineQuery) -> QuarantinePage:
    """A page of quarantined sales, oldest first, with the reasons and sources to choose from."""
    seen = _seen(query.store_ids, query.chain_ids).filter(status=query.status)
    rows = _narrowed(seen, query)
    reasons = (
        _narrowed(seen, query, but="reason").values_list("reason").annotate(n=Count("id")).order_by("-n", "reason")
    )
    sources = seen.values_list("source", flat=True).distinct().order_by("source")
    entries = rows.order_by("received_at", "id").defer("command", "raw_rows", "reasons")
    return QuarantinePage(
        entries=tuple(_summary(row) for row in entries[query.offset : query.offset + query.limit]),
        total=rows.count(),
        reasons=tuple(reasons),
        sources=tuple(sources),
    )


def quarantine_ids(*, query: QuarantineQuery) -> list[UUID]:
    """Ids of everything that the query finds, up to its limit: for replaying all of one reason."""
    rows = _narrowed(_seen(query.store_ids, query.chain_ids).filter(status=query.status), query)
    return list(rows.order_by("received_at", "id").values_list("id", flat=True)[: query.limit])


def quarantine_counts(*, store_ids: Collection[int], chain_ids: Collection[int] = ()) -> dict[str, int]:
    """How many sales wait for mending, by reason, for what needs attention."""
    rows = _seen(store_ids, chain_ids).filter(status="open").values_list("reason").annotate(n=Count("id"))
    return dict(rows.order_by("-n", "reason"))


def quarantine_entry(*, entry_id: UUID, store_ids: Collection[int], chain_ids: Collection[int]) -> QuarantineDetail:
    """One quarantined sale; raises EntryNotFound outside these places."""
    row = _seen(store_ids, chain_ids).filter(id=entry_id).first()
    if row is None:
        raise EntryNotFound(f"There is no quarantined sale {entry_id} in the places you may see")
    return QuarantineDetail(
        summary=_summary(row),
        command=row.command,
        problem=row.problem,
        reasons=tuple(Reason(**reason) for reason in row.reasons),
        raw_rows=tuple(row.raw_rows),
        import_id=row.import_id,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        close_reason=row.close_reason,
        sale_id=row.sale_id,
    )


def _seen(store_ids: Collection[int], chain_ids: Collection[int]) -> QuerySet[QuarantineEntryRow]:
    place = Q(store_id__in=store_ids)
    if chain_ids:
        place |= Q(store_id=None, chain_id__in=chain_ids)
        if frozenset(chain.id for chain in stores.chains()) <= frozenset(chain_ids):
            place |= Q(store_id=None, chain_id=None)  # nobody knows whose: for those only who oversee every chain
    return QuarantineEntryRow.objects.filter(place)


def _narrowed(rows: QuerySet[QuarantineEntryRow], query: QuarantineQuery, *, but: str = "") -> QuerySet[Any]:
    wanted = {
        "reason": query.reason,
        "source": query.source,
        "store_code": query.store,
        "received_at__gte": query.first,
        "received_at__lt": query.before,
        "import_id": query.import_id,
    }
    return rows.filter(**{name: value for name, value in wanted.items() if value and name != but})


def _summary(row: QuarantineEntryRow) -> QuarantineSummary:
    return QuarantineSummary(
        id=row.id,
        source=row.source,
        source_id=row.source_id,
        chain_id=row.chain_id,
        store_id=row.store_id,
        store_code=row.store_code,
        reason=row.reason,
        title=str(row.problem.get("title", "")),
        detail=str(row.problem.get("detail", "")),
        row_count=row.row_count,
        origin=row.origin,
        status=row.status,
        received_at=row.received_at,
        tries=row.tries,
    )
