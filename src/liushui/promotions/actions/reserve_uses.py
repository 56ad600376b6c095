"""Hold for one order what its answer takes of promotions and coupons: all of it, or nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import connection, transaction

from liushui.promotions import counters
from liushui.promotions.actions.release_uses import release, uses_of_row
from liushui.promotions.counters import Coupon
from liushui.promotions.coupon_lookup import look_up
from liushui.promotions.domain import coupon_codes
from liushui.promotions.domain.answer import PricedBasket
from liushui.promotions.domain.basket import Code
from liushui.promotions.domain.coupons import FoundCode
from liushui.promotions.domain.rulebook import Rulebook
from liushui.promotions.domain.uses import HeldUse, Reservation, promised_by, uses_of
from liushui.promotions.errors import CouponTaken, LimitReached, ReservationConflict
from liushui.promotions.models import PromotionCounterRow, ReservationRow, UseRow
from liushui.promotions.upsert import upsert_statements
from liushui.runtime import at_once, bulk
from liushui.runtime.at_once import Message, Statement

_USE_COLUMNS = (
    "reservation_id", "chain_id", "promotion_id", "amount_minor", "total_max", "per_member_max", "budget_minor",
)  # fmt: skip
_USE_TYPES = tuple(f"CAST(%s AS {'text' if name == 'promotion_id' else 'bigint'})" for name in _USE_COLUMNS[1:])
_LIMITS = {"total": "total", "budget": "budget", "per_member": "per member"}


class Wanted(NamedTuple):
    """What one order would hold."""

    chain_id: int
    order_key: str
    member_id: str
    rulebook_version: str
    uses: tuple[HeldUse, ...]  # by promotion id
    coupons: tuple[tuple[Coupon, FoundCode], ...]  # by batch and serial
    promised: tuple[tuple[str, str], ...]  # promotion and batch of each coupon that the sale hands out

    def content_sha256(self) -> str:
        """A digest of all that is taken."""
        content = [self.chain_id, self.member_id, [astuple(use) for use in self.uses], self.serials()]
        content += [self.promised] if self.promised else []
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def serials(self) -> list[Coupon]:
        """Batch and serial of each code."""
        return [coupon for coupon, _found in self.coupons]


def reserve(
    *,
    chain_id: int,
    order_key: str,
    answer: PricedBasket,
    rulebook: Rulebook,
    member_id: str | None,
    codes: Sequence[Code],
    expires_at: datetime,
    now: datetime,
    found: Mapping[str, FoundCode] | None = None,
) -> Reservation:
    """Take the uses, amounts and coupons of an order's answer until it is committed, released or expires.

    The same order with the same answer changes nothing but the expiry; with another answer, what it held is given back
    and taken anew. An answer without limits, codes and coupons to hand out holds nothing and writes nothing. `found` is
    what was looked up of the codes when the basket was priced (Quotation.found_codes); without it they are looked up.
    Raises LimitReached and CouponTaken (all stays as it was: price again), ReservationConflict for an order that was
    completed otherwise.
    """
    uses, taken = uses_of(answer=answer, rulebook=rulebook, codes=codes)
    if not uses:
        if ReservationRow.objects.filter(order_key=order_key, state__in=("reserved", "expired")).exists():
            release(order_key=order_key, now=now)
        return Reservation(order_key=order_key, state="", expires_at=expires_at, uses=())
    wanted = _wanted(chain_id, order_key, member_id, answer, uses, _coupons(chain_id, taken, member_id or "", found))
    _check(wanted, now)
    state = "free"
    if not _take_anew(wanted, expires_at, now):
        with transaction.atomic():
            row_id, state = _claim(wanted, expires_at, now)
            if state == "free":
                _take(wanted, row_id, now)
    return Reservation(
        order_key=order_key, state="reserved" if state == "free" else state, expires_at=expires_at, uses=uses
    )


def reserve_in(
    message: Message,
    *,
    chain_id: int,
    order_key: str,
    answer: PricedBasket,
    rulebook: Rulebook,
    member_id: str | None,
    codes: Sequence[Code],
    expires_at: datetime,
    now: datetime,
    found: Mapping[str, FoundCode] | None = None,
) -> Callable[[], bool]:
    """Add to the message of a transaction what reserves for an order that is new and takes something; whether all of it
    is reserved, asked within that transaction once the message is sent. Where it is not, the transaction is to be
    rolled back and `reserve` asked. Raises CouponTaken for what is known before.
    """
    uses, taken = uses_of(answer=answer, rulebook=rulebook, codes=codes)
    wanted = _wanted(chain_id, order_key, member_id, answer, uses, _coupons(chain_id, taken, member_id or "", found))
    _check(wanted, now)
    take = _taking_anew(message, wanted, expires_at, now)

    def is_reserved() -> bool:
        try:
            take()
        except (_KnownOrder, LimitReached, CouponTaken):
            return False
        return True

    return is_reserved


def reserve_paid(
    *,
    chain_id: int,
    order_key: str,
    answer: PricedBasket,
    rulebook: Rulebook,
    member_id: str | None,
    codes: Sequence[Code],
    now: datetime,
) -> None:
    """Note what an order takes whose money others hold already, though `reserve` refused it: nothing is taken now, and
    `commit` takes it late, whatever the limits say, and records the overrun. Safe to repeat."""
    uses, taken = uses_of(answer=answer, rulebook=rulebook, codes=codes)
    wanted = _wanted(chain_id, order_key, member_id, answer, uses, _coupons(chain_id, taken, member_id or "", None))
    with transaction.atomic():
        row_id, state = _claim(wanted, now, now)
        if state == "free":
            _write_uses(wanted, row_id)
            ReservationRow.objects.filter(id=row_id).update(state="expired", ended_at=now)


def _wanted(
    chain_id: int, order_key: str, member_id: str | None, answer: PricedBasket, uses: tuple[HeldUse, ...],
    coupons: tuple[tuple[Coupon, FoundCode], ...],
) -> Wanted:  # fmt: skip
    return Wanted(
        chain_id, order_key, member_id or "", answer.rulebook_version, uses, coupons, promised_by(answer)
    )  # fmt: skip


def _coupons(
    chain_id: int, codes: Sequence[Code], member_id: str, known: Mapping[str, FoundCode] | None
) -> tuple[tuple[Coupon, FoundCode], ...]:
    """The codes that belong to a batch. One that a rulebook names and no batch knows may be used without end."""
    if not codes:
        return ()
    normal = {code.code: coupon_codes.normal(code.code) for code in codes}
    if known is not None and known.keys() >= set(normal.values()):
        found = {code: known[code] for code in normal.values()}
    else:
        found = look_up(chain_id=chain_id, codes=normal.values(), member_id=member_id)
    for code in codes:
        if code.batch is not None and normal[code.code] not in found:
            raise CouponTaken("A coupon is not known any more", context={"batch": code.batch, "limit": "coupon"})
    coupons = [((each.batch_id, each.serial), each) for each in found.values()]
    return tuple(sorted(coupons, key=itemgetter(0)))


def _check(wanted: Wanted, now: datetime) -> None:
    """What no statement looks at, since it does not change while others sell."""
    for use in wanted.uses:
        if use.per_member_max is not None and not wanted.member_id:
            raise _reached(use.promotion_id, "per_member")
    for _coupon, found in wanted.coupons:
        problem = found.problem(member_id=wanted.member_id, now=now, order_key=wanted.order_key)
        if problem not in (None, "used"):
            raise _taken(found, f"The coupon is refused: {problem}", "coupon")


def _claim(wanted: Wanted, expires_at: datetime, now: datetime) -> tuple[int, str]:
    """Lock the order's row, made if it is new: its id, and `free` when it holds nothing now, else its state."""
    values = _values(wanted, expires_at, now)
    added = at_once.send(_inserting(wanted.order_key, values))[0]
    if added:
        return added[0][0], "free"
    row = ReservationRow.objects.select_for_update().get(order_key=wanted.order_key)
    if row.content_sha256 == values["content_sha256"] and row.state in ("reserved", "committed"):
        if row.state == "reserved":
            ReservationRow.objects.filter(id=row.id).update(expires_at=expires_at)
        return row.id, row.state
    if row.state in ("committed", "returned"):
        raise ReservationConflict(f"Order {wanted.order_key} is {row.state}, with other promotions or none")
    if row.state == "reserved":
        counters.give_back(
            chain_id=row.chain_id, uses=uses_of_row(row.id), coupons=[tuple(each) for each in row.coupons],
            member_id=row.member_id, was_committed=False,
        )  # fmt: skip
    UseRow.objects.filter(reservation_id=row.id).delete()
    ReservationRow.objects.filter(id=row.id).update(**values)
    return row.id, "free"


