"""What others see of the figures. Definitions: docs/reference/metrics.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which sales a report is about: always the caller's stores, narrowed by what the user chose."""

    store_ids: frozenset[int]
    currency: str
    first: date  # business days, both included
    last: date
    channel: str = ""

    @property
    def days(self) -> int:
        """How many business days, both ends included."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Sums over sales; every ratio is derived from these in analytics.domain.metrics. Minor units, tax included.

    A voided sale counts in nothing but `voids` and `voided_minor`.
    """

    gross_minor: int = 0  # sold lines before discounts
    discount_minor: int = 0  # taken off sold lines
    refund_minor: int = 0  # paid back for returned lines, positive
    tax_minor: int = 0  # within net
    tickets: int = 0  # sales with at least one sold line
    returns: int = 0  # documents with at least one returned line
    items: int = 0  # units on sold lines
    returned_items: int = 0  # units on returned lines, positive
    costed_net_minor: int = 0  # net without tax of the lines whose cost is known
    cost_minor: int = 0  # cost of those lines
    voids: int = 0  # sales that were voided afterwards
    voided_minor: int = 0  # what those sales had come to

    @property
    def net_minor(self) -> int:
        """Net sales: what the shop keeps of what was paid, tax included."""
        return self.gross_minor - self.discount_minor - self.refund_minor

    def __add__(self, other: Figures) -> Figures:
        return Figures(**{name: getattr(self, name) + getattr(other, name) for name in FIGURE_NAMES})

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in FIGURE_NAMES)


FIGURE_NAMES: tuple[str, ...] = tuple(each.name for each in fields(Figures))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a report: what it is about, its figures, and the figures of the period it is compared with."""

    key: str  # stable within the report: a date, a store code, an SKU …
    label: str
    figures: Figures = field(default_factory=Figures)
    before: Figures | None = None
    drill: Mapping[str, str] = field(default_factory=dict)  # query of the list of receipts behind this row
    open: Mapping[str, str] = field(default_factory=dict)  # query of this report one level further down
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A table of figures: rows in the asked order and the total over all pages."""

    name: str
    rows: tuple[Row, ...]
    total: Figures
    row_count: int
    metrics: tuple[str, ...]  # keys of analytics.domain.metrics, the columns
    total_before: Figures | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something a manager should look at. `level` is `danger`, `warning` or `info`; texts are already translated."""

    level: str
    title: str
    detail: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place where two ways of counting disagree."""

    between: str  # live/rebuilt, live/orders
    table: str
    key: str
    measure: str
    left: int
    right: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What comparing the read models with the orders found. `pending` sales are recorded but their events not yet read."""

    sales: int
    rows: int
    pending: int
    differences: tuple[Difference, ...]
    difference_count: int
    seconds_ms: int

    @property
    def is_exact(self) -> bool:
        """Whether everything agrees to the last minor unit."""
        return self.difference_count == 0
