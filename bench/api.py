"""Sales a second at POST /api/v1/sales: 10 lines each, 16 clients, a token, granian on PostgreSQL, all on one machine.

Beside it, in the same run and by the same server: a view that decodes the JSON and does one INSERT.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from bench import load, shop
from bench.tables import show
from liushui.app.serve import free_port
from liushui.orders.models import Sale

SALES, LINES, CLIENTS, WARM_UP = 4_000, 10, 16, 200
WORKERS, THREADS = int(os.environ.get("BENCH_WORKERS", "2")), int(os.environ.get("BENCH_THREADS", "4"))
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    chain_id = shop.open_shop()
    client_id, secret = shop.register_client(chain_id)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_bare (id text PRIMARY KEY, body jsonb)")
    connection.close()
    bodies = [body(number) for number in range(SALES + WARM_UP)]
    arguments = ["--workers", str(WORKERS), "--blocking-threads", str(THREADS)]
    bare = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-log", *arguments]
    ours = [sys.executable, "-m", "liushui.app.cli", "serve", "--without-worker"]
    rows = [
        measure(
            "Liushui",
            [*ours, "--workers", str(WORKERS), "--threads", str(THREADS)],
            "/api/v1/sales",
            bodies,
            lambda port: token(port, client_id, secret),
        ),
        measure("json + 1 INSERT", [*bare, "bench.bare_view:application"], "/sales", bodies, lambda port: ""),
    ]
    found = Sale.objects.filter(source="bench").count()
    if found != SALES + WARM_UP:
        raise SystemExit(f"{found} sales were recorded, {SALES + WARM_UP} were sent")
    print(f"  {SALES:,} sales of {LINES} lines, {CLIENTS} clients, {WORKERS} processes of {THREADS} threads")
    show(
        ("", "sales/s", "p50 ms", "p99 ms", "server CPU ms", "client CPU ms"),
        [
            [
                name,
                f"{SALES / outcome.seconds:,.0f}",
                f"{outcome.percentile(0.5):.0f}",
                f"{outcome.percentile(0.99):.0f}",
                f"{cpu / SALES * 1000:.2f}",
                f"{outcome.own_cpu_seconds / SALES * 1000:.2f}",
            ]
            for name, outcome, cpu in rows
        ],
    )
    print(f"  ratio of sales/s to json + 1 INSERT: {rows[1][1].seconds / rows[0][1].seconds:.2f}")


def measure(
    name: str, command: list[str], path: str, bodies: list[bytes], authorize: Callable[[int], str]
) -> tuple[str, load.Outcome, float]:
    """Start the server, warm it up, load it; the outcome, and seconds of CPU of the server and its children."""
    port = free_port(host="127.0.0.1", port=18_000)
    with serving([*command, "--host", "127.0.0.1", "--port", str(port)], port) as process:
        key = authorize(port)
        load.post(port=port, path=path, bodies=bodies[:WARM_UP], token=key, clients=CLIENTS)
        before = cpu_seconds(process.pid)
        outcome = load.post(port=port, path=path, bodies=bodies[WARM_UP:], token=key, clients=CLIENTS)
        spent = cpu_seconds(process.pid) - before
    if outcome.statuses != {201: SALES}:
        raise SystemExit(f"{name} answered {outcome.statuses}")
    return name, outcome, spent


@contextmanager
def serving(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server that runs meanwhile."""
    process = subprocess.Popen(command)
    try:
        deadline = time.monotonic() + 60
        while not answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{' '.join(command)} does not serve")
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(20)


def answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def token(port: int, client_id: str, secret: str) -> str:
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    data = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/oauth/token/", data=data, timeout=30) as answer:
        return str(json.load(answer)["access_token"])


def body(number: int) -> bytes:
    """A sale as a till sends it."""
    sale = shop.sale(number, LINES)
    document = {
        "id": sale.source_id,
        "store": sale.store,
        "completed_at": sale.completed_at.isoformat(),
        "lines": [
            {
                "code": line.code,
                "units": line.units,
                "amount_minor": line.amount_minor,
                "regular_minor": line.regular_minor,
                "discounts": [
                    {"code": off.code, "name": off.name, "amount_minor": off.amount_minor} for off in line.discounts
                ],
            }
            for line in sale.lines
        ],
        "tenders": [
            {"type": tender.type, "method": tender.method, "amount_minor": tender.amount_minor}
            for tender in sale.tenders
        ],
    }
    return json.dumps(document, ensure_ascii=False).encode()


def cpu_seconds(pid: int) -> float:
    """CPU of a process and all that descend from it, as Linux counts it."""
    parents: dict[int, int] = {}
    spent: dict[int, float] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        number = int(entry.parent.name)
        parents[number], spent[number] = int(fields[1]), (int(fields[11]) + int(fields[12])) / TICKS
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(spent.get(member, 0.0) for member in family)


if __name__ == "__main__":
    main()
