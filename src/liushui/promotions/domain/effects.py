"""What each type of effect takes off which units; sets (buy n get m and their kin) are effects_sets.py's.

Formulas are those of docs/reference/promotions.md, "Cuts".
"""

from __future__ import annotations

from liushui.promotions.domain.allocation import round_half_up
from liushui.promotions.domain.choosing import (
    GIVEN,
    Chosen,
    CompiledEffect,
    Piece,
    Place,
    Taking,
    by_dearness,
    chosen,
    first_of,
    first_units,
    found,
    in_line_order,
)
from liushui.promotions.domain.levels import (
    amount_at_level,
    by_order,
    by_unit,
    over_charges,
    percent_at_level,
    worth,
)
from liushui.promotions.domain.rulebook import Effect
from liushui.promotions.domain.units import Run, count, in_order, number, split


def percent_off(compiled: CompiledEffect, place: Place) -> Taking:
    """percent_off."""
    taking = Taking()
    percent_at_level(compiled, place, compiled.effect.percent or 0, taking)
    return taking


def amount_off(compiled: CompiledEffect, place: Place) -> Taking:
    """amount_off."""
    taking = Taking()
    amount_at_level(compiled, place, compiled.effect.amount or 0, taking)
    return taking


def fixed_unit_price(compiled: CompiledEffect, place: Place) -> Taking:
    """fixed_unit_price: units above the price come down to it."""
    taking = Taking()
    effect, prices = compiled.effect, place.counter.prices
    price, on_list = effect.price or 0, effect.base == "list"
    above: Chosen = []
    for index, free, rest in chosen(compiled, place):
        high = [run for run in free if (prices[index] if on_list else run[0]) > price]
        if high:
            low = [run for run in free if run not in high]
            above.append((index, high, rest + low))
    if above:
        taking.applications = 1
        by_unit(above, lambda index, run: (prices[index] if on_list else run[0]) - price, taking)
    return taking


def cheapest_unit_free(compiled: CompiledEffect, place: Place) -> Taking:
    """cheapest_unit_free."""
    taking = Taking()
    lines = first_units(chosen(compiled, place), compiled.effect.units or 0, "cheapest", place)
    if lines:
        taking.applications = 1
        by_unit(lines, lambda index, run: run[0], taking)
    return taking


def first_then_additional(compiled: CompiledEffect, place: Place) -> Taking:
    """first_then_additional_amount_off."""
    taking = Taking()
    effect = compiled.effect
    lines = chosen(compiled, place)
    if not lines:
        return taking
    taking.applications = 1
    order = effect.unit_order or "line_order"
    [(first_line, [first_run], _)] = first_units(lines, 1, order, place)
    first, additional = effect.first or 0, effect.additional or 0
    apart = []
    for index, free, rest in lines:
        if index == first_line:
            free = [piece for run in free for piece in _without(run, first_run)]
            free.append(first_run)
        apart.append((index, free, rest))
    by_unit(apart, lambda index, run: first if index == first_line and run[1] == first_run[1] else additional, taking)
    return taking


def _without(run: Run, unit: Run) -> list[Run]:
    """A run without one unit, which may not be of it."""
    _value, start, width, period, repeats, _flags = run
    at = unit[1]
    turn, offset = divmod(at - start, period)
    if at < start or turn >= repeats or offset >= width:
        return [run]
    before, others = split(run, turn * width + offset)
    _one, after = first_of(others, 1)
    return before + after


def every_amount_off(compiled: CompiledEffect, place: Place) -> Taking:
    """every_amount_off: 每满减."""
    taking = Taking()
    effect = compiled.effect
    lines = chosen(compiled, place)
    base = sum(worth(index, free, effect, place) for index, free, _ in lines)
    times = base // (effect.every or 1)
    for most in (effect.max_times, place.most):
        if most is not None:
            times = min(times, most)
    if times:
        taking.applications = times
        taking.asked = times * (effect.amount or 0)
        by_order(lines, taking.asked, place, taking)
    return taking


def tiered(compiled: CompiledEffect, place: Place) -> Taking:
    """tiered_percent_off and tiered_amount_off."""
    taking = Taking()
    effect = compiled.effect
    is_percent = effect.type == "tiered_percent_off"
    if effect.marginal and effect.basis == "eligible_quantity":
        _by_place(compiled, place, taking, is_percent=is_percent)
        return taking
    if effect.marginal:
        _by_slices(compiled, place, _basis(compiled, place), taking, is_percent=is_percent)
        return taking
    value = tier_value(compiled, place)
    (percent_at_level if is_percent else amount_at_level)(compiled, place, value, taking)
    return taking


def tier_value(compiled: CompiledEffect, place: Place) -> int:
    """The value of the highest tier that the basis reaches."""
    return _tier_value(compiled.effect, _basis(compiled, place))


def _basis(compiled: CompiledEffect, place: Place) -> int:
    lines = found(compiled.basis_scope, place)
    if compiled.effect.basis == "eligible_quantity":
        return sum(number(free) for _, free, _ in lines)
    return sum(place.counter.prices[index] * number(free) for index, free, _ in lines)


def _tier_value(effect: Effect, reached: int) -> int:
    value = effect.base_value
    for start, at in effect.tiers:
        if reached >= start:
            value = at
    return value


