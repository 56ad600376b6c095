"""The builder's form: what goes in comes out, for every condition and effect; what is wrong is said at its field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liushui.promotions.domain import effect_fields, rule_fields
from liushui.promotions.domain.rule_kinds import Field
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

ZONE = ZoneInfo("Asia/Shanghai")
STYLES = (
    Style(currency="CNY", zone=ZONE, percent_as="zhe"),
    Style(currency="CNY", zone=ZONE, percent_as="off"),
    Style(currency="JPY", zone=ZoneInfo("Asia/Tokyo"), percent_as="off"),
)
PERCENT = st.integers(1, 10000).map(lambda points: points // 100 if points % 100 == 0 else f"{points / 100:.2f}")
WORD = st.text("abcxyz019-", min_size=1, max_size=6)
WORDS = st.lists(WORD, min_size=1, max_size=3, unique=True)
MINOR = st.integers(0, 10**9)
SCALAR = st.one_of(st.integers(-(10**9), 10**9), st.booleans(), WORD, st.sampled_from(["12", "true", '"', "", " x"]))
CLOCK = st.sampled_from(["00:00", "09:30", "13:05", "23:59"])
KINDS: Mapping[int, Any] = {}


def scopes() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "sku_in": WORDS, "sku_not_in": WORDS, "category_in": WORDS, "category_not_in": WORDS, "brand_in": WORDS,
            "tag_in": WORDS, "unit_price_min": MINOR, "unit_price_max": MINOR, "not_already_discounted": st.booleans(),
        },
    )  # fmt: skip


def steps(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[list[Any]]]:
    starts = st.lists(st.integers(1, 10**6), min_size=1, max_size=4, unique=True).map(sorted)
    return starts.flatmap(
        lambda found: st.lists(values, min_size=len(found), max_size=len(found)).map(
            lambda each: [list(pair) for pair in zip(found, each, strict=True)]
        )
    )


def values_of(field: Field) -> st.SearchStrategy[Any]:
    """Values for a field of the reference tables, by its name where the kind alone does not say."""
    known: dict[str, st.SearchStrategy[Any]] = {
        "op": st.just("eq"), "value": SCALAR, "days": st.integers(0, 366), "percent": PERCENT, "name": WORD,
        "for": st.just("next_order"), "multiply": st.integers(1, 10**7), "code": WORD, "batch": WORD, "sku": WORD,
        "base_value": st.just(0), "group": WORD,
    }  # fmt: skip
    if field.name in known:
        return known[field.name]
    if "scope" in field.name:
        return scopes()
    if field.kind is rule_fields.kinds.TIERS_PERCENT:
        return steps(PERCENT)
    if field.kind is rule_fields.kinds.TIERS_MONEY:
        return steps(MINOR)
    if field.kind is rule_fields.kinds.FLAG:
        return st.booleans()
    if field.kind is rule_fields.kinds.TEXTS:
        return WORDS
    if " | " in field.kind.en or "\\|" in field.kind.en:
        return st.sampled_from([each.strip("` ") for each in field.kind.en.split("\\|")])
    return st.integers(1, 10**6)


def typed(rows: Mapping[str, rule_fields.Row], kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Any condition or effect of the type, with every field that the reference knows."""
    fields = rows[kind].fields
    always = {f.name: values_of(f) for f in fields if f.required or f.name in ("level", "unit_order")}
    optional = {f.name: values_of(f) for f in fields if f.name not in always}
    if kind == "coupon":
        return st.one_of(st.fixed_dictionaries({"type": st.just(kind), name: WORD}) for name in ("code", "batch"))
    if kind == "points":
        always = {"add": optional.pop("add")}
    if kind == "buy_n_get_m":
        optional.pop("scope")
    return st.fixed_dictionaries({"type": st.just(kind), **always}, optional=optional)


LEAF = st.sampled_from(sorted(rule_fields.LEAVES)).flatmap(lambda kind: typed(rule_fields.LEAVES, kind))
EFFECT = st.sampled_from(sorted(effect_fields.EFFECTS)).flatmap(lambda kind: typed(effect_fields.EFFECTS, kind))
CONDITION: st.SearchStrategy[dict[str, Any]] = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)
PROMOTION = st.fixed_dictionaries(
    {"id": WORD, "effects": st.lists(EFFECT, min_size=1, max_size=3)},
    optional={
        "name": st.fixed_dictionaries({}, optional={"zh": WORD, "en": WORD, "zh-Hant": WORD}),
        "when": st.lists(CONDITION, max_size=3),
        "stage": st.sampled_from(["catalogue", "item", "order", "shipping", "points"]),
        "lane": st.integers(-5, 5),
        "priority": st.integers(-5, 5),
        "exclusive": st.booleans(),
        "unit_exclusive": st.booleans(),
        "group": WORD,
        "group_mode": st.sampled_from(["best", "first", "all"]),
        "group_max": st.integers(1, 9),
        "not_with": WORDS,
        "starts_at": st.sampled_from(["2026-11-22T10:00:00+08:00", "2026-11-22T10:00:07+00:00"]),
        "ends_at": st.sampled_from(["2027-01-01T00:00:00+08:00", "2027-01-01T00:00:00-05:00"]),
        "weekdays": st.lists(st.integers(1, 7), min_size=1, unique=True),
        "hours": st.lists(st.sampled_from([["10:00", "14:00"], ["22:00", "02:00"], ["00:00", "24:00"]]), min_size=1),
        "return_policy": st.sampled_from(["keep", "clawback"]),
        "limits": st.fixed_dictionaries(
            {},
            optional={
                "total": st.integers(0, 99), "per_member": st.integers(0, 9), "per_order": st.integers(1, 9),
                "budget": MINOR, "budget_mode": st.sampled_from(["reject", "partial"]),
            },
        ),
    },
)  # fmt: skip


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
