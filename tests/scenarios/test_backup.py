"""A backup that is taken while tills sell, put back on another machine: nothing lost, nothing half there."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
POSTGRESQL = os.environ.get("LIUSHUI_DATABASE_URL", "")
COUNT = """
import django, json
django.setup()
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT count(*), coalesce(sum(total_minor), 0) FROM orders_sale")
    sales = cursor.fetchone()
    cursor.execute("SELECT coalesce(sum(amount_minor), 0), count(DISTINCT sale_id) FROM orders_line")
    lines = cursor.fetchone()
    cursor.execute("SELECT count(DISTINCT sale_id) FROM orders_tender")
    tendered = cursor.fetchone()
    cursor.execute("SELECT count(*) FROM runtime_outboxevent WHERE type = 'liushui.sale.completed.v1'")
    events = cursor.fetchone()
print(json.dumps([int(n) for n in (*sales, *lines, *tendered, *events)]))
"""
SELL = """
import django, sys
django.setup()
from datetime import UTC, datetime
from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale, LineCommand
from liushui.runtime.grants import system_principal
me, now, number = system_principal(name="test"), datetime.now(UTC), 0
while True:
    number += 1
    line = LineCommand(code="anything", amount_minor=100, name="x")
    checkout.complete_sale(
        command=CompleteSale(source="busy", source_id=str(number), chain="GREEN", store="E1", completed_at=now,
                             lines=(line, line), accept_unknown_items=True),
        principal=me, now=now,
    )
    print(number, flush=True)
"""


@contextmanager
def database(name: str) -> Iterator[str]:
    """The address of an empty database: on SQLite the one in the data folder."""
    if not POSTGRESQL.startswith("postgres"):
        yield ""
        return
    import psycopg

    with psycopg.connect(POSTGRESQL, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield POSTGRESQL.rsplit("/", 1)[0] + f"/{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


class Installation:
    """A data folder and a database, used by processes of their own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("LIUSHUI_")} | {
            "DJANGO_SETTINGS_MODULE": "liushui.app.settings",
            "LIUSHUI_DATA_DIR": str(folder),
            "LIUSHUI_DATABASE_URL": url,
            "LIUSHUI_LOG_LEVEL": "ERROR",
        }

    def liushui(self, *arguments: str, code: int = 0) -> str:
        command = [sys.executable, "-m", "liushui.app.cli", *arguments]
        done = subprocess.run(command, env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def python(self, code: str) -> list[int]:
        command = [sys.executable, "-c", "from liushui.app import bootstrap\n" + code]
        done = subprocess.run(command, env=self.environment, cwd=ROOT, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Iterator[Installation]:
    with database(f"backup_from_{os.getpid()}") as url:
        made = Installation(tmp_path_factory.mktemp("shop"), url)
        command = [sys.executable, "-m", "tests.browser.prepare"]
        subprocess.run(command, env=made.environment, cwd=ROOT, check=True, capture_output=True)
        yield made


@pytest.fixture(scope="module")
def taken(shop, tmp_path_factory) -> tuple[Path, list[int], list[int]]:
    """(the backup, what was there before it, what was there after it), with sales going on all the while."""
    path = tmp_path_factory.mktemp("backups") / "monday.tar.gz"
    code = "from liushui.app import bootstrap\n" + SELL
    seller = subprocess.Popen(
        [sys.executable, "-c", code], env=shop.environment, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert seller.stdout is not None
        seller.stdout.readline()  # it sells
        before = shop.python(COUNT)
        shop.liushui("backup", str(path))
        seller.stdout.readline()
        assert seller.poll() is None
    finally:
        seller.kill()
        seller.wait()
    return path, before, shop.python(COUNT)


@pytest.fixture(scope="module")
def restored(taken, tmp_path_factory) -> Iterator[Installation]:
    with database(f"backup_to_{os.getpid()}") as url:
        made = Installation(tmp_path_factory.mktemp("restored"), url)
        assert "Restored" in made.liushui("restore", str(taken[0]))
        yield made


def test_a_backup_is_one_instant_of_a_shop_that_goes_on_selling(taken, restored):
    _path, before, after = taken
    sales, total, line_total, with_lines, with_tenders, events = restored.python(COUNT)
    assert before[0] <= sales <= after[0]
    assert before[0] < after[0]
    assert total == line_total
    assert with_lines == with_tenders == events == sales


def test_what_was_restored_verifies_and_keeps_its_keys_and_files(shop, taken, restored):
    restored.liushui("worker", "--once")
    restored.liushui("verify")
    assert (restored.folder / "secret_key").read_text() == (shop.folder / "secret_key").read_text()
    raw = sorted(path.name for path in (shop.folder / "raw").rglob("*") if path.is_file())
    assert len(raw) > 0
    assert sorted(path.name for path in (restored.folder / "raw").rglob("*") if path.is_file()) == raw


def test_a_backup_is_its_owners_alone_and_is_never_written_over(shop, taken):
    path = taken[0]
    before = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "is there already" in shop.liushui("backup", str(path), code=1)
    assert path.read_bytes() == before


def test_a_restore_never_touches_an_installation_that_is_in_use(shop, taken):
    before = shop.python(COUNT)
    assert "nothing yet" in shop.liushui("restore", str(taken[0]), code=1)
    assert shop.python(COUNT) == before


@pytest.mark.parametrize("harm", ["cut off", "changed inside", "no backup at all"])
def test_a_damaged_backup_is_refused_before_anything_is_written(taken, tmp_path, harm):
    damaged = tmp_path / "damaged.tar.gz"
    if harm == "cut off":
        damaged.write_bytes(taken[0].read_bytes()[:-2_000])
    elif harm == "no backup at all":
        damaged.write_bytes(b"not a tar")
    else:
        with tarfile.open(taken[0]) as whole, tarfile.open(damaged, "w:gz") as other:
            for member in whole:
                stream = whole.extractfile(member)
                if member.name == "data/secret_key":
                    (tmp_path / "key").write_bytes(b"x" * member.size)
                    stream = (tmp_path / "key").open("rb")
                with stream or nullcontext():
                    other.addfile(member, stream)
    with database(f"backup_bad_{os.getpid()}") as url:
        empty = Installation(tmp_path / "empty", url)
        assert "not a whole backup" in empty.liushui("restore", str(damaged), code=1)
        assert [path.name for path in (tmp_path / "empty").iterdir() if path.name not in ("static", "secret_key")] == []
