"""The engine against the judge: thousands of small random rulebooks and baskets, every figure the same.

The judge (judge.py) tries every set of promotions and every number of applications, unit by unit; so what it says is
the best price there is. `LIUSHUI_JUDGE_CASES` and `LIUSHUI_JUDGE_SEED` make it a longer run, by hand.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from tests.promotions import judge
from tests.promotions.comparison import by_the_engine, by_the_judge, differences
from tests.promotions.flavours import FLAVOURS, flavoured_case
from tests.promotions.generators import seeded_case
from tests.promotions.judge_state import State

from liushui.promotions.domain.basket import Basket
from liushui.promotions.domain.basket_json import read_basket
from liushui.promotions.domain.compiled import CompiledRulebook, compile_rulebook
from liushui.promotions.domain.pricing import SetNotAllowed, price, price_set
from liushui.promotions.domain.rulebook import Rulebook
from liushui.promotions.domain.rulebook_json import read_rulebook

CASES = int(os.environ.get("LIUSHUI_JUDGE_CASES", "3000"))
SEED = int(os.environ.get("LIUSHUI_JUDGE_SEED", "0"))
PARTS = 4

Case = tuple[Rulebook, CompiledRulebook, Basket]


def case_of(seed: int, *, most: int, mode: str | None = None) -> Case:
    rulebook_document, basket_document = seeded_case(seed, most=most, mode=mode)
    rulebook = read_rulebook(rulebook_document)
    return rulebook, compile_rulebook(rulebook), read_basket(basket_document)


def told(seed: int, what: Any, *, most: int, mode: str | None = None) -> str:
    rulebook, basket = seeded_case(seed, most=most, mode=mode)
    return f"seed {seed}: {what}\n{json.dumps(rulebook)}\n{json.dumps(basket)}"


def seeds(part: int) -> range:
    return range(SEED + part, SEED + CASES, PARTS)


@pytest.mark.parametrize("part", range(PARTS))
def test_every_promotion_alone_gives_what_the_judge_gives(part: int) -> None:
    for seed in seeds(part):
        rulebook, compiled, basket = case_of(seed, most=2)
        for promotion in rulebook.promotions:
            compare_set(seed, rulebook, compiled, basket, {promotion.id: None}, most=2)


@pytest.mark.parametrize("part", range(PARTS))
def test_fixed_sets_give_what_the_judge_gives(part: int) -> None:
    """All promotions together, all but the first, and the first unit_exclusive one just once."""
    for seed in seeds(part):
        rulebook, compiled, basket = case_of(seed, most=3)
        everything: dict[str, int | None] = {promotion.id: None for promotion in rulebook.promotions}
        compare_set(seed, rulebook, compiled, basket, everything, most=3)
        first = judge.in_order(rulebook)[0].id
        compare_set(seed, rulebook, compiled, basket, {id: None for id in everything if id != first}, most=3)
        takers = [each.id for each in judge.in_order(rulebook) if each.unit_exclusive]
        if takers:
            compare_set(seed, rulebook, compiled, basket, everything | {takers[0]: 1}, most=3)


def compare_set(
    seed: int,
    rulebook: Rulebook,
    compiled: CompiledRulebook,
    basket: Basket,
    chosen: dict[str, int | None],
    *,
    most: int,
) -> None:
    theirs = judge.apply(rulebook, basket, chosen)
    try:
        ours = price_set(compiled, basket, chosen=chosen)
    except SetNotAllowed:
        assert isinstance(theirs, judge.Refusal), told(seed, ("refused by the engine alone", chosen), most=most)
        return
    assert isinstance(theirs, State), told(seed, ("refused by the judge alone", chosen, theirs), most=most)
    wrong = differences(by_the_engine(ours), by_the_judge(theirs))
    assert wrong == {}, told(seed, (chosen, wrong), most=most)


@pytest.mark.parametrize("part", range(PARTS))
def test_one_pass_gives_what_the_judge_gives(part: int) -> None:
    for seed in seeds(part):
        rulebook, compiled, basket = case_of(seed, most=5, mode="sequential")
        state = judge.sequential(rulebook, basket)
        compare_answer(seed, rulebook, compiled, basket, state, most=5, mode="sequential")


@pytest.mark.parametrize("part", range(PARTS))
def test_the_best_set_is_the_best_of_all_sets(part: int) -> None:
    for seed in seeds(part):
        rulebook, compiled, basket = case_of(seed, most=5, mode="best")
        state = judge.best(rulebook, basket)
        answer = compare_answer(seed, rulebook, compiled, basket, state, most=5, mode="best")
        assert answer.certificate.proven, told(seed, "not proven", most=5, mode="best")
        assert (answer.certificate.lower_bound, answer.certificate.gap) == (state.total(), 0)


def compare_answer(
    seed: int, rulebook: Rulebook, compiled: CompiledRulebook, basket: Basket, state: State, *, most: int, mode: str
) -> Any:
    """Amounts, and for each promotion left out the code of its reason."""
    answer = price(compiled, basket, explain="all")
    wrong: dict[str, Any] = differences(by_the_engine(answer), by_the_judge(state))
    assert wrong == {}, told(seed, wrong, most=most, mode=mode)
    codes = {each.id: (each.reason or {})["code"] for each in answer.promotions if each.status == "rejected"}
    wanted = judge.reasons(rulebook, basket, state)
    assert codes == wanted, told(seed, (codes, wanted), most=most, mode=mode)
    return answer


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_best_set_of_every_flavour_is_the_best_of_all_sets(flavour: str) -> None:
    for seed in range(SEED, SEED + CASES // 10):
        rulebook_document, basket_document = flavoured_case(seed, flavour, most=6)
        rulebook, basket = read_rulebook(rulebook_document), read_basket(basket_document)
        answer = price(compile_rulebook(rulebook), basket, explain="all")
        wrong: dict[str, Any] = differences(by_the_engine(answer), by_the_judge(judge.best(rulebook, basket)))
        case = f"{flavour} {seed}\n{json.dumps(rulebook_document)}\n{json.dumps(basket_document)}"
        assert wrong == {}, f"{wrong}\n{case}"
        assert answer.certificate.proven, case
