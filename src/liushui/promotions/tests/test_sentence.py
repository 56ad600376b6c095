"""Every promotion says itself in both languages, and names every number in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from liushui.promotions.domain.rulebook import Condition, Effect, Leaf, Promotion, Scope
from liushui.promotions.domain.rulebook_json import read_promotion
from liushui.promotions.domain.sentence import Language, sentence
from liushui.promotions.domain.sentence_names import NAMED_AT_ONCE, Names, amount_text, decimal_text
from liushui.promotions.tests.any_promotion import PROMOTION

NAMES = Names(
    categories={"food/snacks": ("零食", "Snacks"), "drinks": ("饮料", "Drinks")},
    items={"69": ("可乐", "Cola")},
    stores={"E1": ("南京路店", "Nanjing Road")},
    regions={"EAST": ("华东", "East")},
    tiers={"gold": ("金卡", "Gold")},
    batches={"SPRING": ("春季券", "Spring coupon")},
    promotions={"other": ("别的促销", "Another one")},
)
GOLDENS = json.loads((Path(__file__).parent / "sentences.json").read_text())
MONEY = (
    "amount",
    "price",
    "first",
    "additional",
    "every",
    "max_discount",
    "unit_price_min",
    "unit_price_max",
    "budget",
)
PLAIN = (
    "n", "days", "buy_qty", "get_qty", "max_applications", "units", "group_size", "max_times", "qty", "add",
    "max_units", "max_units_per_line", "unit_multiple_of", "total", "per_member", "per_order", "group_max",
)  # fmt: skip


def percent_words(points: int, language: Language) -> str:
    if language == "zh":
        return {10000: "免费", 5000: "半价"}.get(points) or decimal_text(10000 - points, 3)
    return {10000: "free", 5000: "half price"}.get(points) or f"{decimal_text(points, 2)}%"


def parts(promotion: Promotion) -> Iterator[Any]:
    """Everything in it that has fields of its own."""

    def leaves(conditions: tuple[Condition, ...]) -> Iterator[Leaf]:
        for each in conditions:
            if isinstance(each, Leaf):
                yield each
            else:
                yield from leaves(each.parts)

    yield promotion
    yield promotion.limits
    for each in (*leaves(promotion.when), *promotion.effects):
        yield each
        yield from (found for name in ("scope", "buy_scope", "get_scope") if (found := getattr(each, name, None)))


def numbers(promotion: Promotion, language: Language) -> Iterator[str]:
    """How the sentence has to write each number of the promotion."""
    for part in parts(promotion):
        for name in MONEY:
            if isinstance(getattr(part, name, None), int):
                yield amount_text(getattr(part, name), "CNY")
        for name in PLAIN:
            is_told_in_group = name != "group_max" or promotion.group is not None
            if isinstance(getattr(part, name, None), int) and is_told_in_group:
                yield str(getattr(part, name))
        for name in ("lane", "priority"):
            if getattr(part, name, 0):
                yield str(getattr(part, name))
        if isinstance(part, Effect):
            if part.type == "buy_n_get_m" and part.percent == 10000 and language == "zh":
                yield "送" if part.buy_scope == part.get_scope else "免费"
            elif part.percent is not None:
                yield percent_words(part.percent, language)
            if part.multiply is not None:
                yield decimal_text(part.multiply, 4)
            for start, value in part.tiers:
                yield str(start) if part.basis == "eligible_quantity" else amount_text(start, "CNY")
                is_percent = part.type == "tiered_percent_off"
                yield percent_words(value, language) if is_percent else amount_text(value, "CNY")
        if isinstance(part, Leaf) and isinstance(part.value, int) and not isinstance(part.value, bool):
            yield str(part.value)


@pytest.mark.parametrize("language", ["zh", "en"])
@given(document=PROMOTION)
@settings(max_examples=100, deadline=None)
def test_every_promotion_names_every_number_in_it(language: Language, document: dict[str, Any]) -> None:
    promotion = read_promotion(document)
    said = sentence(promotion, language=language, names=Names())
    assert [number for number in numbers(promotion, language) if number not in said] == []
    for part in parts(promotion):
        for scope in (part,) if isinstance(part, Scope) else ():
            for codes in (scope.sku_in, scope.category_in, scope.brand_in, scope.tag_in, scope.category_not_in):
                assert [code for code in codes or () if code not in said] == []
    assert said == sentence(promotion, language=language, names=Names())


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden["zh"])
def test_sentences_as_a_shop_would_say_them(golden: dict[str, Any]) -> None:
    promotion = read_promotion({"id": "a", **golden["promotion"]})
    assert sentence(promotion, language="zh", names=NAMES) == golden["zh"]
    assert sentence(promotion, language="en", names=NAMES) == golden["en"]


def test_many_things_are_counted_not_listed() -> None:
    skus = [f"S{number:03}" for number in range(40)]
    effect = {"type": "percent_off", "percent": 20, "level": "unit", "scope": {"sku_in": skus}}
    promotion = read_promotion({"id": "a", "effects": [effect]})
    assert sentence(promotion, language="zh", names=NAMES) == "“S000、S001、S002、S003、S004等 40 种”打 8 折。"
    assert "and others, 40 in all" in sentence(promotion, language="en", names=NAMES)
    assert NAMED_AT_ONCE == 6
