"""Block a gift card that was lost or stolen: it pays for nothing from this moment, and its money stays on it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from liushui.kernel.errors import InvalidValue, NotAllowed
from liushui.loyalty.actions.gift_cards import gift_card_by_number, named_row
from liushui.loyalty.contracts import TEXT_MAX, GiftCard
from liushui.loyalty.errors import EntryConflict, GiftCardClosed
from liushui.loyalty.models import AccountRow, CardBlockRow, GiftCardRow
from liushui.runtime import audit
from liushui.runtime.access import Principal
from liushui.runtime.scrub import without_people

CAPABILITY = "value.adjust"


def block_gift_card(
    *, block_id: UUID, chain_id: int, number: str, reason: str, principal: Principal, now: datetime
) -> GiftCard:
    """Block a card, sold or not, by one person alone: what is lost must not wait. Again changes nothing.

    Raises NotAllowed, GiftCardUnknown, GiftCardClosed for a card whose validity is over, InvalidValue without a reason.
    """
    if chain_id not in principal.chains(CAPABILITY):
        raise NotAllowed(f"This needs the right {CAPABILITY!r}")
    text = checked_reason(reason)
    row = named_row(chain_id=chain_id, number=number)
    known = CardBlockRow.objects.filter(id=block_id).first()
    if known is not None and (known.card_id, known.kind) != (row.id, "block"):
        raise EntryConflict("Something else was done under this id")
    if known is None:
        _block(row, block_id, text, principal, now)
    return gift_card_by_number(chain_id=chain_id, number=row.number)


def checked_reason(reason: str) -> str:
    """The reason without blanks around it; raises InvalidValue for none."""
    text = reason.strip()
    if not 0 < len(text) <= TEXT_MAX["reason"]:
        raise InvalidValue(f"Give a reason of 1 to {TEXT_MAX['reason']} characters", pointer="/reason")
    return without_people(text, longest=TEXT_MAX["reason"])


def _block(row: GiftCardRow, block_id: UUID, reason: str, principal: Principal, now: datetime) -> None:
    with transaction.atomic():
        open_ones = GiftCardRow.objects.filter(id=row.id, state__in=("issued", "active"))
        if not open_ones.update(state="blocked"):
            with_batch = GiftCardRow.objects.filter(id=row.id, batch_block_id__isnull=False)
            if not with_batch.update(batch_block_id=None):  # from now on it stays blocked when its batch is opened
                state = GiftCardRow.objects.get(id=row.id).state
                if state != "blocked":
                    raise GiftCardClosed(f"This gift card is {state}", context={"state": state})
                return
        AccountRow.objects.filter(id=row.id).update(is_open=False)
        CardBlockRow.objects.create(
            id=block_id, chain_id=row.chain_id, card_id=row.id, kind="block", reason=reason,
            by_name=principal.name[:128], state="done", asked_at=now, ended_at=now,
        )  # fmt: skip
        audit.record(
            principal=principal, action="gift_card.block", target=f"gift_card:{row.number}", chain_id=row.chain_id,
            before={"state": row.state}, after={"state": "blocked"}, reason=reason,
        )  # fmt: skip
