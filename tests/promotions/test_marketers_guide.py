"""The recipes of docs/guides/promotions-for-marketers: each basket comes to the price that stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from liushui.promotions.domain.basket_json import read_basket
from liushui.promotions.domain.compiled import compile_rulebook
from liushui.promotions.domain.pricing import price
from liushui.promotions.domain.rulebook_json import read_rulebook

FOLDER = Path(__file__).parents[2] / "docs" / "guides"
PAGES = ("promotions-for-marketers.md", "promotions-for-marketers.zh-CN.md")


def fen(text: str) -> int:
    yuan, cents = text.strip().split(".")
    return int(yuan) * 100 + int(cents)


def examples(name: str) -> list[tuple[str, str]]:
    """Promotion and example, one of each for every line below a recipe."""
    page = (FOLDER / name).read_text("utf-8")
    found = re.findall(r"```json recipe\n(.*?)```\n\n((?:- [^\n]*\n)+)", page, re.S)
    return [(promotion, line[2:]) for promotion, lines in found for line in lines.splitlines()]


@pytest.mark.parametrize("name", PAGES)
def test_every_recipe_comes_to_the_price_beside_it(name: str) -> None:
    assert len(examples(name)) == 14
    for promotion, example in examples(name):
        goods, total = example.split("→")
        lines = []
        for place, part in enumerate(goods.split("+")):
            quantity, unit_price = part.split("×") if "×" in part else ("1", part)
            line = {"id": str(place), "sku": str(place), "unit_price": fen(unit_price), "quantity": int(quantity)}
            lines.append(line)
        compiled = compile_rulebook(read_rulebook({"promotions": [json.loads(promotion)]}))
        answer = price(compiled, read_basket({"currency": "CNY", "lines": lines}))
        assert answer.total == fen(total), (promotion, example)


def test_both_languages_have_the_same_recipes() -> None:
    assert examples(PAGES[0]) == examples(PAGES[1])
