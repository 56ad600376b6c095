"""Per-line cap, max_units and unit_multiple_of choose the units of which sets are made (section 3 of the format)."""

from __future__ import annotations

from typing import Any

import pytest

from liushui.promotions.domain.basket_json import read_basket
from liushui.promotions.domain.compiled import compile_rulebook
from liushui.promotions.domain.pricing import price
from liushui.promotions.domain.rulebook_json import read_rulebook
from liushui.promotions.errors import InvalidDocument

LINES = [  # five units: 1000, 900, 900, 500, 100
    {"id": "a", "sku": "a", "unit_price": 1000, "quantity": 1},
    {"id": "b", "sku": "b", "unit_price": 900, "quantity": 2},
    {"id": "c", "sku": "c", "unit_price": 500, "quantity": 1},
    {"id": "d", "sku": "d", "unit_price": 100, "quantity": 1},
]
GROUP = {"type": "percent_off_group", "group_size": 2, "percent": 10}
DEAR, CHEAP = {"unit_order": "most_expensive"}, {"unit_order": "cheapest"}
CASES: list[tuple[dict[str, Any], dict[str, int]]] = [
    (GROUP, {"a": 100, "b": 180, "c": 50}),  # (1000, 900), (900, 500)
    (GROUP | DEAR | {"max_units": 3}, {"a": 100, "b": 90}),
    (GROUP | CHEAP | {"max_units": 3}, {"b": 90, "c": 50}),  # of 900, 500, 100
    (GROUP | {"max_units_per_line": 1}, {"a": 100, "b": 90, "c": 50, "d": 10}),
    (GROUP | CHEAP | {"unit_multiple_of": 3}, {"b": 90, "c": 50}),
    ({"type": "bundle_price", "n": 3, "price": 1500, **DEAR, "max_units": 4}, {"a": 464, "b": 836}),
    ({"type": "nth_unit_percent", "n": 2, "percent": 50, **CHEAP, "max_units": 2}, {"d": 50}),  # of 500, 100
    ({"type": "nth_unit_percent", "n": 2, "percent": 50, **DEAR, "max_units": 2}, {"a": 500}),
    ({"type": "buy_n_get_m", "buy_qty": 1, "get_qty": 1, "percent": 100, **CHEAP, "max_units_per_line": 1},
     {"b": 900, "d": 100}),  # of 1000, 900, 500, 100
    ({"type": "cheapest_unit_free", "units": 2, **DEAR, "max_units": 3}, {"b": 1800}),  # of 1000, 900, 900
]  # fmt: skip


@pytest.mark.parametrize(("effect", "expected"), CASES)
def test_sets_are_made_of_the_chosen_units(effect: dict[str, Any], expected: dict[str, int]) -> None:
    book = read_rulebook({"version": "v", "promotions": [{"id": "p", "effects": [effect]}]})
    answer = price(compile_rulebook(book), read_basket({"currency": "CNY", "lines": LINES}))
    assert {line.id: line.discount for line in answer.lines if line.discount} == expected


def test_units_are_not_chosen_without_an_order_nor_over_two_scopes() -> None:
    def refused(effect: dict[str, Any]) -> str:
        with pytest.raises(InvalidDocument) as told:
            read_rulebook({"version": "v", "promotions": [{"id": "p", "effects": [effect]}]})
        return told.value.pointer or ""

    assert refused(GROUP | {"max_units": 3}).endswith("effects[0].unit_order")
    apart = {"type": "buy_n_get_m", "buy_qty": 1, "get_qty": 1, "percent": 100, **CHEAP, "max_units": 3}
    scopes = {"buy_scope": {"sku_in": ["a"]}, "get_scope": {"sku_in": ["b"]}}
    assert refused(apart | scopes).endswith("effects[0].max_units")
