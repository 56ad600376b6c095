"""Days and months as people count them: a month from the 31st is the last day of a shorter month."""

from __future__ import annotations

from calendar import isleap, monthrange
from datetime import date, timedelta

_WEEK_SIDE = 3  # days before and after


def add_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last day."""
    month = day.year * 12 + day.month - 1 + months
    year, month = divmod(month, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def window_start(*, last: date, months: int) -> date:
    """The first day of the rolling window that ends on `last`, both included."""
    return add_months(last, -months) + timedelta(days=1)


def in_yearly_window(*, day: date, month: int, month_day: int, window: str) -> int | None:
    """The year of the occasion in whose window a day lies; None when it lies in none.

    The occasion of a 29 February is the 28th in other years. A week around New Year belongs to the occasion's year.
    """
    for year in (day.year, day.year + 1, day.year - 1):
        occasion = yearly(year=year, month=month, month_day=month_day)
        if window == "month":
            fits = (day.year, day.month) == (occasion.year, occasion.month)
        elif window == "week":
            fits = abs((day - occasion).days) <= _WEEK_SIDE
        else:
            fits = day == occasion
        if fits:
            return year
    return None


def yearly(*, year: int, month: int, month_day: int) -> date:
    """The day of a year on which a birthday or an anniversary is kept."""
    if (month, month_day) == (2, 29) and not isleap(year):
        month_day = 28
    return date(year, month, month_day)
