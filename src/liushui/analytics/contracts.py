"""What others see of the figures. Definitions: docs/reference/metrics.md."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which sales a report is about: always the caller's stores, narrowed by what the user chose."""

    store_ids: frozenset[int]
    currency: str
    first: date  # business days, both included
    last: date
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Sums over sales; every ratio is derived from these in analytics.domain.metrics. Minor units, tax included."""

    gross_minor: int = 0  # sold lines before discounts
    discount_minor: int = 0  # taken off sold lines
    refund_minor: int = 0  # paid back for returned lines, positive
    tax_minor: int = 0  # within net
    tickets: int = 0  # sales with at least one sold line
    returns: int = 0  # documents with at least one returned line
    items: int = 0  # units on sold lines
    costed_net_minor: int = 0  # net without tax of the lines whose cost is known
    cost_minor: int = 0  # cost of those lines
