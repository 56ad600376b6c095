"""Which of an item's dated prices applies: the narrowest place, then the latest start."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

CHAIN, REGION, STORE = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedPrice:
    """A price in a place from `starts_at` on, up to but without `ends_at`. `level` is CHAIN, REGION or STORE."""

    level: int
    amount_minor: int
    starts_at: datetime
    ends_at: datetime | None


def price_at(prices: Iterable[DatedPrice], *, at: datetime) -> DatedPrice | None:
    """The price that applies at an instant, of those given for one item and the places around one store.

    Of prices that overlap on one level the one that started last applies: a promotion laid over a lasting price
    ends by itself. A narrower price applies however old it is.
    """
    in_force = (price for price in prices if price.starts_at <= at and (price.ends_at is None or at < price.ends_at))
    return max(in_force, key=lambda price: (price.level, price.starts_at), default=None)
