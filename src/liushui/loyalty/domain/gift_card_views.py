"""Gift cards as head office sees them: batches, lines of a list, what was done to one card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

BatchState = Literal["making", "done", "stopped"]
BlockKind = Literal["block", "unblock"]
BatchBlockState = Literal["waiting", "running", "done", "refused", "overtaken"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftCardBatch:
    """Gift cards that were issued together. `stopped`: somebody ended it before all were made; those made are good."""

    id: UUID
    chain_id: int
    note: str
    card_count: int  # asked for
    made_count: int
    face_minor: int | None  # None: a card is sold for whatever is paid
    currency: str
    state: BatchState
    issued_at: datetime
    issued_by_name: str
    ended_at: datetime | None
    told_at: datetime | None  # when the codes were taken out, once
    told_by: str  # the subject
    told_by_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftCardLine:
    """A gift card as a list shows it."""

    id: UUID
    number: str
    batch_id: UUID
    state: str  # of contracts.GiftCardState
    currency: str
    balance_minor: int  # with what open orders hold
    face_minor: int | None
    issued_at: datetime
    activated_at: datetime | None
    ends_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftCardPage:
    """Lines of a list; `next_cursor` is empty on the last page."""

    cards: tuple[GiftCardLine, ...]
    next_cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardBlock:
    """A block of a card, or an unblocking that one person asked for."""

    id: UUID
    kind: BlockKind
    reason: str
    by_name: str
    approval_id: UUID | None
    state: str  # waiting | done | refused
    problem: str
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CardBatchBlock:
    """A block of a whole batch, or its unblocking, with how far it has come. `overtaken`: the batch was blocked again
    before its unblocking was approved, or done."""

    id: UUID
    batch_id: UUID
    kind: BlockKind
    reason: str
    by_name: str
    checked_by_name: str  # of an unblocking that was approved
    approval_id: UUID | None
    state: BatchBlockState
    problem: str
    places_done: int
    places: int  # cards of the batch, and a few places whose number another card had
    changed_count: int  # cards that were blocked or opened
    asked_at: datetime
    ended_at: datetime | None
