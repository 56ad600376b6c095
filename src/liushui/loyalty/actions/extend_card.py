"""A new end for a gift card, also for one whose end has come: one person asks, another approves, it is booked once.

What was booked off when the card ended comes back by a line of its own.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from liushui.kernel.errors import InvalidValue, NotAllowed
from liushui.loyalty import ledger
from liushui.loyalty.actions.gift_cards import gift_card_by_number
from liushui.loyalty.asked_deeds import settle
from liushui.loyalty.contracts import CardExtension
from liushui.loyalty.domain.numbers import gift_account_id
from liushui.loyalty.errors import EntryConflict, GiftCardClosed
from liushui.loyalty.ledger import NewEntry
from liushui.loyalty.models import AccountRow, CardExtensionRow, EntryRow, GiftCardRow
from liushui.runtime import approvals
from liushui.runtime.access import Principal
from liushui.runtime.approvals import Approval

KIND, CAPABILITY, ASKS = "loyalty.extend_card", "value.approve", "value.adjust"
_AT_ONCE = 100


def register() -> None:
    """Make the kind of approval known; once, when the module is loaded."""
    approvals.register_kind(approvals.Kind(name=KIND, title=_("Extend a gift card"), capability=CAPABILITY))


def request_card_extension(
    *,
    extension_id: UUID,
    chain_id: int,
    number: str,
    ends_on: date,
    reason: str,
    principal: Principal,
    now: datetime,
) -> Approval:
    """Ask for another end of a card that was sold: `ends_on` is the first day without it. Booked as soon as somebody
    else has approved it; the same id again answers the same request.

    Raises NotAllowed, GiftCardUnknown, GiftCardClosed for a card that was not sold or is blocked, InvalidValue for an
    end that is not later, EntryConflict for the same id with other contents.
    """
    if chain_id not in principal.chains(ASKS):
        raise NotAllowed(f"This needs the right {ASKS!r}")
    card = gift_card_by_number(chain_id=chain_id, number=number)
    card_id = gift_account_id(chain_id=chain_id, number=card.number)
    known = _known(extension_id, card_id, ends_on)
    if known is not None:
        return known
    today = ledger.business_date(chain_id=chain_id, store_id=None, at=now)
    _check(card.state, card.ends_on, ends_on, today)
    try:
        with transaction.atomic():
            asked = approvals.request(
                kind=KIND, target=_target(card_id, extension_id), chain_id=chain_id, store_id=None, reason=reason,
                principal=principal, now=now, payload={"number": card.number, "ends_on": ends_on.isoformat()},
            )  # fmt: skip
            CardExtensionRow.objects.create(
                id=extension_id, chain_id=chain_id, card_id=card_id, ends_on=ends_on, reason=asked.reason,
                approval_id=asked.id, asked_at=now,
            )  # fmt: skip
    except IntegrityError:  # somebody asked at the same instant
        known = _known(extension_id, card_id, ends_on)
        if known is None:
            raise
        return known
    return asked


def _known(extension_id: UUID, card_id: UUID, ends_on: date) -> Approval | None:
    row = CardExtensionRow.objects.filter(id=extension_id).first()
    if row is None:
        return None
    if (row.card_id, row.ends_on) != (card_id, ends_on):
        raise EntryConflict("Another extension was asked for under this id")
    return approvals.approval(approval_id=row.approval_id)


def settle_card_extensions(*, now: datetime) -> int:
    """Book what was approved and close what was not; how many came to their end. Safe to run twice at once."""
    rows = CardExtensionRow.objects.filter(state="waiting").order_by("id")[:_AT_ONCE]
    return sum(settle(row, carry_out=partial(_book, row, now=now), now=now) for row in rows)


def card_extensions(*, chain_id: int, number: str) -> tuple[CardExtension, ...]:
    """What was asked for a card, the latest first."""
    card_id = gift_account_id(chain_id=chain_id, number=number)
    return tuple(
        CardExtension(
            id=row.id, number=number, ends_on=row.ends_on, reason=row.reason, approval_id=row.approval_id,
            state=row.state, problem=row.problem, asked_at=row.asked_at,
        )
        for row in CardExtensionRow.objects.filter(card_id=card_id).order_by("-asked_at", "-id")[:_AT_ONCE]
    )  # fmt: skip


def _book(row: CardExtensionRow, decided: Approval, now: datetime) -> bool:
    today = ledger.business_date(chain_id=row.chain_id, store_id=None, at=now)
    with transaction.atomic():
        if not CardExtensionRow.objects.filter(id=row.id, state="waiting").update(state="booked", ended_at=now):
            return False
        approvals.use(
            approval_id=decided.id, kind=KIND, target=_target(row.card_id, row.id), now=decided.decided_at or now
        )
        card = GiftCardRow.objects.select_for_update().get(id=row.card_id)  # cards before accounts, as everywhere
        account = ledger.lock([row.card_id])[row.card_id]
        _check(card.state, card.ends_on, row.ends_on, today)
        GiftCardRow.objects.filter(id=card.id).update(state="active", ends_on=row.ends_on)
        AccountRow.objects.filter(id=card.id).update(is_open=True, next_expiry_on=row.ends_on)
        ended = _ended_minor(card.id)
        if ended:
            ledger.book(
                [
                    NewEntry(
                        account_id=card.id, account_kind="gift_card", chain_id=card.chain_id, kind="extend",
                        cause=f"extend:{row.id}", currency=account.currency, at=now, on_date=today,
                        principal_minor=ended, operator=decided.decided_by, reason=row.reason,
                    )
                ]
            )  # fmt: skip
    return True


def _ended_minor(card_id: UUID) -> int:
    """What was booked off at its ends and has not come back."""
    rows = EntryRow.objects.filter(account_id=card_id, kind__in=("expire", "extend"))
    return -(rows.aggregate(sum=Sum("principal_minor"))["sum"] or 0)


def _check(state: str, present: date | None, ends_on: date, today: date) -> None:
    if state not in ("active", "expired"):
        raise GiftCardClosed(f"This gift card is {state}", context={"state": state})
    if present is None:
        raise InvalidValue("This gift card has no end", pointer="/ends_on")
    if ends_on <= max(present, today):
        raise InvalidValue("The new end must be later than the present one, and than today", pointer="/ends_on")


def _target(card_id: UUID, extension_id: UUID) -> str:
    """What the inbox leads to the card's page by."""
    return f"gift-card:{card_id}:{extension_id}"
