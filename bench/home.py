"""How fast sales are counted, and how fast the home page and the reports answer then.

    python bench/home.py                         SQLite, in a folder of its own
    LIUSHUI_DATABASE_URL=postgresql://… python bench/home.py     an empty database

Beside the pages: figures of a day or of 30 days by plain SQL with GROUP BY over one table of lines, which is what a
report tool would ask.

Counts synthetic sales by the consumer's own code (JSON bodies of events, batches of 1,000), first up to 0.1 million
lines, then up to 1.5 million, and asks the server for pages at both sizes. Times are of
the whole request without network.
"""

# ruff: noqa: E402  Django is set up before its models are imported

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, islice

os.environ.setdefault("LIUSHUI_DATA_DIR", tempfile.mkdtemp(prefix="liushui-bench-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "liushui.app.settings")
os.environ.setdefault("LIUSHUI_LOG_LEVEL", "WARNING")
os.environ.setdefault("LIUSHUI_SECOND_FACTOR", "optional")
os.environ.setdefault("LIUSHUI_ALLOWED_HOSTS", '["testserver"]')

import django

django.setup()

import msgspec
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client

from liushui.analytics.handlers import CONSUMERS
from liushui.kernel.ids import new_id
from liushui.orders.contracts import SALE_COMPLETED, SaleFact, SaleLine, Tender
from liushui.runtime.access import Grant
from liushui.runtime.events import Event
from liushui.runtime.grants import grant, system_principal
from liushui.runtime.models import StaffUser
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore, Store

STORES, DAYS, ITEMS, BATCH, LINES = 20, 90, 5000, 1000, 9
SIZES = (100_000, 1_470_000)
BARE_COLUMNS = ("sale_id", "store_id", "business_date", "local_hour", "sku", "category", "amount_minor", "units")
BARE = {
    "one day by hour": ("local_hour", 0),
    "30 days by day": ("business_date", 29),
    "30 days by store": ("store_id", 29),
    "30 days by item": ("sku", 29),
}
HOURS = (8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21)
PAGES = (
    "/",
    "/?period=last30",
    "/?part=figures",
    "/reports/sales/",
    "/reports/stores/",
    "/reports/hours/",
    "/reports/items/",
    "/reports/categories/",
    "/reports/payments/",
    "/reports/cashiers/",
)


def main() -> None:
    call_command("migrate", verbosity=0)
    places = set_up()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE bare (sale_id text, store_id bigint, business_date date, local_hour int, sku text,"
            " category text, amount_minor bigint, units bigint)"
        )
        cursor.execute("CREATE INDEX bare_by_day ON bare (business_date)")
    client = Client()
    client.force_login(StaffUser.objects.get(username="bench"))
    print(f"database: {connection.vendor}; {STORES} stores, {DAYS} days, {ITEMS} items")
    lines = 0
    for size in SIZES:
        counted, seconds, cpu = 0, 0.0, 0.0
        sales = synthetic_sales(places, size - lines)
        while facts := list(islice(sales, BATCH)):
            events, count = batch(facts)
            started, cpu_started = time.perf_counter(), time.process_time()
            CONSUMERS[0].apply(events)
            seconds += time.perf_counter() - started
            cpu += time.process_time() - cpu_started
            counted += count
            keep_bare(facts)
        lines += counted
        rates = f"{counted / seconds:,.0f} lines/s, {counted / cpu:,.0f} a second of own CPU"
        print(f"\ncounted {counted:,} lines in {seconds:.1f} s: {rates}; now {lines:,} lines")
        for page in PAGES:
            wall, cpu = milliseconds(client, page)
            print(f"  {wall:8.1f} ms, {cpu:8.1f} ms of own CPU  {page}")
        for name, (key, days) in BARE.items():
            wall = group_by(key, days)
            print(f"  {wall:8.1f} ms by plain GROUP BY over the lines: {name}")


def milliseconds(client: Client, page: str) -> tuple[float, float]:
    """Wall clock and own CPU: medians of seven requests after one to warm up."""
    walls, cpus = [], []
    for _ in range(8):
        wall, cpu = time.perf_counter(), time.process_time()
        response = client.get(page)
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.process_time() - cpu) * 1000)
        if response.status_code != 200:
            sys.exit(f"{page} answered {response.status_code}")
    return statistics.median(walls[1:]), statistics.median(cpus[1:])


