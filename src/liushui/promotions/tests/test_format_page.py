"""The reference of the formats is made from the tables by which documents are read, and every example on it is read."""

import json
import re
from typing import Any

import pytest
from tools.promotions_format import CONDITION_EXAMPLES, EFFECT_EXAMPLES, PAGE, page

from liushui.promotions.domain.basket_json import read_basket
from liushui.promotions.domain.effect_fields import EFFECTS
from liushui.promotions.domain.rule_fields import LEAVES, read_scope
from liushui.promotions.domain.rulebook_json import read_promotion, read_rulebook, write_promotion

TEXT = PAGE.read_text("utf-8")
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]


def test_the_page_is_what_the_tables_say() -> None:
    assert page() == TEXT, "run `python tools/promotions_format.py`"


def test_every_condition_and_every_effect_has_an_example() -> None:
    assert set(CONDITION_EXAMPLES) == set(LEAVES)
    assert set(EFFECT_EXAMPLES) == set(EFFECTS)
    types = [example["type"] for example in EXAMPLES if "type" in example]
    assert types == [*LEAVES, *EFFECTS]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.get("type", next(iter(example), "empty")))
def test_every_example_is_read_and_is_in_normal_form(example: dict[str, Any]) -> None:
    effect = {"type": "points", "add": 1}
    if example.get("type") in EFFECTS:
        written = write_promotion(read_promotion({"id": "p", "effects": [example]}))["effects"][0]
        if example["type"] == "buy_n_get_m":  # one scope stands for both
            written["scope"] = written.pop("buy_scope")
            assert written.pop("get_scope") == written["scope"]
        assert written == example
    elif {"type", "any"} & set(example):
        read = read_promotion({"id": "p", "when": [example], "effects": [effect]})
        assert write_promotion(read)["when"] == [example]
    elif "lines" in example:
        assert read_basket(example).lines[1].measure == (1250, "g")
    elif "promotions" in example:
        [read] = read_rulebook(example).promotions
        assert write_promotion(read) == example["promotions"][0]
    else:
        read_scope(example, "scope")
