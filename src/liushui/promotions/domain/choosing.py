"""Which units an effect finds, and which of them it chooses (docs/reference/promotions.md).

An effect is worked out at a Place: the state, and what its promotion may not touch. It answers a Taking: for each line
that it touches the whole line cut into pieces (units, what each loses, whether it was chosen). Cuts may exceed what
floors allow; turn.py brings them down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

from liushui.promotions.domain.rulebook import Effect
from liushui.promotions.domain.state import CompiledScope, Counter, State
from liushui.promotions.domain.units import Run, count, in_order, number, split

Piece = tuple[Run, int, bool]  # units, what each loses, whether the effect chose them
Chosen = list[tuple[int, list[Run], list[Run]]]  # line, units chosen, the line's other units

GIVEN = 4  # a gift unit that a promotion has given


class Taking:
    """What one effect would take off. `asked` is what it means to give before remaining values bound it."""

    __slots__ = ("applications", "asked", "benefits", "lines", "losses", "offers", "shipping")

    def __init__(self) -> None:
        self.lines: dict[int, list[Piece]] = {}
        self.losses: dict[int, int] = {}  # what lines lose, where that is known already
        self.shipping: list[tuple[int, int]] = []  # charge, cut
        self.asked = 0
        self.applications = 0
        self.benefits = 0  # points, coupons and gift units
        self.offers: list[dict[str, Any]] = []


class CompiledEffect:
    """An effect with its scopes compiled and the function that works it out."""

    __slots__ = (
        "basis_scope",
        "buy_scope",
        "chooses",
        "effect",
        "get_scope",
        "kind",
        "limits_units",
        "path",
        "scope",
        "take",
    )

    def __init__(
        self, effect: Effect, path: str, scope_of: Callable[[Any], CompiledScope], take: Taker, kind: str
    ) -> None:
        self.effect = effect
        self.path = path
        self.take = take
        self.kind = kind  # unit | sets | shipping | benefit | gift
        self.scope = scope_of(effect.scope)
        self.basis_scope = scope_of(effect.basis_scope) if effect.basis_scope is not None else self.scope
        self.buy_scope = scope_of(effect.buy_scope if effect.buy_scope is not None else effect.scope)
        self.get_scope = scope_of(effect.get_scope if effect.get_scope is not None else effect.scope)
        self.limits_units = (
            effect.max_units is not None or effect.max_units_per_line is not None or effect.unit_multiple_of is not None
        )
        # which units it takes depends on which others are there
        self.chooses = (
            self.limits_units
            or kind == "sets"
            or effect.type in ("cheapest_unit_free", "first_then_additional_amount_off")
            or effect.basis is not None
        )

    def changed(self, effect: Effect, take: Taker) -> CompiledEffect:
        """The same with another effect of the same scopes."""
        made = copy(self)
        made.effect, made.take = effect, take
        made.limits_units = self.limits_units or effect.max_units is not None
        return made


class Place:
    """Where an effect is worked out: the state, and what its promotion may not touch. `most` limits applications."""

    __slots__ = ("avoid", "counter", "is_catalogue", "most", "state")

    def __init__(self, counter: Counter, state: State, avoid: int, most: int | None, *, is_catalogue: bool) -> None:
        self.counter = counter
        self.state = state
        self.avoid = avoid  # flags of units that the promotion does not find
        self.most = most
        self.is_catalogue = is_catalogue


Taker = Callable[[CompiledEffect, Place], Taking]


def found(scope: CompiledScope, place: Place) -> Chosen:
    """The units in scope, line by line: those that may be touched, and the line's others."""
    state, avoid, untouched = place.state, place.avoid, scope.untouched
    lines: Chosen = []
    for index in place.counter.effect_lines(scope):
        runs = state.runs(index)
        if not avoid and not untouched:
            lines.append((index, list(runs), []))
            continue
        price = place.counter.prices[index]
        free = [run for run in runs if not run[5] & avoid and not (untouched and run[0] != price)]
        if len(free) == len(runs):
            lines.append((index, free, []))
        elif free:
            lines.append((index, free, [run for run in runs if run not in free]))
    return lines


