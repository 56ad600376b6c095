"""What a careful colleague would say of a programme that is whole: rows nobody reaches, tiers that earn less than lower
ones, points that give more back than a trade can bear. Warnings, no errors: whoever publishes decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from typing import Literal

from liushui.loyalty.domain.programme import ONCE_BP, EarnRow, Programme
from liushui.loyalty.domain.programme_earning import Occasion, SoldLine, earn

DEAR_BP = 2_000  # a fifth of the price back in points
BONUS_DEAR_BP = 5_000  # half of what is paid in on top
_WEDNESDAY_NOON = (date(2025, 1, 1), time(12))  # an ordinary day; its birthday and anniversary are nobody's
_SAMPLE_MINOR = 10_000_000  # so that rounding hides no difference
Code = Literal["unreachable", "nobody", "not_all", "tier_earns_less", "dear", "worthless", "bonus_dear", "bonus_falls"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One warning. `place` is the row as earn.2 or levels.0; `other` another row or tier; `basis_points` a rate."""

    code: Code
    place: str = ""
    other: str = ""
    category: str = ""
    basis_points: int = 0


def check(programme: Programme) -> tuple[Check, ...]:
    """All warnings, in the order of the form."""
    return (*_unreachable(programme), *_left_out(programme), *_dear(programme), *_tiers(programme), *_bonus(programme))


def _unreachable(programme: Programme) -> Iterator[Check]:
    """Of rows where the first that fits counts: one whose every case fits a row above it."""
    if programme.match != "first":
        return
    rows = programme.earn_rows
    for at, row in enumerate(rows):
        above = next((before for before in range(at) if covers(rows[before], row)), None)
        if above is not None:
            yield Check(code="unreachable", place=f"earn.{at}", other=str(above + 1))


def covers(wide: EarnRow, narrow: EarnRow) -> bool:
    """Whether every case that fits the narrow row fits the wide one; False where that can't be told at a glance."""
    simple = (
        not getattr(wide, name) or (getattr(narrow, name) and set(getattr(narrow, name)) <= set(getattr(wide, name)))
        for name in ("tiers", "channels", "weekdays", "month_days", "hours")
    )
    return all(simple) and (
        not wide.categories
        or (
            bool(narrow.categories)
            and all(
                any(path == above or path.startswith(f"{above}/") for above in wide.categories)
                for path in narrow.categories
            )
        )
    )


def _left_out(programme: Programme) -> Iterator[Check]:
    if not programme.earn_rows:
        yield Check(code="nobody")
    elif not any(covers(row, EarnRow(points=1, per_minor=1)) for row in programme.earn_rows):
        yield Check(code="not_all")
    elif programme.redemption is None:
        yield Check(code="worthless")


def _dear(programme: Programme) -> Iterator[Check]:
    """Rows whose points give back a large part of the price."""
    worth = programme.redemption
    if worth is None:
        return
    for at, row in enumerate(programme.earn_rows):
        back = row.points * row.multiplier_bp * worth.minor // (row.per_minor * worth.points)
        if back >= DEAR_BP:
            yield Check(code="dear", place=f"earn.{at}", basis_points=back)


def _tiers(programme: Programme) -> Iterator[Check]:
    """A tier that earns less than the one below it, on an ordinary day, for anything that a row names."""
    paths = ["", *sorted({path for row in programme.earn_rows for path in row.categories})]
    for at in range(1, len(programme.levels)):
        lower, higher = programme.levels[at - 1], programme.levels[at]
        for path in paths:
            if _earned(programme, higher.code, path) < _earned(programme, lower.code, path):
                yield Check(code="tier_earns_less", place=f"levels.{at}", other=lower.code, category=path)
                break


def _earned(programme: Programme, tier: str, category: str) -> int:
    day, clock = _WEDNESDAY_NOON
    occasion = Occasion(tier=tier, channel="pos", day=day, clock=clock)
    line = SoldLine(line_number=1, category=category, amount_minor=_SAMPLE_MINOR)
    return earn(programme=programme, lines=[line], not_counted_minor=0, occasion=occasion).points


def _bonus(programme: Programme) -> Iterator[Check]:
    for at, row in enumerate(programme.bonus_rows):
        share = row.gift_minor * ONCE_BP // row.paid_minor
        if share >= BONUS_DEAR_BP:
            yield Check(code="bonus_dear", place=f"bonus.{at}", basis_points=share)
        if at and row.gift_minor < programme.bonus_rows[at - 1].gift_minor:
            yield Check(code="bonus_falls", place=f"bonus.{at}", other=str(at))
