"""Amounts off whole lines, by the sums of the lines alone: what most promotions of a whole order come to."""

from __future__ import annotations

from liushui.promotions.domain.allocation import round_half_up
from liushui.promotions.domain.choosing import CompiledEffect
from liushui.promotions.domain.state import Counter, State

_TYPES = ("amount_off", "percent_off", "tiered_amount_off", "tiered_percent_off")


def is_of_order(compiled: CompiledEffect) -> bool:
    """Whether the effect takes one amount off all units of its lines in fair shares, by what remains of them."""
    effect = compiled.effect
    if compiled.limits_units or compiled.scope.untouched or compiled.basis_scope.untouched or effect.base == "list":
        return False
    if effect.type == "every_amount_off":
        return True
    return effect.type in _TYPES and effect.level == "order" and not effect.marginal


def asked_of_order(compiled: CompiledEffect, counter: Counter, worth: int, most: int | None) -> tuple[int, int]:
    """(amount, applications) that it means to give when its lines are worth so much."""
    effect = compiled.effect
    if effect.type == "every_amount_off":
        times = worth // (effect.every or 1)
        for limit in (effect.max_times, most):
            if limit is not None:
                times = min(times, limit)
        return times * (effect.amount or 0), times
    if effect.type == "amount_off":
        value = effect.amount or 0
    elif effect.type == "percent_off":
        value = effect.percent or 0
    else:
        value = _tier_value(compiled, counter)
    amount = round_half_up(worth, value) if effect.type.endswith("percent_off") else value
    return (amount, 1) if value > 0 else (0, 0)


def reached_of_order(compiled: CompiledEffect, counter: Counter, state: State) -> tuple[int, int]:
    """(have, need) of the first amount or quantity from which it gives something; need is 0 where there is none."""
    effect = compiled.effect
    if effect.type == "every_amount_off":
        return sum(state.sums[index] for index in counter.effect_lines(compiled.scope)), effect.every or 0
    return _basis(compiled, counter), next((start for start, value in effect.tiers if value > 0), 0)


def _tier_value(compiled: CompiledEffect, counter: Counter) -> int:
    """The value of the highest tier that the basis reaches."""
    reached, value = _basis(compiled, counter), compiled.effect.base_value
    for start, at in compiled.effect.tiers:
        if reached >= start:
            value = at
    return value


def _basis(compiled: CompiledEffect, counter: Counter) -> int:
    """The quantity, or the subtotal at list prices, that tiers are looked up by."""
    indexes = counter.effect_lines(compiled.basis_scope)
    if compiled.effect.basis == "eligible_quantity":
        return sum(counter.quantities[index] for index in indexes)
    return sum(counter.prices[index] * counter.quantities[index] for index in indexes)
