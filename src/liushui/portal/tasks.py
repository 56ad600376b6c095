"""What the portal does by the clock."""

from __future__ import annotations

from datetime import datetime

from liushui.portal import facade
from liushui.runtime.ticks import Tick


def _tidy(now: datetime) -> int:
    return facade.forget_old(now=now)


TICKS: tuple[Tick, ...] = (Tick(name="portal-tidy", every_seconds=3600, run=_tidy),)
