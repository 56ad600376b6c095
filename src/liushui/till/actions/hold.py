"""Limits and coupons of a ticket while others take its money: held before they are asked, given back when it failed.

Cash needs none of this: checkout holds what the sale takes at the moment at which it is recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from liushui.promotions import facade as promotions
from liushui.promotions.contracts import order_key, uses_of
from liushui.promotions.errors import LimitReached
from liushui.stores import facade as stores
from liushui.till import storage
from liushui.till.actions.price import reprice
from liushui.till.contracts import SOURCE, TicketTender
from liushui.till.domain import tenders as rules
from liushui.till.models import TicketRow

HELD_FOR = timedelta(minutes=15)  # a payment that takes longer is recorded all the same, as an overrun if need be


def hold(row: TicketRow, *, now: datetime) -> None:
    """Hold what the price on the screen uses up, before the first money is taken.

    Raises LimitReached when others were first: nothing is taken, and the ticket shows the price of now. A price that
    is paid in part is agreed and stays.
    """
    frozen = storage.frozen_of(row)
    if row.is_training or frozen is None or rules.taken(storage.tenders_of(row)):
        return
    found = promotions.replay(chain_id=row.chain_id, digest=frozen.rulebook_digest, basket=frozen.basket)
    book = found.rulebook.rulebook
    uses, _codes = uses_of(answer=found.answer, rulebook=book, codes=found.basket.codes)
    if not uses:
        return
    try:
        promotions.reserve(
            chain_id=row.chain_id, order_key=_key(row), answer=found.answer, rulebook=book,
            member_id=found.basket.member.id if found.basket.member is not None else None, codes=found.basket.codes,
            expires_at=now + HELD_FOR, now=now,
        )  # fmt: skip
    except LimitReached:
        priced = reprice(row, stores.store(store_id=row.store_id), now)
        storage.change(row, states=("open",), now=now, **priced.columns())
        raise


def let_go(row: TicketRow, *, now: datetime) -> None:
    """Give back what the ticket holds; nothing where it holds nothing."""
    if row.frozen is not None and not row.is_training:
        promotions.release(order_key=_key(row), now=now)


def standing(row: TicketRow, tenders: Sequence[TicketTender], now: datetime) -> dict[str, Any]:
    """State and prices of a ticket with these tenders: while a part is paid it keeps the price that was agreed; back on
    the screen without any it is priced anew."""
    if rules.taken(tenders):
        return {"state": "paying"}
    if row.state == "open":
        return {"state": "open"}
    if row.state == "paying":
        let_go(row, now=now)
    return {"state": "open", **reprice(row, stores.store(store_id=row.store_id), now).columns()}


def _key(row: TicketRow) -> str:
    return order_key(source=SOURCE, source_id=storage.source_id(row))
