"""Points, stored value and gift cards on a ticket: loyalty keeps back exactly what stands on it, under the key of its
sale, so that checkout finds and posts the same hold.

The hold comes before the tender and goes after it: a till that dies in between leaves a hold that expires by itself,
never a tender that nothing backs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from liushui.loyalty import facade as loyalty
from liushui.loyalty.contracts import Hold, Spend
from liushui.loyalty.errors import HoldConflict
from liushui.promotions.contracts import order_key
from liushui.till import storage
from liushui.till.contracts import SOURCE, TicketTender
from liushui.till.domain.tenders import VALUE_TYPES
from liushui.till.models import TicketRow

HELD_FOR = timedelta(minutes=15)


def value_tenders(tenders: Sequence[TicketTender]) -> list[TicketTender]:
    """The tenders that loyalty pays."""
    return [each for each in tenders if each.type in VALUE_TYPES and each.state == "paid" and each.amount_minor > 0]


def hold_value(
    row: TicketRow, *, before: Sequence[TicketTender], after: Sequence[TicketTender], now: datetime
) -> Hold | None:
    """Have loyalty keep back what the tenders after a change take, in place of what those before it did. Raises what
    loyalty refuses it for, with nothing kept back."""
    held, wanted = value_tenders(before), value_tenders(after)
    if row.is_training or held == wanted:
        return None
    key = value_key(row)
    if held:
        loyalty.void(order_key=key, now=now)
    if not wanted:
        return None
    try:
        return _held(row, wanted, now)
    except HoldConflict:  # of a till that died before its tender stood on the ticket, or of another hand
        loyalty.void(order_key=key, now=now)
        return _held(row, wanted, now)


def _held(row: TicketRow, wanted: Sequence[TicketTender], now: datetime) -> Hold:
    member = storage.member_of(row)
    return loyalty.hold(
        order_key=value_key(row),
        chain_id=row.chain_id,
        member_id=member.member_id if member is not None else None,
        spends=[
            Spend(kind=each.type, amount_minor=each.amount_minor, reference=each.reference)  # type: ignore[arg-type]
            for each in wanted
        ],
        currency=row.currency,
        expires_at=now + HELD_FOR,
        now=now,
        store_id=row.store_id,
    )


def let_value_go(row: TicketRow, *, now: datetime) -> None:
    """Give back what the ticket holds; nothing where it holds nothing, and nothing of a sale that was recorded."""
    if not row.is_training and value_tenders(storage.tenders_of(row)):
        loyalty.void(order_key=value_key(row), now=now)


def value_key(row: TicketRow) -> str:
    """The key of the ticket's sale, under which checkout posts."""
    return order_key(source=SOURCE, source_id=storage.source_id(row))
