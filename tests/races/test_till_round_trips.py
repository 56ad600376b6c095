"""How often a till goes to the database: always the same, on both engines."""

from __future__ import annotations

import pytest
from django.db import connection
from tests.support.crash import crash_at_step

from liushui.promotions import facade as promotions
from liushui.stores import facade as stores
from liushui.till import facade
from liushui.till.tests.conftest import NOON, open_shop

ROUND_TRIPS_MAX = 12
RETURN_MAX = 14
SQLITE = [
    "SELECT",  # the ticket
    "UPDATE",  # the ticket, to recording, if its shift is open
    "SELECT",  # items
    "SELECT",  # prices
    "BEGIN",  # IMMEDIATE
    "SELECT",  # sales known already
    "INSERT",  # the sale
    "INSERT",  # its lines
    "INSERT",  # its tender
    "INSERT",  # the event
    "before COMMIT",
    "after COMMIT",
    "UPDATE",  # the ticket, to settled
]
POSTGRESQL = [
    "SELECT",  # the ticket
    "WITH",  # the shift held open, the ticket to recording
    "SELECT",  # items and prices, in one message
    "INSERT",  # one message: the sale, ON CONFLICT DO NOTHING RETURNING, its lines, its tender, the event
    "UPDATE",  # the ticket, to settled
]
GOODS = {
    "sqlite": ["SELECT", "SELECT"],
    "postgresql": ["SELECT"],
}  # items and prices, in one message where there are any


@pytest.fixture
def selling(transactional_db):
    shop = open_shop()
    facade.open_shift(till=shop.till, float_minor=0, now=NOON)
    return shop


def steps_of(do) -> list[str]:
    for chain in stores.chains():  # the directory is kept for seconds, and which rulebook is in force for one
        promotions.live_rulebook(chain_id=chain.id, at=NOON)
    with crash_at_step(None) as steps:
        do()
    return [name for name in steps.names if not name.startswith("after ") or name == "after COMMIT"]


@pytest.mark.parametrize("lines", [1, 40])
def test_a_cash_sale_is_settled_in_twelve_round_trips(selling, lines):
    for number in range(lines):
        ticket = facade.scan(till=selling.till, code=("MILK", "TEA")[number % 2], now=NOON)
    taken = steps_of(
        lambda: facade.pay_cash(
            till=selling.till, ticket_id=ticket.id, version=ticket.version, given_minor=100_000, now=NOON
        )
    )
    expected = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
    assert taken == expected
    assert len([name for name in expected if name != "after COMMIT"]) <= ROUND_TRIPS_MAX


@pytest.mark.parametrize("lines", [1, 40])
def test_a_scan_takes_four_round_trips_however_long_the_ticket(selling, lines):
    for number in range(lines):
        facade.scan(till=selling.till, code=("MILK", "TEA")[number % 2], now=NOON)
    assert steps_of(lambda: facade.scan(till=selling.till, code="RICE", now=NOON)) == [
        *("SELECT", *GOODS[connection.vendor], "UPDATE")  # the ticket, the goods, the ticket
    ]


def test_a_code_that_nobody_knows_is_refused_after_two_and_the_first_scan_opens_a_ticket_in_ten(selling):
    first = steps_of(lambda: facade.scan(till=selling.till, code="MILK", now=NOON))
    writing = ["SELECT", "INSERT", "INSERT", "before COMMIT", "after COMMIT"]  # the shift, the number, the ticket
    begin = ["BEGIN"] if connection.vendor == "sqlite" else []
    assert first == ["SELECT", "SELECT", *GOODS[connection.vendor], *begin, *writing]


def test_a_shift_is_closed_with_the_same_statements_for_any_number_of_sales(selling):
    def close() -> list[str]:
        shift = facade.current_shift(till=selling.till)
        report = facade.x_report(shift_id=shift.id, store_ids={selling.store.id}, now=NOON, blind=False)
        cash = report.tenders[0].expected_minor
        count = {}
        for denomination in facade.denominations("CNY"):
            count[denomination], cash = divmod(cash, denomination)
        return steps_of(lambda: facade.count_shift(till=selling.till, count=count, now=NOON))

    selling.sell("TEA")
    one = close()
    facade.open_shift(till=selling.till, float_minor=0, now=NOON)
    for _ in range(20):
        selling.sell("TEA")
    assert close() == one
    assert len(one) <= 24


@pytest.mark.parametrize("lines", [1, 20])
def test_a_return_takes_at_most_fourteen_round_trips_however_many_lines(selling, lines):
    for number in range(lines):
        ticket = facade.scan(till=selling.till, code=("MILK", "TEA")[number % 2], now=NOON)
    sold = facade.pay_cash(
        till=selling.till, ticket_id=ticket.id, version=ticket.version, given_minor=100_000, now=NOON
    )
    back = facade.return_everything(till=selling.till, sale_id=sold.sale_id, now=NOON)
    taken = steps_of(lambda: facade.give_back(till=selling.till, ticket_id=back.id, version=back.version, now=NOON))
    # the ticket; to recording; the receipt; why; the sale with its claims, lines, tender and event; to settled
    assert taken.count("UPDATE") + taken.count("WITH") == 2
    if connection.vendor == "postgresql":
        assert taken == [
            *("SELECT", "WITH", "SELECT", "INSERT", "INSERT", "INSERT", "before COMMIT", "after COMMIT", "UPDATE")
        ]
    assert len(taken) - 1 <= (
        RETURN_MAX if connection.vendor == "postgresql" else RETURN_MAX + 2
    )  # no round trips there
