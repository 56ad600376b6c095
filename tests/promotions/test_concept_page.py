"""The worked example of docs/concepts/how-a-price-comes-about: its numbers are what the engine says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from liushui.promotions.domain.basket_json import read_basket
from liushui.promotions.domain.compiled import compile_rulebook
from liushui.promotions.domain.pricing import price
from liushui.promotions.domain.rulebook_json import read_rulebook

FOLDER = Path(__file__).parents[2] / "docs" / "concepts"
PAGES = ("how-a-price-comes-about.md", "how-a-price-comes-about.zh-CN.md")


def block(page: str, name: str) -> dict[str, object]:
    found = re.search(rf"```json {name}\n(.*?)```", page, re.S)
    assert found is not None
    document: dict[str, object] = json.loads(found[1])
    return document


def amount(cell: str) -> int:
    return int(cell.strip("* ") or "0")


@pytest.mark.parametrize("name", PAGES)
def test_the_table_of_the_page_is_the_answer_of_the_engine(name: str) -> None:
    page = (FOLDER / name).read_text("utf-8")
    compiled = compile_rulebook(read_rulebook(block(page, "rulebook")))
    answer = price(compiled, read_basket(block(page, "basket")), explain="all").to_json()
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in re.findall(r"^\|.*\|$", page, re.M)]
    head, _, *body, total = rows
    promotions = head[2:-2]
    assert [each["id"] for each in answer["promotions"] if each["status"] == "applied"] == promotions
    assert [row[0] for row in body] == [line["id"] for line in answer["lines"]]
    for row, line in zip(body, answer["lines"], strict=True):
        given = {each["promotion"]: each["amount"] for each in line["allocations"]}
        assert [amount(cell) for cell in row[2:-2]] == [given.get(promotion, 0) for promotion in promotions]
        assert (amount(row[1]), amount(row[-2])) == (line["gross"], line["net"])
        assert [int(unit) for unit in row[-1].split(",")] == line["units"]
    amounts = [each["amount"] for each in answer["promotions"] if each["status"] == "applied"]
    assert [amount(cell) for cell in total[1:-1]] == [answer["gross"], *amounts, answer["total"]]


def test_what_the_page_says_of_the_others() -> None:
    page = (FOLDER / PAGES[0]).read_text("utf-8")
    compiled = compile_rulebook(read_rulebook(block(page, "rulebook")))
    answer = price(compiled, read_basket(block(page, "basket")), explain="all").to_json()
    reasons = {each["id"]: each["reason"] for each in answer["promotions"] if each["status"] == "rejected"}
    assert set(reasons) == {"hair-20", "spend-300"}
    assert (reasons["hair-20"]["code"], reasons["hair-20"]["with"]) == ("conflict", ["hair-second-half"])
    assert reasons["spend-300"]["code"] == "condition"
    assert answer["near_misses"] == [{"id": "spend-300", "reason": {"path": "when[0]", "have": 22550, "need": 30000}}]
    assert (answer["certificate"]["proven"], answer["certificate"]["gap"]) == (True, 0)
