"""What others see of recorded sales. Amounts are minor units of the sale's currency and include tax.

Signs: a returned line has negative units, `regular_minor`, `discount_minor`, `amount_minor` and `tax_minor`, so that
sums over lines of a sale are what changed hands. For every line amount = regular - discount; for every sale
total = sum of line amounts = sum of tenders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from liushui.orders.domain.past import PastLine as PastLine
from liushui.orders.domain.past import PastSale as PastSale
from liushui.orders.domain.past import PastTotals as PastTotals
from liushui.orders.domain.returned import GivenBack as GivenBack
from liushui.orders.domain.returned import OriginalLine as OriginalLine
from liushui.orders.domain.returned import ReturnedLine as ReturnedLine
from liushui.orders.domain.returned import ReturnedSoFar as ReturnedSoFar
from liushui.orders.domain.returned import ReturnOf as ReturnOf

VALUE_TENDERS = ("points", "stored_value", "gift_card")  # what the chain itself owes its shoppers
TENDER_TYPES = ("cash", "card", "mobile", "other", *VALUE_TENDERS)  # other: already paid elsewhere, or unknown
TILL_SOURCE = "till"  # sales of our own tills: voided and taken back there, where the money is
SALE_COMPLETED = "liushui.sale.completed.v1"
SALE_VOIDED = "liushui.sale.voided.v1"

AMOUNT_MAX_MINOR = 10**15  # of one line, tender or sale, either sign: thousands of them still add up within 64 bits
UNITS_MAX = 10**12
TEXT_MAX: dict[str, int] = {  # characters of each text that a sale carries
    "source": 64,
    "source_id": 128,
    "store_code": 32,
    "workstation": 64,
    "operator": 64,
    "receipt_number": 128,
    "channel": 32,
    "customer": 64,
    "sku": 64,
    "gtin": 14,
    "name": 400,
    "category": 200,
    "measure_unit": 8,
    "discount_code": 64,
    "discount_name": 200,
    "tender_method": 64,
    "tender_reference": 128,
    "reason": 400,
    "rulebook_version": 200,
    "rulebook_digest": 80,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """A part of a line's discount and what gave it."""

    code: str
    name: str
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleLine:
    """One line item of a sale. `is_return` says that goods came back."""

    line_number: int  # 1, 2, … in the order of the receipt
    item_id: int | None  # None: sold under a code that the catalogue does not know
    sku: str
    gtin: str
    name: str
    category: str
    units: int
    measure_value: int | None
    measure_unit: str | None
    unit_price_minor: int  # informative: regular price of one unit, rounded half up
    regular_minor: int  # what the units cost before discounts
    discount_minor: int
    amount_minor: int
    tax_rate_bp: int
    tax_minor: int  # the tax within amount_minor
    cost_minor: int | None  # of all units together, tax excluded, signed as the units; None when unknown
    is_return: bool
    discounts: tuple[Discount, ...] = ()
    original: OriginalLine | None = None  # None: bought, or brought back without a sale that we know


@dataclass(frozen=True, slots=True, kw_only=True)
class Tender:
    """A way in which a part of the total was paid. `method` is the shop's own word (alipay, wechat, visa …)."""

    type: str  # one of TENDER_TYPES
    amount_minor: int
    method: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveBack:
    """Points and stored value that a sale with returned lines gives back to the account that paid the original with
    them. Carried to loyalty by the sale's event, so that a process that dies after recording owes nobody anything."""

    of_order_key: str  # "source/source_id" of the original sale: the key of its hold
    kind: str  # points | stored_value | gift_card: the type of the tender
    amount_minor: int  # what they were worth in the original, positive
    points: int = 0
    principal_minor: int = 0
    gift_minor: int = 0
    reference: str = ""  # of a gift card: its opaque id
    credit_to: UUID | None = None  # the member who gets it as stored value in place of money; None: it was spent before


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceExplanation:
    """Why a sale cost what it did: the answer of the promotion engine, and what it can be had from again, byte by byte.

    Texts that are kept as they are: JSON that only promotions read.
    """

    rulebook_version: str
    rulebook_digest: str
    answer: str
    basket: str


