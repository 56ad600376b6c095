"""Gift cards whose day has come: what is left is booked off, and they pay for nothing until they are extended."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from liushui.loyalty import ledger
from liushui.loyalty.ledger import NewEntry
from liushui.loyalty.models import AccountRow, GiftCardRow, HoldRow

_AT_ONCE = 500


def expire_gift_cards(*, on: date, now: datetime) -> int:
    """Book off what is on cards whose last day is over by that day; how many came to their end, at most 500 at a time.

    Safe to repeat and to run twice at once. A card that an open order holds is left until the order is over. A blocked
    card is looked at when it is opened again.
    """
    due = AccountRow.objects.filter(kind="gift_card", is_open=True, next_expiry_on__lte=on)
    return sum(_expire(account_id, on, now) for account_id in due.values_list("id", flat=True)[:_AT_ONCE])


def _expire(account_id: UUID, on: date, now: datetime) -> bool:
    with transaction.atomic():
        list(GiftCardRow.objects.filter(id=account_id).select_for_update().values_list("id"))  # cards before accounts
        account = ledger.lock([account_id])[account_id]
        is_due = account.is_open and account.next_expiry_on is not None and account.next_expiry_on <= on
        if not is_due or HoldRow.objects.filter(account_id=account_id, state="held").exists():
            return False
        if not GiftCardRow.objects.filter(id=account_id, state="active").update(state="expired"):
            return False
        AccountRow.objects.filter(id=account_id).update(is_open=False)
        if account.principal_free_minor > 0:
            ledger.book([_expired(account, on, now)])
    return True


def _expired(account: AccountRow, on: date, now: datetime) -> NewEntry:
    return NewEntry(
        account_id=account.id,
        account_kind="gift_card",
        chain_id=account.chain_id,
        kind="expire",
        cause=f"card-end:{account.next_expiry_on}",  # an extended card has another end
        currency=account.currency,
        at=now,
        on_date=on,
        principal_minor=-account.principal_free_minor,
    )
