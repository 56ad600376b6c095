"""Value sold at a till (充值, 礼品卡): money taken for what a customer may spend later. It is no sale and no revenue.

    pending ─▶ booking ─▶ done ─▶ voiding ─▶ voided
    pending ─▶ failed        done ◀─ voiding   (something of it was spent meanwhile)

booking and voiding pass in a moment; a crash leaves them behind, and facade.recover ends them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

VALUE_KINDS = ("top_up", "gift_card")
VALUE_STATES = ("pending", "booking", "done", "failed", "voiding", "voided")
UNSETTLED_VALUE = ("pending", "booking", "voiding")  # keep a shift from closing
TAKEN_VALUE = ("done", "voiding", "voided")  # whose money came into the drawer


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSale:
    """A top-up of a member's stored value, or a gift card sold. Amounts are minor units."""

    id: UUID  # made by the caller; loyalty books it under the same id
    number: str  # printed: V-S01-T1-000007; training: T-V-S01-T1-000002
    kind: str  # one of VALUE_KINDS
    state: str  # one of VALUE_STATES
    is_training: bool
    store_id: int
    workstation_id: int
    workstation_code: str
    shift_id: UUID
    business_date: date
    operator: str
    operator_name: str
    currency: str
    member_id: UUID | None  # top_up
    customer: str  # number of the member; empty for a gift card
    card: str  # gift_card: its number masked
    paid_minor: int  # what the customer paid: the principal
    bonus_minor: int  # what the programme gives on top
    tender: str  # cash | card | mobile
    method: str
    given_minor: int  # cash: what was handed over
    change_minor: int
    payment_id: UUID | None  # mobile
    note: str  # slip number of a card machine; why a payment failed
    taken_at: datetime
    reason: str  # why it was voided
    approved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueTotals:
    """What was sold of one kind in a shift or a day."""

    kind: str
    sold: int
    paid_minor: int
    bonus_minor: int
    voided: int
    voided_minor: int  # paid back


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueFigures:
    """Value sales of one kind and tender added up: those taken in a shift, and those voided in it."""

    kind: str
    tender: str
    sold: int = 0
    paid_minor: int = 0
    bonus_minor: int = 0
    voided: int = 0
    voided_minor: int = 0


def value_totals(figures: Sequence[ValueFigures]) -> tuple[ValueTotals, ...]:
    """By kind, in a fixed order; nothing for a kind of which nothing was sold or voided."""
    return merged_value(
        [
            ValueTotals(
                kind=each.kind, sold=each.sold, paid_minor=each.paid_minor, bonus_minor=each.bonus_minor,
                voided=each.voided, voided_minor=each.voided_minor,
            )
            for each in figures
        ]
    )  # fmt: skip


def merged_value(totals: Iterable[ValueTotals]) -> tuple[ValueTotals, ...]:
    """The totals of several shifts by kind."""
    known = tuple(totals)
    return tuple(
        ValueTotals(
            kind=kind,
            sold=sum(each.sold for each in own),
            paid_minor=sum(each.paid_minor for each in own),
            bonus_minor=sum(each.bonus_minor for each in own),
            voided=sum(each.voided for each in own),
            voided_minor=sum(each.voided_minor for each in own),
        )
        for kind in VALUE_KINDS
        if (own := [each for each in known if each.kind == kind])
    )
