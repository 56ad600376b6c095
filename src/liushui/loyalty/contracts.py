"""What others see of loyalty: members, what they hold of points and stored value, gift cards.

Amounts are minor units of the account's currency, points whole numbers. A member's number is opaque: it is what sales
carry as `customer`. Nothing here holds a name or a phone number; `subject_id` leads to them, by way of privacy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from liushui.loyalty.domain.gift_card_views import CardBatchBlock as CardBatchBlock
from liushui.loyalty.domain.gift_card_views import CardBlock as CardBlock
from liushui.loyalty.domain.gift_card_views import GiftCardBatch as GiftCardBatch
from liushui.loyalty.domain.gift_card_views import GiftCardLine as GiftCardLine
from liushui.loyalty.domain.gift_card_views import GiftCardPage as GiftCardPage
from liushui.loyalty.domain.numbers import gift_account_id, printed
from liushui.loyalty.domain.programme import Benefit as Benefit
from liushui.loyalty.domain.programme import BonusRow as BonusRow
from liushui.loyalty.domain.programme import EarnRow as EarnRow
from liushui.loyalty.domain.programme import Level as Level
from liushui.loyalty.domain.programme import Programme as Programme
from liushui.loyalty.domain.programme import Redemption as Redemption
from liushui.loyalty.domain.programme import Validity as Validity
from liushui.loyalty.domain.programme_views import Benefits as Benefits
from liushui.loyalty.domain.programme_views import DryRun as DryRun
from liushui.loyalty.domain.programme_views import DryRunMember as DryRunMember
from liushui.loyalty.domain.programme_views import MemberHistory as MemberHistory
from liushui.loyalty.domain.programme_views import ProgrammeDraft as ProgrammeDraft
from liushui.loyalty.domain.programme_views import ProgrammeVersion as ProgrammeVersion
from liushui.loyalty.domain.programme_views import TierChange as TierChange
from liushui.loyalty.domain.programme_views import TierCount as TierCount
from liushui.loyalty.domain.programme_views import TierProgress as TierProgress

MemberStatus = Literal["active", "merged", "erased"]
Channel = Literal["till", "portal", "console", "import"]
SpendKind = Literal["points", "stored_value", "gift_card"]
HoldState = Literal["held", "posted", "voided", "expired", "reversed"]
GiftCardState = Literal["issued", "active", "blocked", "expired"]
CHANNELS: tuple[Channel, ...] = ("till", "portal", "console", "import")
HOLD_STATES: tuple[HoldState, ...] = ("held", "posted", "voided", "expired", "reversed")
ENTRY_KINDS = (
    *("earn", "benefit", "take_back", "spend", "give_back", "expire", "forfeit"),  # of points, and of value what fits
    *("top_up", "top_up_back", "sell", "adjust", "merge", "extend"),
)
TEXT_MAX: dict[str, int] = {
    "number": 16,
    "card": 32,
    "tier": 64,
    "cause": 240,  # what an order key needs, and what is said of it
    "order_key": 200,
    "operator": 64,
    "tender": 32,
    "reason": 400,
    "gift_number": 16,
    "batch_note": 80,
}
GIFT_CARDS_MAX = 100_000  # of one batch
VALUE_MAX_MINOR = 3_000_000_000  # of an account or a payment in: products of two such still fit 64 bits
POINTS_MAX = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of a chain. `merged_into` is the member that a merged one's cards, number and balances went to."""

    id: UUID
    chain_id: int
    number: str
    subject_id: UUID | None  # None: erased, or merged
    status: MemberStatus
    merged_into: UUID | None
    tier: str  # code of the programme's tier; empty: none
    tier_since: date | None
    tier_until: date | None  # not None: held although the spend is too little by now, to the end of this day
    joined_at: datetime
    home_store_id: int | None
    cards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """The answer to a wish to join: the member, and whether it is a new one."""

    member: Member
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """What an account holds: sums of its entries. What open holds keep back is part of it, and told apart."""

    points: int  # negative when points were taken back that had been spent
    points_held: int
    principal_minor: int
    gift_minor: int
    stored_held_minor: int
    currency: str

    @property
    def points_free(self) -> int:
        """What may be spent now; negative when more was taken back than was left."""
        return self.points - self.points_held

    @property
    def stored_minor(self) -> int:
        """Principal and gift part together."""
        return self.principal_minor + self.gift_minor

    @property
    def stored_free_minor(self) -> int:
        """What may be spent now."""
        return self.stored_minor - self.stored_held_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryLot:
    """Points that are gone from the beginning of a day, if they are not spent before."""

    points: int
    expires_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger; it never changes. Signs: what comes in is positive."""

    id: int
    account_id: UUID  # the member's id, or that of a gift card's account
    kind: str  # one of ENTRY_KINDS
    points: int
    principal_minor: int
    gift_minor: int
    currency: str
    at: datetime
    on_date: date  # the business day that it is counted in
    store_id: int | None
    expires_on: date | None  # of points that are earned; None: never, or not of that kind
    sale_id: UUID | None
    order_key: str
    operator: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPage:
    """Entries, the newest first; `next_cursor` is empty on the last page."""

    entries: tuple[Entry, ...]
    next_cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """A part of an order that is paid from what loyalty keeps. `reference` is the number of a gift card."""

    kind: SpendKind
    amount_minor: int
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCard:
    """What an order holds of a gift card."""

    number: str
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What an order keeps back of accounts until it is posted, voided or expires."""

    order_key: str
    chain_id: int
    member_id: UUID | None
    points: int
    points_minor: int  # what the points pay
    principal_minor: int  # of the member's stored value
    gift_minor: int
    gift_cards: tuple[HeldCard, ...]
    currency: str
    expires_at: datetime
    state: HoldState


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldTerms:
    """What a hold was asked for, by the sale that it belongs to."""

    chain_id: int
    member_id: UUID | None
    spends: tuple[Spend, ...]
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    """What came back of an order's spends under one order key."""

    points: int
    principal_minor: int
    gift_minor: int
    gift_cards: Mapping[str, int]  # by number


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUp:
    """Money paid in. `gift_minor` is what the programme gave on top that day."""

    id: UUID
    member_id: UUID
    paid_minor: int
    gift_minor: int
    currency: str
    store_id: int | None
    operator: str
    tender: str
    at: datetime
    is_taken_back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftCard:
    """A gift card. Its number is printed in the open and on receipts; only its code, which is secret, opens it."""

    number: str
    chain_id: int
    state: GiftCardState  # issued: printed, without money
    currency: str
    balance_minor: int
    held_minor: int
    activated_at: datetime | None
    ends_on: date | None = None  # the first day on which it pays for nothing; None: it has no end

    @property
    def id(self) -> UUID:
        """Of the card and of its account."""
        return gift_account_id(chain_id=self.chain_id, number=self.number)

    @property
    def free_minor(self) -> int:
        """What may be spent now, if the card is not at its end."""
        return self.balance_minor - self.held_minor

    def is_over(self, *, on: date) -> bool:
        """Whether it is past its end on that business day."""
        return self.state == "expired" or (self.ends_on is not None and self.ends_on <= on)


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeRequest:
    """Two members who become one when a second person has approved it. `asked_minor` was at stake when it was asked."""

    id: UUID
    chain_id: int
    keep_id: UUID
    drop_id: UUID
    reason: str
    approval_id: UUID
    state: str  # waiting | merged | refused
    problem: str  # why an approved one was not done
    asked_minor: int
    asked_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardExtension:
    """A new end for a gift card that one person asked for."""

    id: UUID
    number: str
    ends_on: date
    reason: str
    approval_id: UUID
    state: str  # waiting | booked | refused
    problem: str
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedGiftCard:
    """A gift card as it is handed to the printer or to the shopper: the only time that its code is told."""

    number: str
    code: str

    @property
    def printed_code(self) -> str:
        """The code as it stands on the card, in groups."""
        return printed(self.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """How a liability moved: opening + earned - taken_back - spent + given_back - expired
    + adjusted + merged = closing.

    `merged` is what merges carried between accounts: 0 over a whole chain. Points have an empty currency.
    """

    what: str  # points | principal | gift | gift_card
    currency: str
    opening: int
    earned: int
    taken_back: int
    spent: int
    given_back: int
    expired: int
    adjusted: int
    merged: int
    closing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayMovement:
    """How a liability moved on one business day in one store; None: in no store."""

    on_date: date
    store_id: int | None
    movement: Movement


@dataclass(frozen=True, slots=True, kw_only=True)
class Liability:
    """What a chain owes its members: figures that tie to the ledger line by line."""

    first: date
    last: date
    movements: tuple[Movement, ...]  # points, principal, gift, gift_card; by currency
    days: tuple[DayMovement, ...]
    points_worth_minor: int  # what the closing points pay at the rate in force, rounded down
    currency: str
    negative_accounts: int  # accounts whose points are below zero
    negative_points: int  # and by how much, as a negative number


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerProblem:
    """An account that its entries and holds do not explain."""

    account_id: UUID
    what: str  # points | principal | gift | account
    stated: int
    explained: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceProblem:
    """A sum of what was booked before a day that the entries do not explain."""

    chain_id: int
    day: date
    store_id: int | None  # None: what was booked in no store
    account_kind: str
    currency: str
    what: str  # points | principal_minor | gift_minor
    stated: int
    explained: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryProgress:
    """How far the run of a day has come."""

    chain_id: int
    on_date: date
    accounts_total: int
    accounts_done: int
    accounts_expired: int
    points_expired: int
    is_finished: bool
