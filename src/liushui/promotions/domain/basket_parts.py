"""The parts of a basket: what the shopper has, who he is, and what was used before.

Amounts are minor units of one currency. The whole basket and its JSON form are `basket_json.py`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a basket. A weighed piece is one unit whose price is the piece's extended price."""

    id: str
    sku: str
    unit_price: int  # list price, >= 0
    quantity: int  # >= 1
    category: str = ""  # path, food/snacks/chips
    brand: str = ""
    tags: tuple[str, ...] = ()
    floor_unit_price: int = 0
    discountable: bool = True
    gift: bool = False
    measure: tuple[int, str] | None = None  # informative: value, unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipping:
    """One delivery charge."""

    id: str
    method: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A coupon code that the shopper gave; `batch` when whoever asks has found out which batch it belongs to."""

    code: str
    batch: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """The shopper as known at that instant. `birthday` is MM-DD; `completed_orders` leaves this order out."""

    id: str
    tier: str | None = None
    groups: tuple[str, ...] = ()
    birthday: tuple[int, int] | None = None  # month, day
    completed_orders: int = 0
    attributes: Mapping[str, int | str | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was used of a promotion before: orders in all, orders of this member, minor units of its budget."""

    total: int = 0
    member: int = 0
    spent: int = 0
