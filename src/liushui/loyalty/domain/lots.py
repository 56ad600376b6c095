"""Points expire oldest first without any bookkeeping of which point was spent.

Entries that earn carry the day on which their points are gone: they are lots. All other entries are consumption, or
undo some: what is spent counts against the lots that end first. On day T an account loses what its lots ending up to T
come to, less all consumption so far, which includes earlier expiries. Earned points that are taken
back come from their lot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple


class Line(NamedTuple):
    """What an entry did to points. `until` is the day of its lot; None: consumption, or its undoing."""

    points: int
    until: date | None
    is_expiry: bool


def due(*, lots: Mapping[date, int], consumed: int, on: date) -> int:
    """The points that are gone by that day: never below 0."""
    return max(0, sum(points for until, points in lots.items() if until <= on) - consumed)


def remaining(*, lots: Mapping[date, int], consumed: int) -> tuple[tuple[tuple[date, int], ...], int]:
    """What is left of each lot, by day, and what was consumed beyond all of them."""
    left = []
    consumed += sum(-points for points in lots.values() if points < 0)
    for until in sorted(lots):
        points = max(0, lots[until])
        used = min(points, max(0, consumed))
        consumed -= used
        if points > used:
            left.append((until, points - used))
    return tuple(left), max(0, consumed)


def ended(*, lines: Iterable[Line], until: date) -> int:
    """How many points of the lots of that day nobody spent and expiry took: taking these back again would be twice.

    `lines` are all of an account's, the oldest first. Consumption takes from the lots that end first, and what comes
    back goes to those that ended last.
    """
    left: dict[date, int] = {}
    spent: dict[date, int] = {}
    gone: dict[date, int] = {}
    for line in lines:
        if line.until is None and line.points < 0:
            _consume(-line.points, left, gone if line.is_expiry else spent)
        elif line.until is None:
            _bring_back(line.points, left, spent)
        elif line.is_expiry:  # an earlier taking back was eased by as much
            gone[line.until] = gone.get(line.until, 0) - line.points
        else:
            left[line.until] = max(0, left.get(line.until, 0) + line.points)
    return max(0, gone.get(until, 0))


def _consume(amount: int, left: dict[date, int], by: dict[date, int]) -> None:
    for until in sorted(left):
        used = min(left[until], amount)
        left[until] -= used
        by[until] = by.get(until, 0) + used
        amount -= used


def _bring_back(amount: int, left: dict[date, int], spent: dict[date, int]) -> None:
    for until in sorted(spent, reverse=True):
        back = min(spent[until], amount)
        spent[until] -= back
        left[until] = left.get(until, 0) + back
        amount -= back
