"""Keep back for one order what it pays with points, stored value and gift cards: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from liushui.loyalty import ledger, sql
from liushui.loyalty.actions.end_hold import void
from liushui.loyalty.actions.hold_refusals import refused
from liushui.loyalty.contracts import HeldCard, Hold, Spend
from liushui.loyalty.domain.programme import SpendOrder
from liushui.loyalty.domain.spends import WantedPart, spends_sha256, wanted_parts
from liushui.loyalty.errors import (
    HoldConflict,
    PointsNotTaken,
)
from liushui.loyalty.member_queries import active_member
from liushui.loyalty.models import AccountRow, HoldRow
from liushui.loyalty.programme_live import live_programme
from liushui.runtime import at_once
from liushui.runtime.at_once import Message, Statement

_OVER = ("voided", "expired")  # ended without a sale: the order may hold anew
_KEPT = ("held", "posted")
_TRIES = 8
_COLUMNS = (
    *("order_key", "position", "chain_id", "store_id", "account_id", "account_kind", "member_id", "gift_number"),
    *("points", "points_minor", "principal_minor", "gift_minor", "points_back", "principal_back_minor"),
    *("gift_back_minor", "currency", "spends_sha256", "state", "held_at", "expires_at"),
)
# How much of an amount the gift part pays, by the programme's order; the marks stand for the amount. The same as
# Programme.split_spend, on the balance as it is when the row is locked.
_GIFT_PART: dict[SpendOrder, tuple[str, int]] = {
    "gift_first": ("CASE WHEN gift_free_minor < {v} THEN gift_free_minor ELSE {v} END", 2),
    "principal_first": ("CASE WHEN principal_free_minor < {v} THEN {v} - principal_free_minor ELSE 0 END", 2),
    "pro_rata": (
        "CASE WHEN gift_free_minor = 0 THEN 0"
        " ELSE {v} * gift_free_minor / (principal_free_minor + gift_free_minor) END",
        1,
    ),
}


class _Asked(NamedTuple):
    """What a caller asked for."""

    order_key: str
    chain_id: int
    store_id: int | None
    member_id: UUID | None
    spends: tuple[Spend, ...]
    currency: str
    expires_at: datetime
    now: datetime
    digest: str
    on: date  # the business day, by which gift cards end
    replaces_before: datetime | None  # other spends of this order that were held until then make room

    def row(self, position: int, part: WantedPart) -> tuple[object, ...]:
        """The row of a part before its split is known, in the order of the table's columns."""
        return (
            self.order_key, position, self.chain_id, self.store_id, part.account_id, part.account_kind, self.member_id,
            part.gift_number, part.points, part.points_minor, part.value_minor, 0, 0, 0, 0, self.currency, self.digest,
            "held", self.now, self.expires_at,
        )  # fmt: skip


class _Missing(Exception):  # never leaves this file: undoes what was taken for the order so far
    """There is not enough for this part."""

    def __init__(self, part: WantedPart) -> None:
        super().__init__(part.account_id)
        self.part = part


def hold(
    *,
    order_key: str,
    chain_id: int,
    member_id: UUID | None,
    spends: Sequence[Spend],
    currency: str,
    expires_at: datetime,
    now: datetime,
    store_id: int | None = None,
    replaces_before: datetime | None = None,
) -> Hold:
    """Keep an order's points and value back until it is posted, voided or expires.

    The same order with the same spends answers the first hold; one that ended without a sale is held anew. Points are
    the amount by the programme in force, rounded up. Nothing is spent: nothing is written, and the answer is empty.
    Raises NotEnoughPoints, NotEnoughValue, GiftCardUnknown, PointsNotTaken, UnknownMember: nothing is held then;
    HoldConflict for an order that holds something else.
    Who knows that no sale was recorded under the order gives `replaces_before`: what it holds otherwise since then or
    longer goes back in the transaction that holds anew, or stays as it is when that cannot be.
    """
    if not spends:
        return _empty(order_key, chain_id, member_id, currency, expires_at)
    asked = _asked(
        order_key=order_key, chain_id=chain_id, store_id=store_id, member_id=member_id, spends=spends,
        currency=currency, expires_at=expires_at, now=now, replaces_before=replaces_before,
    )  # fmt: skip
    account_id = member_id
    while True:
        try:
            return _hold(asked, account_id)
        except _Missing as missing:
            kept = _moved_to(missing.part)
            if kept is None:
                raise refused(missing.part, currency=asked.currency, on=asked.on) from None
            account_id = kept  # merged meanwhile: the member kept has it all now


