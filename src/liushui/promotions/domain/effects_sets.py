"""Effects that work on complete sets of units: buy n get m, every nth unit, bundles, groups.

Free units, as per-line cap, max_units and unit_multiple_of leave them, stand from dear to cheap and are cut into sets
from the front. Within a long stretch of equal units all sets
are alike: they are worked out once and written as combs, so that 10,000 units cost what three do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from liushui.promotions.domain.allocation import fair_shares, round_half_up
from liushui.promotions.domain.choosing import Chosen, CompiledEffect, Piece, Place, Taking, by_dearness, chosen, found
from liushui.promotions.domain.rulebook import Effect
from liushui.promotions.domain.units import Run, comb, count, in_order, plain, split, stretches

Unit = tuple[int, int, int, int]  # line, position, remaining value, flags
NO_END = 1 << 60


@dataclass(frozen=True, slots=True)
class Kind:
    """How sets are made: units in one, how many of them are rewarded, and what the cut of the rewarded comes to."""

    size: int
    rewarded: int
    order: str
    cut: Callable[[int], int]  # of the base of the rewarded units
    most: int


def buy_n_get_m(compiled: CompiledEffect, place: Place) -> Taking:
    """buy_n_get_m: sets when both scopes are one, otherwise rewarded units first."""
    effect = compiled.effect
    bought, got, percent = effect.buy_qty or 0, effect.get_qty or 0, effect.percent or 0
    most = _most(effect, place)
    if compiled.buy_scope.number != compiled.get_scope.number:
        return _apart(compiled, place, most)
    kind = Kind(
        size=bought + got,
        rewarded=got,
        order=effect.unit_order or "cheapest",
        cut=lambda base: round_half_up(base, percent),
        most=most,
    )
    return _sets(effect, chosen(compiled, place, found(compiled.buy_scope, place)), kind, place)


def nth_unit_percent(compiled: CompiledEffect, place: Place) -> Taking:
    """nth_unit_percent: in each n units one is reduced."""
    effect = compiled.effect
    kind = Kind(
        size=effect.n or 1,
        rewarded=1,
        order=effect.unit_order or "cheapest",
        cut=lambda base: round_half_up(base, effect.percent or 0),
        most=_most(effect, place),
    )
    return _sets(effect, chosen(compiled, place), kind, place)


def bundle_price(compiled: CompiledEffect, place: Place) -> Taking:
    """bundle_price: each n units for one price, never dearer than they are."""
    effect = compiled.effect
    size = effect.n or 1
    kind = Kind(
        size=size,
        rewarded=size,
        order="most_expensive",
        cut=lambda base: max(0, base - (effect.price or 0)),
        most=_most(effect, place),
    )
    return _sets(effect, chosen(compiled, place), kind, place)


def percent_off_group(compiled: CompiledEffect, place: Place) -> Taking:
    """percent_off_group: complete groups of units are reduced."""
    effect = compiled.effect
    size = effect.group_size or 1
    kind = Kind(
        size=size,
        rewarded=size,
        order="most_expensive",
        cut=lambda base: round_half_up(base, effect.percent or 0),
        most=_most(effect, place),
    )
    return _sets(effect, chosen(compiled, place), kind, place)


def _most(effect: Effect, place: Place) -> int:
    given = [most for most in (effect.max_applications, place.most) if most is not None]
    return min(given, default=NO_END)


class _Sets:
    """Sets being made: what happens to the units of each line, and how many sets gave something."""

    def __init__(self, effect: Effect, kind: Kind, place: Place) -> None:
        self.kind = kind
        self.on_list = effect.base == "list"
        self.prices = place.counter.prices
        self.pieces: dict[int, list[Piece]] = {}
        self.left = kind.most
        self.asked = 0

    def whole(self, index: int, run: Run) -> None:
        """A stretch of equal neighbours that is a number of complete sets."""
        kind, value = self.kind, run[0]
        sets = count(run) // kind.size
        base = self.prices[index] if self.on_list else value
        asked = kind.cut(base * kind.rewarded)
        cut = min(asked, value * kind.rewarded)
        if cut <= 0:
            self.add(index, run, 0, used=False)
            return
        kept = min(sets, self.left)
        head, tail = split(run, kept * kind.size)
        for piece in tail:
            self.add(index, piece, 0, used=False)
        if not head:
            return
        [run] = head
        self.left -= kept
        self.asked += asked * kept
        each, extra = divmod(cut, kind.rewarded)
        before = kind.size - kind.rewarded if kind.order == "cheapest" else 0
        widths = (
            (before, 0),
            (extra, each + 1),
            (kind.rewarded - extra, each),
            (kind.size - kind.rewarded - before, 0),
        )
        start = run[1]
        for width, lost in widths:
            if width:
                self.add(index, comb(value, start, width, kind.size, kept, run[5]), lost, used=True)
                start += width

    def mixed(self, members: list[tuple[int, Run]]) -> None:
        """One complete set whose units are of several stretches, in order of dearness."""
        kind = self.kind
        units = [
            (index, piece[1] + offset, piece[0], piece[5])
            for index, run in members
            for piece in stretches(run)
            for offset in range(piece[2])
        ]
        rewarded = _rewarded(units, kind)
        values = [value for _, _, value, _ in rewarded]
        base = sum(self.prices[index] for index, _, _, _ in rewarded) if self.on_list else sum(values)
        asked = kind.cut(base)
        if self.left <= 0 or min(asked, sum(values)) <= 0:
            for index, run in members:
                self.add(index, run, 0, used=False)
            return
        self.left -= 1
        self.asked += asked
        cuts = dict(zip(((unit[0], unit[1]) for unit in rewarded), fair_shares(asked, values, values), strict=True))
        for index, position, value, flags in units:
            self.add(index, plain(value, position, 1, flags), cuts.get((index, position), 0), used=True)

    def add(self, index: int, run: Run, cut: int, *, used: bool) -> None:
        self.pieces.setdefault(index, []).append((run, cut, used))


def _rewarded(units: list[Unit], kind: Kind) -> list[Unit]:
    """Which units of a set are rewarded, in the order in which remainders go to them."""
    if kind.order == "line_order":
        picked = sorted(units)[: kind.rewarded]
    elif kind.order == "cheapest":
        picked = units[len(units) - kind.rewarded :]
    else:
        picked = units[: kind.rewarded]
    return sorted(picked)


def _sets(effect: Effect, lines: Chosen, kind: Kind, place: Place) -> Taking:
    taking = Taking()
    stream = by_dearness(lines, place)
    units = sum(count(run) for _, run in stream)
    if units < kind.size:
        return taking
    if effect.formation == "pool":
        return _pool(effect, lines, kind, place)
    sets = _Sets(effect, kind, place)
    filling: list[tuple[int, Run]] = []
    room = kind.size
    complete = units - units % kind.size
    for index, joined in stream:
        for run in [joined] if joined[4] == 1 else stretches(joined):
            head, tail = split(run, complete)
            for piece in tail:
                sets.add(index, piece, 0, used=False)
            for piece in head:
                complete -= count(piece)
                room, filling = _fill(sets, index, piece, room, filling, kind)
    if sets.left == kind.most:
        return taking
    taking.applications = kind.most - sets.left
    taking.asked = sets.asked
    for index, _, rest in lines:
        taking.lines[index] = sets.pieces[index] + [(run, 0, False) for run in rest]
    return taking


def _fill(
    sets: _Sets, index: int, run: Run, room: int, filling: list[tuple[int, Run]], kind: Kind
) -> tuple[int, list[tuple[int, Run]]]:
    """Put a stretch into the set that is being filled, and what is over into sets of its own."""
    rest = [run]
    if room < kind.size:
        head, rest = split(run, room)
        for piece in head:
            filling.append((index, piece))
            room -= count(piece)
        if room:
            return room, filling
        sets.mixed(filling)
        room, filling = kind.size, []
    for piece in rest:
        units = count(piece)
        head, tail = split(piece, units - units % kind.size)
        for whole in head:
            sets.whole(index, whole)
        for over in tail:
            filling.append((index, over))
            room -= count(over)
    return room, filling


def _pool(effect: Effect, lines: Chosen, kind: Kind, place: Place) -> Taking:
    """All complete sets together: the cheapest (dearest, first) units of them are rewarded, each rounded for itself."""
    taking = Taking()
    stream = by_dearness(lines, place)
    sets = min(sum(count(run) for _, run in stream) // kind.size, kind.most)
    inside, outside = _front(stream, sets * kind.size)
    if kind.order == "line_order":
        inside.sort(key=lambda each: (each[0], each[1][1]))
        inside = [(index, piece) for index, run in inside for piece in stretches(run)]
        inside.sort(key=lambda each: (each[0], each[1][1]))
    if kind.order == "cheapest":
        unrewarded, rewarded = _front(inside, sets * (kind.size - kind.rewarded))
    else:
        rewarded, unrewarded = _front(inside, sets * kind.rewarded)
    pieces: dict[int, list[Piece]] = {index: [(run, 0, False) for run in rest] for index, _, rest in lines}
    given = 0
    for index, run in rewarded:
        asked = kind.cut(place.counter.prices[index] if effect.base == "list" else run[0])
        cut = min(asked, run[0])
        taking.asked += asked * count(run)
        given += cut * count(run)
        pieces[index].append((run, cut, True))
    if not given:
        return Taking()
    for index, run in unrewarded:
        pieces[index].append((run, 0, True))
    for index, run in outside:
        pieces[index].append((run, 0, False))
    taking.applications = sets
    taking.lines = pieces
    return taking


def _front(stream: list[tuple[int, Run]], units: int) -> tuple[list[tuple[int, Run]], list[tuple[int, Run]]]:
    """The first so many units of a stream, and the others."""
    front, back = [], []
    for index, run in stream:
        head, tail = split(run, units)
        units -= min(units, count(run))
        front += [(index, piece) for piece in head]
        back += [(index, piece) for piece in tail]
    return front, back


def _apart(compiled: CompiledEffect, place: Place, most: int) -> Taking:
    """Rewarded units from one scope, then qualifying ones, dearest first, if possible outside the first scope."""
    effect = compiled.effect
    to_get, to_buy = effect.get_qty or 0, effect.buy_qty or 0
    gettable, buyable = _single(found(compiled.get_scope, place)), _single(found(compiled.buy_scope, place))
    inside = {(unit[0], unit[1]) for unit in gettable}
    getting = _Queue(gettable, place, effect.unit_order or "cheapest")
    outer = _Queue([unit for unit in buyable if (unit[0], unit[1]) not in inside], place, "most_expensive")
    inner = _Queue([unit for unit in buyable if (unit[0], unit[1]) in inside], place, "most_expensive")
    taking = Taking()
    cuts: dict[tuple[int, int], int] = {}
    used: dict[tuple[int, int], bool] = {}  # units gone, and whether the set that took them gave something
    while taking.applications < most:
        rewarded = getting.take(to_get, used)
        bought = outer.take(to_buy, used)
        bought += inner.take(to_buy - len(bought), used)
        if len(rewarded) < to_get or len(bought) < to_buy:
            break
        rewarded.sort()
        values = [unit[2] for unit in rewarded]
        base = sum(place.counter.prices[unit[0]] for unit in rewarded) if effect.base == "list" else sum(values)
        asked = round_half_up(base, effect.percent or 0)
        if min(asked, sum(values)) <= 0:
            continue
        used.update(((unit[0], unit[1]), True) for unit in (*rewarded, *bought))
        taking.applications += 1
        taking.asked += asked
        for unit, cut in zip(rewarded, fair_shares(asked, values, values), strict=True):
            cuts[unit[0], unit[1]] = cut
    if taking.applications:
        taking.lines = _cut_apart(place, cuts, used)
    return taking


def _single(lines: Chosen) -> list[Unit]:
    return [
        (index, piece[1] + offset, piece[0], piece[5])
        for index, free, _ in lines
        for run in free
        for piece in stretches(run)
        for offset in range(piece[2])
    ]


class _Queue:
    """Units in an order, handed out in turn."""

    def __init__(self, units: list[Unit], place: Place, order: str) -> None:
        prices = place.counter.prices
        if order == "line_order":
            self.units = sorted(units)
        else:
            self.units = sorted(
                units, key=lambda unit: (-prices[unit[0]], -unit[2], unit[0], unit[1]), reverse=order == "cheapest"
            )
        self.at = 0

    def take(self, most: int, used: dict[tuple[int, int], bool]) -> list[Unit]:
        """The next so many that are not used, or as many as there are; they are used then."""
        taken: list[Unit] = []
        while len(taken) < most and self.at < len(self.units):
            unit = self.units[self.at]
            self.at += 1
            if (unit[0], unit[1]) not in used:
                used[unit[0], unit[1]] = False
                taken.append(unit)
        return taken


def _cut_apart(
    place: Place, cuts: dict[tuple[int, int], int], used: dict[tuple[int, int], bool]
) -> dict[int, list[Piece]]:
    pieces: dict[int, list[Piece]] = {}
    for index in sorted({index for index, _ in used}):
        parts: list[Piece] = []
        for run in in_order(place.state.runs(index)):
            for stretch in stretches(run):
                for offset in range(stretch[2]):
                    at = (index, stretch[1] + offset)
                    unit = plain(stretch[0], at[1], 1, stretch[5])
                    parts.append((unit, cuts.get(at, 0), used.get(at, False)))
        pieces[index] = parts
    return pieces
