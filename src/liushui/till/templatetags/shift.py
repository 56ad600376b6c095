"""Template tags of shifts and days."""

from __future__ import annotations

from django import template

from liushui.till.pages.shift_words import STATES, TENDERS

register = template.Library()


@register.filter
def tender_name(type: str) -> str:
    """A tender as people call it."""
    return str(TENDERS.get(type, type))


@register.filter
def state_name(state: str) -> str:
    """The state of a shift in words."""
    return str(STATES[state][0])


@register.filter
def state_kind(state: str) -> str:
    """How the state of a shift is coloured: good, warn or info."""
    return STATES[state][1]


@register.filter
def or_nothing(amount_minor: int | None) -> int | None:
    """None for zero, which a table shows as a dash."""
    return amount_minor or None


@register.filter
def whole(money: str) -> str:
    """The face of a note: `¥100` of `¥100.00`, while `¥0.50` stays."""
    units, _point, fraction = money.partition(".")
    return units if not fraction.strip("0") else money
