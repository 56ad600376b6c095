"""Attacks on the readers: whatever is wrong with a document, it is InvalidDocument with a path, and nothing else.

A full document with every field is changed at every place in every way; no change may crash the reader, and what it
still accepts must be written and read again to the same bytes.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.promotions.generators import cases

from liushui.promotions.domain.basket_json import read_basket, write_basket
from liushui.promotions.domain.compiled import compile_rulebook
from liushui.promotions.domain.pricing import price
from liushui.promotions.domain.rulebook_json import read_rulebook, write_rulebook
from liushui.promotions.errors import InvalidDocument

EVERYTHING = {
    "sku_in": ["a"], "sku_not_in": ["b"], "category_in": ["food/snacks"], "category_not_in": ["care"],
    "brand_in": ["acme"], "tag_in": ["new"], "unit_price_min": 1, "unit_price_max": 100, "not_already_discounted": True,
}  # fmt: skip
CHOOSING = {"max_units": 2, "max_units_per_line": 1, "unit_multiple_of": 1, "unit_order": "cheapest"}
PRICED = {"scope": EVERYTHING, "max_discount": 100, "base": "list"}
RULEBOOK: dict[str, Any] = {
    "version": "v", "mode": "sequential",
    "promotions": [
        {
            "id": "p", "name": {"zh": "促销", "en": "Promotion"}, "stage": "order", "lane": 1, "priority": -1,
            "exclusive": True, "group": "g", "group_mode": "first", "group_max": 2, "not_with": ["q"],
            "unit_exclusive": True, "starts_at": "2026-11-22T00:00:00+08:00", "ends_at": "2026-11-23T00:00:00+08:00",
            "weekdays": [1, 7], "hours": [["22:00", "02:00"]],
            "when": [
                {"type": "subtotal_at_least", "amount": 1, "scope": EVERYTHING},
                {"all": [{"type": "quantity_at_least", "n": 1}, {"any": [{"not": {"type": "member"}}]}]},
                {"type": "contains", "scope": {"sku_in": ["a"]}},
                {"type": "tier_in", "tiers": ["gold"]},
                {"type": "attribute", "name": "age", "op": "in", "value": [1, "x", True]},
                {"type": "nth_order", "n": 2}, {"type": "first_order"}, {"type": "birthday_within", "days": 3},
                {"type": "coupon", "code": "X"}, {"type": "coupon", "batch": "b"},
                {"type": "shipping_method_in", "methods": ["express"]},
            ],
            "effects": [
                {"type": "percent_off", "percent": "12.5", "level": "unit", **PRICED, **CHOOSING},
                {"type": "amount_off", "amount": 1, "level": "order_and_shipping", **PRICED, **CHOOSING},
                {"type": "fixed_unit_price", "price": 1, **PRICED, **CHOOSING},
                {"type": "bundle_price", "n": 2, "price": 1, **PRICED, **CHOOSING},
                {"type": "buy_n_get_m", "buy_qty": 1, "get_qty": 1, "percent": 100, "buy_scope": {}, "get_scope": {},
                 "unit_order": "cheapest", "max_applications": 1, "formation": "pool", "max_discount": 1},
                {"type": "nth_unit_percent", "n": 2, "percent": 50, "unit_order": "cheapest", "formation": "sets"},
                {"type": "cheapest_unit_free", "units": 1},
                {"type": "percent_off_group", "group_size": 2, "percent": 5, **CHOOSING},
                {"type": "first_then_additional_amount_off", "first": 2, "additional": 1, "max_units": 2,
                 "unit_order": "line_order"},
                {"type": "tiered_percent_off", "basis": "subtotal", "basis_scope": {}, "tiers": [[0, 1], [5, "2.5"]],
                 "base_value": 0, "level": "order", "marginal": True},
                {"type": "tiered_amount_off", "basis": "eligible_quantity", "tiers": [[1, 1]], "level": "line"},
                {"type": "every_amount_off", "every": 3, "amount": 1, "max_times": 2},
                {"type": "gift_unit", "sku": "g", "qty": 1, "percent": 100},
                {"type": "shipping_percent_off", "percent": 1, "methods": ["express"]},
                {"type": "shipping_amount_off", "amount": 1}, {"type": "points", "multiply": 20000, "add": 1},
                {"type": "issue_coupon", "batch": "b", "for": "next_order"},
            ],
            "limits": {"total": 1, "per_member": 1, "per_order": 1, "budget": 1, "budget_mode": "partial"},
            "return_policy": "clawback",
        },
        {"id": "q", "effects": [{"type": "points", "add": 1}]},
    ],
}  # fmt: skip
BASKET: dict[str, Any] = {
    "currency": "CNY", "channel": "pos", "store": "S001", "region": "east", "at": "2026-11-22T10:15:00+08:00",
    "lines": [{"id": "1", "sku": "a", "category": "food/snacks", "brand": "acme", "tags": ["new"], "unit_price": 1250,
               "quantity": 3, "floor_unit_price": 1, "discountable": False, "gift": True,
               "measure": {"value": 1250, "unit": "g"}}],
    "shipping": [{"id": "s1", "method": "express", "amount": 1000}],
    "payment_method": "cash", "codes": ["SPRING10", {"code": "X", "batch": "b"}],
    "member": {"id": "m1", "tier": "gold", "groups": ["vip"], "birthday": "02-29", "completed_orders": 4,
               "attributes": {"age": 1, "city": "x", "new": True}},
    "usage": {"p": {"total": 1, "member": 1, "spent": 1}},
}  # fmt: skip

WRONG: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**63, 10**15 + 1, 10**400, 1.5, 1.0, -0.0, math.nan, math.inf, "", " ", "x", "1",
    "\x00", "a" * 10_000, "\ud800", "2026-02-30T00:00:00Z", "24:60", "//", [], [None], [[]], [1], ["a", "a"], ["x"], {},
    {"": 1}, {"type": "x"}, {"all": []}, {"not": {}}, {"x": {}}, [["10:00", "10:00"]], [[1, 1], [1, 1]], (), b"x",
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a document, the whole too."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from places(value[index], (*path, index))


def changed(document: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy with another value at that place; all beside the path is shared."""
    if not path:
        return new
    made = copy.copy(document)
    made[path[0]] = changed(document[path[0]], path[1:], new)
    return made


