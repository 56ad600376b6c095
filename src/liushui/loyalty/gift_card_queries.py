"""Reads of gift cards for head office: batches, the list of a chain, what was done to a card."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from liushui.kernel.errors import NotFound
from liushui.loyalty import card_codes
from liushui.loyalty.contracts import (
    CardBatchBlock,
    CardBlock,
    GiftCard,
    GiftCardBatch,
    GiftCardLine,
    GiftCardPage,
    IssuedGiftCard,
)
from liushui.loyalty.domain.gift_card_views import BatchBlockState, BatchState, BlockKind
from liushui.loyalty.errors import CodesLost, GiftCardUnknown
from liushui.loyalty.models import AccountRow, CardBatchBlockRow, CardBatchRow, CardBlockRow, GiftCardRow, HoldRow

LIMIT_MAX = 500
_SHOWN_MAX = 100
_CODES_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCard:
    """Where a card came from, beside what it is."""

    chain_id: int
    number: str
    batch_id: UUID
    face_minor: int | None
    issued_at: datetime
    is_blocked_with_batch: bool


def gift_card_batch(*, batch_id: UUID, chain_ids: Collection[int]) -> GiftCardBatch:
    """One batch of these chains; raises NotFound."""
    row = batch_row(batch_id=batch_id)
    if row.chain_id not in chain_ids:
        raise NotFound("There is no such batch of gift cards, or it is not yours to see")
    return batch_view(row)


def gift_card_batches(
    *, chain_id: int, before: tuple[datetime, UUID] | None = None, limit: int = 50
) -> tuple[GiftCardBatch, ...]:
    """The batches of a chain, the latest first."""
    rows = CardBatchRow.objects.filter(chain_id=chain_id)
    if before is not None:
        rows = rows.filter(Q(issued_at__lt=before[0]) | Q(issued_at=before[0], id__lt=before[1]))
    return tuple(batch_view(row) for row in rows.order_by("-issued_at", "-id")[: min(limit, LIMIT_MAX)])


def sold_of_batches(*, batch_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many cards of each batch were sold."""
    rows = GiftCardRow.objects.filter(batch_id__in=batch_ids, activated_at__isnull=False)
    return dict(rows.values_list("batch_id").annotate(count=Count("id")))


def gift_cards_of(
    *, chain_id: int, state: str, before: tuple[datetime, UUID] | None = None, limit: int = 50
) -> GiftCardPage:
    """The cards of a chain in one state, those sold or issued last first."""
    rows = GiftCardRow.objects.filter(chain_id=chain_id, state=state)
    if before is not None:
        rows = rows.filter(Q(moved_at__lt=before[0]) | Q(moved_at=before[0], id__lt=before[1]))
    found = list(rows.order_by("-moved_at", "-id")[: min(limit, LIMIT_MAX) + 1])
    shown = found[: min(limit, LIMIT_MAX)]
    cursor = f"{shown[-1].moved_at.isoformat()}|{shown[-1].id}" if len(found) > len(shown) else ""
    return GiftCardPage(cards=_lines(shown), next_cursor=cursor)


def gift_cards_of_batch(*, batch_id: UUID, after: int = -1, limit: int = 50) -> GiftCardPage:
    """The cards of a batch in the order in which they were made; the cursor is the last place."""
    rows = GiftCardRow.objects.filter(batch_id=batch_id, position__gt=after).order_by("position")
    found = list(rows[: min(limit, LIMIT_MAX) + 1])
    shown = found[: min(limit, LIMIT_MAX)]
    return GiftCardPage(cards=_lines(shown), next_cursor=str(shown[-1].position) if len(found) > len(shown) else "")


def found_card(*, card_id: UUID, chain_ids: Collection[int]) -> FoundCard:
    """One card of these chains; raises GiftCardUnknown."""
    row = GiftCardRow.objects.filter(id=card_id).first()
    if row is None or row.chain_id not in chain_ids:
        raise GiftCardUnknown("There is no such gift card, or it is not yours to see")
    return FoundCard(
        chain_id=row.chain_id, number=row.number, batch_id=row.batch_id, face_minor=row.face_minor,
        issued_at=row.issued_at, is_blocked_with_batch=row.batch_block_id is not None,
    )  # fmt: skip


