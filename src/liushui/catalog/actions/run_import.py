"""Use case: an import runs, chunk by chunk; good rows are kept, bad ones are put aside with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from uuid import UUID

from django.db import transaction
from django.db.models import F

from liushui.catalog.actions.judge_rows import Judge, Judged, Row
from liushui.catalog.actions.open_import import file_of, judge_for
from liushui.catalog.actions.save_items import write_items
from liushui.catalog.actions.save_prices import rows_of, write_prices
from liushui.catalog.contracts import ImportView
from liushui.catalog.domain.import_columns import match_columns
from liushui.catalog.models import ImportFault, ImportRun
from liushui.catalog.queries.imports import view_of
from liushui.kernel.errors import InvalidValue, LiushuiError
from liushui.runtime.tabular import count_rows, open_table

CHUNK = 1000
ZERO = {f"rows_{name}": 0 for name in ("done", "new", "changed", "unchanged", "wrong")}


def run_import(*, run_id: UUID, on_progress: Callable[[int, int], None] | None = None) -> ImportView:
    """Run a started import to its end, or until somebody cancels it. Run again after a crash it begins anew:
    rows that were taken are then unchanged ones. `on_progress` gets (rows done, rows in all) after each chunk."""
    begun = ImportRun.objects.filter(id=run_id, status__in=["waiting", "running"]).update(status="running", **ZERO)
    run = ImportRun.objects.get(id=run_id)
    if not begun:
        return view_of(run)
    ImportFault.objects.filter(run=run).delete()
    try:
        status, failure = _run(run, on_progress), ""
    except LiushuiError as error:
        status, failure = "failed", f"{error.detail}. {error.remedy or ''}".strip()[:400]
    ImportRun.objects.filter(id=run_id).update(status=status, failure=failure, finished_at=datetime.now(UTC))
    return view_of(ImportRun.objects.get(id=run_id))


def _run(run: ImportRun, on_progress: Callable[[int, int], None] | None) -> str:
    path = file_of(run)
    run.rows_total = count_rows(path=path)
    ImportRun.objects.filter(id=run.id).update(rows_total=run.rows_total)
    with open_table(path=path) as table:
        columns = match_columns(table.headers, kind="items" if run.kind == "items" else "prices")
        if columns.missing:
            raise InvalidValue(
                f"The file has no column for {', '.join(columns.missing)}",
                remedy="Name the columns as in the template.",
            )
        judge = judge_for(run, columns)
        done = 0
        for chunk in _chunks(table.rows):
            _take(run, judge, chunk)
            done += len(chunk)
            if on_progress is not None:
                on_progress(done, run.rows_total)
            if ImportRun.objects.filter(id=run.id, cancel_asked=True).exists():
                return "cancelled"
    return "done"


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _take(run: ImportRun, judge: Judge, chunk: Sequence[Row]) -> None:
    """One chunk: its items, prices, faults and the progress are written together or not at all."""
    judged = judge.judge(chunk)
    right = [each for each in judged if each.fault is None]
    states = Counter(each.state for each in judged)
    with transaction.atomic():
        differing = [each for each in right if each.item is not None and each.item != each.before]
        write_items(
            new=[each.item for each in differing if each.item is not None and each.before is None],
            changed=[each.item for each in differing if each.item is not None and each.before is not None],
        )
        prices = [each.price for each in right if each.price is not None and each.price_differs]
        write_prices(rows_of(prices) if prices else [])
        ImportFault.objects.bulk_create(_fault_row(run, each) for each in judged if each.fault is not None)
        ImportRun.objects.filter(id=run.id).update(
            rows_done=F("rows_done") + len(judged),
            rows_new=F("rows_new") + states["new"],
            rows_changed=F("rows_changed") + states["changed"],
            rows_unchanged=F("rows_unchanged") + states["unchanged"],
            rows_wrong=F("rows_wrong") + states["wrong"],
        )


def _fault_row(run: ImportRun, judged: Judged) -> ImportFault:
    fault = judged.fault
    assert fault is not None  # nosec B101  # for the type checker
    return ImportFault(
        run=run,
        line_number=fault.line_number,
        column=fault.column[:128],
        reason=fault.reason[:400],
        remedy=fault.remedy[:400],
        row=list(fault.row.items()),
    )
