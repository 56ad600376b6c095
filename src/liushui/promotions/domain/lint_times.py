"""When promotions are in force: whether ever, and whether several ever are at one instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from liushui.promotions.domain.rulebook import Promotion

DAY_MINUTES = 24 * 60
WEEK_DAYS = 8  # weekdays and hours repeat after seven days; the eighth ends a window that began within a day


def in_force(*, promotion: Promotion, instant: datetime) -> bool:
    """Whether a promotion's times take this instant; weekday and hour are read in the instant's own offset."""
    if promotion.starts_at is not None and instant < promotion.starts_at:
        return False
    if promotion.ends_at is not None and instant >= promotion.ends_at:
        return False
    if promotion.weekdays is not None and instant.isoweekday() not in promotion.weekdays:
        return False
    minute = instant.hour * 60 + instant.minute
    return promotion.hours is None or any(_takes(span, minute) for span in promotion.hours)


def _takes(span: tuple[int, int], minute: int) -> bool:
    first, last = span
    return first <= minute < last if first <= last else minute >= first or minute < last


def common_instant(
    *, promotions: Sequence[Promotion], at: datetime, without: Sequence[Promotion] = ()
) -> datetime | None:
    """The first instant from `at` on at which all of these are in force and none of `without`; None if never.

    In the offset of `at`. Times change only at a start, an end, midnight or the border of an hour span, and repeat
    weekly: those instants of eight days are looked at.
    """
    zone = timezone(at.utcoffset() or timedelta())
    first = max([at, *(each.starts_at for each in promotions if each.starts_at is not None)]).astimezone(zone)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    minutes = {0} | {span[0] % DAY_MINUTES for each in promotions for span in each.hours or ()}
    minutes |= {border % DAY_MINUTES for each in without for span in each.hours or () for border in span}
    candidates = [
        first,
        *(midnight + timedelta(days=day, minutes=minute) for day in range(WEEK_DAYS + 1) for minute in sorted(minutes)),
        *(each.ends_at.astimezone(zone) for each in without if each.ends_at is not None),
    ]
    for instant in candidates:
        if (
            instant >= first
            and all(in_force(promotion=each, instant=instant) for each in promotions)
            and not any(in_force(promotion=each, instant=instant) for each in without)
        ):
            return instant
    return None


def never_in_force(*, promotion: Promotion, at: datetime) -> tuple[str, str] | None:
    """The two parts of a promotion's times that never meet, read in the offset of `at`; None when they do."""
    starts, ends = promotion.starts_at, promotion.ends_at
    if starts is not None and ends is not None and ends <= starts:
        return "starts_at", "ends_at"
    earliest = starts if starts is not None else (ends - timedelta(days=WEEK_DAYS) if ends is not None else at)
    zone = timezone(at.utcoffset() or timedelta())
    if common_instant(promotions=(promotion,), at=earliest.astimezone(zone)) is not None:
        return None
    if promotion.weekdays is not None and not promotion.weekdays:
        return "weekdays", "weekdays"
    if promotion.hours is not None and not any(first != last for first, last in promotion.hours):
        return "hours", "hours"
    if promotion.weekdays is None or promotion.hours is None:
        return ("hours" if promotion.weekdays is None else "weekdays"), "ends_at"
    # Which of the two alone already misses the window?
    if never_in_force(promotion=replace(promotion, hours=None), at=at) is not None:
        return "weekdays", "ends_at"
    if never_in_force(promotion=replace(promotion, weekdays=None), at=at) is not None:
        return "hours", "ends_at"
    return "weekdays", "hours"


def has_ended(*, promotion: Promotion, at: datetime) -> bool:
    """Whether a promotion is over at `at`."""
    return promotion.ends_at is not None and promotion.ends_at <= at
