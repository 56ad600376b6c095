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
# What became of a promised coupon: handed out; none could be; taken back with its sale; or used before that.
ISSUE_STATES = ("issued", "failed", "taken_back", "kept")
# Why none could be handed out: no such batch; it was voided; it is over; its codes are not handed out one by one; it is
# for members, and there is none; all of it is handed out.
ISSUE_PROBLEMS = ("unknown", "void", "expired", "wrong_kind", "member_needed", "none_left")
IssueProblem = Literal["unknown", "void", "expired", "wrong_kind", "member_needed", "none_left"]
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
    """What an order holds. `state` is empty when nothing in its answer has a limit or a code, or hands out a coupon:
    then nothing was written."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCoupon:
    """A coupon for the next time that a sale handed out. `code` is readable, and empty where there is none to show."""

    promotion_id: str
    batch: str  # as the rulebook names it
    name_zh: str
    name_en: str
    code: str
    member_id: str  # whose it is; empty: whoever has it
    valid_from: datetime | None
    valid_until: datetime | None
    state: str  # issued | failed | taken_back | kept
    problem: str  # of a failed one: an IssueProblem
    order_key: str
    at: datetime

    def masked(self) -> str:
        """The code but for its end, for those who need not use it."""
        return f"••••{self.code[-4:]}" if self.code else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionCost:
    """What a promotion took off in recorded sales; what was voided or taken back is not in it."""

    receipts: int = 0
    amount_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldWith:
    """What promotions took off one sale, by id; negative where goods came back.

    `sign` is -1 for a sale that was voided. A receipt of which goods came back remains one.
    """

    chain_id: int
    amounts: Mapping[str, int]
    sign: int = 1

    def receipts(self, amount_minor: int) -> int:
        """By how many receipts this one moves the count of a promotion."""
        return self.sign if amount_minor > 0 else 0


def order_key(*, source: str, source_id: str) -> str:
    """The key under which an order reserves: its sale's source and source id, which the sale's event names too."""
    return f"{source}/{source_id}"


def uses_of(
    *, answer: PricedBasket, rulebook: Rulebook, codes: Sequence[Code]
) -> tuple[tuple[HeldUse, ...], tuple[Code, ...]]:
    """What an order priced so takes: the applied promotions that have limits or a code, or hand out a coupon, and the
    codes, each once."""
    promotions: Mapping[str, Promotion] = {promotion.id: promotion for promotion in rulebook.promotions}
    issuing = {each["promotion"] for each in answer.issued}
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
        if own or use.is_counted() or outcome.id in issuing:
            uses.append(use)
    return tuple(sorted(uses, key=lambda use: use.promotion_id)), tuple(taken.values())


def promised_by(answer: PricedBasket) -> tuple[tuple[str, str], ...]:
    """Promotion and batch of each coupon that an order priced so is handed once it is sold."""
    return tuple((each["promotion"], each["batch"]) for each in answer.issued)


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


def coupon_leaves(conditions: Iterable[Condition]) -> Iterator[Leaf]:
    """The coupon conditions that ask for a code; under `not` none is asked for."""
    for condition in conditions:
        if isinstance(condition, Combined):
            if condition.op != "not":
                yield from coupon_leaves(condition.parts)
        elif condition.type == "coupon":
            yield condition
