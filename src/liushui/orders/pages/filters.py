"""The filters of the list of receipts, as they stand in its address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liushui.kernel.errors import InvalidValue
from liushui.kernel.money import parse_minor
from liushui.orders.contracts import SaleQuery
from liushui.stores.contracts import Place, Store

PRESETS: Mapping[str, tuple[Any, int, int]] = {  # name → title, first and last day counted back from today
    "today": (gettext_lazy("Today"), 0, 0),
    "yesterday": (gettext_lazy("Yesterday"), 1, 1),
    "last7": (gettext_lazy("Last 7 days"), 6, 0),
    "last30": (gettext_lazy("Last 30 days"), 29, 0),
}
_DEFAULT = "last7"  # when the address names no days and no number is looked for
_MORE = ("sku", "channel", "tender", "min", "max", "hour", "order", "returns", "source", "category", "customer")
_TEXTS = ("channel", "source", "q", "sku", "category", "tender", "customer", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What was asked: the query, the values as typed, and for the fields that could not be read why."""

    query: SaleQuery
    typed: Mapping[str, str]
    first: date | None
    last: date | None
    problems: Mapping[str, str]
    is_narrowed: bool  # by more than place and days
    preset: str  # the one of PRESETS whose days these are, or empty
    more: int  # how many of the less usual filters are set


def read_filters(
    parameters: Mapping[str, str], *, place: Place, stores: Mapping[int, Store], now: datetime, limit: int
) -> Filters:
    """Read `?from= &to= &channel= …`; a field that can't be read is left out of the query and named in `problems`."""
    typed = {name: value.replace("\0", "").strip()[:128] for name, value in parameters.items()}
    problems: dict[str, str] = {}

    def read(name: str, parse: Callable[[str], Any], problem: str) -> Any:
        try:
            return parse(typed[name]) if typed.get(name) else None
        except (ValueError, InvalidValue):
            problems[name] = problem
            return None

    first = read("from", _day, _("This is not a date."))
    last = read("to", _day, _("This is not a date."))
    today = max((stores[each].business_date(now) for each in place.store_ids), default=now.date())
    days = {name: _days_back(today, *back) for name, (_title, *back) in PRESETS.items()}
    if first is None and last is None and (typed.get("period") in days or not typed.get("q")):
        first, last = days.get(typed.get("period", ""), days[_DEFAULT])
    amount = _("Write an amount such as 12.50.")
    lowest = read("min", lambda text: parse_minor(text, place.currency), amount)
    highest = read("max", lambda text: parse_minor(text, place.currency), amount)
    hour = read("hour", _hour, _("An hour is a number from 0 to 23."))
    texts = {name: typed.get(name, "") for name in _TEXTS}
    by_amount = lowest is not None or highest is not None
    query = SaleQuery(
        store_ids=place.store_ids,
        first=first,
        last=last,
        text=texts.pop("q"),
        currency=place.currency if by_amount or typed.get("currency") else "",
        amount_min_minor=lowest,
        amount_max_minor=highest,
        local_hour=hour,
        with_returns=typed.get("returns") == "1",
        order="amount" if typed.get("order") == "amount" else "time",
        cursor=typed.get("after", ""),
        limit=limit,
        **texts,
    )
    narrowed = any(typed.get(name) for name in (*_TEXTS, "min", "max", "hour", "returns"))
    return Filters(
        query=query,
        typed=typed,
        first=first,
        last=last,
        problems=problems,
        is_narrowed=narrowed,
        preset=next((name for name, found in days.items() if found == (first, last)), ""),
        more=sum(bool(typed.get(name)) for name in _MORE),
    )


def _days_back(today: date, first: int, last: int) -> tuple[date, date]:
    return today - timedelta(days=first), today - timedelta(days=last)


def _day(text: str) -> date:
    day = date.fromisoformat(text)
    if not 1971 <= day.year <= 9000:
        raise ValueError("out of range")
    return day


def _hour(text: str) -> int:
    hour = int(text)
    if not 0 <= hour <= 23:
        raise ValueError("out of range")
    return hour
