"""Coupon batches that a rulebook stands on: unknown, void, expired, or without codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from liushui.promotions.domain.answer import PricedBasket
from liushui.promotions.domain.basket import Basket
from liushui.promotions.domain.lint_bench import Bench
from liushui.promotions.domain.lint_catalogue import Batch
from liushui.promotions.domain.lint_conditions import leaves
from liushui.promotions.domain.rulebook import Promotion


def check(bench: Bench, possible: Sequence[Promotion]) -> None:
    """Say which promotions ask for, or issue, coupons that nobody can have."""
    batches = bench.knowledge.batches
    if batches is None:
        return
    for promotion in possible:
        asked = [
            (leaf.batch, path)
            for leaf, path in leaves(promotion=promotion)
            if leaf.type == "coupon" and leaf.batch is not None
        ]
        issued = [
            (effect.batch, f"effects[{number}]")
            for number, effect in enumerate(promotion.effects)
            if effect.type == "issue_coupon" and effect.batch is not None
        ]
        for batch_id, path in dict(asked + issued).items():
            why = _what_is_wrong(bench, promotion, batches.get(batch_id))
            if why is None and (batch_id, path) in issued:
                why = _why_none_is_given(batches[batch_id])
            if why is not None:
                code = "coupon_unknown" if why == "unknown" else "coupon_unusable"
                values = {"batch": batch_id, "why": why, "path": path}
                bench.say(code, [promotion.id], values=values, shown=_shown(bench, promotion, batch_id))


def _what_is_wrong(bench: Bench, promotion: Promotion, batch: Batch | None) -> str | None:
    """Unknown, void, expired or empty; also a batch that is over before the promotion begins."""
    if batch is None:
        return "unknown"
    if batch.void:
        return "void"
    first = max(bench.knowledge.at, promotion.starts_at or bench.knowledge.at)
    if batch.expires_at is not None and batch.expires_at <= first:
        return "expired"
    return "empty" if batch.codes_left == 0 else None


def _why_none_is_given(batch: Batch) -> str | None:
    """Its codes are not handed out one by one, or all of them were."""
    if not batch.gives:
        return "wrong_kind"
    return None if batch.can_issue else "empty"


def _shown(bench: Bench, promotion: Promotion, batch_id: str) -> tuple[Basket, PricedBasket]:
    """A basket that has all that the promotion asks for but the code, which nobody can have."""
    basket = bench.witnesses[promotion.id].basket
    without = replace(basket, codes=tuple(each for each in basket.codes if each.batch != batch_id))
    return without, bench.price(without)
