"""Reads of imports and of the rows they put aside."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from uuid import UUID

from liushui.catalog.contracts import ImportView, RowFault
from liushui.catalog.errors import UnknownImport
from liushui.catalog.models import ImportFault, ImportRun


def view_of(run: ImportRun) -> ImportView:
    """An import as others see it."""
    return ImportView(**{name: getattr(run, name) for name in ImportView.__dataclass_fields__})


def import_run(*, run_id: UUID, chain_ids: Collection[int]) -> ImportView:
    """One import of these chains; raises UnknownImport."""
    run = ImportRun.objects.filter(id=run_id, chain_id__in=list(chain_ids)).first()
    if run is None:
        raise UnknownImport(f"There is no import {run_id} that you may see")
    return view_of(run)


def import_runs(*, chain_ids: Collection[int], limit: int, offset: int) -> tuple[tuple[ImportView, ...], int]:
    """(a page of imports, the latest first; how many there are)."""
    runs = ImportRun.objects.filter(chain_id__in=list(chain_ids))
    return tuple(map(view_of, runs.order_by("-created_at")[offset : offset + limit])), runs.count()


def faults(*, run_id: UUID, limit: int | None = None) -> Iterator[RowFault]:
    """The rows put aside, in the order of the file."""
    rows = ImportFault.objects.filter(run_id=run_id).order_by("line_number")
    for row in (rows[:limit] if limit is not None else rows).iterator(chunk_size=2000):
        yield RowFault(
            line_number=row.line_number, column=row.column, reason=row.reason, remedy=row.remedy, row=dict(row.row)
        )
