"""Block or open the cards of a batch, part by part: each part whole or not at all, whoever does it.

Locks are taken in one order: the block, its cards, their accounts, each by id.
"""

from __future__ import annotations

import time
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, Value, When

from liushui.loyalty.models import AccountRow, CardBatchBlockRow, GiftCardRow
from liushui.runtime import audit
from liushui.runtime.access import Principal

_CARDS_AT_ONCE = 500
_RUNS_AT_ONCE = 100


def go_on_with(*, block_id: UUID, now: datetime, seconds_max: float) -> int:
    """Do parts of one block or unblocking, at least one, some seconds long; how many. Safe to run twice at once."""
    until, parts = time.monotonic() + seconds_max, 0
    while _change_part(block_id, now):
        parts += 1
        if time.monotonic() >= until:
            break
    return parts


def go_on_with_all(*, now: datetime, seconds_max: float) -> int:
    """Go on with all that is under way, some seconds long; how many parts were done."""
    until, parts = time.monotonic() + seconds_max, 0
    running = CardBatchBlockRow.objects.filter(state="running").order_by("id")
    for block_id in running.values_list("id", flat=True)[:_RUNS_AT_ONCE]:
        if time.monotonic() >= until:
            break
        parts += go_on_with(block_id=block_id, now=now, seconds_max=until - time.monotonic())
    return parts


def _change_part(block_id: UUID, now: datetime) -> bool:
    """Do the next part unless somebody else does just now; False when nothing is left to do."""
    row = CardBatchBlockRow.objects.get(id=block_id)
    if row.state != "running":
        return False
    end = min(row.next_position + _CARDS_AT_ONCE, row.end_position)
    with transaction.atomic():
        mine = CardBatchBlockRow.objects.filter(id=row.id, state="running")
        if not mine.filter(next_position=row.next_position).update(next_position=end):
            return True  # somebody else did this part, or a block overtook it: the next look tells
        changed = _block(row, end) if row.kind == "block" else _open(row, end)
        mine.update(changed_count=F("changed_count") + changed)
        if end == row.end_position:
            mine.update(state="done", ended_at=now)
            _audit(row, row.changed_count + changed)
    return True


def _block(row: CardBatchBlockRow, end: int) -> int:
    ids = _locked(row, end, state__in=("issued", "active"))
    GiftCardRow.objects.filter(id__in=ids).update(state="blocked", batch_block_id=row.id)
    AccountRow.objects.filter(id__in=ids).update(is_open=False)
    return len(ids)


def _open(row: CardBatchBlockRow, end: int) -> int:
    """Only what was blocked with its batch: a card that somebody reported lost stays blocked."""
    ids = _locked(row, end, state="blocked", batch_block_id__isnull=False)
    before = Case(When(activated_at=None, then=Value("issued")), default=Value("active"))
    GiftCardRow.objects.filter(id__in=ids).update(state=before, batch_block_id=None)
    AccountRow.objects.filter(id__in=ids).update(is_open=True)
    return len(ids)


def _locked(row: CardBatchBlockRow, end: int, **which: object) -> list[UUID]:
    """Cards of a part that are in this state, locked with their accounts to the end of the transaction."""
    places = {"batch_id": row.batch_id, "position__gte": row.next_position, "position__lt": end}
    cards = GiftCardRow.objects.filter(**places, **which).order_by("id").select_for_update()
    ids = list(cards.values_list("id", flat=True))
    list(AccountRow.objects.filter(id__in=ids).order_by("id").select_for_update().values_list("id"))
    return ids


def _audit(row: CardBatchBlockRow, changed: int) -> None:
    by = Principal(subject=row.checked_by or row.by, name=row.checked_by_name or row.by_name, grants=())
    audit.record(
        principal=by, action=f"gift_card.{row.kind}_batch_end", target=f"gift_card_batch:{row.batch_id}",
        chain_id=row.chain_id, after={"cards": changed}, reason=row.reason,
    )  # fmt: skip