def hold_in(
    message: Message,
    *,
    order_key: str,
    chain_id: int,
    member_id: UUID | None,
    spends: Sequence[Spend],
    currency: str,
    expires_at: datetime,
    now: datetime,
    store_id: int | None = None,
) -> Callable[[], bool]:
    """Add to the message of a transaction what holds for an order that is new; whether all of it is held, asked within
    that transaction once the message is sent. Where it is not, the transaction is to be rolled back and `hold` asked.

    Raises what `hold` raises before it looks at balances.
    """
    asked = _asked(
        order_key=order_key, chain_id=chain_id, store_id=store_id, member_id=member_id, spends=spends,
        currency=currency, expires_at=expires_at, now=now,
    )  # fmt: skip
    programme = live_programme(chain_id=chain_id, at=now)
    parts = wanted_parts(chain_id=chain_id, member_id=member_id, spends=spends, programme=programme)
    take = _holding(message, asked, parts, programme.spend_order)

    def is_held() -> bool:
        try:
            take()
        except (_KnownOrder, _Missing):
            return False
        return True

    return is_held


def _asked(
    *, order_key: str, chain_id: int, store_id: int | None, member_id: UUID | None, spends: Sequence[Spend],
    currency: str, expires_at: datetime, now: datetime, replaces_before: datetime | None = None,
) -> _Asked:  # fmt: skip
    return _Asked(
        order_key, chain_id, store_id, member_id, tuple(spends), currency, expires_at, now,
        spends_sha256(chain_id=chain_id, member_id=member_id, spends=spends, currency=currency),
        _card_day(chain_id, store_id, spends, now), replaces_before,
    )  # fmt: skip


def _card_day(chain_id: int, store_id: int | None, spends: Sequence[Spend], now: datetime) -> date:
    """The business day by which gift cards end; any day where there are none."""
    if not any(spend.kind == "gift_card" for spend in spends):
        return date.min
    return ledger.business_date(chain_id=chain_id, store_id=store_id, at=now)


def _hold(asked: _Asked, account_id: UUID | None) -> Hold:
    """Hold on this member's account; raises _Missing for the first part that there is not enough for."""
    programme = live_programme(chain_id=asked.chain_id, at=asked.now)
    try:
        parts = wanted_parts(chain_id=asked.chain_id, member_id=account_id, spends=asked.spends, programme=programme)
    except PointsNotTaken:  # what is held is held, though points pay for nothing any more
        rows = _rows(asked.order_key)
        if rows and rows[0].spends_sha256 == asked.digest and rows[0].state in _KEPT:
            return view_of(rows)
        raise
    found = _hold_anew(asked, parts, programme.spend_order)
    if found is not None:
        return _answer(asked, account_id, parts, found)
    with transaction.atomic():
        if not _claim(asked, parts):
            return view_of(_rows(asked.order_key))
        gifts = []
        for position, part in enumerate(parts):
            gifts.append(_take(part, asked, programme.spend_order))
            _note_gift(asked.order_key, position, gifts[-1])
    return _answer(asked, account_id, parts, gifts)


class _KnownOrder(Exception):  # never leaves this file either
    """The order holds, or held, something."""


