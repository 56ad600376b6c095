"""The units of a line, held as runs, so that ten thousand equal units cost what one does.

A run is a tuple (value, start, width, period, repeats, flags): units of one remaining value at the positions
start + r·period + j, for r < repeats and j < width. A stretch of neighbours has repeats 1 and period = width; "every
third unit" is width 1, period 3. The runs of a line are disjoint, cover its positions, and stand in order of start.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

Run = tuple[int, int, int, int, int, int]

TAKEN = 1  # by a unit_exclusive promotion
USED = 2  # by an earlier set effect of the promotion at hand


def plain(value: int, start: int, width: int, flags: int = 0) -> Run:
    """A stretch of neighbours."""
    return (value, start, width, width, 1, flags)


def comb(value: int, start: int, width: int, period: int, repeats: int, flags: int) -> Run:
    """Equal stretches at equal distances; neighbours that touch become one stretch."""
    if repeats == 1 or width == period:
        return (value, start, width * repeats, width * repeats, 1, flags)
    return (value, start, width, period, repeats, flags)


def count(run: Run) -> int:
    """How many units it is."""
    return run[2] * run[4]


def total(runs: Sequence[Run]) -> int:
    """Their values added up."""
    if len(runs) == 1:
        [run] = runs
        return run[0] * run[2] * run[4]
    return sum(run[0] * run[2] * run[4] for run in runs)


def number(runs: Iterable[Run]) -> int:
    """How many units they are."""
    return sum(run[2] * run[4] for run in runs)


def split(run: Run, first: int) -> tuple[list[Run], list[Run]]:
    """The first so many units by position, and the others."""
    value, start, width, period, repeats, flags = run
    units = width * repeats
    if first <= 0:
        return [], [run]
    if first >= units:
        return [run], []
    full, part = divmod(first, width)
    head, tail = [], []
    if full:
        head.append(comb(value, start, width, period, full, flags))
    if part:
        at = start + full * period
        head.append(plain(value, at, part, flags))
        tail.append(plain(value, at + part, width - part, flags))
        full += 1
    if full < repeats:
        tail.append(comb(value, start + full * period, width, period, repeats - full, flags))
    return head, tail


def stretches(run: Run) -> list[Run]:
    """The run as stretches of neighbours."""
    value, start, width, period, repeats, flags = run
    if repeats == 1:
        return [run]
    return [plain(value, start + index * period, width, flags) for index in range(repeats)]


def end(run: Run) -> int:
    """The position behind its last unit."""
    return run[1] + (run[4] - 1) * run[3] + run[2]


def in_order(runs: Sequence[Run]) -> list[Run]:
    """The same units such that going through the runs goes through the positions upwards."""
    if len(runs) == 1:
        return list(runs)
    ordered = sorted(runs, key=_start)
    for one, following in pairwise(ordered):
        if end(one) > following[1]:
            return sorted((piece for run in ordered for piece in stretches(run)), key=_start)
    return ordered


def first_of(runs: Sequence[Run], units: int) -> tuple[list[Run], list[Run]]:
    """The first so many units by position of runs of one line, however they interleave, and the others."""
    head: list[Run]
    tail: list[Run]
    if len(runs) == 1:
        return split(runs[0], units)
    if all(run[4] == 1 for run in runs):
        head, tail = [], []
        for run in sorted(runs, key=_start):
            front, back = split(run, units)
            units -= min(units, run[2])
            head += front
            tail += back
        return head, tail
    low, high = 0, max(end(run) for run in runs)
    while low < high:  # the least position before which there are that many
        middle = (low + high) // 2
        if sum(_before(run, middle) for run in runs) >= units:
            high = middle
        else:
            low = middle + 1
    head, tail = [], []
    for run in runs:
        front, back = split(run, _before(run, low))
        head += front
        tail += back
    return head, tail


def holds(run: Run, position: int) -> bool:
    """Whether one of its units stands at this position."""
    return _before(run, position + 1) > _before(run, position)


def _before(run: Run, position: int) -> int:
    """How many of its units stand before a position."""
    _value, start, width, period, repeats, _flags = run
    if position <= start:
        return 0
    turn, offset = divmod(position - start, period)
    if turn >= repeats:
        return width * repeats
    return turn * width + min(offset, width)


def joined(runs: Sequence[Run]) -> tuple[Run, ...]:
    """In order of start, neighbours of the same value and flags made one."""
    if len(runs) == 1:
        return (runs[0],)
    made: list[Run] = []
    for run in sorted(runs, key=_start):
        if made:
            last = made[-1]
            if last[4] == 1 and run[4] == 1 and last[0] == run[0] and last[5] == run[5] and last[1] + last[2] == run[1]:
                made[-1] = plain(run[0], last[1], last[2] + run[2], run[5])
                continue
        made.append(run)
    return tuple(made)


def paid(runs: Sequence[Run]) -> tuple[tuple[int, int], ...]:
    """(value, count) in order of position, equal neighbours joined."""
    made: list[list[int]] = []
    for value, _start_at, width, _period, _repeats, _flags in in_order(runs):
        if made and made[-1][0] == value:
            made[-1][1] += width
        else:
            made.append([value, width])
    return tuple((value, units) for value, units in made)


def _start(run: Run) -> int:
    return run[1]
