"""What others see of returns. What comes back to a shopper for goods that come back.

Amounts are minor units of the sale's currency. Lines and tenders of a quote are signed as they are recorded: negative.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from liushui.orders.contracts import VALUE_TENDERS, GiveBack, OriginalLine, ReturnOf, SaleLine
from liushui.returns.domain.policy import CARD_LATE_TENDERS as CARD_LATE_TENDERS
from liushui.returns.domain.policy import LATE_TENDERS as LATE_TENDERS
from liushui.returns.domain.policy import MONEY_TENDERS as MONEY_TENDERS
from liushui.returns.domain.policy import ConditionCode as ConditionCode
from liushui.returns.domain.policy import ReasonCode as ReasonCode
from liushui.returns.domain.policy import ReturnPolicy as ReturnPolicy

APPROVAL_KIND = "returns.refund"
APPROVAL_REASONS = ("no_receipt", "late", "other_store", "over_limit")  # why a return needs another person


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalWhy:
    """One reason why a return needs another person: how many days, or how much of the receipt, against which limit."""

    code: str  # one of APPROVAL_REASONS
    found: int | None = None  # days for `late`, minor units for `over_limit` and `no_receipt`
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPart:
    """Units of a returned line that come back for another reason or in another condition than the rest of it."""

    units: int
    reason: str
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedReturn:
    """Units of a line that come back. Positions (0 is the first unit) may name which; without, the cheapest paid.

    `parts` are those of the units of which something else is said (decision 0220): fewer than all. They change what is
    written down of the goods and nothing of what they give back.
    """

    line_number: int
    units: int
    unit_positions: tuple[int, ...] = ()
    reason: str = ""
    condition: str = ""
    parts: tuple[ReturnPart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreceiptedLine:
    """Goods whose receipt nobody has: by the code that was scanned."""

    code: str
    units: int
    reason: str = ""
    condition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedReturnLine:
    """One line as it is to be recorded; its number is that of its place in the quote. `original` is None without a
    receipt."""

    line: SaleLine
    original: OriginalLine | None
    reason: str
    condition: str
    parts: tuple[ReturnPart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundTender:
    """A part of the refund. `position` is the tender of the original sale that it stands for (GivenBack); `type` may
    be another one than that tender's where the policy says so.

    `points`, or `principal_minor` and `gift_minor`, say what loyalty gives back for it, positive.
    """

    position: int
    type: str
    method: str
    reference: str
    amount_minor: int
    points: int = 0
    principal_minor: int = 0
    gift_minor: int = 0
    credit_to: UUID | None = None  # the member who gets stored value in place of money; None: what was spent comes back
    of_order_key: str = ""  # of the original sale, where a member is credited

    @property
    def is_value(self) -> bool:
        """Whether points or value that were spent go back to their account, whatever is bought besides."""
        return self.type in VALUE_TENDERS and self.credit_to is None

    def give_back(self, *, order_key: str) -> GiveBack:
        """What loyalty books for it."""
        credited = -self.amount_minor if self.credit_to is not None else 0
        return GiveBack(
            of_order_key=order_key,
            kind=self.type,
            amount_minor=-self.amount_minor,
            points=self.points,
            principal_minor=credited or self.principal_minor,
            gift_minor=self.gift_minor,
            reference=self.reference if self.type == "gift_card" else "",
            credit_to=self.credit_to,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnQuote:
    """What a return comes to, worked out on the sale as it stood at `returns_of.expected_version`."""

    sale_id: UUID | None  # None: without a receipt
    order_key: str  # of the original sale, as promotions and loyalty know it; empty without one
    receipt_number: str
    store_id: int  # of the original sale
    customer: str
    currency: str
    expected_version: int
    lines: tuple[QuotedReturnLine, ...]
    refund_minor: int  # positive
    tax_minor: int  # positive
    tenders: tuple[RefundTender, ...]
    returns_of: ReturnOf | None  # for RecordSale
    is_full: bool  # nothing of the sale stays with the shopper
    needs_approval: str  # one of APPROVAL_REASONS, or empty
    notes: tuple[str, ...] = ()  # clawback | late | other_store | card_late
    approval_whys: tuple[ApprovalWhy, ...] = ()  # all reasons; `needs_approval` is the first one's code
    sold_at: datetime | None = None  # no return is earlier; None without a receipt

    def give_backs(self) -> tuple[GiveBack, ...]:
        """What loyalty gives back, as the event of the recorded return tells it."""
        return tuple(each.give_back(order_key=self.order_key) for each in self.tenders if each.type in VALUE_TENDERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyView:
    """A chain's return policy; version 0 is the one that every chain begins with."""

    chain_id: int
    version: int
    policy: ReturnPolicy
    changed_by: str
    changed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnCodes:
    """What a cashier chooses from; `is_active` says whether it is still offered."""

    reasons: tuple[ReasonCode, ...]
    conditions: tuple[ConditionCode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDetails:
    """Why a returned line came back, and how."""

    line_number: int
    reason: str
    condition: str
    parts: tuple[ReturnPart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnEntry:
    """One line that came back, or a part of it with a reason and a condition of its own, as lists and reports show it;
    amounts positive."""

    sale_id: UUID
    line_number: int
    part: int  # 0, then 1, 2 … of a line of which several things were said
    store_id: int
    store_code: str
    receipt_number: str
    completed_at: datetime
    business_date: date
    operator: str
    original_sale_id: UUID | None
    original_line_number: int | None
    sku: str
    name: str
    category: str
    units: int
    amount_minor: int
    tax_minor: int
    currency: str
    reason: str
    condition: str
    approved_by: str
    is_exchange: bool
    status: str  # completed | voided


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnQuery:
    """Which lines that came back to list: of these stores, narrowed by whatever is not at its default."""

    store_ids: frozenset[int]
    first: date | None = None
    last: date | None = None
    reason: str = ""
    condition: str = ""
    operator: str = ""
    sku: str = ""
    receipt: str = ""  # none | with: without or with a receipt that we know
    status: str = ""
    cursor: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPage:
    """Lines, the newest first; `next_cursor` is empty on the last page."""

    entries: tuple[ReturnEntry, ...]
    next_cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnSum:
    """A row of the report: what came back for a reason, in a store, at a cashier's till or of an item."""

    key: str
    label: str
    receipts: int
    lines: int
    units: int
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnDetails:
    """The reasons and the approver of one receipt's returned lines."""

    lines: Mapping[int, LineDetails]
    approved_by: str
