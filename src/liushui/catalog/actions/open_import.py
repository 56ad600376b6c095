"""Use case: a file of items or prices is brought, looked at, started, stopped."""

from __future__ import annotations

import shutil
from datetime import datetime
from itertools import islice
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from liushui.catalog.actions.change_item import require_whole_chain
from liushui.catalog.actions.judge_rows import Judge, Judged
from liushui.catalog.contracts import ImportPreview, ImportView, PreviewRow
from liushui.catalog.domain.import_columns import KINDS, Columns, Kind, match_columns
from liushui.catalog.errors import UnknownImport
from liushui.catalog.models import ImportRun
from liushui.catalog.queries.imports import view_of
from liushui.catalog.queries.items import categories
from liushui.kernel.errors import Conflict, InvalidValue
from liushui.kernel.ids import new_id
from liushui.kernel.money import format_minor
from liushui.runtime import audit, places
from liushui.runtime.access import Principal
from liushui.runtime.tabular import EXCEL_ENDINGS, open_table

PREVIEW_ROWS = 20
ENDINGS = (".csv", ".txt", ".tsv", *EXCEL_ENDINGS)


def import_capability(kind: str) -> str:
    """The right that an import of this kind needs in the whole chain."""
    return {"items": "catalog.write", "prices": "price.write"}[kind]


def open_import(
    *, path: Path, file_name: str, kind: str, chain_id: int, principal: Principal, now: datetime
) -> ImportView:
    """Take a copy of the file and open an import of it, which waits for start_import."""
    if kind not in KINDS:
        raise InvalidValue(f"{kind!r} is not a kind of import", remedy=f"Use one of {', '.join(KINDS)}.")
    require_whole_chain(principal, import_capability(kind), chain_id)
    ending = Path(file_name).suffix.lower()
    if ending not in ENDINGS:
        raise InvalidValue(f"{file_name!r} is no table", remedy=f"Send a file that ends with {', '.join(ENDINGS)}.")
    run_id = new_id()
    folder = settings.LIUSHUI.data_dir / "catalog-imports"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, folder / f"{run_id}{ending}")
    run = ImportRun.objects.create(
        id=run_id,
        chain_id=chain_id,
        kind=kind,
        file_name=Path(file_name).name[-200:],
        file_path=f"catalog-imports/{run_id}{ending}",
        subject=principal.subject,
        subject_name=principal.name,
        created_at=now,
        status="preview",
    )
    return view_of(run)


def file_of(run: ImportRun) -> Path:
    """Where the copy of the file lies."""
    return Path(settings.LIUSHUI.data_dir) / run.file_path


def judge_for(run: ImportRun, columns: Columns) -> Judge:
    """A judge of this import's rows. Times without an offset are on the clock of the chain's first store."""
    directory = places.directory()
    stores = [store for store in directory.stores() if store.chain_id == run.chain_id]
    kind: Kind = "items" if run.kind == "items" else "prices"
    return Judge(
        kind=kind,
        columns=columns,
        chain=next(chain for chain in directory.chains() if chain.id == run.chain_id),
        regions=[region for region in directory.regions() if region.chain_id == run.chain_id],
        stores=stores,
        zone=ZoneInfo(stores[0].time_zone if stores else settings.TIME_ZONE),
        now=run.created_at,
        categories=categories(chain_ids=[run.chain_id]),
    )


def preview_import(*, run_id: UUID, chain_ids: frozenset[int]) -> ImportPreview:
    """How the first rows would be. Raises UnreadableTable for a file that is no table."""
    run = find_run(run_id, chain_ids)
    with open_table(path=file_of(run)) as table:
        columns = match_columns(table.headers, kind="items" if run.kind == "items" else "prices")
        judge = judge_for(run, columns)
        judged = [] if columns.missing else judge.judge(list(islice(table.rows, PREVIEW_ROWS)))
        return ImportPreview(
            columns=tuple(columns.header_of.items()),
            ignored=columns.ignored,
            missing=columns.missing,
            encoding=table.encoding,
            rows=tuple(_preview_row(each, judge.chain.currency) for each in judged),
        )


def _preview_row(judged: Judged, currency: str) -> PreviewRow:
    changes = []
    if judged.fault is None and judged.item is not None and judged.item != judged.before:
        for name in judged.item.__dataclass_fields__:
            after = getattr(judged.item, name)
            before = getattr(judged.before, name) if judged.before else ""
            if before != after and name != "chain_id":
                changes.append((name, _words(before), _words(after)))
    if judged.fault is None and judged.price is not None and judged.price_differs:
        before = "" if judged.price_before is None else format_minor(judged.price_before, currency)
        changes.append(("price", before, format_minor(judged.price.amount_minor, currency)))
    return PreviewRow(
        line_number=judged.line_number,
        state=judged.state,
        sku=judged.sku,
        name_zh=judged.item.name_zh if judged.item else judged.cells.get("name_zh", ""),
        name_en=judged.item.name_en if judged.item else judged.cells.get("name_en", ""),
        changes=tuple(changes),
        fault=judged.fault,
    )


def _words(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


def find_run(run_id: UUID, chain_ids: frozenset[int]) -> ImportRun:
    """The row of an import of these chains; raises UnknownImport."""
    run = ImportRun.objects.filter(id=run_id, chain_id__in=chain_ids).first()
    if run is None:
        raise UnknownImport(f"There is no import {run_id} that you may see")
    return run


def start_import(*, run_id: UUID, principal: Principal) -> ImportView:
    """Say that the import may run; the caller queues it. A second start of the same one is refused."""
    run = _changeable(run_id, principal)
    with transaction.atomic():
        if not ImportRun.objects.filter(id=run_id, status="preview").update(status="waiting"):
            raise Conflict("This import was started already")
        audit.record(
            principal=principal,
            action="catalog.import",
            target=f"import:{run_id}",
            chain_id=run.chain_id,
            after={"kind": run.kind, "file": run.file_name},
        )
    run.status = "waiting"
    return view_of(run)


def cancel_import(*, run_id: UUID, principal: Principal) -> None:
    """Ask a running import to stop after the rows in hand; one that has not begun stops here."""
    _changeable(run_id, principal)
    ImportRun.objects.filter(id=run_id, status__in=["preview", "waiting"]).update(status="cancelled")
    ImportRun.objects.filter(id=run_id, status="running").update(cancel_asked=True)


def _changeable(run_id: UUID, principal: Principal) -> ImportRun:
    run = find_run(run_id, principal.chains("catalog.read"))
    require_whole_chain(principal, import_capability(run.kind), run.chain_id)
    return run
