"""What the till does by the clock."""

from __future__ import annotations

from datetime import datetime

from liushui.runtime.ticks import Tick
from liushui.till import facade


def _recover(now: datetime) -> int:
    return facade.recover(now=now)


def _close_approved(now: datetime) -> int:
    return facade.close_approved(now=now)


TICKS: tuple[Tick, ...] = (
    Tick(name="till-recover", every_seconds=3, run=_recover),
    Tick(name="till-close-approved", every_seconds=5, run=_close_approved),
)
