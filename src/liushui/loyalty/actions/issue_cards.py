"""Issue gift cards, printed without money. A batch is made in parts, each whole or not at all, whoever makes it."""

from __future__ import annotations

import time
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from liushui.kernel.errors import InvalidValue, NotAllowed
from liushui.loyalty import card_codes, ledger
from liushui.loyalty.contracts import GIFT_CARDS_MAX, TEXT_MAX, VALUE_MAX_MINOR, GiftCardBatch, IssuedGiftCard
from liushui.loyalty.domain import numbers
from liushui.loyalty.errors import EntryConflict
from liushui.loyalty.gift_card_queries import batch_row, batch_view, codes_of_batch
from liushui.loyalty.models import CardBatchRow, GiftCardRow
from liushui.runtime import audit, bulk
from liushui.runtime.access import Principal

CAPABILITY = "value.adjust"  # in the whole chain: cards are good in all its stores
AT_ONCE_MAX = 500  # so many are made at once; more by the worker, part by part
_ROWS_AT_ONCE = 500
_COLUMNS = (
    *("id", "chain_id", "number", "code_sha256", "batch_id", "position", "state", "face_minor", "currency"),
    *("issued_at", "moved_at"),
)


def issue_gift_cards(
    *, batch_id: UUID, chain_id: int, count: int, face_minor: int | None = None, now: datetime
) -> tuple[IssuedGiftCard, ...]:
    """Make at most 1,000 cards at once and tell their codes; the same batch again answers the same numbers and codes.

    For programs that hand the codes on by themselves; people use start_gift_card_batch. `face_minor` is the amount that
    a card must be sold for; None leaves it open.
    """
    if count > 1_000:
        raise InvalidValue("1 to 1000 cards at a time", pointer="/count")
    row = _begun(
        batch_id=batch_id, chain_id=chain_id, count=count, note="", face_minor=face_minor, principal=None, now=now
    )
    while _make_part(batch_id, now):
        pass
    return tuple(card for _at, card in codes_of_batch(batch_id=row.id))


def start_gift_card_batch(
    *,
    batch_id: UUID,
    chain_id: int,
    count: int,
    note: str = "",
    face_minor: int | None = None,
    principal: Principal,
    now: datetime,
) -> GiftCardBatch:
    """Write a batch down; up to 500 cards are made at once, more by the worker. The same id again answers the same.

    Raises NotAllowed for who does not work for the whole chain, InvalidValue with a pointer, EntryConflict for the
    same id with other contents.
    """
    require_issue(principal, chain_id=chain_id)
    _begun(
        batch_id=batch_id, chain_id=chain_id, count=count, note=note.strip(), face_minor=face_minor,
        principal=principal, now=now,
    )  # fmt: skip
    while count <= AT_ONCE_MAX and _make_part(batch_id, now):
        pass
    return batch_view(batch_row(batch_id=batch_id))


def make_gift_cards(*, now: datetime, seconds_max: float) -> int:
    """Go on with batches that are not all made, some seconds long; how many parts were made. Safe to run twice."""
    until, parts = time.monotonic() + seconds_max, 0
    for batch_id in CardBatchRow.objects.filter(state="making").order_by("id").values_list("id", flat=True)[:100]:
        while time.monotonic() < until and _make_part(batch_id, now):
            parts += 1
    return parts


def stop_gift_card_batch(*, batch_id: UUID, principal: Principal, now: datetime) -> GiftCardBatch:
    """Make no more cards of a batch; those made stay. One that is over stays as it is."""
    row = batch_row(batch_id=batch_id)
    require_issue(principal, chain_id=row.chain_id)
    with transaction.atomic():
        if CardBatchRow.objects.filter(id=row.id, state="making").update(state="stopped", ended_at=now):
            made = CardBatchRow.objects.get(id=row.id).made_count
            _audit("stop", row, principal, {"made": made})
    return batch_view(batch_row(batch_id=batch_id))


