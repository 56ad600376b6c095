"""The lint on random rulebooks: what it calls impossible never happens, what it shows is what the engine says."""

from __future__ import annotations

from datetime import datetime

from tests.promotions.generators import Seeded, basket, rulebook

from liushui.promotions.domain.answer import PricedBasket
from liushui.promotions.domain.basket_json import read_basket
from liushui.promotions.domain.compiled import compile_rulebook
from liushui.promotions.domain.lint import CODES, lint
from liushui.promotions.domain.pricing import price
from liushui.promotions.domain.rulebook_json import read_rulebook

AT = datetime.fromisoformat("2026-03-01T09:00:00+08:00")
NEVER = ("never_eligible", "gives_nothing")
ALONE = ("threshold_unreachable", "gives_nothing", "not_tried")  # their answers are of the promotion alone
RULEBOOKS = 150
BASKETS = 60
CALLED = 14  # promotions of these rulebooks that are called impossible


def applied(answer: PricedBasket) -> set[str]:
    return {each.id for each in answer.promotions if each.status == "applied"}


def test_what_is_called_impossible_never_happens() -> None:
    called = 0
    for seed in range(RULEBOOKS):
        source = Seeded(seed)
        book = read_rulebook(rulebook(source, most=6))
        never = {name for each in lint(book, at=AT) if each.code in NEVER for name in each.promotions}
        called += len(never)
        compiled = compile_rulebook(book)
        for _ in range(BASKETS if never else 0):
            assert never.isdisjoint(applied(price(compiled, read_basket(basket(source)), node_limit=500))), seed
    assert called == CALLED


def test_every_basket_shown_comes_to_the_answer_shown_and_every_finding_is_known() -> None:
    for seed in range(60):
        book = read_rulebook(rulebook(Seeded(1_000 + seed), most=6))
        compiled = compile_rulebook(book)
        findings = lint(book, at=AT)
        assert findings == lint(book, at=AT)
        for each in findings:
            assert CODES[each.code] == each.severity
            for witness, answer in ((each.witness, each.answer), (each.other_witness, each.other_answer)):
                assert (witness is None) == (answer is None)
                if witness is not None and answer is not None and each.code not in ALONE:
                    again = price(compiled, read_basket(witness), node_limit=400).to_json()
                    assert (again["total"], again["lines"]) == (answer["total"], answer["lines"]), (seed, each.code)
