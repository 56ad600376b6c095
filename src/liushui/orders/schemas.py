"""HTTP forms of receipts: what the API takes and answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from liushui.orders.contracts import TEXT_MAX

Text = Annotated[str, Field(max_length=128, pattern=r"^[^\x00]*$")]
Minor = Annotated[int, Field(ge=-(2**53), le=2**53, description="Minor units, such as fen.")]
Day = Annotated[date, Field(ge=date(1970, 1, 2), le=date(9000, 1, 1))]


class SaleFilters(Schema):
    """Filters of the list; dates are business days, both included."""

    chain: Text = ""
    region: Text = ""
    store: Text = ""
    first: Day | None = None
    last: Day | None = None
    channel: Text = ""
    source: Text = ""
    q: Annotated[Text, Field(description="A whole receipt number or source id.")] = ""
    currency: Text = ""
    amount_min_minor: Minor | None = None
    amount_max_minor: Minor | None = None
    sku: Text = ""
    category: Text = ""
    tender: Text = ""
    customer: Text = ""
    status: Literal["", "completed", "voided"] = ""
    hour: Annotated[int, Field(ge=0, le=23)] | None = None
    returns: Annotated[bool, Field(description="Only sales with returned goods.")] = False
    order: Literal["time", "amount"] = "time"
    cursor: Annotated[str, Field(max_length=200)] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class SummaryAnswer(Schema):
    """A row of the list."""

    id: UUID
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
    returned_minor: int
    total_minor: int
    tax_minor: int
    status: str


class PageAnswer(Schema):
    """A page of the list; `next_cursor` is empty on the last."""

    sales: list[SummaryAnswer]
    next_cursor: str


class DiscountAnswer(Schema):
    """A part of a line's discount."""

    code: str
    name: str
    amount_minor: int


class OriginalAnswer(Schema):
    """The line of another sale that a returned line takes back."""

    sale_id: UUID
    line_number: int
    unit_positions: list[int] = Field(description="0 is the first unit; empty where all were paid alike.")


class LineAnswer(Schema):
    """A line of a receipt."""

    line_number: int
    item_id: int | None
    sku: str
    gtin: str
    name: str
    category: str
    units: int
    measure_value: int | None
    measure_unit: str | None
    unit_price_minor: int
    regular_minor: int
    discount_minor: int
    amount_minor: int
    tax_rate_bp: int
    tax_minor: int
    cost_minor: int | None = Field(description="Null too for readers without report.read or catalog.write.")
    is_return: bool
    original: OriginalAnswer | None = Field(description="Of a returned line whose sale is known.")
    discounts: list[DiscountAnswer]


class TenderAnswer(Schema):
    """A way in which a part was paid."""

    type: str
    amount_minor: int
    method: str
    reference: str


class DetailAnswer(SummaryAnswer):
    """A receipt with everything on it."""

    lines: list[LineAnswer]
    tenders: list[TenderAnswer]
    variance_minor: int
    recorded_at: datetime
    voided_at: datetime | None
    void_reason: str
    void_approved_by: str = Field(description="Name of the person who agreed; empty where nobody had to.")


class VoidCommand(Schema):
    """Why the sale is voided."""

    reason: Annotated[str, Field(min_length=1, max_length=TEXT_MAX["reason"])]


class VoidApprovalAnswer(Schema):
    """A request that another person agrees to a void, and what became of it."""

    id: UUID
    state: Literal["pending", "approved", "rejected", "withdrawn", "expired", "used"]
    sale_id: UUID
    amount_minor: int
    currency: str
    reason: str
    requested_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    decided_by: str
    decision_reason: str