def card_blocks(*, card: GiftCard) -> tuple[CardBlock, ...]:
    """How often a card was blocked, and its unblocking asked for, the latest first."""
    return tuple(
        CardBlock(
            id=row.id, kind=cast(BlockKind, row.kind), reason=row.reason, by_name=row.by_name,
            approval_id=row.approval_id, state=row.state, problem=row.problem, asked_at=row.asked_at,
        )
        for row in CardBlockRow.objects.filter(card_id=card.id).order_by("-asked_at", "-id")[:_SHOWN_MAX]
    )  # fmt: skip


def batch_blocks(*, batch_id: UUID) -> tuple[CardBatchBlock, ...]:
    """How often a batch was blocked, and its unblocking asked for, the latest first."""
    rows = CardBatchBlockRow.objects.filter(batch_id=batch_id).order_by("-asked_at", "-id")[:_SHOWN_MAX]
    return tuple(batch_block_view(row) for row in rows)


def blocked_with_batch(*, batch_id: UUID) -> int:
    """How many cards are blocked with their batch, and by nothing else."""
    return GiftCardRow.objects.filter(batch_id=batch_id, batch_block_id__isnull=False).count()


def is_blockable(*, batch_id: UUID) -> bool:
    """Whether a batch has cards that are neither blocked nor over."""
    return GiftCardRow.objects.filter(batch_id=batch_id, state__in=("issued", "active")).exists()


def batch_block_view(row: CardBatchBlockRow) -> CardBatchBlock:
    """A block or unblocking of a batch as others see it."""
    return CardBatchBlock(
        id=row.id, batch_id=row.batch_id, kind=cast(BlockKind, row.kind), reason=row.reason, by_name=row.by_name,
        checked_by_name=row.checked_by_name, approval_id=row.approval_id, state=cast(BatchBlockState, row.state),
        problem=row.problem, places_done=row.next_position, places=row.end_position, changed_count=row.changed_count,
        asked_at=row.asked_at, ended_at=row.ended_at,
    )  # fmt: skip


def codes_of_batch(*, batch_id: UUID, after: int = -1) -> Iterator[tuple[int, IssuedGiftCard]]:
    """Place and card with its code, in the order in which they were made, behind a place; raises CodesLost."""
    last = after
    while rows := list(
        GiftCardRow.objects.filter(batch_id=batch_id, position__gt=last)
        .order_by("position")
        .values_list("position", "number")[:_CODES_AT_ONCE]
    ):
        for position, number in rows:
            card = card_codes.told(batch_id=batch_id, position=position, number=number)
            if card is None:
                raise CodesLost("The secret key was changed since these cards were issued")
            yield position, card
        last = rows[-1][0]


def batch_row(*, batch_id: UUID) -> CardBatchRow:
    """A batch's row; raises NotFound."""
    row = CardBatchRow.objects.filter(id=batch_id).first()
    if row is None:
        raise NotFound("There is no such batch of gift cards, or it is not yours to see")
    return row


def batch_view(row: CardBatchRow) -> GiftCardBatch:
    """A batch as others see it."""
    return GiftCardBatch(
        id=row.id,
        chain_id=row.chain_id,
        note=row.note,
        card_count=row.card_count,
        made_count=row.made_count,
        face_minor=row.face_minor,
        currency=row.currency,
        state=cast(BatchState, row.state),
        issued_at=row.issued_at,
        issued_by_name=row.issued_by_name,
        ended_at=row.ended_at,
        told_at=row.told_at,
        told_by=row.told_by,
        told_by_name=row.told_by_name,
    )


def _lines(rows: Collection[GiftCardRow]) -> tuple[GiftCardLine, ...]:
    ids = [row.id for row in rows]
    free = dict(AccountRow.objects.filter(id__in=ids).values_list("id", "principal_free_minor"))
    held = dict(_held(ids).values_list("account_id").annotate(sum=Sum("principal_minor")) if ids else ())
    return tuple(
        GiftCardLine(
            id=row.id,
            number=row.number,
            batch_id=row.batch_id,
            state=row.state,
            currency=row.currency,
            balance_minor=free.get(row.id, 0) + held.get(row.id, 0),
            face_minor=row.face_minor,
            issued_at=row.issued_at,
            activated_at=row.activated_at,
            ends_on=row.ends_on,
        )
        for row in rows
    )


def _held(ids: Collection[UUID]) -> QuerySet[HoldRow]:
    return HoldRow.objects.filter(account_id__in=ids, state="held").order_by()
