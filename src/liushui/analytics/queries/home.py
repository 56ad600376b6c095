"""Everything the home page says, in a handful of statements however much was ever sold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from liushui.analytics.contracts import Figures, Filter
from liushui.analytics.domain import home as rules
from liushui.analytics.domain import periods
from liushui.analytics.domain.periods import Period
from liushui.analytics.queries import totals
from liushui.analytics.queries.items import ItemQuery, ItemRow, best_and_worst
from liushui.stores.contracts import Store

_SELLERS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRank:
    """A store in the ranking; `beside` covers the same hours of both days."""

    store: Store
    figures: Figures
    beside: rules.Beside


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """One hour or day of the curve: net sales of the period and of those behind it; None where nothing is known yet."""

    hour: int | None
    day: date | None
    now_minor: int | None
    before_minor: int | None
    same_minor: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A business day, or several, at a glance."""

    scope: Filter
    before: Period  # yesterday, or the days before
    same: Period  # the same weekday last week, or the same days a year ago
    is_running: bool
    until_hour: int | None  # comparisons reach up to here on a running day, when it is one hour for all stores
    figures: Figures
    beside_before: rules.Beside
    beside_same: rules.Beside
    curve: tuple[CurvePoint, ...]
    stores: tuple[StoreRank, ...]  # the highest net sales first
    tenders: tuple[tuple[str, str, int, int], ...]  # type, method, amount in minor units, count
    categories: tuple[tuple[int, str, Figures], ...]  # chain id, top category, figures; the biggest first
    best: tuple[ItemRow, ...]
    worst: tuple[ItemRow, ...]
    unusual: tuple[rules.Unusual, ...]


def home(*, scope: Filter, stores: Sequence[Store], now: datetime, whole_chains: frozenset[int] = frozenset()) -> Home:
    """The figures of a filter beside the days before and the same weekdays; `stores` are those of the filter.

    `whole_chains` are the chains all of whose stores are in it: their items need not be added up from stores.
    """
    best, worst = best_and_worst(query=ItemQuery(scope=scope, limit=_SELLERS, whole_chains=whole_chains))
    period = Period(first=scope.first, last=scope.last)
    before, same = periods.before(period), periods.same_weekdays(period)
    pace = rules.pace_of(stores=stores, day=scope.last, now=now)
    last_week = period.last - timedelta(days=7)
    hours = totals.hour_rows(scope, {period.last, before.last, same.last, last_week})
    parts = {name: _Part.read(scope, each, hours, pace) for name, each in _named(period, before, same)}
    present, earlier, same_part = parts["now"], parts["before"], parts["same"]
    return Home(
        scope=scope,
        before=before,
        same=same,
        is_running=pace.is_running(),
        until_hour=pace.common_hour(),
        figures=present.figures,
        beside_before=rules.Beside(now=present.like, before=earlier.like),
        beside_same=rules.Beside(now=present.like, before=same_part.like),
        curve=_curve(scope, hours, parts, pace),
        stores=_ranking(stores, present, same_part if scope.days == 1 else earlier),
        tenders=tuple(totals.by_tender(scope)),
        categories=top_categories(totals.by_category(scope)),
        best=best,
        worst=worst,
        unusual=tuple(
            rules.unusual(
                rows=hours, stores=stores, period=period, compared=(before, same), pace=pace, last_week=last_week
            )
        ),
    )


def _named(period: Period, before: Period, same: Period) -> tuple[tuple[str, Period], ...]:
    return (("now", period), ("before", before), ("same", same))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One of the three periods, by store and by day; `like` leaves out hours that are not over on the running day."""

    period: Period
    by_store: dict[int, Figures]
    like_by_store: dict[int, Figures]
    by_day: dict[date, Figures]

    @property
    def figures(self) -> Figures:
        return rules.total(self.by_store.values())

    @property
    def like(self) -> Figures:
        return rules.total(self.like_by_store.values())

    @classmethod
    def read(cls, scope: Filter, period: Period, hours: Sequence[rules.HourRow], pace: rules.Pace) -> _Part:
        late = rules.gather(
            hours, lambda row: row[1] if row[0] == period.last and not pace.has_passed(row[1], row[2]) else None
        )
        if period.days == 1:
            by_store = rules.gather(hours, lambda row: row[1] if row[0] == period.last else None)
            by_day = {period.last: rules.total(by_store.values())}
        else:
            own = replace(scope, first=period.first, last=period.last)
            by_store = {key[0]: figures for key, figures in totals.by_hour(own, "store_id")}
            by_day = {key[0]: figures for key, figures in totals.by_hour(own, "business_date")}
        like = {store: rules.minus(figures, late.get(store, rules.NOTHING)) for store, figures in by_store.items()}
        return cls(period=period, by_store=by_store, like_by_store=like, by_day=by_day)


def _curve(
    scope: Filter, hours: Sequence[rules.HourRow], parts: dict[str, _Part], pace: rules.Pace
) -> tuple[CurvePoint, ...]:
    now, before, same = parts["now"], parts["before"], parts["same"]
    if scope.days > 1:
        return tuple(
            CurvePoint(
                hour=None,
                day=now.period.first + timedelta(days=i),
                now_minor=_net(now.by_day, now.period.first + timedelta(days=i)),
                before_minor=_net(before.by_day, before.period.first + timedelta(days=i)),
                same_minor=_net(same.by_day, same.period.first + timedelta(days=i)),
            )
            for i in range(scope.days)
        )
    by_hour = rules.gather(hours, lambda row: (row[0], row[2]))
    days = {now.period.last, before.period.last, same.period.last}
    start = min(pace.starts.values(), default=0)
    drawn = rules.curve_hours((hour for day, hour in by_hour if day in days), start=start)
    latest = max((i for i, hour in enumerate(drawn) if (scope.last, hour) in by_hour), default=-1)
    return tuple(
        CurvePoint(
            hour=hour,
            day=None,
            # An hour to come is unknown, an hour gone by without a sale is zero.
            now_minor=_net(by_hour, (scope.last, hour)) if i <= latest or not pace.is_running() else None,
            before_minor=_net(by_hour, (before.period.last, hour)),
            same_minor=_net(by_hour, (same.period.last, hour)),
        )
        for i, hour in enumerate(drawn)
    )


def _net(figures: dict[rules.K, Figures], key: rules.K) -> int:
    return figures.get(key, rules.NOTHING).net_minor


def _ranking(stores: Sequence[Store], now: _Part, before: _Part) -> tuple[StoreRank, ...]:
    ranks = [
        StoreRank(
            store=store,
            figures=now.by_store.get(store.id, rules.NOTHING),
            beside=rules.Beside(
                now=now.like_by_store.get(store.id, rules.NOTHING),
                before=before.like_by_store.get(store.id, rules.NOTHING),
            ),
        )
        for store in stores
        if store.is_open or store.id in now.by_store
    ]
    return tuple(sorted(ranks, key=lambda rank: (-rank.figures.net_minor, rank.store.code)))


def top_categories(grouped: totals.Grouped) -> tuple[tuple[int, str, Figures], ...]:
    """Figures by the first part of the category path, the biggest first; tickets do not add up and are left at zero."""
    found: dict[tuple[int, str], Figures] = {}
    for (chain_id, path), figures in grouped:
        key = (chain_id, path.partition("/")[0])
        found[key] = found.get(key, rules.NOTHING) + replace(figures, tickets=0, returns=0)
    ranked = sorted(found.items(), key=lambda each: (-each[1].net_minor, each[0]))
    return tuple((chain_id, path, figures) for (chain_id, path), figures in ranked)
