"""What others see of the till: tickets (sales in the making), shifts with their drawer, and business days.

Terms: a *ticket* is a RetailTransaction until it is recorded; a *shift* is one drawer at one workstation, from float to
count; a *day* is a store's business day, closed by a numbered Z report (日结). Amounts are minor units, tax included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from liushui.orders.contracts import TILL_SOURCE
from liushui.promotions.contracts import Member, PricedBasket
from liushui.runtime.access import Principal
from liushui.till.domain.value import VALUE_STATES as VALUE_STATES
from liushui.till.domain.value import ValueSale as ValueSale
from liushui.till.domain.value import ValueTotals as ValueTotals
from liushui.till.returned import TicketReturn

SOURCE = TILL_SOURCE  # the source of every sale made here
TRAINING_SOURCE = "training"  # never recorded

#     open ⇄ parked
#     open ⇄ paying ─▶ recording ─▶ settled ─▶ voiding ─▶ voided
#     open | paying ─▶ cancelling ─▶ cancelled
# recording, voiding and cancelling pass in a moment; a crash leaves them behind, and facade.recover ends them.
TICKET_STATES = (*("open", "parked", "paying", "recording", "settled", "voiding", "voided", "cancelling", "cancelled"),)
UNSETTLED_STATES = ("open", "parked", "paying", "recording", "voiding", "cancelling")  # keep a shift from closing
SHIFT_STATES = ("open", "counted", "closed")  # counted: the drawer was counted and a difference awaits approval
SHIFT_CLOSED = "liushui.shift.closed.v1"
DAY_CLOSED = "liushui.day.closed.v1"
ENTRY_KINDS = ("paid_in", "paid_out", "no_sale", "refund", "copy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Till:
    """Who stands where: an enrolled device with the operator signed in at it. Every use case of the till takes one."""

    device_id: UUID
    workstation_id: int
    workstation_code: str
    store_id: int
    chain_id: int
    principal: Principal  # the operator; subject staff:<id>
    operator: str  # what receipts print: the user name
    operator_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDiscount:
    """What one promotion takes off a line."""

    promotion: str
    name_zh: str
    name_en: str
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketCode:
    """A coupon code on a ticket. `problem` is why it counts nothing: a Problem of promotions, or empty."""

    code: str  # masked once the ticket is over
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketMember:
    """The customer as he was when he was put on the ticket. No name and no phone: privacy has them."""

    id: str  # the member's number: the `customer` of the sale
    member_id: UUID | None = None  # None: on tickets of the time before members
    subject_id: UUID | None = None
    tier: str = ""
    tier_zh: str = ""
    tier_en: str = ""
    points: int = 0  # that he may spend
    stored_minor: int = 0
    asked: Member | None = None  # what promotions price by; None once the ticket is over


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketLine:
    """One line on the screen, priced. A voided line stays, struck through, and counts nothing."""

    number: int  # 1, 2, … in the order of scanning; never used again
    code: str  # as scanned: what the price is asked for again
    item_id: int
    sku: str
    gtin: str
    name_zh: str
    name_en: str
    unit: str
    is_weighed: bool
    units: int
    measure_value: int | None
    measure_unit: str | None
    unit_price_minor: int  # of the catalogue: of a piece, or of the kg for weighed goods
    regular_minor: int
    discount_minor: int
    amount_minor: int
    tax_minor: int
    discounts: tuple[TicketDiscount, ...] = ()  # sum to discount_minor
    is_gift: bool = False  # put on the ticket because a promotion offers it
    is_voided: bool = False
    voided_by: str = ""  # name of the person who approved
    is_returned: bool = False  # goods that come back: units and amounts are negative, and Ticket.returned says more


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketTender:
    """A way in which a part of the ticket is being paid."""

    number: int
    type: str  # one of orders.contracts.TENDER_TYPES
    method: str  # cash, alipay, wechat, pos-terminal …
    amount_minor: int  # what it pays of the total
    given_minor: int  # cash: what was handed over; else amount_minor
    change_minor: int  # cash: given - amount
    state: str  # pending | paid | failed
    taken_at: datetime | None = None
    payment_id: UUID | None = None
    provider: str = ""  # mobile: a name in payments.facade.providers()
    qr_text: str = ""  # customer_scans, while pending
    user_is_paying: bool = False  # the customer was asked for a password on the phone
    note: str = ""  # slip number of a card terminal; masked number of a gift card; why it failed
    points: int = 0  # type points: how many of them pay this
    reference: str = ""  # type gift_card: the card's number, which opens nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A sale in the making, or made. `version` grows with every change; a change names the version it was made on."""

    id: UUID
    number: str  # printed: S01-T1-000123; training: T-S01-T1-000004
    version: int
    state: str  # one of TICKET_STATES
    is_training: bool
    is_refund: bool  # goods come back on it, whatever else is sold beside them
    store_id: int
    workstation_id: int
    workstation_code: str
    shift_id: UUID
    business_date: date
    operator: str
    operator_name: str
    currency: str
    opened_at: datetime
    finished_at: datetime | None  # settled or cancelled
    label: str  # name under which it is parked
    lines: tuple[TicketLine, ...]
    tenders: tuple[TicketTender, ...]
    codes: tuple[TicketCode, ...]
    member: TicketMember | None
    returned: TicketReturn | None  # what comes back on it
    answer: PricedBasket | None  # its lines are those sold, as 1, 2, …; None: no rulebook is in force, or in a list
    regular_minor: int
    discount_minor: int
    total_minor: int
    tax_minor: int
    due_minor: int  # total less what is paid or pending; negative: what is given back, points and stored value too
    change_minor: int
    sale_id: UUID | None
    reason: str  # why it was cancelled or voided, or what was said for the approval of a return
    approved_by: str  # name of the person who approved that
    copies: int  # reprints so far

    @property
    def is_exchange(self) -> bool:
        """Whether goods come back on it and others go out."""
        return self.is_refund and any(line.units > 0 for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawerEntry:
    """Something that happened at the drawer besides sales. Amounts are positive; the kind gives the sign."""

    id: UUID
    kind: str  # one of ENTRY_KINDS
    amount_minor: int
    tender: str  # refund: cash | mobile | card | other; else cash
    reason: str
    operator: str
    operator_name: str
    approved_by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TenderTotals:
    """One tender of a shift or a day. expected = float + sales - change - refunds + paid in - paid out,
    and what was taken for value less what was given back of it."""

    type: str  # one of orders.contracts.TENDER_TYPES
    sales: int  # tenders taken
    sales_minor: int  # given over, before change
    change_minor: int
    refunds: int
    refunds_minor: int
    float_minor: int
    paid_in_minor: int
    paid_out_minor: int
    expected_minor: int
    counted_minor: int | None  # None: not counted, or not shown before the blind count
    difference_minor: int | None  # counted - expected
    value_sales: int = 0  # top-ups and gift cards paid so: no sales, though their money is there
    value_minor: int = 0
    value_refunds_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One drawer at one workstation from its float to its count."""

    id: UUID
    number: int  # of this workstation: 1, 2, …
    store_id: int
    workstation_id: int
    workstation_code: str
    business_date: date
    state: str  # one of SHIFT_STATES
    is_training: bool
    currency: str
    float_minor: int
    operator: str  # who answers for the drawer
    operator_name: str
    opened_at: datetime
    closed_at: datetime | None
    expected_minor: int | None  # cash; None until counted: the count is blind
    counted_minor: int | None
    difference_minor: int | None
    difference_reason: str
    difference_approved_by: str
    handed_to: str  # 交接班: who took over with the counted cash as float; empty otherwise
    approval_id: UUID | None  # counted: the request that waits


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftReport:
    """X report of a running shift, or the final one of a closed shift; figures of its tickets and drawer."""

    shift: Shift
    made_at: datetime
    first_number: str
    last_number: str
    tickets: int  # settled sales
    refund_tickets: int
    voided_tickets: int  # settled, then voided
    cancelled_tickets: int
    voided_lines: int
    units: int
    regular_minor: int
    discount_minor: int
    total_minor: int  # net of voids and refunds
    tax_minor: int
    refunds_minor: int
    tenders: tuple[TenderTotals, ...]
    entries: tuple[DrawerEntry, ...]
    no_sale_openings: int
    copies: int
    by_operator: tuple[tuple[str, str, int, int], ...]  # (user name, name, tickets, total_minor)
    value: tuple[ValueTotals, ...] = ()  # top-ups and gift cards: apart from sales


@dataclass(frozen=True, slots=True, kw_only=True)
class DayReport:
    """Z report: a store's business day, once, with its number. Sums over its shifts."""

    z_number: int | None  # None: the day is not closed yet
    store_id: int
    business_date: date
    closed_at: datetime | None
    closed_by: str
    currency: str
    shifts: tuple[ShiftReport, ...]
    tenders: tuple[TenderTotals, ...]
    tickets: int
    refund_tickets: int
    voided_tickets: int
    cancelled_tickets: int
    units: int
    regular_minor: int
    discount_minor: int
    total_minor: int
    tax_minor: int
    refunds_minor: int
    difference_minor: int
    value: tuple[ValueTotals, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftClosedFact:
    """The body of SHIFT_CLOSED: the report as it was made; training shifts among them, marked so."""

    chain_id: int
    report: ShiftReport


@dataclass(frozen=True, slots=True, kw_only=True)
class DayClosed:
    """The body of DAY_CLOSED: the Z report as it was made."""

    chain_id: int
    report: DayReport


@dataclass(frozen=True, slots=True, kw_only=True)
class DayDifference:
    """A figure in which a closed day and the recorded sales of its date don't agree."""

    store_id: int
    business_date: date
    name: str  # sales, units, total_minor …
    reported: int
    recorded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """Why a shift or day cannot be closed yet."""

    kind: str  # ticket | payment | shift | approval
    id: str
    number: str  # what people read
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """An answer to a price look-up."""

    item_id: int
    sku: str
    gtin: str
    name_zh: str
    name_en: str
    unit: str
    is_weighed: bool
    unit_price_minor: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """An enrolled till."""

    id: UUID
    name: str
    store_id: int
    workstation_id: int
    workstation_code: str
    enrolled_by: str
    enrolled_by_name: str
    enrolled_at: datetime
    last_seen_at: datetime | None
    revoked_at: datetime | None


Count = Mapping[int, int]  # denomination in minor units -> pieces


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedCoupon:
    """A coupon for the next time as a receipt shows it: the whole code; times on the store's clock."""

    name_zh: str
    name_en: str
    code: str
    valid_from: datetime | None
    valid_until: datetime | None


Receipt = Mapping[str, Any]  # what a printed receipt shows; see domain/receipt.py
