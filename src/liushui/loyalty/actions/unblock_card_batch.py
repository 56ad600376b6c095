"""Open the cards of a blocked batch again: one person asks, another approves; cards blocked by themselves stay so."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from liushui.loyalty.actions.block_card_batch import known_block
from liushui.loyalty.actions.block_gift_card import checked_reason
from liushui.loyalty.actions.card_batch_parts import go_on_with_all
from liushui.loyalty.actions.issue_cards import require_issue
from liushui.loyalty.asked_deeds import settle
from liushui.loyalty.errors import CardBatchMoving, GiftCardClosed
from liushui.loyalty.gift_card_queries import batch_row
from liushui.loyalty.models import AccountRow, CardBatchBlockRow, CardBatchRow, GiftCardRow
from liushui.runtime import approvals
from liushui.runtime.access import Principal
from liushui.runtime.approvals import Approval

KIND, CAPABILITY = "loyalty.unblock_batch", "value.approve"
_AT_ONCE = 100


def register() -> None:
    """Make the kind of approval known; once, when the module is loaded."""
    approvals.register_kind(approvals.Kind(name=KIND, title=_("Unblock a batch of gift cards"), capability=CAPABILITY))


def request_card_batch_unblock(
    *, unblock_id: UUID, batch_id: UUID, reason: str, principal: Principal, now: datetime
) -> Approval:
    """Ask for the cards that were blocked with their batch to be opened again; done part by part as soon as somebody
    else has approved it. A batch that somebody has asked for already answers that request.

    Raises NotAllowed, NotFound, InvalidValue without a reason, GiftCardClosed where no card is blocked so,
    EntryConflict for the id of something else, CardBatchMoving while the batch is being blocked or opened.
    """
    batch = batch_row(batch_id=batch_id)
    require_issue(principal, chain_id=batch.chain_id)
    text = checked_reason(reason)
    known = _known(unblock_id, batch_id)
    if known is not None:
        return known
    try:
        return _asked(unblock_id, batch, text, principal, now)
    except IntegrityError:  # somebody asked, or blocked, at the same instant
        known = _known(unblock_id, batch_id)
        if known is None:  # and it is over already
            raise CardBatchMoving("This batch was blocked or opened just now", remedy="Try again.") from None
        return known


def settle_card_batch_unblocks(*, now: datetime, seconds_max: float) -> int:
    """Begin what was approved, close what was not, and go on with all that is under way; how much was done. Safe to run
    twice at once."""
    rows = CardBatchBlockRow.objects.filter(state="waiting").order_by("id")[:_AT_ONCE]
    settled = sum(settle(row, carry_out=partial(_begin, row), now=now) for row in rows)
    return settled + go_on_with_all(now=now, seconds_max=seconds_max)


def _known(unblock_id: UUID, batch_id: UUID) -> Approval | None:
    row = known_block(unblock_id, batch_id, "unblock")
    if row is None:
        row = CardBatchBlockRow.objects.filter(batch_id=batch_id, state__in=("waiting", "running")).first()
        if row is not None and row.state == "running":
            raise CardBatchMoving("This batch is being blocked or opened", remedy="Wait until that is done.")
    return None if row is None or row.approval_id is None else approvals.approval(approval_id=row.approval_id)


def _asked(unblock_id: UUID, batch: CardBatchRow, reason: str, principal: Principal, now: datetime) -> Approval:
    blocked = GiftCardRow.objects.filter(batch_id=batch.id, batch_block_id__isnull=False)
    cards = blocked.count()
    if not cards:
        raise GiftCardClosed("No card of this batch is blocked with it")
    on_them = AccountRow.objects.filter(id__in=blocked.values("id")).aggregate(sum=Sum("principal_free_minor"))["sum"]
    with transaction.atomic():
        asked = approvals.request(
            kind=KIND, target=_target(batch.id, unblock_id), chain_id=batch.chain_id, store_id=None, reason=reason,
            principal=principal, now=now, amount_minor=on_them or None, currency=batch.currency,
            payload={"batch": str(batch.id), "cards": cards},
        )  # fmt: skip
        CardBatchBlockRow.objects.create(
            id=unblock_id, chain_id=batch.chain_id, batch_id=batch.id, kind="unblock", reason=asked.reason,
            state="waiting", by=principal.subject, by_name=principal.name[:128], approval_id=asked.id,
            end_position=batch.next_position, asked_at=now,
        )  # fmt: skip
    return asked


def _begin(row: CardBatchBlockRow, decided: Approval) -> bool:
    with transaction.atomic():
        waiting = CardBatchBlockRow.objects.filter(id=row.id, state="waiting")
        if not waiting.update(
            state="running", checked_by=decided.decided_by, checked_by_name=decided.decided_by_name[:128]
        ):
            return False
        at = decided.decided_at or row.asked_at
        approvals.use(approval_id=decided.id, kind=KIND, target=_target(row.batch_id, row.id), now=at)
    return True


def _target(batch_id: UUID, unblock_id: UUID) -> str:
    """What the inbox leads to the batch's page by."""
    return f"gift-card-batch:{batch_id}:{unblock_id}"
