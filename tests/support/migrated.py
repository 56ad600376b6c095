"""A database with all tables, made once a run and copied: to migrate takes four seconds of a core, and every file of
races has a database of its own."""

from __future__ import annotations

import fcntl
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

NAME = "liushui.sqlite3"
TEMPLATE = "tables_of_this_run"


def copy_tables(*, folder: Path, environment: dict[str, str]) -> None:
    """The tables into the SQLite database of this data folder, which pytest made for a test."""
    made = folder_of_run(folder) / "migrated" / NAME
    with Alone(folder):
        if not made.exists():
            _migrate(environment | {"LIUSHUI_DATA_DIR": str(made.parent)})
    with closing(sqlite3.connect(made)) as source, closing(sqlite3.connect(folder / NAME)) as target:
        source.backup(target)


def create_database(server: object, name: str, *, folder: Path, environment: dict[str, str]) -> None:
    """A database of this name with the tables, on PostgreSQL; `server` is an open connection that commits by itself."""
    made = folder_of_run(folder) / "migrated-on-server"
    with Alone(folder):
        if not made.exists():
            server.execute(f"DROP DATABASE IF EXISTS {TEMPLATE}")  # type: ignore[attr-defined]
            server.execute(f"CREATE DATABASE {TEMPLATE}")  # type: ignore[attr-defined]
            url = environment["LIUSHUI_DATABASE_URL"].rsplit("/", 1)[0]
            _migrate(environment | {"LIUSHUI_DATABASE_URL": f"{url}/{TEMPLATE}"})
            made.touch()
        server.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")  # type: ignore[attr-defined]


def folder_of_run(folder: Path) -> Path:
    """The folder that all processes of one run of pytest share, of one that pytest made for a test."""
    mine = folder.parent
    return mine.parent if mine.name.startswith("popen-") else mine


class Alone:
    """One process of the run at a time."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder_of_run(folder) / "made-once.lock").open("w")

    def __enter__(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_error: object) -> None:
        self._file.close()  # which gives the lock back


def _migrate(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "django", "migrate", "--skip-checks", "-v0"]
    subprocess.run(command, env=environment, check=True, timeout=240)
