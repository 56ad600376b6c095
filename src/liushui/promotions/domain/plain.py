"""Plain promotions: an amount, a percent or 每满减 off everything there is, without company that it may not have.

What such a promotion takes off depends on nothing but the sum of all lines, so that the search decides the plain ones
at the end of the order of application by arithmetic on that sum (search.py), and bounds them by it (chain.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from liushui.promotions.domain.allocation import round_half_up
from liushui.promotions.domain.choosing import CompiledEffect, Place
from liushui.promotions.domain.effects import tier_value
from liushui.promotions.domain.state import Counter
from liushui.promotions.domain.turn import CompiledPromotion


@dataclass(frozen=True, slots=True)
class Plain:
    """One of `amount`, `percent` (basis points) or `each` off each full `every`, once the sum reaches `threshold`."""

    amount: int = 0
    percent: int = 0
    every: int = 0
    each: int = 0
    times: int | None = None
    threshold: int = 0
    at_most: int = 0  # off the sum with which the basket begins

    @property
    def jumps(self) -> bool:
        """Whether it may leave less of a larger sum: by a threshold, or at each multiple."""
        return self.threshold > 0 or self.every > 0

    def cut(self, worth: int) -> int:
        """What it takes off when the lines together are worth so much."""
        if worth < self.threshold:
            return 0
        if self.every:
            times = worth // self.every
            return min(worth, self.each * (times if self.times is None else min(times, self.times)))
        return min(worth, self.amount or round_half_up(worth, self.percent))

    def least(self, worth: int) -> int:
        """What is left at least, applied or not, of a sum of at least so much."""
        if not self.at_most or worth <= 0:
            return max(0, worth)
        if self.percent:
            return worth - min(worth, round_half_up(worth, self.percent))
        if self.every > self.each:
            return max(worth - self.at_most, worth * (self.every - self.each) // self.every)
        return max(0, worth - self.at_most)


def plain(compiled: CompiledPromotion, counter: Counter, lines: Sequence[int]) -> Plain | None:
    """The promotion as a plain one over exactly these lines; None when it is not."""
    promotion = compiled.promotion
    if len(compiled.effects) != 1 or promotion.unit_exclusive or compiled.is_catalogue or compiled.benefits:
        return None
    if promotion.group is not None or promotion.limits.budget is not None or any(counter.floors):
        return None
    [one] = compiled.effects
    effect = one.effect
    if effect.base == "list" or effect.max_discount is not None or one.limits_units or one.scope.untouched:
        return None
    if list(counter.effect_lines(one.scope)) != list(lines):
        return None
    threshold = _threshold(compiled, counter, lines)
    taking = _taking(one, counter, promotion.limits.per_order)
    if threshold is None or taking is None:
        return None
    amount, percent, every, each, times = taking
    made = Plain(amount=amount, percent=percent, every=every, each=each, times=times, threshold=threshold)
    at_most = made.cut(sum(counter.start.sums[line] for line in lines))
    return Plain(
        amount=amount, percent=percent, every=every, each=each, times=times, threshold=threshold, at_most=at_most
    )


def _taking(
    one: CompiledEffect, counter: Counter, per_order: int | None
) -> tuple[int, int, int, int, int | None] | None:
    effect = one.effect
    if effect.type == "every_amount_off":
        given = [most for most in (effect.max_times, per_order) if most is not None]
        return 0, 0, effect.every or 1, effect.amount or 0, min(given, default=None)
    if effect.level != "order":
        return None
    if effect.type == "amount_off":
        return effect.amount or 0, 0, 0, 0, None
    if effect.type == "percent_off":
        return 0, effect.percent or 0, 0, 0, None
    if effect.basis is None or effect.marginal or one.basis_scope.untouched:
        return None
    value = tier_value(one, Place(counter, counter.start, 0, None, is_catalogue=False))
    return (0, value, 0, 0, None) if effect.type == "tiered_percent_off" else (value, 0, 0, 0, None)


def _threshold(compiled: CompiledPromotion, counter: Counter, lines: Sequence[int]) -> int | None:
    """The least sum at which its conditions hold; None when they ask for anything else that changes."""
    threshold = 0
    for check in compiled.dynamic:
        leaf, scope = check.leaf, check.scope
        if leaf is None or scope is None or leaf.type != "discounted_subtotal_at_least" or scope.untouched:
            return None
        looked_at = counter.condition_lines(scope)
        if not set(lines) <= set(looked_at):
            return None
        others = sum(counter.start.sums[line] for line in looked_at if line not in lines)
        threshold = max(threshold, (leaf.amount or 0) - others)
    return threshold