class Words(Protocol):
    """What became of one promotion, in a sentence."""

    @property
    def name(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def amount_minor(self) -> int: ...


class HandedOut(Protocol):
    """A coupon for the next time that a sale handed out, or failed to."""

    @property
    def name_zh(self) -> str: ...
    @property
    def name_en(self) -> str: ...
    @property
    def state(self) -> str: ...  # issued | failed | taken_back | kept (used before the sale was voided)
    def masked(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedPrice:
    """A stored explanation in words of the active language."""

    lines: Mapping[str, Sequence[Any]]  # by line number: what took something off it, with name and amount_minor
    applied: Sequence[Words]
    rejected: Sequence[Words]
    near_misses: Sequence[Words]
    gained: Sequence[str]
    coupons: Sequence[HandedOut]
    certificate: str
    is_proven: bool
    rulebook_version: str
    rulebook_id: int | None  # None: it was published by another installation


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSale:
    """A sale that is over, resolved against stores and catalogue: what record_sales writes down."""

    source: str
    source_id: str
    body_sha256: str  # of the command as it was sent; the same id with another body is a conflict
    chain_id: int
    store_id: int
    store_code: str
    workstation: str
    operator: str
    receipt_number: str
    channel: str  # pos, web, app, …
    currency: str
    completed_at: datetime
    business_date: date
    local_hour: int  # 0 … 23 on the store's wall clock
    customer: str  # opaque customer number, never personal data; empty when unknown
    lines: tuple[SaleLine, ...]
    tenders: tuple[Tender, ...]
    variance_minor: int = 0  # amount charged minus what our prices would have come to, for already tendered sales
    explanation: PriceExplanation | None = None  # None: no promotion was asked
    give_backs: tuple[GiveBack, ...] = ()  # for loyalty, by the event alone
    returns_of: tuple[ReturnOf, ...] = ()  # one for each sale that a line takes back
    points_multiply_bp: int = 10_000  # what promotions promise of points; kept beside the explanation
    points_add: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleRecorded:
    """The answer to RecordSale: the same one however often the same sale is sent."""

    sale_id: UUID
    source: str
    source_id: str
    receipt_number: str
    business_date: date
    total_minor: int
    tax_minor: int
    currency: str
    line_count: int
    is_replay: bool  # True when it had been recorded before


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleSummary:
    """A row of the list of receipts."""

    id: UUID
    store_id: int
    store_code: str
    source: str
    source_id: str
    receipt_number: str
    channel: str
    currency: str
    completed_at: datetime
    business_date: date
    operator: str
    workstation: str
    customer: str
    line_count: int
    units: int
    regular_minor: int
    discount_minor: int
    returned_minor: int  # positive: amount of returned lines
    total_minor: int
    tax_minor: int
    status: str  # completed | voided


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleDetail:
    """A receipt with everything on it."""

    summary: SaleSummary
    lines: tuple[SaleLine, ...]
    tenders: tuple[Tender, ...]
    variance_minor: int
    recorded_at: datetime
    voided_at: datetime | None
    voided_by: str
    void_reason: str
    void_approved_by: str = ""  # name of the other person; empty where nobody had to agree


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleFact:
    """The body of SALE_COMPLETED and SALE_VOIDED events: the sale as recorded, all that any reader needs."""

    sale_id: UUID
    chain_id: int
    store_id: int
    store_code: str
    source: str
    source_id: str
    receipt_number: str
    channel: str
    currency: str
    completed_at: datetime
    business_date: date
    local_hour: int
    workstation: str
    operator: str
    customer: str
    lines: tuple[SaleLine, ...]
    tenders: tuple[Tender, ...]
    points_multiply_bp: int = 10_000  # what promotions promised of points
    points_add: int = 0
    give_backs: tuple[GiveBack, ...] = ()  # of SALE_COMPLETED only


@dataclass(frozen=True, slots=True, kw_only=True)
class ForReturn:
    """A sale with everything that a return of it is worked out from; read at one moment."""

    chain_id: int
    sale: SaleDetail
    explanation: PriceExplanation | None
    so_far: ReturnedSoFar


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnLink:
    """A line that came back, seen from either receipt."""

    original_sale_id: UUID
    original_receipt: str
    original_store_id: int
    original_line_number: int
    sale_id: UUID  # the receipt by which it came back
    receipt_number: str
    store_id: int
    line_number: int
    completed_at: datetime
    status: str  # of that receipt: completed | voided
    units: int
    amount_minor: int  # positive


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleQuery:
    """Which receipts to list: always the caller's stores, narrowed by whatever is not at its default."""

    store_ids: frozenset[int]
    first: date | None = None  # business days, both included
    last: date | None = None
    channel: str = ""
    source: str = ""
    text: str = ""  # a whole receipt number or source id
    currency: str = ""
    amount_min_minor: int | None = None
    amount_max_minor: int | None = None
    sku: str = ""  # with a line of this item
    category: str = ""  # with a line of this category or one below it
    tender: str = ""  # paid with this method or tender type
    customer: str = ""
    status: str = ""  # completed | voided
    local_hour: int | None = None
    with_returns: bool = False
    order: str = "time"  # time: newest first | amount: highest first
    cursor: str = ""  # next_cursor of the page before
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SalePage:
    """One page of receipts; `next_cursor` is empty on the last."""

    sales: tuple[SaleSummary, ...]
    next_cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTotals:
    """Sums over all receipts of a query in one currency, on whatever page they are."""

    currency: str
    sales: int
    units: int
    regular_minor: int
    discount_minor: int
    returned_minor: int
    total_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTotals:
    """Figures summed straight from the lines of sales that are not voided; named as in analytics' Figures."""

    gross_minor: int = 0
    discount_minor: int = 0
    refund_minor: int = 0
    tax_minor: int = 0
    tickets: int = 0
    returns: int = 0
    items: int = 0
    costed_net_minor: int = 0
    cost_minor: int = 0
