"""Which kept files nobody needs any more, and how they go: first the import lets go in its row, then the file goes.

A file is kept for all imports that read it. One whose import has let go and that was not deleted, since the process
died in between, is a stray, and so is an upload that nobody imported: the sweep takes strays away.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.db.models import Q, QuerySet

from liushui.intake import raw_store
from liushui.intake.models import ImportRunRow, QuarantineEntryRow

_GIVEN_UP = ("cancelled", "failed")
_ASKED_AT_ONCE = 200


def files_over(*, before: datetime) -> QuerySet[ImportRunRow]:
    """Imports whose file may go: done before that time with nothing of it in quarantine; given up before that time;
    and done whenever it was, where the file names people: what is in quarantine is kept without them."""
    waiting = QuarantineEntryRow.objects.filter(status="open").exclude(import_id=None).values("import_id")
    long_done = Q(status="done", finished_at__lt=before) & ~Q(id__in=waiting)
    given_up = Q(status__in=_GIVEN_UP, updated_at__lt=before)
    return ImportRunRow.objects.filter(long_done | given_up | Q(status="done", names_people=True), file_gone_at=None)


def let_go(row: ImportRunRow, *, now: datetime) -> int:
    """Have an import give its files up, and delete those that no other needs; how many imports that were."""
    same = ImportRunRow.objects.filter(id=row.id, file_gone_at=None, status=row.status, updated_at=row.updated_at)
    if not same.update(file_gone_at=now):  # taken up again meanwhile
        return 0
    shutil.rmtree(raw_store.working_dir(row.id), ignore_errors=True)
    for sha256 in {row.file_sha256, row.items_sha256} - {""}:
        if not _needed({sha256}):
            raw_store.raw_path(sha256).unlink(missing_ok=True)
    return 1


def sweep(*, now: datetime) -> int:
    """Delete kept files and working folders that belong to nothing; how many."""
    gone = 0
    for path in strays(now=now):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        gone += 1
    return gone


def strays(*, now: datetime) -> Iterator[Path]:
    """Kept files that no import needs, two days after they came, and working folders of imports that are over."""
    files = raw_store.files_before(now - raw_store.STRAY_AFTER)
    for start in range(0, len(files), _ASKED_AT_ONCE):
        part = files[start : start + _ASKED_AT_ONCE]
        needed = _needed({path.name for path in part})
        yield from (path for path in part if path.name not in needed)
    yield from (folder for folder in raw_store.working_dirs() if _is_over(folder.name))


def _needed(digests: set[str]) -> set[str]:
    rows = ImportRunRow.objects.filter(
        Q(file_sha256__in=digests) | Q(items_sha256__in=digests), file_gone_at=None
    )  # fmt: skip
    return {digest for pair in rows.values_list("file_sha256", "items_sha256") for digest in pair} & digests


def _is_over(name: str) -> bool:
    """Whether a working folder is left of an import that is done or has let go."""
    try:
        import_id = UUID(name)
    except ValueError:
        return False
    return ImportRunRow.objects.filter(Q(status="done") | Q(file_gone_at__isnull=False), id=import_id).exists()