def require_issue(principal: Principal, *, chain_id: int) -> None:
    """Raise NotAllowed unless the principal may issue gift cards for the whole chain."""
    principal.require(CAPABILITY)
    if chain_id not in principal.whole_chains(CAPABILITY):
        raise NotAllowed("Gift cards are good in the whole chain", remedy="Ask somebody who works for the whole chain.")


def _begun(
    *,
    batch_id: UUID,
    chain_id: int,
    count: int,
    note: str,
    face_minor: int | None,
    principal: Principal | None,
    now: datetime,
) -> CardBatchRow:
    """The batch under this id, which is there or made now; raises EntryConflict when it has other contents."""
    if not 0 < count <= GIFT_CARDS_MAX:
        raise InvalidValue(f"1 to {GIFT_CARDS_MAX} cards at a time", pointer="/count")
    if len(note) > TEXT_MAX["batch_note"] or not note.isprintable():
        raise InvalidValue(f"A note has at most {TEXT_MAX['batch_note']} characters", pointer="/note")
    if face_minor is not None and not 0 < face_minor <= VALUE_MAX_MINOR:
        raise InvalidValue("A card's amount is above zero", pointer="/face_minor")
    terms = {"chain_id": chain_id, "card_count": count, "note": note, "face_minor": face_minor}
    row = CardBatchRow.objects.filter(id=batch_id).first()
    if row is None:
        try:
            row = _written(batch_id, terms, principal, now)
        except IntegrityError:  # the same form at the same instant
            row = batch_row(batch_id=batch_id)
    if any(getattr(row, name) != value for name, value in terms.items()):
        raise EntryConflict("Other cards were made under this batch")
    return row


def _written(batch_id: UUID, terms: dict[str, object], principal: Principal | None, now: datetime) -> CardBatchRow:
    with transaction.atomic():
        row = CardBatchRow.objects.create(
            id=batch_id, currency=ledger.currency_of(chain_id=int(str(terms["chain_id"]))), issued_at=now, **terms
        )
        if principal is None:  # whoever asks is told at once
            CardBatchRow.objects.filter(id=batch_id).update(told_at=now)
            return row
        CardBatchRow.objects.filter(id=batch_id).update(
            issued_by=principal.subject, issued_by_name=principal.name[:128]
        )
        _audit("issue", row, principal, {"cards": row.card_count, "face_minor": row.face_minor, "note": row.note})
    return row


def _make_part(batch_id: UUID, now: datetime) -> bool:
    """Make the next cards of a batch, unless somebody else does just now; False when there is nothing left to make.

    A number that another card has is left out, and a further place of the batch takes its turn.
    """
    row = CardBatchRow.objects.get(id=batch_id)
    wanted = min(_ROWS_AT_ONCE, row.card_count - row.made_count)
    if row.state != "making" or wanted <= 0:
        return False
    places = range(row.next_position, row.next_position + wanted)
    rows = [_values(row, place) for place in places]
    with transaction.atomic():
        batch = CardBatchRow.objects.filter(id=row.id, state="making")
        if not batch.filter(next_position=row.next_position).update(next_position=places.stop):
            return True  # somebody else made this part, or stopped it: the next look tells
        bulk.insert_rows(table="loyalty_gift_card", columns=_COLUMNS, rows=rows, skip_existing=True)
        made = GiftCardRow.objects.filter(batch_id=row.id).count()
        batch.update(made_count=made)
        if made == row.card_count:
            batch.update(state="done", ended_at=now)
    return True


def _values(row: CardBatchRow, place: int) -> tuple[object, ...]:
    card = card_codes.made(batch_id=row.id, position=place)
    return (
        numbers.gift_account_id(chain_id=row.chain_id, number=card.number), row.chain_id, card.number,
        card_codes.kept(card.code), row.id, place, "issued", row.face_minor, row.currency, row.issued_at,
        row.issued_at,
    )  # fmt: skip


def _audit(deed: str, row: CardBatchRow, principal: Principal, after: dict[str, object]) -> None:
    audit.record(
        principal=principal, action=f"gift_card.{deed}", target=f"gift_card_batch:{row.id}", chain_id=row.chain_id,
        after=after,
    )  # fmt: skip