def _values(wanted: Wanted, expires_at: datetime, now: datetime) -> dict[str, Any]:
    return {
        "chain_id": wanted.chain_id,
        "state": "reserved",
        "content_sha256": wanted.content_sha256(),
        "member_id": wanted.member_id,
        "rulebook_version": wanted.rulebook_version,
        "coupons": wanted.serials(),
        "promised": wanted.promised,
        "reserved_at": now,
        "expires_at": expires_at,
        "ended_at": None,
    }


def _inserting(order_key: str, values: Mapping[str, Any]) -> list[Statement]:
    """Adds the row and answers its id; nothing when the order has one already, whose writer is waited for."""
    stored = {"order_key": order_key} | dict(values)
    stored |= {name: json.dumps(values[name]) for name in ("coupons", "promised")}
    for name in ("reserved_at", "expires_at"):
        stored[name] = connection.ops.adapt_datetimefield_value(stored[name])
    return upsert_statements(
        table="promotions_reservation",
        columns=tuple(stored),
        rows=[tuple(stored.values())],
        keys="order_key",
        sets="",
        returning="id",
    )


def _take(wanted: Wanted, row_id: int, now: datetime) -> None:
    """Each conditional statement takes what has room; what is missing afterwards undoes all of it."""
    message = Message()
    check = _taking(message, wanted, now)
    message.send()
    check()
    _write_uses(wanted, row_id)


