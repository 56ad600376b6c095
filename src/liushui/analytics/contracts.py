"""What others see of the figures. Definitions: docs/reference/metrics.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date


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
    """One row of a report: what it is about, and its values by column in the units of docs/reference/metrics.md."""

    key: str  # stable within the report: a date, a store code, an SKU …
    name_zh: str
    name_en: str
    values: Mapping[str, int | None]
    drill: Mapping[str, str] = field(default_factory=dict)  # query of the list of receipts behind this row
    open: Mapping[str, str] = field(default_factory=dict)  # query of this report one level further down


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A table of figures: one page of rows in the asked order, and the total over all pages."""

    name: str
    columns: tuple[str, ...]  # keys of analytics.domain.metrics.TERMS
    rows: tuple[Row, ...]
    total: Mapping[str, int | None]  # columns that do not add up are absent
    row_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuery:
    """Which report, of which sales, in which order, which page."""

    name: str
    scope: Filter
    sort: str = ""  # a column, or "key"; empty: the report's own order
    descending: bool = True
    grain: str = "day"  # sales: day, week or month
    text: str = ""  # items: search
    category: str = ""  # items, categories: a path
    limit: int = 50
    offset: int = 0


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
    """What comparing the read models with the orders found.

    `pending` sales are recorded, but their events have not been read yet.
    """

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
