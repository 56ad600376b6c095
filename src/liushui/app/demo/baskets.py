"""The demo chain's receipts: for a store and a day always the same ones, with the shape of a real supermarket.

Sources of the shape: lines a basket as in The Complete Journey (dunnhumby; mean 9.2, median 5, fitted by 1 + a negative
binomial of dispersion 0.58), hours and weekdays as in the same data, demand of items by Zipf's law within a category.
Every (store, day) has a random stream of its own, so a day can be made alone and today is a prefix of the whole day.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from liushui.app.demo.assortment import Assortment, DemoItem
from liushui.app.demo.chain import CHAIN_CODE, TILLS, DemoStore
from liushui.app.demo.people import customer_mark
from liushui.checkout.contracts import CompleteSale, Discount, LineCommand, Tender

SEED = 20_260_101
SOURCE = "demo"
TIME_ZONE = ZoneInfo("Asia/Shanghai")
LINES_MEAN_BEYOND_FIRST = 8.2
LINES_DISPERSION = 0.58
_SUCCESS_SHARE = LINES_DISPERSION / (LINES_DISPERSION + LINES_MEAN_BEYOND_FIRST)
RETURN_SHARE = 0.01
WEEKEND_FACTOR = 1.25

# Shares of a day's tickets by hour, 7 to 22: the evening peak at 17 h; the weekend is flatter.
WEEKDAY_HOURS = (3.0, 4.2, 5.4, 6.2, 6.6, 5.8, 4.8, 4.9, 5.8, 7.9, 11.8, 11.2, 8.6, 6.6, 4.4, 2.8)
WEEKEND_HOURS = (2.4, 4.2, 6.4, 7.6, 7.8, 6.6, 6.2, 6.6, 7.2, 7.9, 8.7, 8.2, 7.2, 6.0, 4.4, 2.6)
FIRST_HOUR = 7

# Days off and what they do to sales. New Year's Day of the lunar calendar moves, so it is listed.
_FIXED_DAYS = {(1, 1): 1.3, (5, 1): 1.25, (6, 18): 1.2, (11, 11): 1.3, (12, 31): 1.3} | {
    (10, day): 1.2 for day in range(1, 8)
}
_SPRING_FESTIVALS = (date(2026, 2, 17), date(2027, 2, 6), date(2028, 1, 26), date(2029, 2, 13), date(2030, 2, 3))
_TREND_FROM = date(2026, 1, 1)
_TREND_A_DAY = 0.0003

_CHANNELS = ("pos", "app", "web")
_CHANNEL_SHARES = (0.80, 0.15, 0.05)
_METHODS = (("mobile", "wechat"), ("mobile", "alipay"), ("card", "unionpay"), ("cash", "cash"), ("other", "gift-card"))
_METHOD_SHARES = {
    "pos": (0.43, 0.28, 0.09, 0.13, 0.07),
    "app": (0.62, 0.34, 0.0, 0.0, 0.04),
    "web": (0.45, 0.47, 0.08, 0.0, 0.0),
}
_DISCOUNTS = (
    ("MEMBER", "会员价", 5, 12, 0.09),
    ("WEEKLY", "每周特惠", 12, 28, 0.06),
    ("CLEAR", "临期特价", 30, 50, 0.015),
)
_MEMBERS_AT_TILLS = 0.235  # with all who order by the app, 35 % of receipts are members'


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of one store's day, as columns."""

    item: npt.NDArray[np.int64]
    units: npt.NDArray[np.int64]
    grams: npt.NDArray[np.int64]
    discount_kind: npt.NDArray[np.int64]  # -1: none
    discount_percent: npt.NDArray[np.int64]


