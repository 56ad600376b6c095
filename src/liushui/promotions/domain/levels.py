"""The levels at which a percent or an amount comes off: unit, line, order, order and shipping."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from liushui.promotions.domain.allocation import even_cuts, fair_shares, round_half_up
from liushui.promotions.domain.choosing import Chosen, CompiledEffect, Piece, Place, Taking, chosen
from liushui.promotions.domain.rulebook import Effect
from liushui.promotions.domain.units import Run, number, total


def worth(index: int, runs: Sequence[Run], effect: Effect, place: Place) -> int:
    """The base of these units of a line: what remains of them, or their list prices."""
    if effect.base == "list":
        return place.counter.prices[index] * number(runs)
    return total(runs)


def by_unit(lines: Chosen, cut_of: Callable[[int, Run], int], taking: Taking) -> None:
    """Each unit for itself; `cut_of` answers what a unit of a run is to lose, which may be more than it has."""
    for index, free, rest in lines:
        pieces: list[Piece] = []
        loss = 0
        for run in free:
            cut, units = cut_of(index, run), run[2] * run[4]
            taking.asked += cut * units
            cut = min(cut, run[0])
            loss += cut * units
            pieces.append((run, cut, True))
        taking.losses[index] = loss
        taking.lines[index] = pieces + [(run, 0, False) for run in rest]


def by_line(lines: Chosen, cut_of: Callable[[int, Sequence[Run]], int], taking: Taking) -> None:
    """Each line once, then evenly over its chosen units."""
    for index, free, rest in lines:
        cut = cut_of(index, free)
        taking.asked += cut
        evenly(index, min(cut, total(free)), free, rest, taking)


def by_order(lines: Chosen, amount: int, place: Place, taking: Taking) -> int:
    """Fair shares over the lines, each line's share evenly over its units. Answers what was shared out."""
    state, floors = place.state, place.counter.floors
    weights = [total(free) for _, free, _ in lines]
    capacities = [
        min(weight, max(0, state.sums[index] - floors[index]))
        for weight, (index, _, _) in zip(weights, lines, strict=True)
    ]
    shares = fair_shares(amount, weights, capacities)
    for share, (index, free, rest) in zip(shares, lines, strict=True):
        evenly(index, share, free, rest, taking)
    return sum(shares)


def evenly(index: int, amount: int, free: list[Run], rest: list[Run], taking: Taking) -> None:
    """A line's share over its chosen units."""
    taking.losses[index] = amount
    taking.lines[index] = [(run, cut, True) for run, cut in even_cuts(amount, free)] + [(run, 0, False) for run in rest]


def over_charges(amount: int, indexes: Sequence[int], place: Place, taking: Taking) -> int:
    """An amount over delivery charges by what remains of them. Answers what was shared out."""
    weights = [place.state.shipping[index] for index in indexes]
    shares = fair_shares(amount, weights, weights)
    taking.shipping += [(index, share) for index, share in zip(indexes, shares, strict=True) if share]
    return sum(shares)


def percent_at_level(compiled: CompiledEffect, place: Place, percent: int, taking: Taking) -> None:
    """A percent off the chosen units at the effect's level."""
    effect = compiled.effect
    if percent <= 0:
        return
    lines = chosen(compiled, place)
    prices, on_list = place.counter.prices, effect.base == "list"
    taking.applications = 1
    if effect.level == "unit" or place.is_catalogue:
        by_unit(lines, lambda index, run: round_half_up(prices[index] if on_list else run[0], percent), taking)
    elif effect.level == "line":
        by_line(lines, lambda index, runs: round_half_up(worth(index, runs, effect, place), percent), taking)
    else:
        base = sum(worth(index, free, effect, place) for index, free, _ in lines)
        amount = round_half_up(base, percent)
        taking.asked += amount
        by_order(lines, amount, place, taking)


def amount_at_level(compiled: CompiledEffect, place: Place, amount: int, taking: Taking) -> None:
    """An amount off the chosen units at the effect's level."""
    effect = compiled.effect
    if amount <= 0:
        return
    lines = chosen(compiled, place)
    if not lines:
        return
    taking.applications = 1
    if effect.level == "unit":
        by_unit(lines, lambda index, run: amount, taking)
    elif effect.level == "line":
        by_line(lines, lambda index, runs: amount, taking)
    else:
        taking.asked += amount
        given = by_order(lines, amount, place, taking)
        if effect.level == "order_and_shipping" and given < amount:
            over_charges(amount - given, range(len(place.state.shipping)), place, taking)
