"""Receipts of many business days in the order of time, some at a time, without sorting all of them at once.

A business day may reach past midnight, and stores of other time zones open at other instants, so business days overlap
in time. Time is cut into spans instead, and each span says which business days reach into it: an index by store and
business day then finds a span's receipts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple


class Day(NamedTuple):
    """A business day that has receipts: how many, and the first and last instant of them."""

    day: date
    receipts: int
    begin: datetime
    end: datetime


class Span(NamedTuple):
    """The instants from `begin` to before `end`, and the business days that reach into them."""

    first: date
    last: date
    begin: datetime
    end: datetime


def spans(days: Iterable[Day], *, size: int) -> Iterator[Span]:
    """Spans that follow each other and hold all receipts, about `size` each where they are spread evenly over a day."""
    waiting = sorted(days, key=attrgetter("begin", "day"), reverse=True)
    reaching: list[Day] = []
    for begin, end in pairwise(_cuts(waiting[::-1], size)):
        while waiting and waiting[-1].begin < end:
            reaching.append(waiting.pop())
        reaching = [each for each in reaching if each.end >= begin]
        if reaching:
            yield Span(min(each.day for each in reaching), max(each.day for each in reaching), begin, end)


def _cuts(days: list[Day], size: int) -> list[datetime]:
    if not days:
        return []
    cuts, held = {days[0].begin}, 0
    for each in days:
        if held >= size or each.receipts > size:
            cuts.add(each.begin)
            held = 0
        parts = -(-each.receipts // size)
        cuts.update(each.begin + (each.end - each.begin) * part // parts for part in range(1, parts))
        held += each.receipts
    cuts.add(max(each.end for each in days) + timedelta.resolution)
    return sorted(cuts)
