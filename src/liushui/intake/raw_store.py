"""Files as they came, each kept once under its SHA-256 in the data folder, never changed; raw_files says how long."""

from __future__ import annotations

import hashlib
import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from liushui.intake.errors import UnreadableFile

_BLOCK = 1 << 20
STRAY_AFTER = timedelta(days=2)  # a preview is kept for one


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes; raises UnreadableFile when it cannot be opened."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror or error}", remedy="Check the path and the rights.") from None
    return digest.hexdigest()


def raw_path(sha256: str) -> Path:
    """Where the file with these bytes is kept."""
    return Path(settings.LIUSHUI.data_dir) / "raw" / sha256[:2] / sha256


def keep(path: Path, sha256: str) -> Path:
    """Copy a file into the store, unless it is there, which makes it as new; a copy that was cut off never has the
    final name."""
    kept = raw_path(sha256)
    try:
        os.utime(kept)
    except FileNotFoundError:
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_name(f"{sha256}.{os.getpid()}.partial")
        shutil.copyfile(path, partial)
        partial.replace(kept)
    return kept


def working_dir(import_id: object) -> Path:
    """Folder of an import while it runs: staged rows, spill files, the lock."""
    return Path(settings.LIUSHUI.data_dir) / "imports" / str(import_id)


def files_before(before: datetime, /) -> list[Path]:
    """Kept files, whole or cut off, that nobody has put here or asked for since."""
    files = (Path(settings.LIUSHUI.data_dir) / "raw").glob("??/*")
    return sorted(path for path in files if _changed_at(path) < before.timestamp())


def working_dirs() -> list[Path]:
    """Folders of imports that run, wait or were left."""
    return sorted(path for path in (Path(settings.LIUSHUI.data_dir) / "imports").glob("*") if path.is_dir())


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # somebody else has just deleted it
        return float("inf")
