"""Run the benches, one after another, each in a process, a data folder and a database of its own.

    python -m bench                    all of them, on SQLite and on a PostgreSQL that is started for them
    python -m bench api search         some
    python -m bench --list

A PostgreSQL named by LIUSHUI_DATABASE_URL is used instead; databases are made in it and dropped again.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
SQLITE, POSTGRESQL = "sqlite", "postgresql"


@dataclass(frozen=True, slots=True)
class Bench:
    """A module of this package; `databases` are those it is run on, empty when it makes its own."""

    name: str
    about: str
    databases: tuple[str, ...]
    seconds_max: int = 240


BENCHES = (
    Bench("record_sale", "round trips and CPU of one sale", (SQLITE, POSTGRESQL)),
    Bench("api", "POST /api/v1/sales with 16 clients", (POSTGRESQL,)),
    Bench("members", "sales with member, points and coupon; one hot account", (POSTGRESQL,)),
    Bench("search", "search in 100,000 items", (SQLITE, POSTGRESQL)),
    Bench("home", "home page and reports at 0.1 and 1.5 million lines", (SQLITE,), seconds_max=500),
    Bench("intake", "bulk intake of real receipts", ()),
    Bench("backtest", "50 promotions on 155,848 real receipts", (SQLITE,), seconds_max=900),
    Bench("till_browser", "the sale screen in Chromium with 100,000 items", (SQLITE,), seconds_max=400),
    Bench("promotions", "pricing 20 lines with 1,000 promotions", (), seconds_max=400),
    Bench("promotion_peers", "the same pricing by other engines (from PyPI, npm, Maven)", (), seconds_max=900),
    Bench("loyalty", "a member by phone among a million, points that end", (SQLITE, POSTGRESQL), seconds_max=1500),
    Bench("till", "closing a shift, 64 tills at once", (SQLITE, POSTGRESQL), seconds_max=400),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; all when none is given")
    parser.add_argument("--list", action="store_true", help="show the names")
    given = parser.parse_args()
    if given.list:
        for bench in BENCHES:
            print(f"{bench.name:12} {bench.about}")
        return 0
    unknown = set(given.names) - {bench.name for bench in BENCHES}
    if unknown:
        parser.error(f"there is no bench {', '.join(sorted(unknown))}; --list shows what there is")
    url = os.environ.get("LIUSHUI_DATABASE_URL", "")
    if not url.startswith("postgres"):
        command = [sys.executable, str(ROOT / "tools/services.py"), "run", "--", sys.executable, "-m", "bench"]
        return subprocess.run([*command, *given.names], cwd=ROOT, check=False).returncode
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start", flush=True)
    begun = time.monotonic()
    failed = [bench.name for bench in BENCHES if bench.name in (given.names or [bench.name]) and not run(bench, url)]
    print(f"\n{time.monotonic() - begun:.0f} s in all" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return bool(failed)


def run(bench: Bench, url: str) -> bool:
    """Run on each of its databases; whether all went well."""
    done = []
    for database in bench.databases or ("",):
        print(f"\n== {bench.name}: {bench.about}{f' ({database})' if database else ''}", flush=True)
        with tempfile.TemporaryDirectory(prefix="liushui-bench-") as folder:
            if database == POSTGRESQL:
                done.append(_on_postgresql(bench, folder, url))
            else:
                done.append(_start(bench, folder, "" if database == SQLITE else url))
    return all(done)


def _on_postgresql(bench: Bench, folder: str, url: str) -> bool:
    name = f"bench_{bench.name}_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            return _start(bench, folder, urlunsplit(urlsplit(url)._replace(path=f"/{name}")))
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _start(bench: Bench, folder: str, url: str) -> bool:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "liushui.app.settings",
        "LIUSHUI_DATA_DIR": folder,
        "LIUSHUI_DATABASE_URL": url,
        "LIUSHUI_LOG_LEVEL": "WARNING",
        "LIUSHUI_ALLOWED_HOSTS": '["127.0.0.1", "testserver"]',
    }
    command = [sys.executable, "-m", f"bench.{bench.name}"]
    try:
        return (
            subprocess.run(command, env=environment, cwd=ROOT, check=False, timeout=bench.seconds_max).returncode == 0
        )
    except subprocess.TimeoutExpired:
        print(f"stopped after {bench.seconds_max} s")
        return False


if __name__ == "__main__":
    sys.exit(main())
