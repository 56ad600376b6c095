"""Tiers up and down. A member has one tier or none; where he stands follows from what he spent in a rolling window.

Up at once. Down never at once but for a grace of 0 days: on the first day at whose end the spend is too little a last
day is set, and only when it is over, and the spend still too little, the tier goes down to what the window has.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from liushui.loyalty.domain.programme import Level, Programme

Step = Literal["same", "up", "down", "grace", "kept"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A member's tier. `until` is the first day on which it may be lost; None: no end is known."""

    tier: str = ""
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Where a member stands after a day, and how that came: `grace` that an end was set, `kept` that it was lifted."""

    standing: Standing
    step: Step


def tier_of(*, programme: Programme, spend_minor: int) -> str:
    """The highest tier that a spend reaches; empty: none."""
    reached = [level for level in programme.levels if level.spend_minor <= spend_minor]
    return reached[-1].code if reached else ""


def rank(programme: Programme, tier: str) -> int:
    """The place of a tier, 1 the lowest; 0 for none, and for one that the programme does not know."""
    return next((place for place, level in enumerate(programme.levels, start=1) if level.code == tier), 0)


def upgraded(*, programme: Programme, standing: Standing, spend_minor: int) -> Verdict:
    """What a purchase does at once: it lifts, and it ends a grace when the tier is earned again; it never lowers."""
    due = tier_of(programme=programme, spend_minor=spend_minor)
    if rank(programme, due) > rank(programme, standing.tier):
        return Verdict(standing=Standing(tier=due), step="up")
    if due == standing.tier and standing.until is not None:
        return Verdict(standing=Standing(tier=due), step="kept")
    return Verdict(standing=standing, step="same")


def after_day(
    *, programme: Programme, standing: Standing, spend_minor: int, day: date, has_grace: bool = True
) -> Verdict:
    """Where a member stands after a business day, by his spend in the window that ends with it.

    Safe to repeat: the verdict on the standing that it led to is `same`. A tier that goods reached which came back has
    no grace: it goes with them.
    """
    due = tier_of(programme=programme, spend_minor=spend_minor)
    held = programme.level(standing.tier)
    if held is None and standing.tier:  # the programme has done away with the tier: nothing holds it
        return Verdict(standing=Standing(tier=due), step="down")
    if held is None or rank(programme, due) >= rank(programme, standing.tier):
        return upgraded(programme=programme, standing=standing, spend_minor=spend_minor)
    until = standing.until or _lost_from(day, held)
    if not has_grace or day + timedelta(days=1) >= until:
        return Verdict(standing=Standing(tier=due), step="down")
    if standing.until is None:
        return Verdict(standing=Standing(tier=standing.tier, until=until), step="grace")
    return Verdict(standing=standing, step="same")


def _lost_from(day: date, level: Level) -> date:
    return day + timedelta(days=1 + level.grace_days)