def chosen(compiled: CompiledEffect, place: Place, pool: Chosen | None = None) -> Chosen:
    """The units in scope that per-line cap, max_units and complete groups leave, by unit_order."""
    lines = found(compiled.scope, place) if pool is None else pool
    if not compiled.limits_units:
        return lines
    effect = compiled.effect
    if effect.max_units_per_line is not None:
        lines = [_capped(line, effect.max_units_per_line, effect.unit_order) for line in lines]
    units = sum(number(free) for _, free, _ in lines)
    keep = units if effect.max_units is None else min(units, effect.max_units)
    if effect.unit_multiple_of is not None:
        keep -= keep % effect.unit_multiple_of
    return lines if keep == units else first_units(lines, keep, effect.unit_order or "line_order", place)


def _capped(line: tuple[int, list[Run], list[Run]], most: int, order: str | None) -> tuple[int, list[Run], list[Run]]:
    index, free, rest = line
    if number(free) <= most:
        return line
    if order is None or order == "line_order":
        stream = in_order(free)
    else:
        stream = in_order(free)
        stream.sort(key=lambda run: -run[0])
    if order == "cheapest":
        kept, left = _last(stream, most)
    else:
        kept, left = first_of(stream, most)
    return index, kept, rest + left


def first_of(stream: Sequence[Run], most: int) -> tuple[list[Run], list[Run]]:
    """The first so many units of a stream, and the others."""
    kept: list[Run] = []
    left: list[Run] = []
    for run in stream:
        head, tail = split(run, most)
        most -= min(most, count(run))
        kept += head
        left += tail
    return kept, left


def _last(stream: Sequence[Run], most: int) -> tuple[list[Run], list[Run]]:
    kept: list[Run] = []
    left: list[Run] = []
    for run in reversed(stream):
        units = count(run)
        head, tail = split(run, units - min(most, units))
        most -= min(most, units)
        kept += tail
        left += head
    return kept, left


def by_dearness(lines: Chosen, place: Place) -> list[tuple[int, Run]]:
    """(line, units) such that going through them goes from dear to cheap: list price, remaining, line, position."""
    prices = place.counter.prices
    keyed = []
    for index, free, _ in lines:
        price = -prices[index]
        for run in _apart(free):
            keyed.append((price, -run[0], index, run[1], run))
    keyed.sort()
    return [(index, run) for _, _, index, _, run in keyed]


def _apart(runs: list[Run]) -> list[Run]:
    """Runs of equal value taken apart where they interleave, so that each stands wholly before or after another."""
    if len(runs) == 1 or len({run[0] for run in runs}) == len(runs):
        return runs
    return [run for value in {run[0] for run in runs} for run in in_order([each for each in runs if each[0] == value])]


def in_line_order(lines: Chosen) -> list[tuple[int, Run]]:
    """(line, units) by line and position."""
    return [(index, run) for index, free, _ in lines for run in in_order(free)]


def first_units(lines: Chosen, keep: int, order: str, place: Place) -> Chosen:
    """So many units by `unit_order`; the others of these lines go to the rest. Lines without chosen units stay out."""
    stream = in_line_order(lines) if order == "line_order" else by_dearness(lines, place)
    kept: dict[int, list[Run]] = {}
    left: dict[int, list[Run]] = {index: list(rest) for index, _, rest in lines}
    for index, run in reversed(stream) if order == "cheapest" else stream:
        units = count(run)
        take = min(keep, units)
        keep -= take
        if order == "cheapest":
            tail, head = split(run, units - take)
        else:
            head, tail = split(run, take)
        if head:
            kept.setdefault(index, []).extend(head)
        left[index].extend(tail)
    return [(index, kept[index], left[index]) for index, _, _ in lines if index in kept]
