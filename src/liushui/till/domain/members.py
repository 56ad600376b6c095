"""What a cashier sees of a member, and how much points and stored value may pay of a ticket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from liushui.loyalty.contracts import Balances, Programme
from liushui.till.contracts import TicketTender


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberCoupon:
    """A coupon that the member was given; its code masked."""

    name_zh: str
    name_en: str
    code: str
    valid_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NextTier:
    """How near the next tier is."""

    name_zh: str
    name_en: str
    need_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberBox:
    """What stands in the member box: nothing unmasked."""

    number: str  # masked
    name: str
    phone: str
    tier_zh: str
    tier_en: str
    balances: Balances
    points_worth_minor: int
    points_usable_minor: int  # of the ticket at hand
    expiring: int
    expire_on: date | None
    is_birthday: bool
    birthday_points: int
    birthday_times: str  # `1.5`, by which points are multiplied; empty: by nothing
    is_anniversary: bool
    next_tier: NextTier | None
    keep_minor: int  # still to be spent to keep the tier
    coupons: tuple[MemberCoupon, ...]
    wants_marketing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptAccount:
    """What a receipt tells the member. The balances are those of the moment in which it is printed."""

    points_earned: int  # by this sale; None of it is taken back here
    points_used: int
    points_after: int
    stored_after_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsableValue:
    """What the member may pay more of a ticket with."""

    points_minor: int
    points: int  # that this takes
    stored_minor: int


def times(multiplier_bp: int) -> str:
    """`1.5` for 15,000 basis points; empty for once."""
    if multiplier_bp == 10_000:
        return ""
    whole, part = divmod(multiplier_bp, 10_000)
    return f"{whole}.{part:04}".rstrip("0").rstrip(".")


def paid_by(kind: str, tenders: Sequence[TicketTender]) -> int:
    """What tenders of a type pay already."""
    return sum(tender.amount_minor for tender in tenders if tender.type == kind and tender.state == "paid")


def usable_points_minor(
    *, programme: Programme, points_free: int, total_minor: int, due_minor: int, tenders: Sequence[TicketTender]
) -> int:
    """The most that free points may pay more of a ticket: by their worth, their greatest share, and what is due.

    An amount that is worth whole points comes first: paying 9.99 with points of 0.10 would give 0.01 of a point away.
    """
    if programme.redemption is None:
        return 0
    share = programme.payable_by_points_minor(total_minor=total_minor) - paid_by("points", tenders)
    most = min(programme.worth_minor(points=points_free), share, due_minor)
    if most <= 0:
        return 0
    whole = most * programme.redemption.points // programme.redemption.minor
    return programme.worth_minor(points=whole) if whole else 0
