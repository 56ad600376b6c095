"""Give back what an order had spent, as far as its goods come back: never more than was spent, once for each return."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from django.db import transaction
from django.db.models import F

from liushui.kernel.errors import InvalidValue
from liushui.loyalty import ledger
from liushui.loyalty.actions.merge import carry_over
from liushui.loyalty.contracts import GivenBack
from liushui.loyalty.errors import EntryConflict, TooMuchBack, UnknownHold
from liushui.loyalty.ledger import NewEntry
from liushui.loyalty.models import HoldRow

_NONE: Mapping[str, int] = MappingProxyType({})


def give_back(
    *,
    order_key: str,
    of_order_key: str,
    points: int = 0,
    principal_minor: int = 0,
    gift_minor: int = 0,
    gift_cards: Mapping[str, int] = _NONE,
    sale_id: UUID | None = None,
    store_id: int | None = None,
    now: datetime,
) -> GivenBack:
    """Give back a part of what `of_order_key` had spent, for the return that `order_key` names; the same again answers
    the same and changes nothing. `gift_cards` holds amounts by number; points come back with the day they had.

    Raises TooMuchBack for more than is left of the spend, EntryConflict for the same return with other amounts,
    UnknownHold when that order spent nothing. Nothing is changed then.
    """
    wanted = GivenBack(
        points=points, principal_minor=principal_minor, gift_minor=gift_minor, gift_cards=dict(gift_cards)
    )
    if min(points, principal_minor, gift_minor, *gift_cards.values(), 0) < 0:
        raise InvalidValue("What comes back is never below zero")
    with transaction.atomic():
        rows = list(HoldRow.objects.filter(order_key=of_order_key).order_by("position").select_for_update())
        if not rows:
            raise UnknownHold(f"Order {of_order_key} spent no points and no value")
        known = {row.gift_number for row in rows}
        if not set(gift_cards) <= known:
            raise UnknownHold(f"Order {of_order_key} spent nothing of that gift card")
        entries = {row.id: _entry(row, wanted, order_key, sale_id, store_id, now) for row in rows}
        if not any(row.account_kind == "member" for row in rows) and (points or principal_minor or gift_minor):
            raise TooMuchBack(f"Order {of_order_key} spent nothing of a member's", context={"order": of_order_key})
        given = {id: entry for id, entry in entries.items() if entry is not None}
        added = ledger.book(given.values())
        for row in rows:
            entry = given.get(row.id)
            if entry is None:
                _refuse_other(row, order_key)
            elif entry.key not in added:
                if not ledger.is_same(entry):
                    raise EntryConflict(f"Return {order_key} gave back other amounts before")
            else:
                _count(row, entry)
        carry_over(account_ids=[row.account_id for row in rows], now=now)
    return wanted


def _entry(
    row: HoldRow, wanted: GivenBack, order_key: str, sale_id: UUID | None, store_id: int | None, now: datetime
) -> NewEntry | None:
    """What comes back to the account of this row; None: nothing."""
    if row.account_kind == "member":
        amounts = (wanted.points, wanted.principal_minor, wanted.gift_minor)
    else:
        amounts = (0, wanted.gift_cards.get(row.gift_number, 0), 0)
    if not any(amounts):
        return None
    return NewEntry(
        account_id=row.account_id,
        account_kind=row.account_kind,
        chain_id=row.chain_id,
        kind="give_back",
        cause=_cause(row, order_key),
        currency=row.currency,
        at=now,
        on_date=ledger.business_date(chain_id=row.chain_id, store_id=store_id, at=now),
        points=amounts[0],
        principal_minor=amounts[1],
        gift_minor=amounts[2],
        store_id=store_id,
        sale_id=sale_id,
        order_key=order_key,
    )


def _cause(row: HoldRow, order_key: str) -> str:
    return f"back:{order_key}:{row.id}"


def _count(row: HoldRow, entry: NewEntry) -> None:
    """Note by one conditional statement what came back; more than was spent undoes all of it."""
    counted = HoldRow.objects.filter(
        id=row.id,
        state="posted",
        points_back__lte=F("points") - entry.points,
        principal_back_minor__lte=F("principal_minor") - entry.principal_minor,
        gift_back_minor__lte=F("gift_minor") - entry.gift_minor,
    ).update(
        points_back=F("points_back") + entry.points,
        principal_back_minor=F("principal_back_minor") + entry.principal_minor,
        gift_back_minor=F("gift_back_minor") + entry.gift_minor,
    )
    if not counted:
        raise TooMuchBack(
            f"Order {row.order_key} is {row.state}, and not that much is left of what it spent",
            context={"order": row.order_key, "state": row.state},
        )


def _refuse_other(row: HoldRow, order_key: str) -> None:
    """The same return gave something back here before, and is said to give nothing now."""
    if ledger.is_booked(account_id=row.account_id, cause=_cause(row, order_key)):
        raise EntryConflict(f"Return {order_key} gave back other amounts before")