def _take_anew(wanted: Wanted, expires_at: datetime, now: datetime) -> bool:
    """What `_claim` and `_take` do, in one message, for an order that has no row yet; False, with nothing done, for one
    that has."""
    try:
        with transaction.atomic():
            message = Message()
            take = _taking_anew(message, wanted, expires_at, now)
            message.send()
            take()
    except _KnownOrder:
        return False
    return True


def _taking_anew(message: Message, wanted: Wanted, expires_at: datetime, now: datetime) -> Callable[[], None]:
    """Add to a message all that takes for an order; what is answered raises _KnownOrder, LimitReached or CouponTaken,
    which roll the transaction back."""
    fresh = message.add(_inserting(wanted.order_key, _values(wanted, expires_at, now)))
    check = _taking(message, wanted, now)
    message.add(_writing_uses(wanted))

    def take() -> None:
        if not fresh.rows:
            raise _KnownOrder
        check()

    return take


class _KnownOrder(Exception):
    """The order has a row already."""


def _writing_uses(wanted: Wanted) -> list[Statement]:
    row = f"({', '.join(_USE_TYPES)})"
    return [
        Statement(
            f"INSERT INTO promotions_use ({', '.join(_USE_COLUMNS)})"  # noqa: S608  # nosec B608  # our own names
            f" SELECT r.id, v.* FROM promotions_reservation r CROSS JOIN (VALUES {', '.join([row] * len(wanted.uses))})"
            " AS v WHERE r.order_key = %s"
            " ON CONFLICT DO NOTHING",  # of an order that has a row already: undone with all the rest
            [*(value for use in wanted.uses for value in (wanted.chain_id, *astuple(use))), wanted.order_key],
        )
    ]


