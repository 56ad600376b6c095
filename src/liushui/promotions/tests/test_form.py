"""The builder's form: what goes in comes out, for every condition and effect; what is wrong is said at its field."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from liushui.promotions.domain import effect_fields, rule_fields
from liushui.promotions.domain.rulebook_json import read_promotion, write_promotion
from liushui.promotions.pages import form_tables
from liushui.promotions.pages.form_document import (
    document_of_tree,
    field_of_pointer,
    name_of_pointer,
    tree_of_document,
    tree_of_posted,
)
from liushui.promotions.pages.form_values import Style, Wrong, read_percent, write_percent
from liushui.promotions.tests.any_promotion import PROMOTION

ZONE = ZoneInfo("Asia/Shanghai")
STYLES = (
    Style(currency="CNY", zone=ZONE, percent_as="zhe"),
    Style(currency="CNY", zone=ZONE, percent_as="off"),
    Style(currency="JPY", zone=ZoneInfo("Asia/Tokyo"), percent_as="off"),
)


def flat(tree: Any, name: str = "") -> list[tuple[str, list[str]]]:
    """A tree as the form posts it."""
    if isinstance(tree, str):
        return [(name, [tree])]
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
    return [field for key, value in pairs for field in flat(value, f"{name}.{key}" if name else str(key))]


def through_the_form(document: dict[str, Any], style: Style) -> tuple[dict[str, Any], dict[str, str]]:
    return document_of_tree(tree_of_posted(flat(tree_of_document(document, style))), style)


@pytest.mark.parametrize("style", STYLES, ids=["zhe", "off", "yen"])
@given(document=PROMOTION)
@settings(max_examples=60, deadline=None)
def test_promotion_through_the_form_is_the_same_document(style: Style, document: dict[str, Any]) -> None:
    normal = write_promotion(read_promotion(document))
    back, errors = through_the_form(normal, style)
    assert errors == {}
    assert write_promotion(read_promotion(back)) == normal
    assert back == normal


@pytest.mark.parametrize("kind", sorted(effect_fields.EFFECTS))
def test_form_asks_for_every_field_of_an_effect(kind: str) -> None:
    known = {field.name for field in effect_fields.EFFECTS[kind].fields}
    asked = {each.key for each in form_tables.EFFECTS[kind].fields}
    # said otherwise in the form: both scopes of buy N get M, and the one thing that a coupon can be for
    assert known - asked <= ({"scope"} if kind == "buy_n_get_m" else {"for"} if kind == "issue_coupon" else set())
    assert asked <= known


@pytest.mark.parametrize("kind", sorted(rule_fields.LEAVES))
def test_form_asks_for_every_field_of_a_condition(kind: str) -> None:
    assert {each.key for each in form_tables.LEAVES[kind].fields} == {
        field.name for field in rule_fields.LEAVES[kind].fields
    }


def test_form_asks_for_every_other_field() -> None:
    assert {each.key for each in form_tables.SCOPE} == {field.name for field in rule_fields.SCOPE}
    assert {each.key for each in form_tables.LIMITS} == {field.name for field in rule_fields.LIMITS}
    head = {each.key for part in (form_tables.PERIOD, form_tables.STACKING, form_tables.RETURNS) for each in part}
    assert head | {"id", "name"} == {field.name for field in rule_fields.PROMOTION}
    assert set(form_tables.EFFECTS) == set(effect_fields.EFFECTS)
    assert set(form_tables.LEAVES) == set(rule_fields.LEAVES)


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("9", 10), ("九折", 10), ("8.5", 15), ("85折", 15), ("八五折", 15), ("8.75 折", "12.5"), ("免费", 100),
        ("半价", 50), ("10%", 10), ("12.5%", "12.5"), ("0", 100), ("9.999", "0.01"),
    ],
)  # fmt: skip
def test_percent_as_chinese_shops_say_it(text: str, percent: int | str) -> None:
    assert read_percent(text, STYLES[0]) == percent


@pytest.mark.parametrize("text", ["10", "10 折", "12", "-1", "9.9999", "x", "", "0.125%", "101%", "¾"])
def test_what_is_no_discount_is_refused(text: str) -> None:
    with pytest.raises(Wrong):
        read_percent(text, STYLES[0])


def test_percent_as_the_english_say_it() -> None:
    read = [read_percent(text, STYLES[1]) for text in ("10", "12.5 %", "free", "九折", "33.33")]
    assert read == [10, "12.5", 100, 10, "33.33"]
    assert write_percent("12.5", STYLES[1]) == "12.5"
    assert write_percent(20, STYLES[0]) == "8"
    assert write_percent(100, STYLES[0]) == "免费"


def test_money_is_typed_in_yuan_and_kept_in_minor_units() -> None:
    tree = {
        "id": "a",
        "when": [{"type": "subtotal_at_least", "amount": "¥1,299"}],
        "effects": [{"type": "amount_off", "amount": "30.5 元", "level": "order"}],
    }
    document, errors = document_of_tree(tree, STYLES[0])
    assert errors == {}
    assert document["when"] == [{"type": "subtotal_at_least", "amount": 129900}]
    assert document["effects"] == [{"type": "amount_off", "amount": 3050, "level": "order"}]


def test_steps_begin_with_amounts_or_with_units() -> None:
    effect = {"type": "tiered_percent_off", "level": "order", "tiers": [{"from": "2", "value": "9"}]}
    by_units, _errors = document_of_tree({"effects": [{**effect, "basis": "eligible_quantity"}]}, STYLES[0])
    by_amount, _errors = document_of_tree({"effects": [{**effect, "basis": "subtotal"}]}, STYLES[0])
    assert by_units["effects"][0]["tiers"] == [[2, 10]]
    assert by_amount["effects"][0]["tiers"] == [[200, 10]]


def test_what_is_wrong_is_said_at_its_field() -> None:
    tree = {
        "effects": [{"type": "amount_off", "amount": "x", "level": ""}, {"type": "nothing"}],
        "when": [
            {"type": "any", "parts": [{"type": "quantity_at_least", "n": "1.5", "scope": {"unit_price_min": "-1"}}]},
            {"type": "not", "parts": []},
        ],
    }
    _document, errors = document_of_tree(tree, STYLES[1])
    assert sorted(errors) == [
        "effects.0.amount", "effects.0.level", "effects.1.type", "when.0.parts.0.n",
        "when.0.parts.0.scope.unit_price_min", "when.1.type",
    ]  # fmt: skip


def test_json_paths_lead_to_fields() -> None:
    names = ["effects.0.type", "effects.0.percent", "when.0.parts.1.n", "when.0.parts.0.scope.sku_in", "limits.budget"]
    assert field_of_pointer("promotions[3].effects[0].percent", names) == "effects.0.percent"
    assert field_of_pointer("when[0].any[1].n", names) == "when.0.parts.1.n"
    assert field_of_pointer("when[0].not.scope.sku_in[4]", names) == "when.0.parts.0.scope.sku_in"
    assert field_of_pointer("effects[0].unit_order", names) == "effects.0.percent"
    assert field_of_pointer("$", names) == ""
    assert name_of_pointer("limits.budget") == "limits.budget"


def test_names_that_are_none_of_a_promotion_are_passed_over() -> None:
    posted = [("csrfmiddlewaretoken", ["x"]), ("effects.0.type", ["points"]), ("effects.0.__Class__", ["x"]),
              ("effects.7.type", ["member"]), ("try.member", ["1"]), ("effects", ["x"])]  # fmt: skip
    assert tree_of_posted(posted[:5]) == {"effects": [{"type": "points"}, {"type": "member"}]}
    document_of_tree(tree_of_posted(posted), STYLES[0])
