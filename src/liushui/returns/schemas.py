"""The quote of a return as JSON. Amounts are minor units of the sale's currency."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from ninja import Schema
from pydantic import ConfigDict, Field

Text = Annotated[str, Field(max_length=64, pattern=r"^[^\x00]*$")]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00]+$")]
CodeText = Annotated[str, Field(max_length=32, pattern=r"^[^\x00]*$")]


class _Body(Schema):
    model_config = ConfigDict(extra="forbid")


class ReturnPartBody(_Body):
    """Units of a line of which another reason or condition is said: fewer than all that come back."""

    units: Annotated[int, Field(ge=1, le=10**12, strict=True)]
    reason: CodeText = ""
    condition: CodeText = ""


class ReturnLineBody(_Body):
    """Units of a line of the receipt that come back."""

    line_number: Annotated[int, Field(ge=1, le=100_000, strict=True)]
    units: Annotated[int, Field(ge=1, le=10**12, strict=True)]
    unit_positions: list[Annotated[int, Field(ge=0, le=10**6, strict=True)]] = Field(
        default_factory=list,
        max_length=1000,
        description="Which units, 0 the first, where they were paid differently; left out, the cheapest.",
    )
    reason: CodeText = ""
    condition: CodeText = ""
    parts: list[ReturnPartBody] = Field(
        default_factory=list,
        max_length=100,
        description="Units of the line that come back for another reason or in another condition than the rest.",
    )


class GoodsBody(_Body):
    """Goods without a receipt."""

    code: Name = Field(description="A SKU, a GTIN or a scanned barcode.")
    units: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] = 1
    reason: CodeText = ""
    condition: CodeText = ""


class ReturnQuoteBody(_Body):
    """What is asked: lines of a sale, or goods without a receipt."""

    store: Name = Field(description="Code of the store that takes them back.")
    chain: Text = Field("", description="Code of the chain; needed only by a client of several.")
    sale_id: UUID | None = Field(None, description="The sale that the lines are of; none with `goods`.")
    lines: list[ReturnLineBody] = Field(default_factory=list, max_length=1000)
    goods: list[GoodsBody] = Field(default_factory=list, max_length=1000)


class OriginalBody(Schema):
    """The line of the sale that is taken back."""

    sale_id: UUID
    line_number: int
    unit_positions: list[int]


class ReturnPartAnswer(Schema):
    """Units of a returned line of which something else is said."""

    units: int
    reason: str
    condition: str


class ApprovalWhyAnswer(Schema):
    """One reason why another person has to agree."""

    code: str = Field(description="no_receipt, late, other_store or over_limit.")
    found: int | None = Field(description="Days for late, minor units for over_limit and no_receipt.")
    limit: int | None = Field(description="What the chain's policy allows.")


class QuotedReturnLineAnswer(Schema):
    """A returned line as it would be recorded: negative."""

    line_number: int = Field(description="In the order asked for; then lines of which a part of the price alone comes.")
    original: OriginalBody | None
    sku: str
    name: str
    units: int
    regular_minor: int
    discount_minor: int
    amount_minor: int
    tax_minor: int
    reason: str
    condition: str
    parts: list[ReturnPartAnswer]


class RefundTenderAnswer(Schema):
    """A part of the refund: negative."""

    position: int = Field(description="Of the original sale's tenders, 1 the first; 0: paid by goods, or no receipt.")
    type: str
    method: str
    reference: str
    amount_minor: int
    points: int
    principal_minor: int
    gift_minor: int


class ReturnQuoteAnswer(Schema):
    """What would come back at this moment. Nothing is held: the return is worked out again when it is sent."""

    sale_id: UUID | None
    receipt_number: str
    currency: str
    version: int = Field(description="Of what has come back of the sale so far.")
    lines: list[QuotedReturnLineAnswer]
    refund_minor: int
    tax_minor: int
    tenders: list[RefundTenderAnswer]
    is_full: bool
    needs_approval: str = Field(
        description="no_receipt, late, other_store or over_limit: another person has to agree; empty: nobody."
    )
    approval_whys: list[ApprovalWhyAnswer] = Field(
        description="All reasons why; ask for the approval by `POST /api/v1/returns/approvals`."
    )
    notes: list[str]