def _write_uses(wanted: Wanted, row_id: int) -> None:
    bulk.insert_rows(
        table="promotions_use",
        columns=_USE_COLUMNS,
        rows=[(row_id, wanted.chain_id, *astuple(use)) for use in wanted.uses],
    )


def _taking(message: Message, wanted: Wanted, now: datetime) -> Callable[[], None]:
    """Add to the message what takes; what is answered raises LimitReached or CouponTaken for what had no room."""
    chain_id, uses, member = wanted.chain_id, wanted.uses, wanted.member_id
    promotions = counters.take_promotions(message, chain_id=chain_id, uses=uses)
    by_member = counters.take_member(message, chain_id=chain_id, uses=uses, member_id=member)
    check_coupons = _taking_coupons(message, wanted, now) if wanted.coupons else None

    def check() -> None:
        taken = {row[0] for row in promotions.rows}
        for use in uses:
            if use.is_counted() and use.promotion_id not in taken:
                raise _reached(use.promotion_id, _which(chain_id, use))
        of_member = {row[0] for row in by_member.rows}
        for use in uses:
            if use.per_member_max is not None and use.promotion_id not in of_member:
                raise _reached(use.promotion_id, "per_member")
        if check_coupons is not None:
            check_coupons()

    return check


def _taking_coupons(message: Message, wanted: Wanted, now: datetime) -> Callable[[], None]:
    found_by = dict(wanted.coupons)
    limited = {
        found.batch_id: found.uses_per_member_max
        for found in found_by.values()
        if found.uses_per_member_max is not None
    }
    batches = counters.take_batches(message, coupons=wanted.serials(), now=now)
    codes = counters.take_codes(
        message,
        chain_id=wanted.chain_id,
        coupons=[(coupon, found.uses_max) for coupon, found in wanted.coupons],
        member_id=wanted.member_id,
        order_key=wanted.order_key,
        now=now,
    )
    by_member = counters.take_member_coupons(
        message, chain_id=wanted.chain_id, batches=sorted(limited.items()), member_id=wanted.member_id
    )

    def check() -> None:
        good = {row[0] for row in batches.rows}
        taken = {(batch_id, serial) for batch_id, serial, _uses in codes.rows}
        of_member = {row[0] for row in by_member.rows}
        for found in found_by.values():
            if found.batch_id not in good:
                raise _taken(found, f"Coupons of {found.batch} are not taken now", "coupon")
        for coupon, found in found_by.items():
            if coupon not in taken:
                raise _taken(found, f"A coupon of {found.batch} was used meanwhile", "coupon")
        for found in found_by.values():
            if found.batch_id in limited and found.batch_id not in of_member:
                raise _taken(found, f"The member has used {found.batch} as often as a member may", "coupon_member")

    return check


def _which(chain_id: int, use: HeldUse) -> str:
    """Which of its limits a promotion has come to, for people: read after it was refused."""
    row = PromotionCounterRow.objects.filter(chain_id=chain_id, promotion_id=use.promotion_id).first()
    used = row.uses if row is not None else 0
    return "total" if use.total_max is not None and used >= use.total_max else "budget"


def _reached(promotion_id: str, limit: str) -> LimitReached:
    return LimitReached(
        f"Promotion {promotion_id!r} has reached its limit ({_LIMITS[limit]})",
        remedy="Price the order again.",
        context={"promotion": promotion_id, "limit": limit},
    )


def _taken(found: FoundCode, detail: str, limit: str) -> CouponTaken:
    return CouponTaken(
        detail, remedy="Price the order again without it.", context={"batch": found.batch, "limit": limit}
    )
