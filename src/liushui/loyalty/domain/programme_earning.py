"""What a sale earns, line by line, and what goods that come back take away again. Pure; whole numbers only.

Amounts that count are the lines' amounts less what was paid by tenders that earn nothing, spread over the lines by
cumulative shares rounded down. Lines of the same row of the table are added up before points are rounded down, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from itertools import pairwise
from typing import NamedTuple

from liushui.loyalty.domain.programme import ONCE_BP, Benefit, EarnRow, Programme
from liushui.loyalty.domain.programme_calendar import in_yearly_window

ROW_POINTS_MAX = 10**12  # by one row of the table: no rules and no amount come to a number that no account takes


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldLine:
    """A line that was bought: positive amount, tax included, discounts taken off."""

    line_number: int
    category: str
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """When, where and by whom something was bought. `day` is the store's business day, `clock` its wall clock."""

    tier: str
    channel: str
    day: date
    clock: time
    birthday: tuple[int, int] | None = None  # month, day
    joined_on: date | None = None


class EarnedLine(NamedTuple):
    """What a line earned; `returned_minor` is how much of its amount has come back since."""

    line_number: int
    amount_minor: int
    spend_minor: int  # what of the amount counts
    points: int
    returned_minor: int = 0

    @property
    def points_back(self) -> int:
        """Points that what came back takes away: floor(E·R/B), all of them once everything is back."""
        return _share(self.points, self.returned_minor, self.amount_minor)

    @property
    def spend_back(self) -> int:
        """What of the spend has come back."""
        return _share(self.spend_minor, self.returned_minor, self.amount_minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Earned:
    """What a sale earns. Benefits are granted once a year and have an entry each of their own."""

    points: int
    spend_minor: int
    lines: tuple[EarnedLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A benefit whose time it is: for the occasion of this year."""

    kind: str  # birthday | anniversary
    year: int
    points: int
    multiplier_bp: int


def earn(
    *,
    programme: Programme,
    lines: Sequence[SoldLine],
    not_counted_minor: int,
    occasion: Occasion,
    promised_bp: int = ONCE_BP,
    promised_add: int = 0,
) -> Earned:
    """What the lines of one sale earn. `not_counted_minor` was paid by tenders that earn nothing."""
    bought = [line for line in lines if line.amount_minor > 0]
    total = sum(line.amount_minor for line in bought)
    counted = max(0, total - max(0, not_counted_minor))
    spends = spread(counted, [line.amount_minor for line in bought])
    times_bp = [benefit.multiplier_bp for benefit in granted(programme=programme, occasion=occasion)]
    chosen = [earn_row(programme=programme, category=line.category, occasion=occasion) for line in bought]
    points = [0] * len(bought)
    for row in {id(row): row for row in chosen if row is not None}.values():
        members = [index for index, each in enumerate(chosen) if each is row]
        whole = _points(row, sum(spends[index] for index in members), [*times_bp, promised_bp])
        for index, part in zip(members, spread(whole, [spends[index] for index in members]), strict=True):
            points[index] = part
    if bought and promised_add > 0:
        weights = spends if counted else [line.amount_minor for line in bought]
        points = [mine + added for mine, added in zip(points, spread(promised_add, weights), strict=True)]
    return Earned(
        points=sum(points),
        spend_minor=counted,
        lines=tuple(
            EarnedLine(line.line_number, line.amount_minor, spend, part)
            for line, spend, part in zip(bought, spends, points, strict=True)
        ),
    )


def earn_row(*, programme: Programme, category: str, occasion: Occasion) -> EarnRow | None:
    """The row of the table that counts for a line; None: none fits.

    The first that fits, or the one that gives most, but one of 0 points, which keeps goods from earning.
    """
    best: EarnRow | None = None
    for row in programme.earn_rows:
        if not fits(row, category=category, occasion=occasion):
            continue
        if programme.match == "first" or row.points == 0:
            return row
        if best is None or _gives_more(row, best):
            best = row
    return best


def fits(row: EarnRow, *, category: str, occasion: Occasion) -> bool:
    """Whether all conditions of a row hold."""
    return (
        (not row.tiers or occasion.tier in row.tiers)
        and (not row.channels or occasion.channel in row.channels)
        and (not row.weekdays or occasion.day.isoweekday() in row.weekdays)
        and (not row.month_days or occasion.day.day in row.month_days)
        and (not row.categories or any(_below(category, path) for path in row.categories))
        and (not row.hours or any(_within(occasion.clock, start, end) for start, end in row.hours))
    )


def granted(*, programme: Programme, occasion: Occasion) -> tuple[Granted, ...]:
    """The benefits whose time it is on that day; an anniversary begins a year after joining."""
    found = []
    if programme.birthday is not None and occasion.birthday is not None:
        found += _granted("birthday", programme.birthday, occasion.day, *occasion.birthday)
    if programme.anniversary is not None and occasion.joined_on is not None:
        joined = occasion.joined_on
        found += [
            each
            for each in _granted("anniversary", programme.anniversary, occasion.day, joined.month, joined.day)
            if each.year > joined.year
        ]
    return tuple(found)


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """An amount in shares of the weights: each the step of the cumulative share rounded down, so they add up to it."""
    total, reached, steps = sum(weights), 0, [0]
    for weight in weights:
        reached += weight
        steps.append(amount * reached // total if total else 0)
    return [after - before for before, after in pairwise(steps)]


def _points(row: EarnRow, spend_minor: int, times_bp: Sequence[int]) -> int:
    above, below = spend_minor * row.points * row.multiplier_bp, row.per_minor * ONCE_BP
    for each in times_bp:
        above, below = above * each, below * ONCE_BP
    return min(above // below, ROW_POINTS_MAX)


def _gives_more(row: EarnRow, than: EarnRow) -> bool:
    return row.points * row.multiplier_bp * than.per_minor > than.points * than.multiplier_bp * row.per_minor


def _below(category: str, path: str) -> bool:
    return category == path or category.startswith(f"{path}/")


def _within(clock: time, start: time, end: time) -> bool:
    return start <= clock < end if start < end else clock >= start or clock < end


def _granted(kind: str, benefit: Benefit, day: date, month: int, month_day: int) -> list[Granted]:
    year = in_yearly_window(day=day, month=month, month_day=month_day, window=benefit.window)
    if year is None:
        return []
    return [Granted(kind=kind, year=year, points=benefit.points, multiplier_bp=benefit.multiplier_bp)]


def _share(whole: int, part: int, of: int) -> int:
    return whole * min(part, of) // of if of else 0
