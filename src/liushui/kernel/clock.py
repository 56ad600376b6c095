"""What time it is, as an argument: rules never ask the machine themselves."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time; the only way it comes into actions and rules."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...

    def nanoseconds(self) -> int:
        """Nanoseconds since the Unix epoch."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def nanoseconds(self) -> int:
        return time.time_ns()


class FixedClock:
    """A clock that stands still until it is moved: for tests and simulations."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("a clock needs an aware time")
        self._now = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def nanoseconds(self) -> int:
        return (self._now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000

    def advance(self, by: timedelta) -> None:
        """Move on by this much."""
        self._now += by
