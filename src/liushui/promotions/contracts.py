"""What others see of promotions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from liushui.promotions.backtest_processes import HelperDied
from liushui.promotions.domain.answer import Allocation, Certificate, Outcome, PricedBasket, PricedLine, PricedShipping
from liushui.promotions.domain.backtest import Chunk, Load
from liushui.promotions.domain.backtest_lines import as_read, chunks_of_lines
from liushui.promotions.domain.basket import Basket, Code, Line, Member, Shipping, Usage
from liushui.promotions.domain.basket_json import write_basket
from liushui.promotions.domain.canonical import canonical_bytes
from liushui.promotions.domain.coupons import (
    CodeIssue,
    CodeProblem,
    CodesImported,
    CodeState,
    CouponBatch,
    FoundCode,
    ImportFault,
    MemberCode,
    NewBatch,
    ResolvedCodes,
)
from liushui.promotions.domain.explanation import Explanation, LineDiscount, OfferWords, PromotionWords
from liushui.promotions.domain.json_lines import PriceLines, RefundLines, answered, lint_document
from liushui.promotions.domain.rulebook import Combined, Condition, Leaf, Promotion, Rulebook
from liushui.promotions.domain.trial import Head, Trial
from liushui.promotions.domain.uses import (
    HeldUse,
    IssuedCoupon,
    Overrun,
    PromotionCost,
    Reservation,
    SoldWith,
    order_key,
    uses_of,
)

if TYPE_CHECKING:
    from liushui.promotions.domain.compiled import CompiledRulebook

__all__ = [
    "Allocation",
    "Basket",
    "BasketToPrice",
    "Certificate",
    "Chunk",
    "Code",
    "CodeIssue",
    "CodeProblem",
    "CodeState",
    "CodesImported",
    "Combined",
    "Condition",
    "CouponBatch",
    "DraftView",
    "Explanation",
    "FoundCode",
    "Head",
    "HeldUse",
    "HelperDied",
    "ImportFault",
    "IssuedCoupon",
    "Leaf",
    "Line",
    "LineDiscount",
    "Load",
    "Member",
    "MemberCode",
    "MemberTier",
    "NewBatch",
    "OfferWords",
    "Outcome",
    "Overrun",
    "PriceLines",
    "PricedBasket",
    "PricedLine",
    "PricedShipping",
    "Promotion",
    "PromotionChange",
    "PromotionCost",
    "PromotionView",
    "PromotionWords",
    "PublishedRulebook",
    "Quotation",
    "RefundLines",
    "Reservation",
    "ResolvedCodes",
    "Rulebook",
    "RulebookChanges",
    "Shipping",
    "SoldWith",
    "Trial",
    "Usage",
    "VersionView",
    "answered",
    "as_read",
    "chunks_of_lines",
    "lint_document",
    "order_key",
    "uses_of",
]

Status = Literal["draft", "scheduled", "live", "paused", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberTier:
    """A tier that members of a chain may have; the first position is the lowest."""

    chain_id: int
    code: str
    name_zh: str
    name_en: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRulebook:
    """A version that the engine can price with. `rulebook`, `compiled` and `limited` are made once a process."""

    id: int
    chain_id: int
    number: int
    version: str  # as answers name it
    digest: str
    starts_at: datetime
    document: str  # JSON in normal form
    rulebook: Rulebook = field(repr=False)
    compiled: CompiledRulebook = field(repr=False)
    limited: frozenset[str] = field(repr=False)  # promotions whose price depends on what was used of them
    birthday_spans: tuple[int, ...] = field(repr=False, default=())  # days around a birthday that conditions name


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionView:
    """A published version as lists show it; `state` is at the instant asked about."""

    id: int
    chain_id: int
    number: int
    version: str
    digest: str
    starts_at: datetime
    origin: str  # draft | pause | resume | end | roll_back
    base_number: int | None
    draft_id: int | None
    note: str
    promotion_count: int
    paused_count: int
    published_at: datetime
    published_by: str
    published_by_name: str
    cancelled_at: datetime | None
    state: Literal["scheduled", "live", "past", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionChange:
    """One promotion that differs between two rulebooks: its JSON on either side, None where it is not."""

    id: str
    kind: Literal["added", "changed", "removed", "paused", "resumed"]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RulebookChanges:
    """What one rulebook changes against another, by promotion id."""

    changes: tuple[PromotionChange, ...]
    mode: tuple[str, str] | None = None  # before, after; None when it stays

    def ids(self, kind: str) -> tuple[str, ...]:
        """The promotions changed in this way."""
        return tuple(each.id for each in self.changes if each.kind == kind)

    def __bool__(self) -> bool:
        return bool(self.changes) or self.mode is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftView:
    """A draft. `revision` is what save_draft must be told; `document` is JSON in normal form."""

    id: int
    chain_id: int
    name: str
    state: Literal["open", "in_review", "published", "discarded"]
    origin: str  # draft | resume | end | roll_back: what it was begun as
    revision: int
    base_id: int | None
    base_number: int | None
    is_base_latest: bool  # False: rebase it before it is reviewed
    document: str
    paused: str  # JSON list of promotions set aside
    promotion_count: int
    starts_at: datetime | None
    note: str
    approval_id: UUID | None
    rulebook_id: int | None
    created_at: datetime
    created_by: str
    created_by_name: str
    changed_at: datetime
    changed_by: str
    changed_by_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionView:
    """One promotion of a chain at an instant, from where it stands: the live version, a scheduled one, or a draft."""

    id: str
    name_zh: str
    name_en: str
    status: Status
    starts_at: str | None  # as the promotion says
    ends_at: str | None
    document: Mapping[str, Any]
    rulebook_id: int | None  # the version it stands in
    rulebook_number: int | None
    draft_id: int | None  # the draft it stands in when it is in no version


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotation:
    """An answer and all that it depends on: the basket with usage and batches filled in, and the pinned rulebook."""

    basket: Basket
    answer: PricedBasket
    rulebook: PublishedRulebook
    code_problems: Mapping[str, str]  # by code as it was given: a Problem of coupons, why it does not count
    found_codes: Mapping[str, FoundCode] | None = None  # by normal code, for `reserve`; None: nothing was looked up

    def basket_text(self) -> str:
        """The basket as JSON in normal form: with the rulebook's digest, all that the answer can be had from again."""
        return canonical_bytes(write_basket(self.basket)).decode()

    def answer_text(self) -> str:
        """The answer as compact JSON, keys in the order of the reference."""
        return json.dumps(self.answer.to_json(), ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketToPrice:
    """A basket of a chain at an instant. Codes without a batch are looked up; `order_key` names the order whose own
    uses do not count as used."""

    chain_id: int
    at: datetime
    basket: Basket
    order_key: str = ""
