"""Files as they came, each kept once under its SHA-256 in the data folder, never changed."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from django.conf import settings

from liushui.intake.errors import UnreadableFile

_BLOCK = 1 << 20


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
    """Copy a file into the store, unless it is there; a copy that was cut off never has the final name."""
    kept = raw_path(sha256)
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_name(f"{sha256}.{os.getpid()}.partial")
        shutil.copyfile(path, partial)
        partial.replace(kept)
    return kept


def working_dir(import_id: object) -> Path:
    """Folder of an import while it runs: staged rows, spill files, the lock."""
    return Path(settings.LIUSHUI.data_dir) / "imports" / str(import_id)
