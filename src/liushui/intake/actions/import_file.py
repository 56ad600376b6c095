"""Import a file of sales: keep it, stage it, book it document by document, and account for every row and every cent.

The cursor moves in the transaction of what was quarantined, after the sales themselves are recorded; a crash between
the two sends the same documents again, and (source, id) makes that harmless.
"""

from __future__ import annotations

import fcntl
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from django.db import IntegrityError, transaction

from liushui.catalog import facade as catalog
from liushui.intake import staging
from liushui.intake.accounts import Totals, run_of
from liushui.intake.actions.book_documents import book_documents
from liushui.intake.actions.create_references import create_references
from liushui.intake.contracts import ImportProgress, ImportRun, OnProgress
from liushui.intake.domain.documents import Document, DocumentReader
from liushui.intake.domain.mapping import Mapping, parse_mapping
from liushui.intake.errors import ImportBusy, ImportNotFound, MappingError, UnreadableFile
from liushui.intake.models import ImportRunRow
from liushui.intake.raw_files import let_go
from liushui.intake.raw_store import file_sha256, keep, raw_path, working_dir
from liushui.intake.readers import open_file, require_columns
from liushui.kernel.errors import LiushuiError
from liushui.kernel.ids import new_id
from liushui.kernel.money import exponent
from liushui.runtime.access import Principal
from liushui.runtime.long_run import few_collections

BATCH_ROWS = 4_000


def silent(progress: ImportProgress) -> None:
    """Progress that nobody watches."""


