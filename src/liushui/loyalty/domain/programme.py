"""A loyalty programme as rules: what earns points, what they are worth, which tiers there are, what value costs.

Amounts are minor units of the programme's currency, points whole numbers, multipliers basis points (10,000 is once).
The JSON form is `programme_json.py`'s, the page of it docs/reference/loyalty-programme.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Literal

from liushui.loyalty.domain.programme_calendar import add_months

ONCE_BP = 10_000
Match = Literal["first", "best"]
SpendOrder = Literal["gift_first", "principal_first", "pro_rata"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EarnRow:
    """A row of the table that says what earns. An empty condition fits everything; all of them must fit."""

    tiers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()  # paths; one fits all that is below it
    channels: tuple[str, ...] = ()
    weekdays: tuple[int, ...] = ()  # 1 Monday … 7 Sunday, of the business day
    month_days: tuple[int, ...] = ()  # 1 … 31, of the business day: the chain's member days
    hours: tuple[tuple[time, time], ...] = ()  # on the store's clock, the end not included; may pass midnight
    points: int  # 0: such goods earn nothing
    per_minor: int
    multiplier_bp: int = ONCE_BP


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A tier. `spend_minor` is what it takes in the window; grace_days how long it is held below that."""

    code: str
    name_zh: str
    name_en: str
    spend_minor: int
    grace_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """So many points are worth so many minor units; max_share_bp is the part of a sale that points may pay."""

    points: int
    minor: int
    max_share_bp: int = ONCE_BP


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """How long points are good: `months` after the day they were earned, to the end of a year, or for ever."""

    kind: Literal["never", "months", "year_end"] = "never"
    count: int = 0  # months, or years after the one in which they were earned


@dataclass(frozen=True, slots=True, kw_only=True)
class BonusRow:
    """Who pays in at least so much gets so much on top; of the rows that fit, the highest counts."""

    paid_minor: int
    gift_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefit:
    """What a birthday or an anniversary of joining brings: points once a year with the first purchase in the window,
    and a multiplier on all that is bought in it."""

    window: Literal["day", "week", "month"] = "month"  # the day; three days before to three after; its month
    points: int = 0
    multiplier_bp: int = ONCE_BP


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """The rules of a chain in force at an instant; a chain that published none has number 0, and nothing earns."""

    chain_id: int = 0
    number: int = 0
    digest: str = ""
    starts_at: datetime | None = None
    currency: str = ""
    match: Match = "first"
    earn_rows: tuple[EarnRow, ...] = ()
    tenders_without_points: tuple[str, ...] = ("points",)
    validity: Validity = field(default_factory=Validity)
    redemption: Redemption | None = None  # None: points pay for nothing
    window_months: int = 12
    levels: tuple[Level, ...] = ()  # the lowest first
    spend_order: SpendOrder = "principal_first"
    bonus_rows: tuple[BonusRow, ...] = ()
    gift_card_months: int = 0  # how long a gift card is good from the day it is sold; 0: for ever
    birthday: Benefit | None = None
    anniversary: Benefit | None = None

    def points_for(self, *, amount_minor: int) -> int:
        """The points that pay an amount, rounded up; 0 for an amount of 0. Points that pay for nothing: ValueError."""
        if self.redemption is None:
            raise ValueError("points pay for nothing in this programme")
        return -(-amount_minor * self.redemption.points // self.redemption.minor)

    def worth_minor(self, *, points: int) -> int:
        """What points pay, rounded down; 0 where they pay for nothing, and never below 0."""
        if self.redemption is None or points <= 0:
            return 0
        return points * self.redemption.minor // self.redemption.points

    def payable_by_points_minor(self, *, total_minor: int) -> int:
        """The most that points may pay of a sale."""
        if self.redemption is None or total_minor <= 0:
            return 0
        return total_minor * self.redemption.max_share_bp // ONCE_BP

    def split_spend(self, *, amount_minor: int, principal_minor: int, gift_minor: int) -> tuple[int, int]:
        """The (principal, gift) parts that pay an amount out of what an account holds of both.

        Pro rata takes the gift's share rounded down, and the rest from the principal. ValueError when both together are
        less than the amount.
        """
        if not 0 <= amount_minor <= principal_minor + gift_minor:
            raise ValueError("the account holds less than that")
        if self.spend_order == "principal_first":
            principal = min(amount_minor, principal_minor)
            return principal, amount_minor - principal
        if self.spend_order == "gift_first":
            gift = min(amount_minor, gift_minor)
        else:
            held = principal_minor + gift_minor
            gift = amount_minor * gift_minor // held if held else 0
            gift = max(gift, amount_minor - principal_minor)
        return amount_minor - gift, gift

    def bonus_minor(self, *, paid_minor: int) -> int:
        """The gift part that a top-up brings."""
        reached = [row for row in self.bonus_rows if row.paid_minor <= paid_minor]
        return max(reached, key=lambda row: row.paid_minor).gift_minor if reached else 0

    def expires_on(self, *, earned_on: date) -> date | None:
        """The first day on which points earned that day are gone; None: they stay for ever."""
        if self.validity.kind == "never":
            return None
        if self.validity.kind == "year_end":
            return date(earned_on.year + self.validity.count + 1, 1, 1)
        return add_months(earned_on, self.validity.count)

    def card_ends_on(self, *, sold_on: date) -> date | None:
        """The first day on which a gift card sold that day pays for nothing; None: it has no end."""
        return add_months(sold_on, self.gift_card_months) if self.gift_card_months else None

    def level(self, code: str) -> Level | None:
        """The tier of this code; None when there is none."""
        return next((each for each in self.levels if each.code == code), None)
