"""Promotions as business people state them, after reading: docs/reference/promotions.md says what each part means.

Amounts are minor units, percent is basis points (1 … 10000), times are aware instants. Reading and writing the JSON
form is `rulebook_json.py`'s; pricing is `pricing.py`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Stage = Literal["catalogue", "item", "order", "shipping", "points"]
Level = Literal["unit", "line", "order", "order_and_shipping"]
UnitOrder = Literal["cheapest", "most_expensive", "line_order"]
STAGES: tuple[Stage, ...] = ("catalogue", "item", "order", "shipping", "points")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which lines are meant; parts that are None do not narrow. Parts are ANDed; nothing given means every line."""

    sku_in: frozenset[str] | None = None
    sku_not_in: frozenset[str] | None = None
    category_in: frozenset[str] | None = None  # a node stands for its whole subtree
    category_not_in: frozenset[str] | None = None
    brand_in: frozenset[str] | None = None
    tag_in: frozenset[str] | None = None
    unit_price_min: int | None = None  # list price, inclusive
    unit_price_max: int | None = None
    not_already_discounted: bool = False  # only units that no earlier promotion has reduced


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One condition. `type` is a key of LEAVES in rule_fields.py; only the fields of that type are set."""

    type: str
    scope: Scope = Scope()
    amount: int | None = None  # subtotal_at_least, discounted_subtotal_at_least
    n: int | None = None  # quantity_at_least, line_quantity_at_least, distinct_skus_at_least, nth_order
    values: frozenset[str] | None = None  # tier_in, customer_group_in, channel_in, store_in, region_in, *_method_in
    name: str | None = None  # attribute
    op: Literal["eq", "in", "gte", "lte"] | None = None
    value: int | str | bool | tuple[int | str | bool, ...] | None = None
    days: int | None = None  # birthday_within
    code: str | None = None  # coupon
    batch: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """all, any or not (which has exactly one part) of conditions."""

    op: Literal["all", "any", "not"]
    parts: tuple[Condition, ...]


Condition = Leaf | Combined


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One thing that a promotion gives. `type` is a key of EFFECTS in effect_fields.py; the rest as its row names."""

    type: str
    scope: Scope = Scope()
    level: Level | None = None
    percent: int | None = None  # basis points
    amount: int | None = None
    price: int | None = None  # fixed_unit_price, bundle_price
    n: int | None = None  # bundle_price, nth_unit_percent
    buy_qty: int | None = None
    get_qty: int | None = None
    buy_scope: Scope | None = None
    get_scope: Scope | None = None
    max_applications: int | None = None
    formation: Literal["sets", "pool"] = "sets"
    units: int | None = None  # cheapest_unit_free
    group_size: int | None = None
    first: int | None = None
    additional: int | None = None
    basis: Literal["subtotal", "eligible_quantity"] | None = None
    basis_scope: Scope | None = None  # None: the effect's scope
    tiers: tuple[tuple[int, int], ...] = ()  # (from, value) ascending; value in basis points or minor units
    base_value: int = 0
    marginal: bool = False
    every: int | None = None
    max_times: int | None = None
    sku: str | None = None  # gift_unit
    qty: int | None = None
    methods: frozenset[str] | None = None  # shipping effects; None: every method
    multiply: int | None = None  # points, basis points: 20000 doubles
    add: int | None = None  # points
    batch: str | None = None  # issue_coupon
    for_: Literal["next_order"] | None = None
    max_discount: int | None = None
    max_units: int | None = None
    max_units_per_line: int | None = None
    unit_multiple_of: int | None = None
    base: Literal["remaining", "list"] = "remaining"
    unit_order: UnitOrder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How often and how much. `total` and `per_member` count orders, `per_order` applications, `budget` minor units."""

    total: int | None = None
    per_member: int | None = None
    per_order: int | None = None
    budget: int | None = None
    budget_mode: Literal["reject", "partial"] = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """One promotion."""

    id: str
    effects: tuple[Effect, ...]
    name: Mapping[str, str] = field(default_factory=dict)  # language → text: zh, en
    stage: Stage = "item"
    lane: int = 0
    priority: int = 0
    exclusive: bool = False
    group: str | None = None
    group_mode: Literal["best", "first", "all"] = "best"
    group_max: int | None = None
    not_with: frozenset[str] = frozenset()
    unit_exclusive: bool = False
    starts_at: datetime | None = None  # inclusive
    ends_at: datetime | None = None  # exclusive
    weekdays: frozenset[int] | None = None  # ISO: 1 Monday … 7 Sunday
    hours: tuple[tuple[int, int], ...] | None = None  # minutes of the day, from inclusive, to exclusive; may wrap
    when: tuple[Condition, ...] = ()
    limits: Limits = Limits()
    return_policy: Literal["keep", "clawback"] = "keep"