def _hold_anew(asked: _Asked, parts: Sequence[WantedPart], order: SpendOrder) -> list[int] | None:
    """What `_claim` and `_take` do, in one message, for an order that is new; the gift part of each. None, with nothing
    done, for one that has rows already."""
    try:
        with transaction.atomic():
            message = Message()
            take = _holding(message, asked, parts, order)
            message.send()
            return take()
    except _KnownOrder:
        return None


def _holding(
    message: Message, asked: _Asked, parts: Sequence[WantedPart], order: SpendOrder
) -> Callable[[], list[int]]:
    """Add to a message what holds these parts; what is answered gives their gift parts, or raises _KnownOrder or
    _Missing, which roll the transaction back."""
    stated = [asked.row(position, part) for position, part in enumerate(parts)]
    fresh = message.add([_inserting(stated)])
    taken = [message.add([_taking(part, asked, order)]) for part in parts]

    def take() -> list[int]:
        if len(fresh.rows) < len(stated):
            raise _KnownOrder
        gifts = []
        for position, (part, answer) in enumerate(zip(parts, taken, strict=True)):
            if not answer.rows:
                raise _Missing(part)
            gifts.append(int(answer.rows[0][0]))
            _note_gift(asked.order_key, position, gifts[-1])
        return gifts

    return take


def _note_gift(order_key: str, position: int, gift_minor: int) -> None:
    if gift_minor:
        sql.run(
            "UPDATE loyalty_hold SET gift_minor = %s, principal_minor = principal_minor - %s"
            " WHERE order_key = %s AND position = %s",
            [gift_minor, gift_minor, order_key, position],
        )


def hold_of(*, order_key: str) -> Hold | None:
    """What an order holds, or held; None when it never did."""
    rows = _rows(order_key)
    return view_of(rows) if rows else None


def view_of(rows: Sequence[HoldRow]) -> Hold:
    """The rows of one order as others see them."""
    first = rows[0]
    mine = [row for row in rows if row.account_kind == "member"]
    return Hold(
        order_key=first.order_key,
        chain_id=first.chain_id,
        member_id=mine[0].account_id if mine else first.member_id,
        points=sum(row.points for row in mine),
        points_minor=sum(row.points_minor for row in mine),
        principal_minor=sum(row.principal_minor for row in mine),
        gift_minor=sum(row.gift_minor for row in mine),
        gift_cards=tuple(
            HeldCard(number=row.gift_number, amount_minor=row.principal_minor)
            for row in rows
            if row.account_kind == "gift_card"
        ),
        currency=first.currency,
        expires_at=first.expires_at,
        state=first.state,  # type: ignore[arg-type]  # the table's own constraint
    )


def _claim(asked: _Asked, parts: Sequence[WantedPart]) -> bool:
    """Write the order's rows; False when they are there already, held or posted, with the same content."""
    stated = [asked.row(position, part) for position, part in enumerate(parts)]
    mine = HoldRow.objects.filter(order_key=asked.order_key)
    for _ in range(_TRIES):
        added = {position for (position,) in _insert(stated)}
        if len(added) == len(stated):
            return True
        rows = list(mine.exclude(position__in=added).order_by("position").select_for_update())
        there = next((row for row in rows if row.state not in _OVER), None)
        if there is not None:
            if there.spends_sha256 == asked.digest and there.state in _KEPT:
                return False
            is_held = there.state == "held"
            if is_held and asked.replaces_before is not None and there.held_at <= asked.replaces_before:
                ledger.lock([*(row.account_id for row in rows), *(part.account_id for part in parts)])
                void(order_key=asked.order_key, now=asked.now)
                continue
            raise HoldConflict(
                f"Order {asked.order_key} {'holds other points or value' if is_held else f'is {there.state}'}",
                context={"state": there.state},
            )
        mine.filter(Q(state__in=_OVER) | Q(position__in=added)).delete()  # never a row that another has just written
    raise HoldConflict(f"Order {asked.order_key} is held and given back at this moment", remedy="Try again.")


