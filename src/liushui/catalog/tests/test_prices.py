"""Which price applies: pure rules first, then what a store's till is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from liushui.catalog import facade
from liushui.catalog.contracts import Basket, NewPrice
from liushui.catalog.domain.prices import CHAIN, REGION, STORE, DatedPrice, price_at
from liushui.catalog.errors import InvalidPrice, UnknownItem
from liushui.kernel.gtin import check_digit

TRIPS = {"sqlite": 2, "postgresql": 1}  # items and prices: two queries, in one message where there are messages

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def dated(level: int, amount: int, starts: datetime, ends: datetime | None = None) -> DatedPrice:
    return DatedPrice(level=level, amount_minor=amount, starts_at=starts, ends_at=ends)


@pytest.mark.parametrize(
    ("prices", "at", "expected"),
    [
        ([], NOON, None),
        ([dated(CHAIN, 100, NOON)], NOON, 100),
        ([dated(CHAIN, 100, NOON)], NOON - timedelta(microseconds=1), None),
        ([dated(CHAIN, 100, NOON, NOON + HOUR)], NOON + HOUR - timedelta(microseconds=1), 100),
        ([dated(CHAIN, 100, NOON, NOON + HOUR)], NOON + HOUR, None),
        ([dated(STORE, 90, NOON - 9 * HOUR), dated(CHAIN, 100, NOON)], NOON, 90),
        ([dated(REGION, 95, NOON - HOUR), dated(CHAIN, 100, NOON)], NOON, 95),
        ([dated(STORE, 90, NOON - HOUR, NOON), dated(REGION, 95, NOON - HOUR)], NOON, 95),
        ([dated(CHAIN, 100, NOON - 9 * HOUR), dated(CHAIN, 80, NOON - HOUR, NOON + HOUR)], NOON, 80),
        ([dated(CHAIN, 100, NOON - 9 * HOUR), dated(CHAIN, 80, NOON - HOUR, NOON + HOUR)], NOON + HOUR, 100),
    ],
)
def test_the_narrowest_place_then_the_latest_start_within_half_open_intervals(prices, at, expected) -> None:
    price = price_at(prices, at=at)
    assert (price.amount_minor if price else None) == expected


def test_codes_of_every_form_are_priced_in_two_queries(chain, items) -> None:
    weighed = "2" + "00123" + "001500"
    weighed += str(check_digit(weighed))
    codes = ["1001", "6901234567892", "06901234567892", "00006901234567892", "1002", weighed, "nothing"]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = facade.price_items(store=chain.first, codes=codes, at=NOON)
    assert len(queries) == TRIPS[connection.vendor]
    assert {code: (each.item.sku, each.unit_price_minor) for code, each in found.items()} == {
        "1001": ("1001", 350),
        "6901234567892": ("1001", 350),
        "06901234567892": ("1001", 350),
        "1002": ("1002", None),
        weighed: ("00123", 1280),
    }
    assert (found[weighed].measure_value, found[weighed].measure_unit, found[weighed].extended_minor) == (
        1500,
        "g",
        1920,
    )


def test_many_codes_and_many_baskets_take_no_more_queries(chain, items) -> None:
    baskets = [
        Basket(store=store, at=NOON + n * HOUR, codes=[f"x{i}" for i in range(2000)] + ["1001"])
        for n, store in enumerate([chain.first, chain.second] * 5)
    ]
    with CaptureQueriesContext(connection) as queries:
        answers = facade.price_baskets(baskets=baskets)
    assert len(queries) == TRIPS[connection.vendor]
    assert [answer["1001"].unit_price_minor for answer in answers] == [350] * 10


def test_a_price_of_one_store_applies_there_alone(chain, items) -> None:
    facade.save_prices(
        prices=[NewPrice(chain_id=1, sku="1001", amount_minor=330, starts_at=NOON - HOUR, store_id=chain.first.id)]
    )
    amounts = [
        facade.price_items(store=store, codes=["1001"], at=NOON)["1001"].unit_price_minor
        for store in (chain.first, chain.second)
    ]
    assert amounts == [330, 350]


def test_a_store_with_another_currency_has_only_prices_of_its_own(chain, items) -> None:
    assert facade.price_items(store=chain.abroad, codes=["1001"], at=NOON)["1001"].unit_price_minor is None
    facade.save_prices(
        prices=[NewPrice(chain_id=1, sku="1001", amount_minor=70, starts_at=NOON - HOUR, store_id=chain.abroad.id)]
    )
    assert facade.price_items(store=chain.abroad, codes=["1001"], at=NOON)["1001"].unit_price_minor == 70


def test_setting_the_same_prices_again_changes_nothing(chain, items) -> None:
    price = NewPrice(chain_id=1, sku="1001", amount_minor=340, starts_at=NOON)
    first, again = facade.save_prices(prices=[price]), facade.save_prices(prices=[price])
    assert (first.new, first.unchanged, again.new, again.unchanged) == (1, 0, 0, 1)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"amount_minor": -1}, InvalidPrice),
        ({"ends_at": NOON}, InvalidPrice),
        ({"starts_at": datetime(2026, 1, 1)}, InvalidPrice),  # noqa: DTZ001
        ({"store_id": 999}, InvalidPrice),
        ({"region_id": 1, "store_id": 11}, InvalidPrice),
        ({"sku": "nothing"}, UnknownItem),
    ],
)
def test_an_impossible_price_is_refused_and_nothing_is_kept(chain, items, change, error) -> None:
    values = {"chain_id": 1, "sku": "1002", "amount_minor": 100, "starts_at": NOON} | change
    with pytest.raises(error):
        facade.save_prices(prices=[NewPrice(**values)])
    assert facade.prices(item_id=items["1002"]) == ()
