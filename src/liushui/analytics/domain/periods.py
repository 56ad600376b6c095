"""Which days are compared with which."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Business days from first to last, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    def shifted(self, days: int) -> Period:
        """The same length, so many days later."""
        return Period(first=self.first + timedelta(days=days), last=self.last + timedelta(days=days))


def before(period: Period) -> Period:
    """环比: the days just before; for one day, yesterday."""
    return period.shifted(-period.days)


def same_weekdays(period: Period) -> Period:
    """同比: for up to six days the same weekdays of last week; else those of a year ago, 364 days back."""
    return period.shifted(-7 if period.days < 7 else -364)


def presets(today: date) -> dict[str, Period]:
    """The ranges that one click chooses."""
    return {
        "today": Period(first=today, last=today),
        "yesterday": Period(first=today - timedelta(days=1), last=today - timedelta(days=1)),
        "last7": Period(first=today - timedelta(days=6), last=today),
        "last30": Period(first=today - timedelta(days=29), last=today),
    }


def hour_of_day(local_hour: int, day_starts_hour: int) -> int:
    """How many hours into the business day an hour of the wall clock is: 0 … 23."""
    return (local_hour - day_starts_hour) % 24