def keep_bare(facts: list[SaleFact]) -> None:
    """The same lines in one flat table with an index by day."""
    rows = [
        (
            str(fact.sale_id), fact.store_id, fact.business_date.isoformat(), fact.local_hour, line.sku, line.category,
            line.amount_minor, line.units,
        )
        for fact in facts
        for line in fact.lines
    ]  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY bare ({', '.join(BARE_COLUMNS)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(BARE_COLUMNS))
            cursor.executemany(f"INSERT INTO bare ({', '.join(BARE_COLUMNS)}) VALUES ({marks})", rows)


def group_by(key: str, days: int) -> float:
    """Milliseconds of one question about so many days before today: net sales, units and tickets."""
    today = datetime.now(UTC).astimezone().date()
    spent = []
    for _ in range(4):
        begun = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {key}, SUM(amount_minor), SUM(units), COUNT(DISTINCT sale_id) FROM bare"
                f" WHERE business_date BETWEEN %s AND %s GROUP BY {key}",
                [(today - timedelta(days=days)).isoformat(), today.isoformat()],
            )
            cursor.fetchall()
        spent.append((time.perf_counter() - begun) * 1000)
    return statistics.median(spent[1:])


def set_up() -> tuple[Store, ...]:
    chain = stores.save_chain(code="bench", name_zh="测试", name_en="Bench", currency="CNY")
    stores.save_region(chain_code="bench", code="r", name_zh="区", name_en="Region")
    new = [
        NewStore(chain_code="bench", region_code="r", code=f"S{n:03}", name_zh=f"门店 {n}", name_en=f"Store {n}")
        for n in range(STORES)
    ]
    user = StaffUser.objects.create_user(username="bench", password="bench-bench-bench", language="en")
    grant(
        subject=f"staff:{user.pk}",
        grant=Grant(role="store_manager", chain_id=chain.id),
        granted_by=system_principal(name="bench"),
    )
    return stores.save_stores(stores=new)


def batch(facts: list[SaleFact]) -> tuple[list[Event], int]:
    events = [
        Event(
            id=new_id(),
            source="liushui/orders",
            type=SALE_COMPLETED,
            subject=f"sale:{fact.sale_id}",
            time=fact.completed_at,
            data=msgspec.json.encode(fact),
        )
        for fact in facts
    ]
    return events, sum(len(fact.lines) for fact in facts)


def synthetic_sales(places: tuple[Store, ...], lines: int) -> Iterator[SaleFact]:
    """About so many lines, day after day as they would come in; the last day is today."""
    chance = random.Random(lines)
    weights = list(accumulate(1 / (rank + 10) for rank in range(ITEMS)))
    skus = [f"SKU{n:05}" for n in range(ITEMS)]
    today = datetime.now(UTC).astimezone().date()
    count = lines // LINES
    for number in range(count):
        day = today - timedelta(days=DAYS - 1 - number * DAYS // count)
        chosen = chance.choices(range(ITEMS), cum_weights=weights, k=min(80, 1 + int(chance.expovariate(1 / 8.6))))
        yield sale(chance.choice(places), day, chance.choice(HOURS), [skus[n] for n in chosen], chosen, chance)


def sale(store: Store, day: date, hour: int, skus: list[str], numbers: list[int], chance: random.Random) -> SaleFact:
    lines = tuple(
        SaleLine(
            line_number=i,
            item_id=n + 1,
            sku=sku,
            gtin="",
            name=sku,
            category=f"c{n % 12}/d{n % 60}",
            units=1,
            measure_value=None,
            measure_unit=None,
            unit_price_minor=990,
            regular_minor=990,
            discount_minor=90,
            amount_minor=900,
            tax_rate_bp=1300,
            tax_minor=104,
            cost_minor=500 if n % 3 else None,
            is_return=False,
        )
        for i, (sku, n) in enumerate(zip(skus, numbers, strict=True), start=1)
    )
    return SaleFact(
        sale_id=new_id(),
        chain_id=store.chain_id,
        store_id=store.id,
        store_code=store.code,
        source="bench",
        source_id="",
        receipt_number="",
        channel="pos" if chance.random() < 0.9 else "app",
        currency="CNY",
        completed_at=datetime(day.year, day.month, day.day, hour, tzinfo=UTC),
        business_date=day,
        local_hour=hour,
        workstation=f"T{chance.randrange(4)}",
        operator=f"{chance.randrange(8):04}",
        customer="",
        lines=lines,
        tenders=(Tender(type="mobile", method=chance.choice(("alipay", "wechat")), amount_minor=900 * len(lines)),),
    )


if __name__ == "__main__":
    main()
