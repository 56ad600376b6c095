"""The command that completes one sale, as tills, files and web shops state it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from liushui.catalog.contracts import Item
from liushui.kernel.errors import LiushuiError
from liushui.orders.contracts import Discount, OriginalLine, SaleLine, SaleRecorded, Tender
from liushui.promotions.contracts import Member, PricedBasket, Shipping
from liushui.returns.contracts import ReturnPart

__all__ = [
    "CompleteSale",
    "Discount",
    "FrozenPrice",
    "LineCommand",
    "Member",
    "OriginalLine",
    "PricedBasket",
    "Quote",
    "QuotedLine",
    "Refusal",
    "ReturnPart",
    "ReturnReason",
    "ReturnTerms",
    "SaleQuote",
    "SaleRecorded",
    "Shipping",
    "Tender",
    "refund_target",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenPrice:
    """What a basket was priced with: enough to price it again to the same bytes. A till keeps it from the moment of
    payment on, so that what was shown is what is charged."""

    rulebook_digest: str
    basket: str  # JSON in normal form, usage and batches of codes included


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCommand:
    """One line as its source states it. `code` is a SKU, a GTIN or a scanned barcode.

    For a sale that is already paid, `amount_minor` is what was charged for the line, tax included; None asks for our
    price. `regular_minor` None means that nothing was taken off. Returned goods have negative units and amounts.
    Texts given here win over the catalogue's, since they are what the shopper's receipt says.
    """

    code: str
    units: int = 1
    amount_minor: int | None = None
    regular_minor: int | None = None
    discounts: tuple[Discount, ...] = ()  # when given they sum to regular - amount
    measure_value: int | None = None
    measure_unit: str | None = None
    name: str = ""
    category: str = ""
    tax_minor: int | None = None  # None: by the item's rate
    cost_minor: int | None = None
    is_return: bool = False  # for a line of zero units; otherwise the sign of the units says it
    is_gift: bool = False  # put on the basket because a promotion offers it
    # What the line takes back of a recorded sale. `code` may be empty then, `units` are negative (as many as come back)
    # and everything else is the record's: an amount that is given is compared with it and never believed.
    original: OriginalLine | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnReason:
    """Why the goods of a line came back, and in what condition: codes of the module of returns."""

    line_number: int  # of this command: 1, 2, …
    reason: str
    condition: str = ""
    parts: tuple[ReturnPart, ...] = ()  # units of it of which something else is said


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnTerms:
    """What is said about lines with an `original`, beside the goods themselves.

    Where the chain's rules want another person's consent, `approval_id` names an approval of kind `returns.refund` for
    `refund_target(source, source_id)` and at least this amount. A till, which has asked and used up an approval of its
    own, names who gave it in `approved_by` instead; nothing that comes from outside sets that.
    """

    reasons: tuple[ReturnReason, ...] = ()
    approval_id: UUID | None = None
    approved_by: str = ""


def refund_target(*, source: str, source_id: str) -> str:
    """What an approval of a return names: the one sale that it is for."""
    return f"sale:{source}/{source_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteSale:
    """A sale to be completed. (source, source_id) names it for ever; the source makes the id."""

    source: str
    source_id: str
    store: str  # store code within the chain
    completed_at: datetime  # aware
    lines: tuple[LineCommand, ...]
    tenders: tuple[Tender, ...] = ()  # none: the whole as one "other"
    chain: str = ""  # chain code; needed only by a source that serves several chains
    currency: str = ""  # empty: the store's
    channel: str = "pos"
    workstation: str = ""
    operator: str = ""
    receipt_number: str = ""  # empty: the source's id
    customer: str = ""
    accept_unknown_items: bool = False  # record lines under codes that the catalogue lacks, instead of refusing
    business_date: date | None = None  # None: by the store's clock; a till names the day that its shift belongs to
    # Promotions price a sale none of whose lines states an amount or a discount. A till that has shown a price gives it
    # as `frozen`, with the discounts on the lines: they are checked against it.
    member: Member | None = None
    codes: tuple[str, ...] = ()
    frozen: FrozenPrice | None = None
    is_paid: bool = False  # others hold the money already: a limit that was reached meanwhile is recorded as an overrun
    # The account that tenders of points and stored value are taken from, and whose points the sale earns. Its number is
    # recorded as the customer. `member` is the snapshot that promotions price by; None with a `member_id` asks for it.
    member_id: UUID | None = None
    account: str = ""  # the same as `member_id`, by the member's number
    returns: ReturnTerms | None = None  # needed as soon as a line has an `original`


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why one sale of a batch was not taken: an RFC 9457 problem document."""

    source_id: str
    problem: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedLine:
    """One line as it would be recorded, or why it could not be: exactly one of `line` and `refusal` is there."""

    line: SaleLine | None
    item: Item | None  # None: the catalogue has nothing under the code
    unit_price_minor: int | None  # in the catalogue: of a piece, or of the kg, litre … for weighed goods
    refusal: LiushuiError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What lines would come to if they were sold at this instant; the sums are over those that are not refused."""

    lines: tuple[QuotedLine, ...]
    regular_minor: int
    discount_minor: int
    total_minor: int
    tax_minor: int
    answer: PricedBasket | None = None  # None: the chain had no rulebook, or nothing could be priced
    frozen: FrozenPrice | None = None  # with an answer: for CompleteSale
    code_problems: Mapping[str, str] = field(default_factory=dict)  # by code as given: why it does not count


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleQuote:
    """What a whole ticket would come to, goods that come back included: total = refunds + what is still to be paid."""

    lines: tuple[SaleLine, ...]
    total_minor: int  # negative when more comes back than is bought
    refunds: tuple[Tender, ...]  # negative, in the order in which they are given back
    to_pay_minor: int
    needs_approval: str = ""  # why another person has to agree, as returns say it; empty: nobody has to
