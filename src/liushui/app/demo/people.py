"""The made-up members of the demo chain: two thousand people, the same ones on every machine.

Each comes from a random stream of his own. Phones stand in the range 199 0000 xxxx, names are put together by chance;
only the numbers of members are each installation's own, so receipts carry a mark in their place.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import accumulate
from uuid import NAMESPACE_URL, UUID, uuid5

import numpy as np

from liushui.app.demo.chain import demo_stores

MEMBERS = 2_000
VALUE_EVERY = 10  # one member in ten has stored value
_SEED = 20_261_123
_JOINED_BEFORE_DAYS = (430, 1_100)  # before what anybody bought
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "安宁思雨子涵浩然欣怡建国秀英志强丽华明轩梓萱海燕文博晓东雪梅"
_TOP_UPS = (20_000, 50_000, 100_000)

LEVELS = (
    ("silver", "银卡", "Silver", 100_000, 30),
    ("gold", "金卡", "Gold", 300_000, 60),
    ("diamond", "钻石卡", "Diamond", 800_000, 90),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoMember:
    """A member as the generator makes him."""

    index: int
    phone: str
    name: str
    birthday: str  # MM-DD
    store_code: str
    tier: str
    points: int
    spend_minor: int  # of the year before the history
    joined_before_days: int
    agrees: tuple[str, ...]
    top_up_minor: int

    @property
    def id(self) -> UUID:
        """The same on every machine."""
        return uuid5(NAMESPACE_URL, f"urn:liushui:demo:member:{self.index}")


def mark(index: int) -> str:
    """What the generator's receipts carry in place of a member's number, which each installation has its own of."""
    return f"demo-member-{index:04}"


@cache
def demo_member(index: int) -> DemoMember:
    """The n-th member; those with low numbers come most often."""
    rng = np.random.default_rng([_SEED, index])
    draws = [float(draw) for draw in rng.random(10)]
    spend = int(min(rng.lognormal(11.2, 1.2), 3_000_000)) // (1 + index // 400)
    tier = next((code for code, _zh, _en, needed, _grace in reversed(LEVELS) if spend >= needed), "")
    if draws[9] < 0.04:  # a tier of better days, which is about to be lost
        tier = "gold" if tier in ("", "silver") else tier
    agrees = ("membership", *(["marketing"] if draws[4] < 0.35 else []), *(["profiling"] if draws[5] < 0.2 else []))
    birthday = date(2024, 1, 1) + timedelta(days=int(draws[3] * 366))
    given = "".join(_GIVEN[int(draw * len(_GIVEN))] for draw in draws[1:3])
    return DemoMember(
        index=index,
        phone=f"1990000{index:04}",
        name=_SURNAMES[int(draws[0] * len(_SURNAMES))] + given,
        birthday=f"{birthday:%m-%d}",
        store_code=_store_codes()[home_of(index)],
        tier=tier,
        points=2_000 + int(spend / 100 * draws[6]),
        spend_minor=spend,
        joined_before_days=_JOINED_BEFORE_DAYS[0] + int(draws[7] * (_JOINED_BEFORE_DAYS[1] - _JOINED_BEFORE_DAYS[0])),
        agrees=agrees,
        top_up_minor=_TOP_UPS[int(draws[8] * 3)] if index % VALUE_EVERY == 0 else 0,
    )


@cache
def homes() -> tuple[tuple[int, ...], ...]:
    """The members of each store, by the stores' places in the list; large stores have more."""
    found: list[list[int]] = [[] for _ in _sizes()]
    for index in range(MEMBERS):
        found[home_of(index)].append(index)
    return tuple(tuple(each) for each in found)


def home_of(index: int) -> int:
    """The store of a member, as its place in the list."""
    reached = _sizes()
    spot = (index * 0.618_033_988_75) % 1.0 * reached[-1]  # the golden ratio spreads them evenly
    return bisect_right(reached, spot)


def customer_mark(*, store_place: int, draw: float) -> str:
    """Who buys in a store: one of its members; few come often, most seldom."""
    pool = homes()[store_place]
    return mark(pool[int(len(pool) * draw**1.6)])


def shopper_phone() -> str:
    """The phone of a member to try the portal with: one with stored value, who comes often."""
    return demo_member(0).phone


@cache
def _sizes() -> tuple[float, ...]:
    """The stores' sizes, added up one after another."""
    return tuple(accumulate(store.size for store in demo_stores()))


@cache
def _store_codes() -> tuple[str, ...]:
    return tuple(store.code for store in demo_stores())
