"""How often recording a sale goes to the database: always the same, on both engines."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from tests.support.crash import crash_at_step

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem
from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale, Discount, LineCommand, SaleRecorded
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ROUND_TRIPS_MAX = 10
SQLITE = [
    "SELECT",  # items
    "SELECT",  # prices
    "BEGIN",  # IMMEDIATE
    "SELECT",  # sales known already
    "INSERT",  # sales
    "INSERT",  # lines
    "INSERT",  # discounts
    "INSERT",  # tenders
    "INSERT",  # events
    "before COMMIT",
    "after COMMIT",
]
# psycopg sends BEGIN by itself, with the first statement after it: one round trip more. Few rows go by INSERT, which
# is one round trip; from bulk.COPY_FROM_ROWS rows on by COPY, which waits for the server twice.
POSTGRESQL = [
    "SELECT",  # items
    "SELECT",  # prices
    "INSERT",  # sales, ON CONFLICT DO NOTHING RETURNING
    "INSERT",  # lines
    "INSERT",  # discounts
    "INSERT",  # tenders
    "INSERT",  # events
    "before COMMIT",
    "after COMMIT",
]
POSTGRESQL_BULK = [*POSTGRESQL[:3], "COPY", "COPY", "COPY", "COPY", *POSTGRESQL[7:]]


@pytest.fixture
def shop(transactional_db):
    chain = stores.save_chain(code="HM", name_zh="好邻", name_en="Haolin", currency="CNY")
    stores.save_region(chain_code="HM", code="EAST", name_zh="华东", name_en="East")
    stores.save_stores(
        stores=[
            NewStore(chain_code="HM", region_code="EAST", code=code, name_zh=code, name_en=code)
            for code in ("S1", "S2", "S3")
        ]
    )
    catalog.save_items(
        items=[NewItem(chain_id=chain.id, sku=f"I{n}", name_zh="x", name_en="x", tax_rate_bp=900) for n in range(200)]
    )
    stores.stores()  # the directory is kept for seconds; a till does not ask for it at every sale


def sale(name: str, lines: int, store: str = "S1") -> CompleteSale:
    off = (Discount(code="D", name="满减", amount_minor=1),)
    return CompleteSale(
        source="pos",
        source_id=name,
        chain="HM",
        store=store,
        completed_at=NOON,
        lines=tuple(LineCommand(code=f"I{n}", amount_minor=99, regular_minor=100, discounts=off) for n in range(lines)),
    )


def steps(*commands: CompleteSale) -> list[str]:
    with crash_at_step(None) as taken:
        answers = checkout.complete_sales(commands=commands, principal=system_principal(name="test"), now=NOON)
    assert all(isinstance(answer, SaleRecorded) for answer in answers)
    return taken.names


@pytest.mark.parametrize(
    "commands",
    [
        pytest.param([sale("one", 1)], id="1 line"),
        pytest.param([sale("twenty", 20)], id="20 lines"),
        pytest.param([sale("long", 200)], id="200 lines"),
        pytest.param([sale(f"n{n}", 10, f"S{n % 3 + 1}") for n in range(500)], id="500 sales of three stores"),
    ],
)
def test_recording_takes_the_same_steps(shop, commands):
    expected = SQLITE
    if connection.vendor == "postgresql":
        expected = POSTGRESQL if len(commands) == 1 else POSTGRESQL_BULK
    assert steps(*commands) == expected
    round_trips = len(expected) - 1 + (connection.vendor == "postgresql")  # "after COMMIT" is none; BEGIN of psycopg is
    assert round_trips <= ROUND_TRIPS_MAX


def test_a_replay_writes_nothing(shop):
    steps(sale("again", 20))
    taken = steps(sale("again", 20))
    assert taken.count("INSERT") == (0 if connection.vendor == "sqlite" else 1)
    assert "COPY" not in taken
