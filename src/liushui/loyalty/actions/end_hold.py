"""End what an order holds: spent once its sale is recorded, given back when there is none, or when its time is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, transaction

from liushui.loyalty import ledger, sql
from liushui.loyalty.actions.merge import carry_over
from liushui.loyalty.contracts import HoldTerms
from liushui.loyalty.domain.spends import spends_sha256, wanted_parts
from liushui.loyalty.errors import HoldConflict
from liushui.loyalty.ledger import NewEntry
from liushui.loyalty.models import HoldRow
from liushui.loyalty.programme_live import live_programme
from liushui.runtime.at_once import ALWAYS, Message, Statement

_logger = structlog.get_logger(__name__)
_EXPIRED_MAX = 500  # orders of one tick
_FIELDS = (
    *("position", "chain_id", "store_id", "account_id", "account_kind", "points", "principal_minor", "gift_minor"),
    *("points_back", "principal_back_minor", "gift_back_minor", "currency"),
)
_IDS = {"account_id"}
# The usual case of `post`: what is held becomes an entry of each account, and the accounts, which a hold has moved
# already, stay as they are. PostgreSQL only.
_AT_ONCE = """
    WITH posted AS (
        UPDATE loyalty_hold SET state = 'posted', sale_id = %s, ended_at = %s
        WHERE order_key = %s AND state = 'held' AND store_id = %s AND spends_sha256 = %s AND {condition}
        RETURNING account_id, account_kind, chain_id, points, principal_minor, gift_minor, currency, store_id
    ), booked AS (
        INSERT INTO loyalty_entry (account_id, account_kind, chain_id, kind, cause, points, principal_minor, gift_minor,
            currency, at, on_date, store_id, lot_until, sale_id, order_key, operator, reason)
        SELECT account_id, account_kind, chain_id, 'spend', 'order:' || %s, -points, -principal_minor, -gift_minor,
            currency, %s, %s, store_id, NULL, %s, %s, '', ''
        FROM posted ORDER BY account_id
        ON CONFLICT (account_id, cause) DO NOTHING
    )
    SELECT COUNT(*) FROM posted"""
_Row = dict[str, Any]  # what a statement has changed


def post(
    *,
    order_key: str,
    sale_id: UUID,
    now: datetime,
    store_id: int | None = None,
    on_date: date | None = None,
    terms: HoldTerms | None = None,
) -> bool:
    """Spend what the order holds for its sale: an entry on each account; whether there was anything to post.

    Who knows the store that it was held for, its business day and the sale's terms gives them, and on PostgreSQL all is
    one statement. With `terms` what is spent is what the recorded sale says, also when another process that sent the
    same order with other spends holds, or held, something else: that goes back first.

    Safe to repeat. What had ended before its sale came is spent all the same, since the shopper has the goods: an
    account may go below zero by that, which is logged. An order that holds nothing or whose sale was reversed
    stays as it is.
    Raises HoldConflict when it was posted for another sale.
    """
    if on_date is not None and terms is not None and connection.vendor == "postgresql":
        message = Message()
        is_posted = post_in(
            message, order_key=order_key, sale_id=sale_id, now=now, store_id=store_id, on_date=on_date, terms=terms
        )
        message.send()
        if is_posted():
            return True
    with transaction.atomic():
        if terms is not None:
            _make_room(order_key, terms, now)
        rows = _change(
            "state = 'posted', sale_id = %s, ended_at = %s", [sale_id, now], order_key=order_key, states=("held",)
        )
        if not rows:
            rows = _post_late(order_key, sale_id, now)
        ledger.book([_spent(row, order_key=order_key, sale_id=sale_id, now=now) for row in rows])
    return bool(rows)


def post_in(
    message: Message,
    *,
    order_key: str,
    sale_id: UUID,
    now: datetime,
    store_id: int | None,
    on_date: date,
    terms: HoldTerms,
    only_if: Statement = ALWAYS,
) -> Callable[[], bool]:
    """Add to a message the usual case of `post`; what is answered tells, once that is sent, whether it was that case.

    Nothing is done where `only_if` does not hold. Who is told no asks `post`. PostgreSQL only.
    """
    values = [sale_id, now, order_key, store_id, _digest(terms), *only_if.values]
    values += [order_key, now, on_date, sale_id, order_key]
    reply = message.add([Statement(_AT_ONCE.format(condition=only_if.sql), values)])
    return lambda: bool(reply.rows and reply.rows[0][0])


def void(*, order_key: str, now: datetime) -> bool:
    """Give back what an order holds; whether it held anything. Safe to repeat; what was posted stays so."""
    return _release(order_key, state="voided", now=now)


def expire_holds(*, now: datetime) -> int:
    """Give back what orders hold past their time; how many did, at most 500 at a time."""
    due = HoldRow.objects.filter(state="held", expires_at__lte=now).order_by("expires_at")
    keys = dict.fromkeys(due.values_list("order_key", flat=True)[:_EXPIRED_MAX])
    return sum(_release(order_key, state="expired", now=now) for order_key in keys)


def reverse(*, order_key: str, now: datetime) -> bool:
    """Give back all that a voided sale had spent and that did not come back before; whether there was anything.

    Safe to repeat. What the order still holds is given back too; a later `post` finds nothing.
    """
    with transaction.atomic():
        rows = _change("state = 'reversed', ended_at = %s", [now], order_key=order_key, states=("posted",))
        entries = [_reversed(row, order_key=order_key, now=now) for row in rows]
        ledger.book([entry for entry in entries if entry.points or entry.principal_minor or entry.gift_minor])
        carry_over(account_ids=[row["account_id"] for row in rows], now=now)
        if not rows:  # a post that comes later than the void finds nothing to spend
            _change("state = 'reversed', ended_at = %s", [now], order_key=order_key, states=("voided", "expired"))
    if rows:
        return True
    return _release(order_key, state="reversed", now=now)


def unsettled(*, order_keys: Sequence[str]) -> frozenset[str]:
    """Those of these orders whose points and value are not spent yet though they hold or held some."""
    rows = HoldRow.objects.filter(order_key__in=order_keys, state__in=("held", "voided", "expired"))
    return frozenset(rows.values_list("order_key", flat=True))


def _release(order_key: str, *, state: str, now: datetime) -> bool:
    with transaction.atomic():
        rows = _change("state = %s, ended_at = %s", [state, now], order_key=order_key, states=("held",))
        for row in sorted(rows, key=lambda row: row["account_id"]):
            ledger.give(
                account_id=row["account_id"],
                sums=(row["points"], row["principal_minor"], row["gift_minor"]),
            )
        carry_over(account_ids=[row["account_id"] for row in rows], now=now)
    return bool(rows)


def _digest(terms: HoldTerms) -> str:
    return spends_sha256(
        chain_id=terms.chain_id, member_id=terms.member_id, spends=terms.spends, currency=terms.currency
    )


def _make_room(order_key: str, terms: HoldTerms, now: datetime) -> None:
    """Where the order holds, or held, something else than its recorded sale spends: the rows as the sale says, as of a
    hold that has ended, so that it is spent late. Nothing for what is posted or reversed."""
    mine, digest = HoldRow.objects.filter(order_key=order_key).order_by("position"), _digest(terms)
    rows = list(mine.select_for_update())
    if not rows or rows[0].spends_sha256 == digest or rows[0].state in ("posted", "reversed"):
        return
    first, programme = rows[0], live_programme(chain_id=terms.chain_id, at=now)
    parts = wanted_parts(
        chain_id=terms.chain_id, member_id=terms.member_id, spends=terms.spends, programme=programme
    )  # fmt: skip
    accounts = ledger.lock([*(row.account_id for row in rows), *(part.account_id for part in parts)])
    _release(order_key, state="voided", now=now)
    mine.delete()
    accounts = ledger.lock(list(accounts))
    _logger.error("value_of_another_hold", order_key=order_key)
    made = []
    for position, part in enumerate(parts):
        account = accounts.get(part.account_id)
        gift = 0
        if account is not None and 0 <= part.value_minor <= account.principal_free_minor + account.gift_free_minor:
            _principal, gift = programme.split_spend(
                amount_minor=part.value_minor, principal_minor=account.principal_free_minor,
                gift_minor=account.gift_free_minor,
            )  # fmt: skip
        made.append(
            HoldRow(
                order_key=order_key, position=position, chain_id=terms.chain_id, store_id=first.store_id,
                account_id=part.account_id, account_kind=part.account_kind, member_id=terms.member_id,
                gift_number=part.gift_number, points=part.points, points_minor=part.points_minor,
                principal_minor=part.value_minor - gift, gift_minor=gift, currency=terms.currency,
                spends_sha256=digest, state="voided", held_at=now, expires_at=now, ended_at=now,
            )
        )  # fmt: skip
    HoldRow.objects.bulk_create(made)


def _post_late(order_key: str, sale_id: UUID, now: datetime) -> list[_Row]:
    """Spend what was given back before its sale came, whatever is left; nothing for what is posted or reversed."""
    states = ("voided", "expired")
    rows = _change("state = 'posted', sale_id = %s, ended_at = %s", [sale_id, now], order_key=order_key, states=states)
    for row in sorted(rows, key=lambda row: row["account_id"]):
        sums = (-row["points"], -row["principal_minor"], -row["gift_minor"])
        ledger.give(account_id=row["account_id"], sums=sums)
    if rows:
        _logger.warning("value_spent_after_its_hold", order_key=order_key, sale_id=str(sale_id))
        carry_over(account_ids=[row["account_id"] for row in rows], now=now)
        return rows
    posted = HoldRow.objects.filter(order_key=order_key, state="posted").values_list("sale_id", flat=True).first()
    if posted is not None and posted != sale_id:
        raise HoldConflict(f"Order {order_key} was posted for sale {posted}", context={"state": "posted"})
    return []


def _change(sets: str, values: Sequence[object], *, order_key: str, states: Sequence[str]) -> list[_Row]:
    """Move the order's rows from one of these states by one statement; what was moved."""
    marks = ", ".join(["%s"] * len(states))
    found = sql.run(
        f"UPDATE loyalty_hold SET {sets} WHERE order_key = %s AND state IN ({marks}) RETURNING {', '.join(_FIELDS)}",  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
        [*values, order_key, *states],
    )
    return [
        {name: sql.read_uuid(value) if name in _IDS else value for name, value in zip(_FIELDS, row, strict=True)}
        for row in found
    ]


