"""Points expire oldest first without any bookkeeping of which point was spent.

Entries that earn carry the day on which their points are gone: they are lots. All other entries are consumption, or
undo some: what is spent counts against the lots that end first. On day T an account loses what its lots ending up to T
come to, less all consumption so far, which includes earlier expiries. Earned points that are taken
back come from their lot.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date


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
