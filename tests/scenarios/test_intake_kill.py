"""kill -9 of the importer in the middle of a file, and of the server in the middle of a batch: every sale once."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.slow

_PRELUDE = """
import django
django.setup()
from datetime import UTC, datetime
from pathlib import Path
import json, os, signal, sys
from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem
from liushui.intake import facade
from liushui.intake.actions import book_documents, import_file
from liushui.intake.domain.mapping import parse_mapping
from liushui.runtime.access import Grant
from liushui.runtime.api_clients import create_client
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore
me = system_principal(name="test")
"""
_SET_UP = """
chain = stores.save_chain(code="HM", name_zh="a", name_en="a", currency="CNY")
stores.save_region(chain_code="HM", code="EAST", name_zh="a", name_en="a")
stores.save_stores(stores=[NewStore(chain_code="HM", region_code="EAST", code="S1", name_zh="a", name_en="a")])
catalog.save_items(items=[NewItem(chain_id=chain.id, sku="APPLE", name_zh="a", name_en="a")])
print(json.dumps(create_client(name="Till", source="tills", grants=[Grant(role="integration", chain_id=chain.id)],
    scopes=["sale.write"], principal=me)))
"""
_IMPORT = """
import_file.BATCH_ROWS = 50
run, _ = facade.start_import(path=Path(sys.argv[1]), mapping=parse_mapping(Path(sys.argv[2]).read_text(), name="m"),
    chain="", items=None, principal=me, now=datetime.now(UTC))
victim = int(sys.argv[3])
settle, calls = book_documents.Booked.settle, []
def dying(self, totals, now):
    calls.append(1)
    if len(calls) == victim:
        os.kill(os.getpid(), signal.SIGKILL)  # the sales are recorded, the cursor has not moved
    settle(self, totals, now)
book_documents.Booked.settle = dying
run = facade.run_import(import_id=run.id, principal=me)
a = run.reconciliation
print(json.dumps(
    [run.status, a.rows_read, a.rows_sold, a.rows_quarantined, a.rows_known, str(a.money_booked), a.is_exact]
))
"""
_MAPPING = """
source = "export"
[chain]
code = "HM"
currency = "CNY"
[sale]
id = "id"
store = "store"
completed_at = { column = "at", zone = "Asia/Shanghai" }
[line]
code = "code"
amount = "amount"
"""


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIUSHUI_")}
    return kept | {
        "LIUSHUI_DATA_DIR": str(folder / "data"),
        "LIUSHUI_LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "liushui.app.settings",
    }


def run(script: str, *arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _PRELUDE + script, *map(str, arguments)]
    return subprocess.run(command, env=environment(folder), capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def chain(tmp_path):
    """A chain in a data folder of its own; answers the folder and the API client."""
    migrate = [sys.executable, "-m", "django", "migrate", "--skip-checks", "-v0"]
    subprocess.run(migrate, env=environment(tmp_path), check=True, timeout=120)
    made = run(_SET_UP, folder=tmp_path)
    assert made.returncode == 0, made.stderr
    return tmp_path, json.loads(made.stdout.splitlines()[-1])


def recorded(folder: Path, source: str) -> Counter[str]:
    with contextlib.closing(sqlite3.connect(folder / "data" / "liushui.sqlite3")) as database:
        sales = database.execute("SELECT source_id FROM orders_sale WHERE source = ?", [source]).fetchall()
        events = database.execute("SELECT count(*) FROM runtime_outboxevent").fetchone()[0]
    assert events == len(sales)
    return Counter(source_id for (source_id,) in sales)


def test_an_importer_killed_again_and_again_books_every_sale_once_and_reconciles(chain):
    folder, _client = chain
    documents = 200
    lines = [f"D{n},S1,2026-11-20 09:00:00,{'APPLE' if n % 40 else 'NO-SUCH'},1.0{n % 10}\n" for n in range(documents)]
    (folder / "sales.csv").write_text("id,store,at,code,amount\n" + "".join(lines + lines[::-1]))  # two rows each
    (folder / "mapping.toml").write_text(_MAPPING)
    for victim in (1, 3, 2):
        killed = run(_IMPORT, folder / "sales.csv", folder / "mapping.toml", victim, folder=folder)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    done = run(_IMPORT, folder / "sales.csv", folder / "mapping.toml", 0, folder=folder)
    assert done.returncode == 0, done.stderr
    booked_minor = sum(2 * (100 + n % 10) for n in range(documents) if n % 40)
    expected = ["done", 400, 390, 10, 0, f"{booked_minor / 100:.2f}", True]
    assert json.loads(done.stdout.splitlines()[-1]) == expected
    assert recorded(folder, "export") == Counter(f"D{n}" for n in range(documents) if n % 40)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served(folder: Path, port: int):
    command = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--port",
        str(port),
        "liushui.app.wsgi:application",
    ]
    with (folder / "server.log").open("ab") as log:
        server = subprocess.Popen(command, env=environment(folder), stdout=log, stderr=log, start_new_session=True)
        try:
            for _ in range(300):
                with contextlib.suppress(httpx.TransportError):
                    httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=2)
                    break
                time.sleep(0.1)
            yield server
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def test_a_server_killed_during_a_batch_has_every_sale_once_after_the_retry(chain):
    folder, (client_id, secret) = chain
    line = {"code": "APPLE", "amount": "1.00"}
    head = {"store": "S1", "completed_at": "2026-11-20T09:00:00+08:00"}
    batch = [head | {"id": f"B{n}", "lines": [line] * 10} for n in range(1000)]
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    answers: list[httpx.Response] = []

    def send(token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        answers.append(httpx.post(f"{address}/api/v1/sales/batch", json=batch, headers=headers, timeout=60))

    def ask_token() -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": secret,
            "scope": "sale.write",
        }
        return str(httpx.post(f"{address}/oauth/token/", data=form, timeout=30).json()["access_token"])

    for pause in (0.05, 0.4):
        with served(folder, port) as server:
            token = ask_token()

            def lost(token: str = token) -> None:
                with contextlib.suppress(httpx.TransportError):
                    send(token)

            sender = threading.Thread(target=lost)
            sender.start()
            time.sleep(pause)
            os.killpg(server.pid, signal.SIGKILL)
            sender.join()
    with served(folder, port):
        send(ask_token())
    counts = answers[-1].json()["counts"]
    assert counts["created"] + counts["replayed"] == 1000
    assert recorded(folder, "tills") == Counter(f"B{n}" for n in range(1000))
