"""Work that comes back by the clock: each module names its own, the worker runs them.

Every worker runs every tick, so a tick must be safe to run twice at once; one that fails is logged and comes again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """`run(now)` every so many seconds; it returns how many things it did, and should do a bounded number at a time."""

    name: str
    every_seconds: float
    run: Callable[[datetime], int]


class Clockwork:
    """Which ticks are due, by the monotonic clock of this process; all are at the start."""

    def __init__(self, ticks: Sequence[Tick]) -> None:
        self._due_at = dict.fromkeys(ticks, 0.0)

    def run_due(self) -> bool:
        """Run what is due, one after another; whether anything was done."""
        worked = False
        for tick, due_at in self._due_at.items():
            if time.monotonic() >= due_at:
                self._due_at[tick] = time.monotonic() + tick.every_seconds
                worked |= run_tick(tick) > 0
        return worked


def run_tick(tick: Tick) -> int:
    """Run one now; an error is logged and counts as nothing done."""
    try:
        return tick.run(datetime.now(UTC))
    except Exception:
        _logger.exception("tick_failed", tick=tick.name)
        return 0
