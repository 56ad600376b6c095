"""One file with everything that a machine needs to go on elsewhere: the database, raw input, keys; and the way back.

A backup is a tar (gzip) of `manifest.json`, the database (SQLite: a copy by its online backup, taken while it is in
use; PostgreSQL: pg_dump's custom format) and `data/`, the data folder without what is made anew by itself. The database
is copied first: a raw file is written before the row that names it, so the files are never behind.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess  # nosec B404  # arguments are lists of our own
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from liushui.kernel.errors import Conflict, InvalidValue, NotFound
from liushui.privacy import facade as privacy
from liushui.runtime import row_policies

FORMAT = "liushui-backup/1"
PRIVACY_KEYS = "data/privacy_keys.json"  # not beside what they open (docs/decisions/0151)
MADE_ANEW = {"metrics", "workers", "static", "outbox", "liushui.sqlite3", "liushui.sqlite3-wal", "liushui.sqlite3-shm"}
_DATABASE = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
_BLOCK = 1 << 20


class BackupUnreadable(InvalidValue):
    """This file is not a whole backup of Liushui."""

    type = "backup-unreadable"


class NotEmpty(Conflict):
    """A backup is only put where there is nothing yet."""

    type = "not-empty"


class ToolMissing(NotFound):
    """A program of PostgreSQL that this needs is not on this machine."""

    type = "tool-missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself. `files` are SHA-256 by name within the archive."""

    format: str
    made_at: str
    database: str  # sqlite | postgresql
    migrations: tuple[str, ...]
    files: dict[str, str]

    @property
    def has_keys(self) -> bool:
        """Whether it opens personal data by itself."""
        return PRIVACY_KEYS in self.files

    @property
    def raw_files(self) -> int:
        """How many files of the data folder it has."""
        return sum(name.startswith("data/") for name in self.files)


def make_backup(*, path: Path, with_keys: bool = False) -> Manifest:
    """Write a backup while the system runs; the file gets its name when it is whole. Raises NotEmpty, ToolMissing.

    The keys over personal data stay out unless `with_keys`: without them the backup shows nobody's data.
    """
    if path.exists():
        raise NotEmpty(f"{path} is there already", remedy="Give a name that is not taken.")
    data_dir = Path(settings.LIUSHUI.data_dir)
    with tempfile.TemporaryDirectory(prefix="liushui-backup-") as folder:
        dump = Path(folder) / _DATABASE[connection.vendor]
        _dump_database(dump)
        chosen = [(dump.name, dump), *((f"data/{file.relative_to(data_dir)}", file) for file in _kept_files(data_dir))]
        if with_keys and privacy.key_file().exists():
            chosen.append((PRIVACY_KEYS, privacy.key_file()))
        partial = path.with_name(path.name + ".partial")
        files: dict[str, str] = {}
        with _private(partial) as stream, tarfile.open(fileobj=stream, mode="w:gz", compresslevel=6) as tar:
            for name, file in chosen:
                files[name] = _sha256(file)
                tar.add(file, arcname=name, recursive=False)
            manifest = Manifest(
                format=FORMAT,
                made_at=datetime.now(UTC).isoformat(timespec="seconds"),
                database=connection.vendor,
                migrations=tuple(_migrations()),
                files=files,
            )
            _add_text(tar, "manifest.json", json.dumps(_as_dict(manifest), indent=1), Path(folder))
        partial.replace(path)
    return manifest


def check_backup(*, path: Path) -> Manifest:
    """Read a backup to its end and compare every file with the manifest; raises BackupUnreadable."""
    found: dict[str, str] = {}
    manifest = None
    try:
        with tarfile.open(path, "r:gz") as tar:
            for member in tar:
                stream = tar.extractfile(member)
                if stream is None:
                    raise BackupUnreadable(f"{path}: {member.name} is not a file")
                if member.name == "manifest.json":
                    manifest = _manifest(stream.read())
                else:
                    found[member.name] = _digest(stream)
    except (OSError, tarfile.TarError, EOFError, ValueError) as error:
        raise BackupUnreadable(f"{path}: {error}", remedy="Take another copy of the file.") from error
    if manifest is None or manifest.format != FORMAT:
        raise BackupUnreadable(f"{path} has no manifest that this version reads")
    wrong = sorted(name for name in manifest.files.keys() | found.keys() if manifest.files.get(name) != found.get(name))
    if wrong:
        raise BackupUnreadable(f"{path}: {', '.join(wrong[:5])} differ from the manifest")
    return manifest