def without(document: Any, path: tuple[Any, ...]) -> Any:
    made = copy.deepcopy(document)
    inner = made
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return made


KINDS: dict[str, tuple[Any, Any, Any]] = {
    "rulebook": (RULEBOOK, read_rulebook, write_rulebook),
    "basket": (BASKET, read_basket, write_basket),
}


def attack(kind: str, document: Any) -> bool:
    """Read it; True when it was accepted. Anything but InvalidDocument with a path goes through to the test."""
    _, read, write = KINDS[kind]
    try:
        accepted = read(document)
    except InvalidDocument as error:
        assert error.pointer and error.detail
        json.dumps(error.pointer).encode()
        return False
    again = read(json.dumps(write(accepted)))
    assert write(again) == write(accepted)
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_the_full_documents_are_valid(kind: str) -> None:
    document, read, write = KINDS[kind]
    assert attack(kind, document)
    assert write(read(write(read(document)))) == write(read(document))


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_value_at_any_place_is_refused_with_a_path_or_read_for_what_it_is(kind: str) -> None:
    document = KINDS[kind][0]
    refused = sum(not attack(kind, changed(document, path, bad)) for path in places(document) for bad in WRONG)
    assert refused > len(list(places(document))) * len(WRONG) // 2


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_key_in_any_object_is_refused_where_it_stands(kind: str) -> None:
    document, read, _ = KINDS[kind]
    free = {("member", "attributes"), ("usage",), ("promotions", 0, "name")}
    for path in places(document):
        inner = document
        for key in path:
            inner = inner[key]
        if not isinstance(inner, dict) or path in free:
            continue
        with pytest.raises(InvalidDocument) as caught:
            read(changed(document, path, {**inner, "unknown": 1}))
        assert "unknown" in (caught.value.pointer or ""), path


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_field_is_a_default_or_refused_with_a_path(kind: str) -> None:
    document = KINDS[kind][0]
    for path in places(document):
        if path:
            attack(kind, without(document, path))


def takes_a_percent(path: tuple[Any, ...]) -> bool:
    return path[-1] in ("percent", "base_value") or (path[-1] == 1 and "tiers" in path)


