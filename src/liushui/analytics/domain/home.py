"""The day beside others: what counts as like for like, the hourly curve, the ranking of stores, what is unusual."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from operator import add
from typing import TypeVar

from liushui.analytics.contracts import FIGURE_NAMES, Figures
from liushui.analytics.domain.periods import Period, hour_of_day
from liushui.stores.contracts import Store

HOURS = 24
NOTHING = Figures()

# business date, store id, local hour, then sums in the order of FIGURE_NAMES: bare tuples, since a chain has thousands
HourRow = tuple[date, int, int, tuple[int, ...]]
_TICKETS = FIGURE_NAMES.index("tickets")
K = TypeVar("K")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How far each store's business day has come: whole hours that have passed, 24 when the day is over."""

    passed: Mapping[int, int]
    starts: Mapping[int, int]  # hour of the wall clock at which the day begins

    def is_running(self) -> bool:
        """Whether the day goes on somewhere."""
        return any(passed < HOURS for passed in self.passed.values())

    def common_hour(self) -> int | None:
        """The hour of the wall clock up to which all running stores compare; None when they differ or none runs."""
        ends = {(self.starts[store] + passed) % 24 for store, passed in self.passed.items() if passed < HOURS}
        return ends.pop() if len(ends) == 1 else None

    def has_passed(self, store_id: int, local_hour: int) -> bool:
        """Whether this hour of the store's day is over, so that it can be compared with other days'."""
        return hour_of_day(local_hour, self.starts[store_id]) < self.passed[store_id]


def pace_of(*, stores: Iterable[Store], day: date, now: datetime) -> Pace:
    """How far a business day has come in each store."""
    passed: dict[int, int] = {}
    starts: dict[int, int] = {}
    for store in stores:
        starts[store.id] = store.day_starts_at.hour
        current = store.business_date(now)
        if current > day:
            passed[store.id] = HOURS
        elif current < day:
            passed[store.id] = 0
        else:
            passed[store.id] = hour_of_day(store.local(now).hour, store.day_starts_at.hour)
    return Pace(passed=passed, starts=starts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Two sums that cover the same hours: of the period, and of the one it is compared with."""

    now: Figures
    before: Figures


def gather(rows: Iterable[HourRow], by: Callable[[HourRow], K | None]) -> dict[K, Figures]:
    """Figures by whatever `by` answers for a row; rows for which it answers None are left out."""
    found: dict[K, list[int]] = {}
    for row in rows:
        key = by(row)
        if key is not None:
            known = found.get(key)
            found[key] = list(row[3]) if known is None else list(map(add, known, row[3]))
    return {key: Figures(**dict(zip(FIGURE_NAMES, sums, strict=True))) for key, sums in found.items()}


def total(figures: Iterable[Figures]) -> Figures:
    """The sum of figures."""
    result = NOTHING
    for each in figures:
        result += each
    return result


def minus(left: Figures, right: Figures) -> Figures:
    """left - right, figure by figure."""
    return Figures(**{name: getattr(left, name) - getattr(right, name) for name in FIGURE_NAMES})


def curve_hours(hours: Iterable[int], *, start: int) -> list[int]:
    """The hours to draw, in the order of the business day: from the first to the last with anything in it."""
    indexes = {hour_of_day(hour, start) for hour in hours}
    return [(start + i) % 24 for i in range(min(indexes), max(indexes) + 1)] if indexes else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusual:
    """Something about a store that deserves a look. `kind`: silent, no_sales, refunds, voids."""

    kind: str
    store_id: int
    now: int = 0  # basis points for refunds and voids; hours for silent
    usual: int = 0


def unusual(
    *,
    rows: Iterable[HourRow],
    stores: Iterable[Store],
    period: Period,
    compared: Iterable[Period],
    pace: Pace,
    last_week: date,
) -> list[Unusual]:
    """Stores that sell nothing when they did last week, and stores with far more refunds or voids than usual."""
    compared_days = {other.last for other in compared}
    rows = list(rows)
    now = gather(rows, lambda row: row[1] if row[0] == period.last else None)
    usual = gather(rows, lambda row: row[1] if row[0] in compared_days else None)
    hours = _ticket_hours(rows)
    found: list[Unusual] = []
    for store in stores:
        if store.is_open:
            today, expected = hours.get((store.id, period.last), {}), hours.get((store.id, last_week), {})
            silent = _silence(today, expected, store.id, pace)
            found += [silent] if silent is not None else []
            found += _shares(now.get(store.id, NOTHING), usual.get(store.id, NOTHING), store.id)
    return found


def _ticket_hours(rows: Iterable[HourRow]) -> dict[tuple[int, date], dict[int, int]]:
    """Tickets by hour, by store and day; hours without any are left out."""
    found: dict[tuple[int, date], dict[int, int]] = {}
    for day, store_id, hour, sums in rows:
        if sums[_TICKETS]:
            hours = found.setdefault((store_id, day), {})
            hours[hour] = hours.get(hour, 0) + sums[_TICKETS]
    return found


_MISSED = 3  # tickets: fewer may fail to come by chance


def _silence(sold_hours: Iterable[int], usual_hours: Mapping[int, int], store_id: int, pace: Pace) -> Unusual | None:
    """No ticket in the last whole hour nor since, though last week there were several by this time.

    Only between the first and the last hour of last week's selling: a store that has closed is not silent.
    """
    passed = pace.passed[store_id]
    if not 0 < passed < HOURS:
        return None
    start = pace.starts[store_id]
    sold = {hour_of_day(hour, start) for hour in sold_hours}
    expected = {hour_of_day(hour, start): tickets for hour, tickets in usual_hours.items()}
    if passed - 1 not in expected or passed > max(expected) or any(index >= passed - 1 for index in sold):
        return None
    last_sold = max(sold, default=-1)
    if sum(tickets for index, tickets in expected.items() if last_sold < index < passed) < _MISSED:
        return None
    if not sold:
        return Unusual(kind="no_sales", store_id=store_id)
    return Unusual(kind="silent", store_id=store_id, now=passed - 1 - last_sold)


_SHARE_BP = 500  # five per cent
_TIMES = 3
_COUNT = 3


def _shares(now: Figures, usual: Figures, store_id: int) -> Iterable[Unusual]:
    sold, usual_sold = now.gross_minor - now.discount_minor, usual.gross_minor - usual.discount_minor
    if now.returns >= _COUNT and sold > 0:
        share = now.refund_minor * 10_000 // sold
        before = usual.refund_minor * 10_000 // usual_sold if usual_sold > 0 else 0
        if share >= max(_SHARE_BP, _TIMES * before):
            yield Unusual(kind="refunds", store_id=store_id, now=share, usual=before)
    documents = now.tickets + now.voids
    if now.voids >= _COUNT and documents:
        share = now.voids * 10_000 // documents
        usual_documents = usual.tickets + usual.voids
        before = usual.voids * 10_000 // usual_documents if usual_documents else 0
        if share >= max(_SHARE_BP, _TIMES * before):
            yield Unusual(kind="voids", store_id=store_id, now=share, usual=before)
