"""Unblock a gift card: one person asks, another approves, then it is as it was before."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Case, Value, When
from django.utils.translation import gettext_lazy as _

from liushui.kernel.errors import NotAllowed
from liushui.loyalty.actions.block_gift_card import checked_reason
from liushui.loyalty.actions.gift_cards import named_row
from liushui.loyalty.asked_deeds import settle
from liushui.loyalty.errors import EntryConflict, GiftCardClosed
from liushui.loyalty.models import AccountRow, CardBlockRow, EntryRow, GiftCardRow
from liushui.runtime import approvals, audit
from liushui.runtime.access import Principal
from liushui.runtime.approvals import Approval

KIND, CAPABILITY, ASKS = "loyalty.unblock_card", "value.approve", "value.adjust"
_AT_ONCE = 100


def register() -> None:
    """Make the kind of approval known; once, when the module is loaded."""
    approvals.register_kind(approvals.Kind(name=KIND, title=_("Unblock a gift card"), capability=CAPABILITY))


def request_gift_card_unblock(
    *, unblock_id: UUID, chain_id: int, number: str, reason: str, principal: Principal, now: datetime
) -> Approval:
    """Ask for a blocked card to be opened again; done as soon as somebody else has approved it. A card that somebody
    has asked for already answers that request.

    Raises NotAllowed, GiftCardUnknown, GiftCardClosed for a card that is not blocked or whose sale was undone,
    InvalidValue without a reason, EntryConflict for the id of something else.
    """
    if chain_id not in principal.chains(ASKS):
        raise NotAllowed(f"This needs the right {ASKS!r}")
    text = checked_reason(reason)
    card = named_row(chain_id=chain_id, number=number)
    known = _known(unblock_id, card)
    if known is not None:
        return known
    _check(card)
    try:
        with transaction.atomic():
            asked = approvals.request(
                kind=KIND, target=_target(card.id, unblock_id), chain_id=chain_id, store_id=None, reason=text,
                principal=principal, now=now, payload={"number": card.number},
            )  # fmt: skip
            CardBlockRow.objects.create(
                id=unblock_id, chain_id=chain_id, card_id=card.id, kind="unblock", reason=asked.reason,
                by_name=principal.name[:128], approval_id=asked.id, state="waiting", asked_at=now,
            )  # fmt: skip
    except IntegrityError:  # somebody asked at the same instant
        known = _known(unblock_id, card)
        if known is None:
            raise
        return known
    return asked


def settle_gift_card_unblocks(*, now: datetime) -> int:
    """Do what was approved and close what was not; how many came to their end. Safe to run twice at once."""
    rows = CardBlockRow.objects.filter(state="waiting").order_by("id")[:_AT_ONCE]
    return sum(settle(row, carry_out=partial(_open, row, now=now), now=now) for row in rows)


def is_undone(*, card_id: UUID) -> bool:
    """Whether the sale of a card was taken back: such a card is blocked for good."""
    return EntryRow.objects.filter(account_id=card_id, kind="top_up_back").exists()


def _known(unblock_id: UUID, card: GiftCardRow) -> Approval | None:
    row = CardBlockRow.objects.filter(id=unblock_id).first()
    if row is not None and (row.card_id, row.kind) != (card.id, "unblock"):
        raise EntryConflict("Something else was done under this id")
    row = row or CardBlockRow.objects.filter(card_id=card.id, state="waiting").first()
    return None if row is None or row.approval_id is None else approvals.approval(approval_id=row.approval_id)


def _check(card: GiftCardRow) -> None:
    if card.state != "blocked":
        raise GiftCardClosed(f"This gift card is {card.state}", context={"state": card.state})
    if is_undone(card_id=card.id):
        raise GiftCardClosed("The sale of this gift card was taken back", context={"state": card.state})


def _open(row: CardBlockRow, decided: Approval, now: datetime) -> bool:
    with transaction.atomic():
        if not CardBlockRow.objects.filter(id=row.id, state="waiting").update(state="done", ended_at=now):
            return False
        approvals.use(
            approval_id=decided.id, kind=KIND, target=_target(row.card_id, row.id), now=decided.decided_at or now
        )
        card = GiftCardRow.objects.get(id=row.card_id)
        _check(card)
        before = Case(When(activated_at=None, then=Value("issued")), default=Value("active"))
        if not GiftCardRow.objects.filter(id=card.id, state="blocked").update(state=before, batch_block_id=None):
            raise GiftCardClosed("This gift card is not blocked any more")
        AccountRow.objects.filter(id=card.id).update(is_open=True)
        checker = Principal(subject=decided.decided_by, name=decided.decided_by_name, grants=())
        audit.record(
            principal=checker, action="gift_card.unblock", target=f"gift_card:{card.number}", chain_id=card.chain_id,
            before={"state": "blocked"}, after={"state": "active" if card.activated_at else "issued"},
            reason=row.reason,
        )  # fmt: skip
    return True


def _target(card_id: UUID, unblock_id: UUID) -> str:
    """What the inbox leads to the card's page by."""
    return f"gift-card:{card_id}:{unblock_id}"