def _rows(order_key: str) -> list[HoldRow]:
    return list(HoldRow.objects.filter(order_key=order_key).order_by("position"))


def _insert(stated: Sequence[Sequence[object]]) -> list[tuple[Any, ...]]:
    return at_once.send([_inserting(stated)])[0]


def _inserting(stated: Sequence[Sequence[object]]) -> Statement:
    return sql.insert_statement(
        table="loyalty_hold", columns=_COLUMNS, rows=stated, keys="order_key, position", returning="position"
    )


def _take(part: WantedPart, asked: _Asked, order: SpendOrder) -> int:
    """Take a part out of what is free by one conditional statement: its gift part. Raises _Missing."""
    [found] = at_once.send([_taking(part, asked, order)])
    if not found:
        raise _Missing(part)
    return int(found[0][0])


def _taking(part: WantedPart, asked: _Asked, order: SpendOrder) -> Statement:
    sets = ["held_gift_minor = 0"]
    values: list[object] = []
    conditions: list[str] = []
    needed: list[object] = []
    if part.value_minor:
        mark = sql.typed("bigint")
        expression, marks = _GIFT_PART[order if part.account_kind == "member" else "principal_first"]
        gift = expression.format(v=mark)
        sets = [
            f"held_gift_minor = {gift}",
            f"gift_free_minor = gift_free_minor - {gift}",
            f"principal_free_minor = principal_free_minor - {mark} + {gift}",
        ]
        amount = part.value_minor
        values = [amount] * (marks * 3 + 1)
        conditions.append("principal_free_minor >= 0 AND gift_free_minor >= 0")
        conditions.append(f"principal_free_minor + gift_free_minor >= {mark}")
        needed.append(amount)
    if part.points:
        sets.append("points_free = points_free - %s")
        values.append(part.points)
        conditions.append("points_free >= %s")
        needed.append(part.points)
    if part.account_kind == "gift_card":
        conditions.append("(next_expiry_on IS NULL OR next_expiry_on > %s)")
        needed.append(asked.on)
    return sql.statement(
        f"UPDATE loyalty_account SET {', '.join(sets)} WHERE id = %s AND is_open AND currency = %s"  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
        f" AND {' AND '.join(conditions)} RETURNING held_gift_minor",
        [*values, part.account_id, asked.currency, *needed],
    )


def _moved_to(part: WantedPart) -> UUID | None:
    """The member into whom this part's member was merged."""
    if part.account_kind != "member":
        return None
    if AccountRow.objects.filter(id=part.account_id, is_open=True).exists():
        return None
    kept = active_member(member_id=part.account_id)
    return kept.id if kept.id != part.account_id else None


def _answer(asked: _Asked, account_id: UUID | None, parts: Sequence[WantedPart], gifts: Sequence[int]) -> Hold:
    mine = [(part, gift) for part, gift in zip(parts, gifts, strict=True) if part.account_kind == "member"]
    return Hold(
        order_key=asked.order_key,
        chain_id=asked.chain_id,
        member_id=account_id,
        points=sum(part.points for part, _ in mine),
        points_minor=sum(part.points_minor for part, _ in mine),
        principal_minor=sum(part.value_minor - gift for part, gift in mine),
        gift_minor=sum(gift for _, gift in mine),
        gift_cards=tuple(
            HeldCard(number=part.gift_number, amount_minor=part.value_minor)
            for part in parts
            if part.account_kind == "gift_card"
        ),
        currency=asked.currency,
        expires_at=asked.expires_at,
        state="held",
    )


def _empty(order_key: str, chain_id: int, member_id: UUID | None, currency: str, expires_at: datetime) -> Hold:
    return Hold(
        order_key=order_key, chain_id=chain_id, member_id=member_id, points=0, points_minor=0, principal_minor=0,
        gift_minor=0, gift_cards=(), currency=currency, expires_at=expires_at, state="held",
    )  # fmt: skip
