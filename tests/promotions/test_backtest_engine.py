"""A backtest works receipts out without explanations; it says of them what the engine's own answers say."""

from __future__ import annotations

from dataclasses import replace

from tests.promotions.generators import Seeded, basket, rulebook

from liushui.promotions.domain.backtest_engine import engine_try
from liushui.promotions.domain.basket import Basket
from liushui.promotions.domain.compiled import compile_rulebook
from liushui.promotions.domain.pricing import price
from liushui.promotions.domain.rulebook import Rulebook
from liushui.promotions.domain.trial import Trial, side_of, used

CASES = 600


def test_what_a_backtest_says_of_a_receipt_is_what_its_answers_say() -> None:
    touched = refused = 0
    for seed in range(CASES):
        draw = Seeded(seed)
        live, draft = (Rulebook.from_json(rulebook(draw)) for _ in range(2))
        draft = replace(draft, promotions=tuple({p.id: p for p in (*draft.promotions, *live.promotions[::2])}.values()))
        made = Basket.from_json(basket(draw))
        lines = len(made.lines)
        costs = tuple(None if seed + n & 1 else n * 70 for n in range(lines))
        trial = Trial(
            receipt="1", day="", basket=replace(made, usage={}), costs=costs, tax_bp=tuple(900 for _ in range(lines))
        )
        sides = engine_try(live, draft)(trial, made.usage, made.usage)
        for side, book in zip(sides, (live, draft), strict=True):
            answer = price(compile_rulebook(book), used(trial.basket, made.usage))
            assert side == side_of(trial, answer)
            touched += bool(side.applied)
            refused += bool(side.refused)
    assert touched > CASES  # most rulebooks do something
    assert refused > CASES // 20
