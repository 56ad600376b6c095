"""Purchases of the past, as trying out other prices needs them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID


class PastLine(NamedTuple):
    """A line that was bought, as trying out other prices needs it. A plain tuple: there are millions of them."""

    line_number: int
    sku: str
    category: str
    units: int
    regular_minor: int
    amount_minor: int
    tax_rate_bp: int
    cost_minor: int | None  # of all units together


@dataclass(frozen=True, slots=True, kw_only=True)
class PastSale:
    """A purchase of the past: a receipt that was not voided, without lines that came back."""

    id: UUID
    store_id: int
    channel: str
    currency: str
    completed_at: datetime
    business_date: date
    customer: str  # empty when unknown
    orders_before: int  # purchases of this customer before this one, if asked for
    method: str  # of payment, if asked for and there was one only
    lines: tuple[PastLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTotals:
    """What some stores and business days have: purchases, and what is none."""

    sales: int
    sales_voided: int
    sales_returned: int  # receipts of nothing but returned lines
    lines_returned: int
    currencies: tuple[str, ...]
