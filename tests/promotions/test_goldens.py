"""Golden cases: baskets as a shop would tell them, with what they must come to, worked out by hand.

Each case in goldens/*.json says in `by_hand` how its numbers come about; none was copied from the engine. `expect`
names what is compared: total; units per line; applied promotions (all of them, with amounts); rejected ones with their
code; and, where the case is about them, applications, unused, shipping, offers, issued coupons, points, near misses,
reasons.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.promotions import judge

from liushui.promotions.domain.basket_json import read_basket
from liushui.promotions.domain.compiled import compile_rulebook
from liushui.promotions.domain.pricing import price
from liushui.promotions.domain.rulebook_json import read_rulebook

FOLDER = Path(__file__).parent / "goldens"
CASES: list[dict[str, Any]] = [
    case for path in sorted(FOLDER.glob("*.json")) for case in json.loads(path.read_text("utf-8"))
]
EXPECTED = {
    "total", "units", "applied", "rejected", "applications", "unused", "shipping", "offers", "issued", "points",
    "near_misses", "near_miss_ids", "reasons", "order",
}  # fmt: skip


def test_cases_have_names_of_their_own_in_both_languages() -> None:
    ids = [case["id"] for case in CASES]
    assert sorted(set(ids)) == sorted(ids)
    for case in CASES:
        assert set(case["title"]) == {"zh", "en"} and case["by_hand"], case["id"]
        assert set(case["expect"]) <= EXPECTED, case["id"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_engine_says_what_the_case_says(case: dict[str, Any]) -> None:
    compiled = compile_rulebook(read_rulebook(case["rulebook"]))
    answer = price(compiled, read_basket(case["basket"]), explain="all").to_json()
    expect = case["expect"]
    applied = {each["id"]: each for each in answer["promotions"] if each["status"] == "applied"}
    rejected = {each["id"]: each["reason"] for each in answer["promotions"] if each["status"] == "rejected"}
    have: dict[str, Any] = {
        "total": answer["total"],
        "units": {line["id"]: line["units"] for line in answer["lines"] if line["id"] in expect.get("units", {})},
        "applied": {id: each["amount"] for id, each in applied.items()},
        "rejected": {id: rejected[id]["code"] for id in expect.get("rejected", {}) if id in rejected},
        "applications": {id: applied[id]["applications"] for id in expect.get("applications", {}) if id in applied},
        "unused": {id: each["unused"] for id, each in applied.items() if each.get("unused")},
        "shipping": {each["id"]: each["net"] for each in answer["shipping_lines"]},
        "offers": answer["offers"],
        "issued": answer["issued"],
        "points": answer["points"],
        "near_misses": answer["near_misses"],
        "near_miss_ids": [each["id"] for each in answer["near_misses"]],
        "order": [each["id"] for each in answer["promotions"]],
        "reasons": {
            id: {key: rejected.get(id, {}).get(key) for key in reason}
            for id, reason in expect.get("reasons", {}).items()
        },
    }
    assert {key: have[key] for key in expect} == expect
    assert "unused" in expect or have["unused"] == {}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_judge_says_it_too(case: dict[str, Any]) -> None:
    rulebook, basket, expect = read_rulebook(case["rulebook"]), read_basket(case["basket"]), case["expect"]
    state = judge.answer(rulebook, basket)
    assert state.total() == expect["total"]
    assert {id: state.paid(id) for id in expect.get("units", {})} == expect.get("units", {})
    if "applied" in expect:
        assert {each.id: each.amount for each in state.applied} == expect["applied"]
