"""A tiny engine of tests: promotions that take an amount or a percentage off the order, one after the other, within
their limits. It lets the tests of the backtest count in their heads; the real engine has tests of its own."""

from __future__ import annotations

from liushui.promotions.domain.answer import Certificate, Outcome, PricedBasket, PricedLine
from liushui.promotions.domain.basket import Basket, Usage
from liushui.promotions.domain.rulebook import Promotion, Rulebook
from liushui.promotions.domain.trial import Side, Trial, TrySides, Usages, side_of, used


def make_try(live: Rulebook, draft: Rulebook) -> TrySides:
    """The stand-in for both rulebooks."""

    def sides(trial: Trial, live_usage: Usages, draft_usage: Usages) -> tuple[Side, Side]:
        one, other = price(live, used(trial.basket, live_usage)), price(draft, used(trial.basket, draft_usage))
        return side_of(trial, one), side_of(trial, other)

    return sides


def price(rulebook: Rulebook, basket: Basket) -> PricedBasket:
    """Every promotion that may, in the order of the rulebook; cuts fall on the first lines."""
    gross = left = sum(line.unit_price * line.quantity for line in basket.lines)
    outcomes = []
    for promotion in rulebook.promotions:
        outcome = _apply(promotion, basket, left)
        left -= outcome.amount
        outcomes.append(outcome)
    cut, lines = gross - left, []
    for line in basket.lines:
        worth = line.unit_price * line.quantity
        off = min(cut, worth)
        cut -= off
        lines.append(
            PricedLine(id=line.id, gross=worth, discount=off, net=worth - off, runs=((worth - off, 1),), allocations=())
        )
    return PricedBasket(
        currency=basket.currency, total=left, gross=gross, discount=gross - left, shipping=0, lines=tuple(lines),
        shipping_lines=(), promotions=tuple(outcomes), near_misses=(), offers=(), issued=(), points_multiply=10_000,
        points_add=0, certificate=Certificate(mode="best", proven=gross < 90_000, lower_bound=left, gap=0, nodes=1),
        rulebook_version=rulebook.version, rulebook_digest=rulebook.digest, basket=basket,
    )  # fmt: skip


def _apply(promotion: Promotion, basket: Basket, left: int) -> Outcome:
    [effect] = promotion.effects
    usage, limits = basket.usage.get(promotion.id, Usage()), promotion.limits
    amount = min(left, left * effect.percent // 10_000 if effect.percent else effect.amount or 0)
    need = promotion.when[0].amount if promotion.when else 0  # type: ignore[union-attr]  # a leaf
    if left < (need or 0):
        return _no(promotion, "condition", "when[0]")
    if limits.total is not None and usage.total >= limits.total:
        return _no(promotion, "limit", "limits.total")
    if limits.per_member is not None and (basket.member is None or usage.member >= limits.per_member):
        return _no(promotion, "limit", "limits.per_member")
    if limits.budget is not None and usage.spent + amount > limits.budget:
        amount = max(0, limits.budget - usage.spent) if limits.budget_mode == "partial" else 0
        if not amount:
            return _no(promotion, "limit", "limits.budget")
    return Outcome(id=promotion.id, status="applied", amount=amount, applications=1)


def _no(promotion: Promotion, code: str, path: str) -> Outcome:
    return Outcome(id=promotion.id, status="rejected", reason={"code": code, "path": path})
