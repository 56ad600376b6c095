"""A birthday as far as a rulebook asks for it: what is kept with a receipt says within how many days it was, not when.

A rulebook that asks for no birthday gets none. Another one gets a day that all of its conditions judge as they judge
the real one: the last day of the narrowest span that reaches it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from liushui.promotions.domain.basket import Basket
from liushui.promotions.domain.conditions import days_to_birthday
from liushui.promotions.domain.rules import Combined, Condition, Promotion

_FARTHEST = 183  # days: no birthday is farther away


def birthday_spans(promotions: Iterable[Promotion]) -> tuple[int, ...]:
    """The days around a birthday that conditions of these promotions name, the narrowest first."""
    return tuple(sorted({days for promotion in promotions for days in _days(promotion.when)}))


def with_coarse_birthday(basket: Basket, *, spans: tuple[int, ...]) -> Basket:
    """The basket with a birthday of which nobody can tell more than by which conditions it fits."""
    member = basket.member
    if member is None or member.birthday is None:
        return basket
    coarse = None
    if spans and basket.at is not None:
        today = basket.at.date()
        away = days_to_birthday(member.birthday, today=today)
        span = next((each for each in spans if away <= each), None)
        if span is not None:
            narrower = max((each for each in spans if each < span), default=-1)
            coarse = _within(today, narrower, min(span, _FARTHEST)) or member.birthday
    return replace(basket, member=replace(member, birthday=coarse))


def _within(today: date, above: int, span: int) -> tuple[int, int] | None:
    """A day that is at most so many days away, and more than the narrower span."""
    for away in range(span, max(above, -1), -1):
        for day in (today + timedelta(days=away), today - timedelta(days=away)):
            if above < days_to_birthday((day.month, day.day), today=today) <= span:
                return day.month, day.day
    return None


def _days(conditions: Iterable[Condition]) -> Iterator[int]:
    for condition in conditions:
        if isinstance(condition, Combined):
            yield from _days(condition.parts)
        elif condition.type == "birthday_within":
            yield condition.days or 0