@pytest.mark.parametrize("number", ["1.5", "1e3", "-0.0", "1E400", "0.1", "100.0"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fraction_is_refused_wherever_a_whole_number_stands(kind: str, number: str) -> None:
    document, read, _ = KINDS[kind]
    marker = 987654321012345
    for path in places(document):
        inner = document
        for key in path:
            inner = inner[key]
        if type(inner) is not int or takes_a_percent(path):
            continue
        text = json.dumps(changed(document, path, marker)).replace(str(marker), number)
        with pytest.raises(InvalidDocument):
            read(text)


NO_PERCENT = '0 -1 100.01 101 0.001 12.345 1e1 NaN "1e1" "٣" "+5" "" true null [5]'.split()  # noqa: SIM905


@pytest.mark.parametrize("percent", [*NO_PERCENT, '" 5"', '"5 "'])
def test_a_percent_that_is_none_names_the_promotion_and_the_field(percent: str) -> None:
    text = '{"promotions": [{"id": "spring", "effects": [{"type": "percent_off", "level": "unit", "percent": %s}]}]}'
    with pytest.raises(InvalidDocument) as caught:
        read_rulebook(text % percent)
    if percent != "NaN":  # not even JSON
        assert caught.value.pointer == "promotions[0].effects[0].percent"
        assert caught.value.context["promotion"] == "spring"
        assert "spring" in caught.value.detail


PERCENTS = {"20": 2000, '"12.5"': 1250, "12.50": 1250, "0.01": 1, "100": 10000, '"100.00"': 10000, "33.33": 3333}


@pytest.mark.parametrize(("percent", "points"), PERCENTS.items())
def test_a_percent_has_at_most_two_decimals(percent: str, points: int) -> None:
    text = '{"promotions": [{"id": "p", "effects": [{"type": "percent_off", "level": "unit", "percent": %s}]}]}'
    assert read_rulebook(text % percent).promotions[0].effects[0].percent == points


@pytest.mark.parametrize("read", [read_rulebook, read_basket])
@pytest.mark.parametrize(
    "text",
    [
        "", " ", "{", "nul", "NaN", "Infinity", "-Infinity", '{"a": NaN}', '{"lines": [], "lines": []}', "[" * 10_000,
        "[" * 10_000 + "]" * 10_000, '{"when":' * 10_000 + "1" + "}" * 10_000, "9" * 100_000, "-" + "9" * 5_000,
        '{"currency": "CNY", "lines": ' + "9" * 5_000 + "}", '{"version": "\\ud800", "promotions": []}', "\ufeff{}",
        b"\xff\xfe{", b"\x00", '{"currency": "CNY", "lines": [], "channel": "\\u0000"}', "'{}'", "{} {}", "// no\n{}",
        '{"currency": "CNY", "currency": "CNY", "lines": []}', '{"version": "1", "version": "2", "promotions": []}',
    ],
)  # fmt: skip
def test_what_is_no_such_document_is_refused_and_nothing_else_happens(read: Any, text: str | bytes) -> None:
    with pytest.raises(InvalidDocument) as caught:
        read(text)
    assert caught.value.pointer


def nested(depth: int) -> str:
    """A valid rulebook but for its depth."""
    condition = '{"not":' * depth + '{"type": "member"}' + "}" * depth
    return '{"promotions": [{"id": "p", "effects": [{"type": "points", "add": 1}], "when": [' + condition + "]}]}"


def test_conditions_may_be_nested_but_not_ten_thousand_deep() -> None:
    assert len(read_rulebook(nested(40)).promotions) == 1
    with pytest.raises(InvalidDocument):
        read_rulebook(nested(10_000))


def test_parsed_values_that_are_ten_thousand_deep_are_refused_too() -> None:
    condition: dict[str, Any] = {"type": "member"}
    for _ in range(10_000):
        condition = {"not": condition}
    with pytest.raises(InvalidDocument):
        read_rulebook({"promotions": [{"id": "p", "when": [condition], "effects": [{"type": "points", "add": 1}]}]})


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00Z"])
def test_the_first_and_the_last_instant_there_is_do_not_break_a_price(at: str) -> None:
    rulebook = read_rulebook(
        {
            "promotions": [
                {
                    "id": "p",
                    "starts_at": "2026-11-22T00:00:00+08:00",
                    "ends_at": "2026-11-23T00:00:00+08:00",
                    "effects": [{"type": "points", "add": 1}],
                },
                {
                    "id": "q",
                    "when": [{"type": "birthday_within", "days": 366}],
                    "effects": [{"type": "points", "add": 1}],
                },
            ]
        }
    )
    line = {"id": "1", "sku": "a", "unit_price": 100, "quantity": 1}
    basket = read_basket({"currency": "CNY", "lines": [line], "at": at, "member": {"id": "m", "birthday": "12-31"}})
    assert price(compile_rulebook(rulebook), basket).total == 100


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()


@settings(max_examples=100, deadline=None)
@given(st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_no_value_whatever_crashes_a_reader(value: Any) -> None:
    attack("rulebook", value)
    attack("basket", value)


@settings(max_examples=60, deadline=None)
@given(cases(), st.data())
def test_a_random_document_with_a_random_wound_is_read_or_refused(case: tuple[Any, Any], data: st.DataObject) -> None:
    for kind, document in zip(("rulebook", "basket"), case, strict=True):
        path = data.draw(st.sampled_from([path for path in places(document) if path]))
        attack(kind, changed(document, path, data.draw(st.sampled_from(WRONG))))