def restore_backup(*, path: Path) -> Manifest:
    """Put a backup into this installation's empty database and data folder.

    Everything is checked before anything is written. Raises BackupUnreadable, NotEmpty, ToolMissing, and
    BackupUnreadable when it was made on the other kind of database.
    """
    manifest = check_backup(path=path)
    if manifest.database != connection.vendor:
        raise BackupUnreadable(
            f"This backup is of {manifest.database}, this installation uses {connection.vendor}",
            remedy="Set LIUSHUI_DATABASE_URL to a database of that kind.",
        )
    data_dir = Path(settings.LIUSHUI.data_dir)
    _require_empty(data_dir)
    with tempfile.TemporaryDirectory(prefix="liushui-restore-", dir=data_dir) as folder:
        with tarfile.open(path, "r:gz") as tar:
            tar.extractall(folder, filter="data")
        _load_database(Path(folder) / _DATABASE[manifest.database])
        kept = Path(folder) / "data"
        for file in sorted(kept.rglob("*")) if kept.exists() else ():
            if file.is_file():
                target = data_dir / file.relative_to(kept)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(file, target)
    return manifest


def _kept_files(data_dir: Path) -> Iterator[Path]:
    for entry in sorted(data_dir.iterdir()) if data_dir.is_dir() else ():
        if (
            entry.name in MADE_ANEW
            or entry.resolve() == privacy.key_file().resolve()
            or entry.name.endswith(".partial")
            or entry.name.startswith("liushui-restore-")
        ):
            continue
        if entry.is_file():
            yield entry
        elif entry.is_dir():
            yield from (file for file in sorted(entry.rglob("*")) if file.is_file() and not file.is_symlink())


def _dump_database(target: Path) -> None:
    if connection.vendor == "sqlite":
        with sqlite3.connect(f"file:{connection.settings_dict['NAME']}?mode=ro", uri=True) as source:
            with sqlite3.connect(target) as copy:
                source.backup(copy)
            copy.close()
        source.close()
        return
    _postgresql("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")


def _load_database(dump: Path) -> None:
    if connection.vendor == "sqlite":
        target = Path(str(connection.settings_dict["NAME"]))
        connection.close()
        for suffix in ("-wal", "-shm"):
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(dump, target)
        return
    row_policies.ensure_role()  # that the dump's policies name
    connection.close()
    name = str(connection.settings_dict["NAME"])
    _postgresql("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction",
                f"--dbname={name}", str(dump))  # fmt: skip


def _postgresql(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on our database; the password goes by the environment, never as an argument."""
    found = shutil.which(program) or next(
        (str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), reverse=True)), None
    )
    if found is None:
        raise ToolMissing(f"{program} is not on this machine", remedy="apt-get install postgresql-client")
    of = connection.settings_dict
    names = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGDATABASE": "NAME"}
    environment = os.environ | {name: str(of[key]) for name, key in names.items() if of[key]}
    done = subprocess.run([found, *arguments], env=environment, capture_output=True, text=True, check=False)  # noqa: S603  # nosec B603  # a list of our own words, no shell
    if done.returncode != 0:
        raise BackupUnreadable(f"{program}: {done.stderr.strip()[-600:]}")


def _require_empty(data_dir: Path) -> None:
    tables = connection.introspection.table_names()
    if tables:
        raise NotEmpty(
            f"The database has {len(tables)} tables",
            remedy="Restore into a new data folder (LIUSHUI_DATA_DIR) or a new PostgreSQL database.",
        )
    # settings make the secret key at their first reading: an installation with nothing else in it is still empty;
    # the keys over personal data are put there before, since a backup lacks them
    others = [file for file in _kept_files(data_dir) if file.name not in ("secret_key", privacy.FILE_NAME)]
    if others:
        raise NotEmpty(f"{data_dir} holds {others[0].name} and more", remedy="Restore into an empty data folder.")


def _migrations() -> list[str]:
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied)


def _private(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _add_text(tar: tarfile.TarFile, name: str, text: str, folder: Path) -> None:
    file = folder / name
    file.write_text(text)
    tar.add(file, arcname=name)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return _digest(file)


def _digest(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := stream.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _as_dict(manifest: Manifest) -> dict[str, Any]:
    return {name: getattr(manifest, name) for name in Manifest.__dataclass_fields__}


def _manifest(text: bytes) -> Manifest:
    found = json.loads(text)
    try:
        return Manifest(**{**found, "migrations": tuple(found["migrations"])})
    except (KeyError, TypeError) as error:
        raise BackupUnreadable(f"The manifest is not of a form that this version reads: {error}") from error
