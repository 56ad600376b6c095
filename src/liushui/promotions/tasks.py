"""What promotions do by the clock."""

from __future__ import annotations

from datetime import datetime

from liushui.promotions import facade
from liushui.runtime.ticks import Tick


def _settle_reviews(now: datetime) -> int:
    return facade.settle_reviews(now=now)


TICKS: tuple[Tick, ...] = (Tick(name="promotions-settle-reviews", every_seconds=3, run=_settle_reviews),)
