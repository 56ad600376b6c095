"""What privacy does by the clock."""

from __future__ import annotations

from datetime import datetime

from liushui.privacy import facade
from liushui.runtime.ticks import Tick


def _resume(now: datetime) -> int:
    return facade.resume_erasures(now=now)


def _retain(now: datetime) -> int:
    return facade.apply_retention(now=now)


TICKS: tuple[Tick, ...] = (
    Tick(name="privacy-resume-erasures", every_seconds=15, run=_resume),
    Tick(name="privacy-retention", every_seconds=600, run=_retain),
)