def start_import(
    *,
    path: Path,
    mapping: Mapping,
    chain: str,
    items: Path | None,
    principal: Principal,
    now: datetime,
    file_name: str = "",
    items_name: str = "",
) -> tuple[ImportRun, bool]:
    """Register an import, after checks that refuse the whole file before anything is written. Answers the run and
    whether it is new: the same file, mapping and chain are one import for ever."""
    name, items_name = file_name or path.name, items_name or (items.name if items else "")
    chain = chain or mapping.chain.code
    if not chain:
        raise MappingError(
            "Which chain the sales belong to is not said", remedy="Give --chain, or chain.code in the mapping."
        )
    if mapping.reads_items_file() and items is None:
        raise UnreadableFile(
            f"The mapping {mapping.name!r} reads the items from a second file", remedy="Give it with --items PATH."
        )
    require_columns(open_file(path, mapping.file, name=name), mapping.sales_columns())
    items = items if mapping.reads_items_file() else None
    if items is not None:
        staging.open_items(items, mapping, name=items_name)
    sha256 = file_sha256(path)
    items_sha256 = file_sha256(items) if items else ""
    identity = {
        "file_sha256": sha256,
        "items_sha256": items_sha256,
        "mapping_sha256": mapping.sha256,
        "chain_code": chain,
    }
    known = ImportRunRow.objects.filter(**identity).first()
    if known is not None:
        return _opened_before(known, path, items), False
    keep(path, sha256)
    if items is not None:
        keep(items, items_sha256)
    row = ImportRunRow(
        id=new_id(),
        **identity,
        file_name=name[:255],
        file_bytes=path.stat().st_size,
        items_name=items_name[:255] if items else "",
        mapping_name=mapping.name[:100],
        mapping_text=mapping.text,
        source=mapping.source,
        currency=mapping.chain.currency,
        status="waiting",
        started_by=principal.name[:128],
        created_at=now,
        updated_at=now,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:  # the same file came twice at this instant
        return _opened_before(ImportRunRow.objects.get(**identity), path, items), False
    _keep_again(row, path, items)  # it may have been a stray until now, and be gone
    return run_of(row), True


def _opened_before(known: ImportRunRow, path: Path, items: Path | None) -> ImportRun:
    if known.status != "done":
        _keep_again(known, path, items)
    return run_of(known, already_imported=known.status == "done")


def _keep_again(row: ImportRunRow, path: Path, items: Path | None) -> None:
    """See to it that the files of an import that is not done are kept."""
    ImportRunRow.objects.filter(id=row.id).update(file_gone_at=None)
    row.file_gone_at = None
    keep(path, row.file_sha256)
    if items is not None:
        keep(items, row.items_sha256)


def run_import(*, import_id: UUID, principal: Principal, on_progress: OnProgress = silent) -> ImportRun:
    """Run or continue an import to its end; a finished one is answered as it ended. Raises ImportBusy while another
    process runs it, and whatever makes the whole file unreadable (the import is `failed` then, nothing booked)."""
    row = ImportRunRow.objects.filter(id=import_id).first()
    if row is None:
        raise ImportNotFound(f"There is no import {import_id}")
    folder = working_dir(row.id)
    with _only_one(folder), few_collections():
        row.refresh_from_db()
        if row.status == "done":
            return run_of(row, already_imported=True)
        try:
            _run(row, folder, principal, on_progress)
        except LiushuiError as error:
            _set(row, status="failed", problem=error.problem(), finished_at=datetime.now(UTC))
            raise
        if row.status == "done":
            shutil.rmtree(folder, ignore_errors=True)
            if row.names_people:
                let_go(row, now=datetime.now(UTC))
    return run_of(row)


def _run(row: ImportRunRow, folder: Path, principal: Principal, on_progress: OnProgress) -> None:
    mapping = parse_mapping(row.mapping_text, name=row.mapping_name)
    _set(row, status="running", problem=None, finished_at=None, cancel_requested=False)
    watch = _Watch(on_progress, row.rows_done)
    opened = open_file(raw_path(row.file_sha256), mapping.file, name=row.file_name)
    items = staging.open_items(raw_path(row.items_sha256), mapping, name=row.items_name) if row.items_sha256 else None
    watch.tell("reading", 0, 0)
    staged = staging.stage(opened, mapping, items, folder, lambda rows: watch.tell("reading", rows, 0))
    _set(row, rows_total=staged.rows, money_in=staged.money)
    if row.rows_done == 0:
        watch.tell("references", 0, staged.rows)
        items_path = staging.stage_items(items, mapping, folder) if items else None
        create_references(
            mapping=mapping, chain_code=row.chain_code, ordered=staged.path, items=items_path, folder=folder
        )
    watch.begin()
    reader = DocumentReader(mapping=mapping, chain=row.chain_code, places=exponent(row.currency))
    totals = Totals.of(row)
    kept = catalog.KeptItems()
    for number, documents in enumerate(_batches(reader, staged.path, totals.rows_done)):
        now = datetime.now(UTC)
        booked = book_documents(documents, row=row, principal=principal, now=now, in_flight=number == 0, kept=kept)
        with transaction.atomic():
            booked.settle(totals, now)
            _set(row, **totals.columns())
        watch.tell("booking", totals.rows_done, staged.rows)
        if ImportRunRow.objects.filter(id=row.id, cancel_requested=True).exists():
            _set(row, status="cancelled", finished_at=datetime.now(UTC))
            return
    people = staging.names_people(staged.path, folder, but=mapping.id_columns)
    _set(row, status="done", finished_at=datetime.now(UTC), names_people=people)


def _batches(reader: DocumentReader, path: Path, after: int) -> Iterator[list[Document]]:
    """Documents in batches of some thousand rows; a cursor always gives the same ones, so a crash repeats one only."""
    batch: list[Document] = []
    rows = 0
    for document in _documents(reader, path, after):
        batch.append(document)
        rows += len(document.rows)
        if rows >= BATCH_ROWS:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch


def _documents(reader: DocumentReader, path: Path, after: int) -> Iterator[Document]:
    for staged in staging.read_ordered(path, after=after):
        yield from reader.read(
            staged.batch, rows=staged.rows, firsts=staged.firsts, controls=staged.controls, row_faults=staged.faults
        )
    yield from reader.finish()


def _set(row: ImportRunRow, **values: object) -> None:
    values["updated_at"] = datetime.now(UTC)
    for name, value in values.items():
        setattr(row, name, value)
    ImportRunRow.objects.filter(id=row.id).update(**values)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Hold the lock of an import: the system lets go of it when the process dies, however it dies."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ImportBusy("This import is running already", remedy="Wait for it, or stop that process.") from None
        yield


class _Watch:
    """Turns counts into rate and time left; the rate is of this process and of booking only."""

    def __init__(self, on_progress: OnProgress, rows_before: int) -> None:
        self._on_progress = on_progress
        self._before = rows_before
        self._begun = time.monotonic()

    def begin(self) -> None:
        self._begun = time.monotonic()

    def tell(self, phase: str, done: int, total: int) -> None:
        seconds = time.monotonic() - self._begun
        fresh = done - self._before if phase == "booking" else done
        rate = fresh / seconds if seconds > 0 else 0.0
        left = (total - done) / rate if rate > 0 and total else None
        self._on_progress(
            ImportProgress(phase=phase, rows_done=done, rows_total=total, rows_per_second=rate, seconds_left=left)
        )