def _spent(row: _Row, *, order_key: str, sale_id: UUID, now: datetime) -> NewEntry:
    return NewEntry(
        account_id=row["account_id"],
        account_kind=row["account_kind"],
        chain_id=row["chain_id"],
        kind="spend",
        cause=f"order:{order_key}",
        currency=row["currency"],
        at=now,
        on_date=ledger.business_date(chain_id=row["chain_id"], store_id=row["store_id"], at=now),
        points=-row["points"],
        principal_minor=-row["principal_minor"],
        gift_minor=-row["gift_minor"],
        store_id=row["store_id"],
        sale_id=sale_id,
        order_key=order_key,
        moves_free=False,
    )


def _reversed(row: _Row, *, order_key: str, now: datetime) -> NewEntry:
    return NewEntry(
        account_id=row["account_id"],
        account_kind=row["account_kind"],
        chain_id=row["chain_id"],
        kind="give_back",
        cause=f"reverse:{order_key}",
        currency=row["currency"],
        at=now,
        on_date=ledger.business_date(chain_id=row["chain_id"], store_id=row["store_id"], at=now),
        points=row["points"] - row["points_back"],
        principal_minor=row["principal_minor"] - row["principal_back_minor"],
        gift_minor=row["gift_minor"] - row["gift_back_minor"],
        store_id=row["store_id"],
        order_key=order_key,
    )
