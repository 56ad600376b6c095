"""Block all cards of a batch, such as a stolen parcel: by one person, the first at once, the rest soon."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from liushui.loyalty.actions.block_gift_card import checked_reason
from liushui.loyalty.actions.card_batch_parts import go_on_with
from liushui.loyalty.actions.issue_cards import require_issue
from liushui.loyalty.contracts import CardBatchBlock
from liushui.loyalty.errors import EntryConflict
from liushui.loyalty.gift_card_queries import batch_block_view, batch_row
from liushui.loyalty.models import CardBatchBlockRow, CardBatchRow
from liushui.runtime import audit
from liushui.runtime.access import Principal

SECONDS_AT_ONCE = 2.0  # of whoever waits for an answer; the worker does the rest


def block_gift_card_batch(
    *,
    block_id: UUID,
    batch_id: UUID,
    reason: str,
    principal: Principal,
    now: datetime,
    seconds_max: float = SECONDS_AT_ONCE,
) -> CardBatchBlock:
    """Block every card of a batch that is not blocked or over, sold or not, and make no more of them. Cards go in parts
    of 500, for some seconds here and then by the worker. The same id again answers the same, and a batch that is being
    blocked answers that; an unblocking that waits or goes on is overtaken.

    Raises NotAllowed for who does not work for the whole chain, NotFound, InvalidValue without a reason, EntryConflict.
    """
    batch = batch_row(batch_id=batch_id)
    require_issue(principal, chain_id=batch.chain_id)
    text = checked_reason(reason)
    row = known_block(block_id, batch_id, "block")
    if row is None:
        try:
            row = _begun(block_id, batch_id, text, principal, now)
        except IntegrityError:  # the same form at the same instant
            row = known_block(block_id, batch_id, "block")
            if row is None:
                raise
    go_on_with(block_id=row.id, now=now, seconds_max=seconds_max)
    return batch_block_view(CardBatchBlockRow.objects.get(id=row.id))


def known_block(block_id: UUID, batch_id: UUID, kind: str) -> CardBatchBlockRow | None:
    """What was asked for under this id; raises EntryConflict when that was something else."""
    row = CardBatchBlockRow.objects.filter(id=block_id).first()
    if row is not None and (row.batch_id, row.kind) != (batch_id, kind):
        raise EntryConflict("Something else was done under this id")
    return row


def _begun(block_id: UUID, batch_id: UUID, reason: str, principal: Principal, now: datetime) -> CardBatchBlockRow:
    with transaction.atomic():
        CardBatchRow.objects.filter(id=batch_id, state="making").update(state="stopped", ended_at=now)
        batch = CardBatchRow.objects.select_for_update().get(id=batch_id)
        open_one = (
            CardBatchBlockRow.objects.filter(batch_id=batch_id, state__in=("waiting", "running"))
            .select_for_update()
            .first()
        )
        if open_one is not None and open_one.kind == "block":
            return open_one
        if open_one is not None:
            CardBatchBlockRow.objects.filter(id=open_one.id).update(state="overtaken", ended_at=now)
        row = CardBatchBlockRow.objects.create(
            id=block_id, chain_id=batch.chain_id, batch_id=batch_id, kind="block", reason=reason, state="running",
            by=principal.subject, by_name=principal.name[:128], end_position=batch.next_position, asked_at=now,
        )  # fmt: skip
        audit.record(
            principal=principal, action="gift_card.block_batch", target=f"gift_card_batch:{batch_id}",
            chain_id=batch.chain_id, after={"cards": batch.made_count}, reason=reason,
        )  # fmt: skip
    return row
