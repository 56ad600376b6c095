"""What promotions do by the clock."""

from __future__ import annotations

from datetime import datetime

from liushui.promotions import facade
from liushui.runtime.ticks import Tick


def _settle_reviews(now: datetime) -> int:
    return facade.settle_reviews(now=now)


def _expire(now: datetime) -> int:
    """Give back what orders hold past their time."""
    return facade.expire(now=now)


TICKS: tuple[Tick, ...] = (
    Tick(name="promotions-settle-reviews", every_seconds=3, run=_settle_reviews),
    Tick(name="promotions-expire", every_seconds=10, run=_expire),
)