class Baskets:
    """Makes the receipts of a store's day from an assortment; `tickets` is the mean of an average store's weekday."""

    def __init__(self, *, assortment: Assortment, tickets: float) -> None:
        self._items = assortment.items
        self._tickets = tickets
        self._assortment = assortment
        self._weighed = np.array([item.weighed for item in self._items])
        self._demand_of_month = lru_cache(maxsize=12)(self._demand)

    def day(self, *, store: DemoStore, day: date, until: datetime | None = None) -> list[CompleteSale]:
        """The store's receipts of a day in the order of their times; those after `until` are left out."""
        rng = np.random.default_rng([SEED, store.index, day.toordinal()])
        count = int(rng.poisson(self._tickets * store.size * day_factor(day)))
        seconds = np.sort(_seconds_of_day(rng, day, count))
        is_return = rng.random(count) < RETURN_SHARE
        line_counts = 1 + rng.negative_binomial(LINES_DISPERSION, _SUCCESS_SHARE, count)
        line_counts[is_return] = np.minimum(line_counts[is_return], 2)
        lines = self._lines(rng, day, int(line_counts.sum()))
        heads = rng.random((count, 5))
        ends = np.cumsum(line_counts)
        midnight = datetime(day.year, day.month, day.day, tzinfo=TIME_ZONE)
        sales = []
        for number in range(count):
            at = midnight + timedelta(seconds=int(seconds[number]))
            if until is not None and at > until:
                break
            start, end = int(ends[number] - line_counts[number]), int(ends[number])
            sign = -1 if is_return[number] else 1
            commands = tuple(self._line(lines, position, sign) for position in range(start, end))
            sales.append(_sale(store, day, number + 1, at, commands, [float(draw) for draw in heads[number]]))
        return sales

    def one(
        self, *, rng: np.random.Generator, store: DemoStore, at: datetime, source: str, source_id: str, is_return: bool
    ) -> CompleteSale:
        """One more receipt, of this instant: for the live day, which draws its own numbers."""
        at = at.astimezone(TIME_ZONE)
        count = 1 + int(rng.negative_binomial(LINES_DISPERSION, _SUCCESS_SHARE))
        lines = self._lines(rng, at.date(), min(count, 2) if is_return else count)
        commands = tuple(self._line(lines, position, -1 if is_return else 1) for position in range(len(lines.item)))
        draws = [float(draw) for draw in rng.random(5)]
        sale = _sale(store, at.date(), 0, at, commands, draws)
        return replace(sale, source=source, source_id=source_id, receipt_number=source_id)

    def _demand(self, month: int) -> npt.NDArray[np.float64]:
        """Cumulative shares of the items' demand in a month: category share by season, item by rank."""
        weights = np.array([item.popularity for item in self._items])
        categories = np.array([item.category for item in self._items])
        for category in self._assortment.categories:
            chosen = categories == category.path
            if chosen.any():
                season = 1 + category.swing * math.cos(2 * math.pi * (month - category.peak_month) / 12)
                weights[chosen] *= category.share * season / weights[chosen].sum()
        return np.asarray(np.cumsum(weights) / weights.sum())

    def _lines(self, rng: np.random.Generator, day: date, count: int) -> _Lines:
        item = np.searchsorted(self._demand_of_month(day.month), rng.random(count), side="right").clip(
            max=len(self._items) - 1
        )
        units = rng.choice((1, 2, 3, 4, 6), count, p=(0.84, 0.11, 0.03, 0.012, 0.008))
        grams = np.clip(rng.lognormal(math.log(480), 0.55, count), 60, 6000).astype(np.int64)
        weighed = self._weighed[item]
        edges = np.cumsum([share for *_, share in _DISCOUNTS])
        kind = np.searchsorted(edges, rng.random(count), side="right")
        kind[kind == len(_DISCOUNTS)] = -1
        low = np.array([entry[2] for entry in _DISCOUNTS])[kind]
        high = np.array([entry[3] for entry in _DISCOUNTS])[kind]
        return _Lines(
            item=item,
            units=np.where(weighed, 1, units),
            grams=np.where(weighed, grams, 0),
            discount_kind=kind,
            discount_percent=rng.integers(low, high, endpoint=True),
        )

    def _line(self, lines: _Lines, position: int, sign: int) -> LineCommand:
        item: DemoItem = self._items[lines.item[position]]
        units, grams = int(lines.units[position]), int(lines.grams[position])
        regular = (2 * item.price_minor * grams + 1000) // 2000 if item.weighed else item.price_minor * units
        kind, discount = int(lines.discount_kind[position]), 0
        if kind >= 0 and sign > 0:
            discount = regular * int(lines.discount_percent[position]) // 100
        return LineCommand(
            code=item.sku,
            units=sign * units,
            amount_minor=sign * (regular - discount),
            regular_minor=sign * regular,
            discounts=(Discount(code=_DISCOUNTS[kind][0], name=_DISCOUNTS[kind][1], amount_minor=discount),)
            if discount
            else (),
            measure_value=grams if item.weighed else None,
            measure_unit="g" if item.weighed else None,
        )