def _by_slices(compiled: CompiledEffect, place: Place, basis: int, taking: Taking, *, is_percent: bool) -> None:
    """Marginal over the subtotal: the slices' percents as one average percent, or the tiers' amounts added up."""
    effect = compiled.effect
    if not is_percent:
        amount = effect.base_value + sum(value for start, value in effect.tiers if basis >= start)
        lines = chosen(compiled, place)
        if lines and amount > 0:
            taking.applications, taking.asked = 1, amount
            by_order(lines, amount, place, taking)
        return
    steps = [(0, effect.base_value), *effect.tiers]
    ends = [start for start, _ in effect.tiers]
    weighted = sum(
        (min(basis, ends[index]) if index < len(ends) else basis) * value - min(basis, start) * value
        for index, (start, value) in enumerate(steps)
    )
    lines = chosen(compiled, place)
    if not lines or weighted <= 0 or basis <= 0:
        return
    taking.applications = 1
    whole = basis * 10000
    if place.is_catalogue:
        prices, on_list = place.counter.prices, effect.base == "list"
        by_unit(
            lines,
            lambda index, run: (2 * (prices[index] if on_list else run[0]) * weighted + whole) // (2 * whole),
            taking,
        )
        return
    base = sum(worth(index, free, effect, place) for index, free, _ in lines)
    taking.asked = (2 * base * weighted + whole) // (2 * whole)
    by_order(lines, taking.asked, place, taking)


def _by_place(compiled: CompiledEffect, place: Place, taking: Taking, *, is_percent: bool) -> None:
    """Marginal over the quantity: each unit by the tier that its place falls into."""
    effect, prices = compiled.effect, place.counter.prices
    lines = chosen(compiled, place)
    order = effect.unit_order or "most_expensive"
    stream = in_line_order(lines) if order == "line_order" else by_dearness(lines, place)
    if order == "cheapest":
        stream.reverse()
    marks = [start for start, _ in effect.tiers]
    pieces: dict[int, list[Piece]] = {index: [(run, 0, False) for run in rest] for index, _, rest in lines}
    passed, reduced = 0, False
    for index, run in stream:
        left = [run]
        while left:
            piece, *left = left
            units = count(piece)
            border = next((mark - 1 - passed for mark in marks if 0 < mark - 1 - passed < units), None)
            if border is not None:
                if order == "cheapest":
                    tail, head = split(piece, units - border)
                else:
                    head, tail = split(piece, border)
                left = head + tail + left
                continue
            value = _tier_value(effect, passed + 1)
            base = prices[index] if effect.base == "list" else piece[0]
            cut = round_half_up(base, value) if is_percent else value
            reduced = reduced or value > 0
            taking.asked += cut * units
            pieces[index].append((piece, min(cut, piece[0]), value > 0))
            passed += units
    if reduced:
        taking.applications = 1
        taking.lines = pieces


def gift_unit(compiled: CompiledEffect, place: Place) -> Taking:
    """gift_unit: gift lines of that SKU that no promotion has given yet; what is missing is offered."""
    taking = Taking()
    effect = compiled.effect
    left, percent = effect.qty or 1, effect.percent if effect.percent is not None else 10000
    lines: Chosen = []
    for index, line in enumerate(place.counter.lines):
        if not left or not line.gift or line.sku != effect.sku:
            continue
        runs = place.state.runs(index)
        free = [run for run in runs if not run[5] & (GIVEN | place.avoid)]
        kept, rest = first_of(in_order(free), left)
        if kept:
            left -= number(kept)
            lines.append((index, kept, rest + [run for run in runs if run not in free]))
    given = (effect.qty or 1) - left
    if given:
        taking.applications = 1
        by_unit(lines, lambda index, run: round_half_up(run[0], percent), taking)
    if left:
        taking.offers.append({"sku": effect.sku, "qty": left, "percent": percent})
    taking.benefits = given + left
    return taking


def shipping_percent_off(compiled: CompiledEffect, place: Place) -> Taking:
    """shipping_percent_off: each charge rounded for itself."""
    taking = Taking()
    for index in _charges(compiled, place):
        amount = place.state.shipping[index]
        base = place.counter.basket.shipping[index].amount if compiled.effect.base == "list" else amount
        cut = round_half_up(base, compiled.effect.percent or 0)
        taking.asked += cut
        if min(cut, amount):
            taking.shipping.append((index, min(cut, amount)))
    taking.applications = 1
    return taking


def shipping_amount_off(compiled: CompiledEffect, place: Place) -> Taking:
    """shipping_amount_off."""
    taking = Taking()
    charges = _charges(compiled, place)
    if charges:
        taking.applications = 1
        taking.asked = compiled.effect.amount or 0
        over_charges(taking.asked, charges, place, taking)
    return taking


def _charges(compiled: CompiledEffect, place: Place) -> list[int]:
    methods = compiled.effect.methods
    return [
        index
        for index, charge in enumerate(place.counter.basket.shipping)
        if methods is None or charge.method in methods
    ]


def benefit(compiled: CompiledEffect, place: Place) -> Taking:
    """points and issue_coupon: nothing off the price."""
    taking = Taking()
    taking.applications = taking.benefits = 1
    return taking
