"""HTTP forms of shifts and days. Amounts are minor units, such as fen."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

Text = Annotated[str, Field(max_length=128, pattern=r"^[^\x00]*$")]
Day = Annotated[date, Field(ge=date(1970, 1, 2), le=date(9000, 1, 1))]


class ShiftFilters(Schema):
    """Filters of the list; dates are business days, both included."""

    chain: Text = ""
    region: Text = ""
    store: Text = ""
    first: Day | None = None
    last: Day | None = None
    state: Literal["", "open", "counted", "closed"] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class ShiftAnswer(Schema):
    """One drawer at one till from its float to its count."""

    id: UUID
    number: int
    store: str
    workstation_code: str
    business_date: date
    state: str
    is_training: bool
    currency: str
    float_minor: int
    operator: str
    operator_name: str
    opened_at: datetime
    closed_at: datetime | None
    expected_minor: int | None
    counted_minor: int | None
    difference_minor: int | None
    difference_reason: str
    difference_approved_by: str
    handed_to: str


class ShiftsAnswer(Schema):
    """Shifts, the latest first."""

    shifts: list[ShiftAnswer]


class TenderTotalsAnswer(Schema):
    """One tender: expected = float + sales - change - refunds + paid in - paid out, and what was taken for value."""

    type: str
    sales: int
    sales_minor: int
    change_minor: int
    refunds: int
    refunds_minor: int
    float_minor: int
    paid_in_minor: int
    paid_out_minor: int
    expected_minor: int
    counted_minor: int | None
    difference_minor: int | None
    value_sales: int
    value_minor: int
    value_refunds_minor: int


class ValueTotalsAnswer(Schema):
    """Top-ups or gift cards sold: money in the drawer that is no revenue."""

    kind: str
    sold: int
    paid_minor: int
    bonus_minor: int
    voided: int
    voided_minor: int


class DrawerEntryAnswer(Schema):
    """Something that happened at the drawer besides sales; the kind gives the sign."""

    id: UUID
    kind: str
    amount_minor: int
    tender: str
    reason: str
    operator: str
    operator_name: str
    approved_by: str
    at: datetime


class OperatorAnswer(Schema):
    """What one person sold on a shift."""

    operator: str
    operator_name: str
    tickets: int
    total_minor: int


class ShiftReportAnswer(Schema):
    """Figures of a shift."""

    shift: ShiftAnswer
    made_at: datetime
    first_number: str
    last_number: str
    tickets: int
    refund_tickets: int
    voided_tickets: int
    cancelled_tickets: int
    voided_lines: int
    units: int
    regular_minor: int
    discount_minor: int
    total_minor: int
    tax_minor: int
    refunds_minor: int
    tenders: list[TenderTotalsAnswer]
    entries: list[DrawerEntryAnswer]
    no_sale_openings: int
    copies: int
    by_operator: list[OperatorAnswer]
    value: list[ValueTotalsAnswer]


class DayAnswer(Schema):
    """A store's business day; the Z report once it has a number."""

    z_number: int | None
    store: str
    business_date: date
    closed_at: datetime | None
    closed_by: str
    currency: str
    shifts: list[ShiftReportAnswer]
    tenders: list[TenderTotalsAnswer]
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
    value: list[ValueTotalsAnswer]
