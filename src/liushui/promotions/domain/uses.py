"""The life of a use: reserved with an expiry, then committed with its sale, released, or expired.

reserved → committed | released | expired; released or expired → reserved again, or committed late; committed → returned
when its sale is voided. docs/reference/promotion-uses.md says each move.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from liushui.promotions.domain.answer import PricedBasket
from liushui.promotions.domain.basket import Code
from liushui.promotions.domain.rulebook import Combined, Condition, Leaf, Promotion, Rulebook

RESERVATION_STATES = ("reserved", "committed", "released", "expired", "returned")
OVERRUN_KINDS = ("total", "per_member", "budget", "coupon", "coupon_member")
OverrunKind = Literal["total", "per_member", "budget", "coupon", "coupon_member"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldUse:
    """One promotion in one order: what it takes, and of how much."""

    promotion_id: str
    amount_minor: int
    total_max: int | None
    per_member_max: int | None
    budget_minor: int | None

    def is_counted(self) -> bool:
        """Whether a counter holds it."""
        return (self.total_max, self.per_member_max, self.budget_minor) != (None, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What an order holds. `state` is empty when nothing in its answer has a limit or a code: nothing was written."""

    order_key: str
    state: str
    expires_at: datetime
    uses: tuple[HeldUse, ...]
    sale_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrun:
    """A limit that a recorded sale went beyond, because it came after its reservation had ended."""

    kind: OverrunKind
    subject: str  # a promotion's id, or a batch's code
    limit: int
    reached: int
    order_key: str
    sale_id: UUID | None
    at: datetime


def order_key(*, source: str, source_id: str) -> str:
    """The key under which an order reserves: its sale's source and source id, which the sale's event names too."""
    return f"{source}/{source_id}"


def uses_of(
    *, answer: PricedBasket, rulebook: Rulebook, codes: Sequence[Code]
) -> tuple[tuple[HeldUse, ...], tuple[Code, ...]]:
    """What an order priced so takes: the applied promotions that have limits or a code, and the codes, each once."""
    promotions: Mapping[str, Promotion] = {promotion.id: promotion for promotion in rulebook.promotions}
    uses: list[HeldUse] = []
    taken: dict[str, Code] = {}
    for outcome in answer.promotions:
        if outcome.status != "applied":
            continue
        promotion = promotions[outcome.id]
        own = codes_of(promotion, codes)
        taken.update((code.code, code) for code in own)
        limits = promotion.limits
        use = HeldUse(
            promotion_id=outcome.id,
            amount_minor=outcome.amount,
            total_max=limits.total,
            per_member_max=limits.per_member,
            budget_minor=limits.budget,
        )
        if own or use.is_counted():
            uses.append(use)
    return tuple(sorted(uses, key=lambda use: use.promotion_id)), tuple(taken.values())


def codes_of(promotion: Promotion, codes: Sequence[Code]) -> tuple[Code, ...]:
    """The codes that a promotion uses up: each that it names, and the first of each batch that it asks for."""
    found: dict[str, Code] = {}
    for leaf in coupon_leaves(promotion.when):
        fits = (
            code for code in codes if (code.code == leaf.code if leaf.code is not None else code.batch == leaf.batch)
        )
        if (code := next(fits, None)) is not None:
            found[code.code] = code
    return tuple(found.values())


def _is_meant(leaf: Leaf, code: Code) -> bool:
    return code.code == leaf.code if leaf.code is not None else code.batch == leaf.batch


def coupon_leaves(conditions: Iterable[Condition]) -> Iterator[Leaf]:
    """The coupon conditions that ask for a code; under `not` none is asked for."""
    for condition in conditions:
        if isinstance(condition, Combined):
            if condition.op != "not":
                yield from coupon_leaves(condition.parts)
        elif condition.type == "coupon":
            yield condition
