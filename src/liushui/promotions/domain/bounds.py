"""How much a promotion could take off at most, in a state and in any that follows from it: the admissible bound.

As promotions are applied, remaining values only fall. What a promotion takes off falls with them, so its cut in this
state bounds its cut later on, but for three cases that are bounded more loosely: promotions that choose among units
while others may be taken from them (the next best unit may be dearer), budgets that refuse (a smaller cut may fit), and
those that two kinds of sets or scopes make hard to foresee (all that their lines are still worth).
"""

from __future__ import annotations

from dataclasses import replace

from liushui.promotions.domain.choosing import CompiledEffect
from liushui.promotions.domain.effects import amount_off, percent_off
from liushui.promotions.domain.rulebook import Limits
from liushui.promotions.domain.state import Counter, Runs, State
from liushui.promotions.domain.turn import CompiledPromotion, Turn, budget_left, take_turn


def upper(compiled: CompiledPromotion, counter: Counter, state: State) -> tuple[int, Turn | None]:
    """The most it could take off from here on, and its very turn in this state where that was worked out."""
    for check in compiled.dynamic:
        if check.falls and not check.holds(counter, state):
            return 0, None
    kind = compiled.bound
    if kind == "without floors" and compiled.promotion.limits.budget is None and counter.without_floors() is counter:
        kind = "its turn"
    if kind == "its turn":
        turn, _ = take_turn(compiled, counter, state)
        return (turn.amount if turn is not None else 0), turn
    amount = _all_there_is(compiled, counter, state)
    if kind == "dearest":
        turn, _ = take_turn(_dearest(compiled), counter.without_floors(), _at_list_prices(counter, state))
        amount = min(amount, turn.amount if turn is not None else 0)
    elif kind == "without floors":
        turn, _ = take_turn(_without_budget(compiled), counter.without_floors(), state)
        amount = min(amount, turn.amount if turn is not None else 0)
    left = budget_left(compiled, counter.basket.usage)
    return (amount if left is None else min(amount, left)), None


def lines_of(compiled: CompiledPromotion, counter: Counter) -> set[int]:
    """The lines whose values it reads or changes."""
    lines = effect_lines_of(compiled, counter)
    for check in compiled.dynamic:
        for scope in check.scopes():
            lines.update(counter.condition_lines(scope))
    return lines


def effect_lines_of(compiled: CompiledPromotion, counter: Counter) -> set[int]:
    """The lines that its effects read or change."""
    lines: set[int] = set()
    for effect in compiled.effects:
        if effect.kind == "gift":
            lines.update(
                index for index, line in enumerate(counter.lines) if line.gift and line.sku == effect.effect.sku
            )
        elif effect.kind in ("unit", "sets"):
            is_pair = effect.effect.type == "buy_n_get_m"
            for scope in (effect.buy_scope, effect.get_scope) if is_pair else (effect.scope, effect.basis_scope):
                lines.update(counter.effect_lines(scope))
    return lines


def _all_there_is(compiled: CompiledPromotion, counter: Counter, state: State) -> int:
    worth = sum(max(0, state.sums[index] - counter.floors[index]) for index in effect_lines_of(compiled, counter))
    return worth + (sum(state.shipping) if compiled.touches_shipping else 0)


def _at_list_prices(counter: Counter, state: State) -> State:
    lines: list[Runs] = [
        tuple((price, *run[1:]) for run in state.runs(index)) for index, price in enumerate(counter.prices)
    ]
    sums = [price * quantity for price, quantity in zip(counter.prices, counter.quantities, strict=True)]
    return State(lines, sums, state.shipping, sum(sums) + sum(state.shipping))


def _without_budget(compiled: CompiledPromotion) -> CompiledPromotion:
    promotion = replace(compiled.promotion, limits=Limits(per_order=compiled.promotion.limits.per_order))
    made = CompiledPromotion(promotion, compiled.checks, compiled.effects)
    made.rank = compiled.rank
    return made


def _dearest(compiled: CompiledPromotion) -> CompiledPromotion:
    """The same promotion rewarding dear units wherever the cheap ones it means could be taken from it."""
    made = _without_budget(compiled)
    made.effects = [_dear(effect) for effect in compiled.effects]
    return made


def _dear(compiled: CompiledEffect) -> CompiledEffect:
    effect = compiled.effect
    in_sets = compiled.kind == "sets" and effect.formation == "sets" and effect.unit_order != "line_order"
    if not compiled.chooses or (in_sets and not compiled.limits_units):
        return compiled
    if effect.type == "cheapest_unit_free":
        most = min(units for units in (effect.units, effect.max_units) if units is not None)
        changed = replace(
            effect, type="percent_off", level="unit", percent=10000, max_units=most, unit_multiple_of=None,
            unit_order="most_expensive",
        )  # fmt: skip
        return compiled.changed(changed, percent_off)
    if effect.type == "first_then_additional_amount_off":
        most = max(effect.first or 0, effect.additional or 0)
        changed = replace(effect, type="amount_off", level="unit", amount=most, unit_order="most_expensive")
        return compiled.changed(changed, amount_off)
    return compiled.changed(replace(effect, unit_order="most_expensive"), compiled.take)