def day_factor(day: date) -> float:
    """How a day compares with an average weekday: weekends, holidays, the run-up to Spring Festival, a mild trend."""
    factor = 1 + _TREND_A_DAY * (day - _TREND_FROM).days
    if day.weekday() >= 5:
        factor *= WEEKEND_FACTOR
    factor *= _FIXED_DAYS.get((day.month, day.day), 1.0)
    for festival in _SPRING_FESTIVALS:
        before = (festival - day).days
        if 1 <= before <= 10:
            factor *= 1.5
        elif -6 <= before <= 0:
            factor *= 0.6
    return factor


def hour_shares(day: date) -> npt.NDArray[np.float64]:
    """Shares of the opening hours, from 7 h on, summing to 1."""
    shares = np.array(WEEKEND_HOURS if day.weekday() >= 5 else WEEKDAY_HOURS)
    return np.asarray(shares / shares.sum())


def _seconds_of_day(rng: np.random.Generator, day: date, count: int) -> npt.NDArray[np.int64]:
    shares = hour_shares(day)
    hours = rng.choice(len(shares), count, p=shares) + FIRST_HOUR
    return np.asarray(hours * 3600 + rng.integers(0, 3600, count))


def _sale(
    store: DemoStore, day: date, number: int, at: datetime, lines: tuple[LineCommand, ...], draws: Sequence[float]
) -> CompleteSale:
    channel = _CHANNELS[_pick(_CHANNEL_SHARES, draws[0])]
    till = 1 + int(draws[1] * TILLS)
    at_till: dict[str, Any] = {}
    if channel == "pos":
        shift = 0 if at.hour < 15 else TILLS
        at_till = {"workstation": f"T{till}", "operator": f"{store.code}-{till + shift:02d}"}
    total = sum(line.amount_minor or 0 for line in lines)
    return CompleteSale(
        source=SOURCE,
        source_id=sale_id(store=store, day=day, number=number),
        chain=CHAIN_CODE,
        store=store.code,
        completed_at=at,
        lines=lines,
        tenders=tenders(channel=channel, total_minor=total, draw=draws[2]),
        channel=channel,
        receipt_number=f"{store.code}{day:%m%d}{number:05d}",
        customer=customer_mark(store_place=store.index - 1, draw=draws[4])
        if channel == "app" or draws[3] < _MEMBERS_AT_TILLS
        else "",
        **at_till,
    )


def sale_id(*, store: DemoStore, day: date, number: int) -> str:
    """The id that the n-th receipt of a store's day has for ever."""
    return f"{store.code}-{day:%Y%m%d}-{number:05d}"


def tenders(*, channel: str, total_minor: int, draw: float) -> tuple[Tender, ...]:
    """How a total was paid; a gift card pays ¥50 of a larger total and WeChat the rest."""
    chosen, method = _METHODS[_pick(_METHOD_SHARES[channel], draw)]
    if chosen == "other" and total_minor > 5000:
        return (
            Tender(type="other", method=method, amount_minor=5000),
            Tender(type="mobile", method="wechat", amount_minor=total_minor - 5000),
        )
    return (Tender(type=chosen, method=method, amount_minor=total_minor),)


def _pick(shares: Sequence[float], draw: float) -> int:
    reached = 0.0
    for index, share in enumerate(shares):
        reached += share
        if draw < reached:
            return index
    return max(index for index, share in enumerate(shares) if share)
