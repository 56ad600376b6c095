"""Tell the codes of a batch: once, to one person for ten minutes, or to one request of a program for a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from liushui.kernel.errors import NotAllowed
from liushui.loyalty.actions.issue_cards import require_issue
from liushui.loyalty.contracts import GiftCardBatch, IssuedGiftCard
from liushui.loyalty.errors import CodesTold, EntryConflict
from liushui.loyalty.gift_card_queries import batch_row, batch_view, codes_of_batch
from liushui.loyalty.models import CardBatchRow
from liushui.runtime import audit, sealed
from liushui.runtime.access import Principal

AGAIN = timedelta(minutes=10)  # a file that broke off is sent again so long, to the same person
AGAIN_TO_REQUEST = timedelta(hours=24)  # an answer that was lost, to the same request of the same program
_KEPT_AS = "gift-card-telling"


def tell_gift_codes(
    *, batch_id: UUID, principal: Principal, now: datetime
) -> tuple[GiftCardBatch, Iterator[IssuedGiftCard]]:
    """The batch, and its cards with their codes as they are read: once, and again for the same person for ten minutes.

    Raises EntryConflict while cards are being made, CodesTold, CodesLost.
    """
    row = _ready(batch_id, principal)
    again = Q(told_by=principal.subject, told_request="", told_at__gt=now - AGAIN)
    _claim(row, again, "", principal, now)
    return batch_view(batch_row(batch_id=batch_id)), (card for _at, card in codes_of_batch(batch_id=batch_id))


def tell_codes_to_request(
    *, batch_id: UUID, request_id: UUID, after: int, limit: int, principal: Principal, now: datetime
) -> tuple[tuple[IssuedGiftCard, ...], int | None]:
    """Cards with their codes from the place behind `after` on (-1: the first), and the place after which to go on; None
    at the end. The first request that asks has them; sent again by the same program, for a day, it has the same.

    `request_id` is a secret of the caller's: whoever has stolen its token alone is told nothing again. Raises
    NotAllowed for people, who are asked for fresh proof on the page, EntryConflict while cards are being made,
    CodesTold, CodesLost.
    """
    row = _ready(batch_id, principal)
    if not principal.subject.startswith("client:"):
        raise NotAllowed("Codes are told to people on the page of the batch", remedy="Take them out there.")
    said = f"{principal.subject}:{batch_id}:{request_id}"
    marks = sealed.fingerprints(said, purpose=_KEPT_AS)
    again = Q(told_by=principal.subject, told_request__in=marks, told_at__gt=now - AGAIN_TO_REQUEST)
    _claim(row, again, marks[0], principal, now)
    cards = list(islice(codes_of_batch(batch_id=batch_id, after=after), limit + 1))
    told = tuple(card for _position, card in cards[:limit])
    return told, cards[limit - 1][0] if len(cards) > limit else None


def _ready(batch_id: UUID, principal: Principal) -> CardBatchRow:
    row = batch_row(batch_id=batch_id)
    require_issue(principal, chain_id=row.chain_id)
    if row.state == "making" or not row.made_count:
        raise EntryConflict("These gift cards are not made yet")
    next(codes_of_batch(batch_id=batch_id))  # before they count as told
    return row


def _claim(row: CardBatchRow, again: Q, mark: str, principal: Principal, now: datetime) -> None:
    with transaction.atomic():
        first = CardBatchRow.objects.filter(id=row.id, told_at=None).update(
            told_at=now, told_by=principal.subject, told_by_name=principal.name[:128], told_request=mark
        )
        if not first and not CardBatchRow.objects.filter(again, id=row.id).exists():
            raise CodesTold("The codes of these gift cards were taken out before")
        audit.record(
            principal=principal, action="gift_card.tell", target=f"gift_card_batch:{row.id}", chain_id=row.chain_id,
            after={"cards": row.made_count, "again": not first},
        )  # fmt: skip
