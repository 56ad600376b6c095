"""How often recording a sale goes to the database: always the same, on both engines."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from tests.support.crash import Steps, crash_at_step

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem
from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale, Discount, LineCommand, SaleRecorded
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore

pytestmark = pytest.mark.usefixtures("nothing_is_read_again")

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
POSTGRESQL = [
    "SELECT",  # items and prices, in one message
    "INSERT",  # one message: the sale, ON CONFLICT DO NOTHING RETURNING, and its lines, discounts, tenders, event
    "after INSERT",
]
# A batch is a transaction with a statement for each table. psycopg sends BEGIN by itself, before the first of them: one
# round trip more. From bulk.COPY_FROM_ROWS rows on it goes by COPY, which waits for the server twice.
POSTGRESQL_BULK = [
    "SELECT",
    "INSERT",
    "COPY",  # lines
    "COPY",  # discounts
    "COPY",  # tenders
    "COPY",  # events
    "before COMMIT",
    "after COMMIT",
]


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


def steps(*commands: CompleteSale) -> Steps:
    with crash_at_step(None) as taken:
        answers = checkout.complete_sales(commands=commands, principal=system_principal(name="test"), now=NOON)
    assert all(isinstance(answer, SaleRecorded) for answer in answers)
    return taken


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
    taken = steps(*commands)
    assert taken.names == expected
    if connection.vendor == "postgresql":
        assert taken.round_trips() == (2 if len(commands) == 1 else 8)
    assert taken.round_trips() <= ROUND_TRIPS_MAX


def test_a_replay_writes_nothing(shop):
    steps(sale("again", 20))
    taken = steps(sale("again", 20)).names
    assert taken.count("INSERT") == (0 if connection.vendor == "sqlite" else 1)
    assert "COPY" not in taken
