"""What the address of a page says: which stores, days, channel and currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from liushui.analytics.contracts import Filter, ReportQuery
from liushui.analytics.domain.periods import Period, presets
from liushui.analytics.domain.reports import GRAINS
from liushui.analytics.queries.totals import channels
from liushui.kernel.clock import Clock, SystemClock
from liushui.kernel.errors import InvalidValue
from liushui.orders import facade as orders
from liushui.runtime.access import Principal
from liushui.stores import facade as stores
from liushui.stores.contracts import Place, Store

PRESETS: dict[str, Any] = {
    "today": _("Today"),
    "yesterday": _("Yesterday"),
    "last7": _("Last 7 days"),
    "last30": _("Last 30 days"),
}
_DAYS_MAX = 1100  # about three years: what one page answers
_KEPT = ("chain", "region", "store", "channel", "currency")
CLOCK: Clock = SystemClock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the reader chose, within what the reader may see."""

    place: Place
    stores: tuple[Store, ...]
    scope: Filter
    today: date
    preset: str  # one of PRESETS, or empty for days of the reader's own
    now: datetime
    kept: Mapping[str, str]  # parameters that every link carries on

    @property
    def period(self) -> Period:
        """The chosen business days."""
        return Period(first=self.scope.first, last=self.scope.last)

    @property
    def is_today(self) -> bool:
        """Whether the figures still move."""
        return self.scope.last >= self.today

    def address(self, **parameters: str) -> str:
        """A query string with the kept parameters and these; empty ones are left out."""
        chosen = {name: value for name, value in {**self.kept, **parameters}.items() if value}
        return f"?{urlencode(chosen)}" if chosen else "?"

    @property
    def days(self) -> dict[str, str]:
        """The chosen days as parameters: a preset stays a preset, and so moves on with the calendar."""
        if self.preset:
            return {"period": self.preset}
        return {"from": self.scope.first.isoformat(), "to": self.scope.last.isoformat()}

    def shifted(self, direction: int) -> dict[str, str]:
        """The days as many days earlier (-1) or later (1) as are shown."""
        moved = self.period.shifted(direction * self.period.days)
        return {"from": moved.first.isoformat(), "to": moved.last.isoformat()}


def choose(request: HttpRequest, *, principal: Principal, capability: str, default: str) -> Choice:
    """Read the address; `default` is the preset when it says no days. Raises what the errors' texts explain."""
    return choose_from(request.GET, principal=principal, capability=capability, default=default, now=CLOCK.now())


def choose_from(
    query: Mapping[str, str], *, principal: Principal, capability: str, default: str, now: datetime
) -> Choice:
    """The same from any mapping of parameters."""
    place = stores.place(query=query, allowed=principal.stores(capability))
    chosen = tuple(
        store for store in stores.stores() if store.id in place.store_ids and store.currency == place.currency
    )
    today = business_day(chosen, now)
    preset = query.get("period", "") or ("" if query.get("from") or query.get("to") else default)
    if preset and preset not in PRESETS:
        raise InvalidValue(f"{preset!r} is no known period", remedy=f"Use one of {', '.join(PRESETS)}.")
    period = presets(today)[preset] if preset else _own_days(query)
    scope = Filter(
        store_ids=frozenset(store.id for store in chosen),
        currency=place.currency,
        first=period.first,
        last=period.last,
        channel=query.get("channel", "").replace("\0", "")[:32],
    )
    kept = {name: query[name] for name in _KEPT if query.get(name)}
    if len(place.currencies) > 1:  # unlike currencies are never added, so every link says which one it means
        kept["currency"] = place.currency
    return Choice(place=place, stores=chosen, scope=scope, today=today, preset=preset, now=now, kept=kept)


def business_day(chosen: tuple[Store, ...], now: datetime) -> date:
    """The latest business day that has begun in any of these stores (docs/decisions/0072)."""
    return max((store.business_date(now) for store in chosen if store.is_open), default=now.date())


def channel_pairs(scope: Filter) -> list[tuple[str, str]]:
    """The sales channels there are to choose from, with their names in the reader's language."""
    return [(code, orders.channel_name(code)) for code in channels(store_ids=scope.store_ids, day=scope.last)]


def _own_days(query: Mapping[str, str]) -> Period:
    first, last = (_day(query, name) for name in ("from", "to"))
    first, last = first or last, last or first
    assert first is not None and last is not None  # nosec B101  # for the type checker
    if last < first:
        first, last = last, first
    if (last - first).days >= _DAYS_MAX:
        raise InvalidValue(
            f"{first} to {last} is longer than {_DAYS_MAX} days", remedy="Choose fewer days.", pointer="/from"
        )
    return Period(first=first, last=last)


def _day(query: Mapping[str, str], name: str) -> date | None:
    text = query.get(name, "")
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        day = None
    if text and (day is None or not 1970 <= day.year <= 2200):
        raise InvalidValue(f"{text!r} is not a date", remedy="Write it as 2026-05-08.", pointer=f"/{name}")
    return day


def report_query(parameters: Mapping[str, str], name: str, scope: Filter, *, limit: int, offset: int) -> ReportQuery:
    """What `sort`, `grain`, `q` and `category` of an address ask of a report."""
    sort = parameters.get("sort", "")
    grain = parameters.get("grain") or "day"
    if grain not in GRAINS:
        raise InvalidValue(f"{grain!r} is no known grain", remedy=f"Use one of {', '.join(GRAINS)}.", pointer="/grain")
    return ReportQuery(
        name=name,
        scope=scope,
        sort=sort.removeprefix("-"),
        descending=sort.startswith("-"),
        grain=grain,
        text=parameters.get("q", "").replace("\0", "").strip()[:100],
        category=parameters.get("category", "").replace("\0", "").strip("/")[:200],
        limit=limit,
        offset=offset,
    )
