"""A database of its own, on the engine that LIUSHUI_DATABASE_URL names, and processes that race on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.support.migrated import copy_tables, create_database

ROOT = Path(__file__).resolve().parents[2]


class Arena:
    """The test's hold on the arena process."""

    ways = 0  # processes at one instant, at most, of the test that runs

    def __init__(self, environment: dict[str, str], deeds: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.races.arena", deeds],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._read() == "ready"

    def _read(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def race(self, deed: str, *kwargs: dict[str, Any]) -> list[dict[str, Any]]:
        """One process for each set of arguments, all at once; the exit code and the answer of each."""
        Arena.ways = max(Arena.ways, len(kwargs))
        return self._ask(deed, kwargs, alone=False)

    def _ask(self, deed: str, kwargs: Sequence[dict[str, Any]], *, alone: bool) -> list[dict[str, Any]]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"deed": deed, "kwargs": kwargs, "alone": alone}) + "\n")
        self._process.stdin.flush()
        found: list[dict[str, Any]] = self._read()
        return found

    def do(self, deed: str, **kwargs: Any) -> Any:
        """Done alone, by the arena itself, and it must go well; the answer."""
        Arena.ways = max(Arena.ways, 1)
        [result] = self._ask(deed, [kwargs], alone=True)
        assert result["exit"] == 0
        return result["answer"]

    def close(self) -> None:
        """End the process that this started."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)


@pytest.fixture(autouse=True)
def ways(record_property: Callable[[str, object], None]) -> Iterator[None]:
    """How many processes raced goes into the report (tools/reliability.py)."""
    Arena.ways = 0
    yield
    record_property("ways", Arena.ways)


@pytest.fixture(scope="session")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    yield from arena_of("tests.races.deeds", folder=tmp_path_factory.mktemp("races"))


def arena_of(deeds: str, *, folder: Path, **environment: str) -> Iterator[Arena]:
    """An arena with a database of its own, which has its tables and is filled by the deed `prepare`; `environment` adds
    settings."""
    own = dict(os.environ) | {
        "DJANGO_SETTINGS_MODULE": "liushui.app.settings",
        "LIUSHUI_DATA_DIR": str(folder),
        "LIUSHUI_LOG_LEVEL": "ERROR",
        **environment,
    }
    url = own.get("LIUSHUI_DATABASE_URL", "")
    if not url.startswith("postgres"):
        copy_tables(folder=folder, environment=own)
        yield from _prepared(own, deeds)
        return
    import psycopg

    name = f"races_{os.getpid()}_{deeds.rpartition('.')[2]}"
    with psycopg.connect(url, autocommit=True) as server:
        create_database(server, name, folder=folder, environment=own)
        try:
            yield from _prepared(own | {"LIUSHUI_DATABASE_URL": url.rsplit("/", 1)[0] + f"/{name}"}, deeds)
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _prepared(environment: dict[str, str], deeds: str) -> Iterator[Arena]:
    arena = Arena(environment, deeds)
    try:
        arena.do("prepare")
        yield arena
    finally:
        arena.close()
