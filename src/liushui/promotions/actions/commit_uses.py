"""Make final what an order held, once its sale is recorded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog
from django.db import connection, transaction

from liushui.promotions import counters
from liushui.promotions.actions.issue_to_order import hand_out, lock_for
from liushui.promotions.actions.release_uses import uses_of_row
from liushui.promotions.domain.uses import HeldUse, OverrunKind
from liushui.promotions.errors import ReservationConflict
from liushui.promotions.models import CouponBatchRow, CouponCodeRow, OverrunRow, ReservationRow
from liushui.runtime.at_once import ALWAYS, Message, Statement

_logger = structlog.get_logger(__name__)
_AT_ONCE = """
    WITH done AS (
        UPDATE promotions_reservation SET state = 'committed', sale_id = %s, ended_at = %s
        WHERE order_key = %s AND state = 'reserved' AND promised = '[]' AND {condition}
        AND (SELECT COUNT(DISTINCT coupon -> 0) FROM jsonb_array_elements(coupons) AS coupon) <= 1
        RETURNING coupons
    ), counted AS (
        SELECT (coupon ->> 0)::int8 AS batch_id, COUNT(*) AS number
        FROM done, jsonb_array_elements(done.coupons) AS coupon GROUP BY 1
    ), moved AS (
        UPDATE promotions_coupon_batch AS b SET reserved = b.reserved - number, used = b.used + number
        FROM counted WHERE b.id = counted.batch_id
    )
    SELECT COUNT(*) FROM done"""


def commit(*, order_key: str, sale_id: UUID, now: datetime) -> bool:
    """Commit what the order holds for its sale; whether there was anything to commit. Safe to repeat.

    A reservation that ended before its sale came is taken again whatever the limits say, since the shopper has paid
    that price; what goes beyond a limit is recorded as an overrun. Coupons that its answer promised are handed out
    here, each once. An order that holds nothing, or whose sale was
    voided, stays as it is. Raises ReservationConflict when another sale was committed under this key.
    """
    if connection.vendor == "postgresql":
        message = Message()
        is_committed = commit_in(message, order_key=order_key, sale_id=sale_id, now=now)
        message.send()
        if is_committed():
            return True
    with transaction.atomic():
        row = ReservationRow.objects.select_for_update().filter(order_key=order_key).first()
        if row is None or row.state == "returned":
            return False
        if row.state == "committed":
            if row.sale_id != sale_id:
                raise ReservationConflict(f"Order {order_key} was committed for sale {row.sale_id}")
            return False
        is_late = row.state != "reserved"
        # Of two who commit at once, one changes the row; the other finds it committed.
        if not ReservationRow.objects.filter(id=row.id, state=row.state).update(
            state="committed", sale_id=sale_id, ended_at=now
        ):
            return False
        if is_late:
            _take_late(row, now)
        promised_from = lock_for(row)
        if row.coupons:
            counters.commit_batches(coupons=[tuple(coupon) for coupon in row.coupons])
        if row.promised:
            hand_out(row, batches=promised_from, now=now)
    return True


def commit_in(
    message: Message, *, order_key: str, sale_id: UUID, now: datetime, only_if: Statement = ALWAYS
) -> Callable[[], bool]:
    """Add to a message the usual case of `commit`: what is reserved, promises nothing and has coupons of one batch at
    most. What is answered tells, once the message is sent, whether it was that case.

    Nothing is done where `only_if` does not hold. Who is told no asks `commit`. PostgreSQL only.
    """
    values = [sale_id, now, order_key, *only_if.values]
    reply = message.add([Statement(_AT_ONCE.format(condition=only_if.sql), values)])
    return lambda: bool(reply.rows and reply.rows[0][0])


def take_again(*, order_key: str, sale_id: UUID, now: datetime) -> bool:
    """What had given the order's uses back did not happen after all: they are used again, as those of a sale that comes
    late, whatever the limits say. Coupons that its sale had handed out stay void. Whether there was anything; safe to
    repeat."""
    with transaction.atomic():
        row = ReservationRow.objects.select_for_update().filter(order_key=order_key, state="returned").first()
        if row is None or not ReservationRow.objects.filter(id=row.id, state="returned").update(
            state="committed", sale_id=sale_id, ended_at=now
        ):
            return False
        _take_late(row, now)
        if row.coupons:
            counters.commit_batches(coupons=[tuple(coupon) for coupon in row.coupons])
    return True


def _take_late(row: ReservationRow, now: datetime) -> None:
    """Take what had been given back; more than was left becomes an overrun."""
    uses, member = uses_of_row(row.id), row.member_id
    message = Message()
    all_uses = counters.take_promotions(message, chain_id=row.chain_id, uses=uses, beyond=True)
    of_member = counters.take_member(message, chain_id=row.chain_id, uses=uses, member_id=member, beyond=True)
    message.send()
    taken = {promotion_id: (number, spent) for promotion_id, number, spent in all_uses.rows}
    by_member: dict[str, int] = dict(of_member.rows)
    found: list[tuple[OverrunKind, str, int, int]] = []
    for use in uses:
        found += _beyond(use, taken.get(use.promotion_id, (0, 0)), by_member.get(use.promotion_id, 0))
    lock_for(row)
    found += _take_coupons_late(row, now)
    OverrunRow.objects.bulk_create(
        OverrunRow(
            reservation_id=row.id, chain_id=row.chain_id, kind=kind, subject=subject, limit_value=limit,
            reached=reached, at=now,
        )
        for kind, subject, limit, reached in found
    )  # fmt: skip
    if found:
        _logger.warning("promotion_overrun", order_key=row.order_key, limits=[each[:2] for each in found])


def _beyond(use: HeldUse, taken: tuple[int, int], by_member: int) -> list[tuple[OverrunKind, str, int, int]]:
    reached: tuple[tuple[OverrunKind, int | None, int], ...] = (
        ("total", use.total_max, taken[0]),
        ("budget", use.budget_minor, taken[1]),
        ("per_member", use.per_member_max, by_member),
    )
    return [(kind, use.promotion_id, limit, now) for kind, limit, now in reached if limit is not None and now > limit]


def _take_coupons_late(row: ReservationRow, now: datetime) -> list[tuple[OverrunKind, str, int, int]]:
    coupons = [(batch_id, serial) for batch_id, serial in row.coupons]
    if not coupons:
        return []
    batches = CouponBatchRow.objects.in_bulk({batch_id for batch_id, _serial in coupons})
    most = {id: batch.uses_per_member_max for id, batch in batches.items() if batch.uses_per_member_max is not None}
    message = Message()
    counters.take_batches(message, coupons=coupons, now=now, beyond=True)
    codes = counters.take_codes(
        message,
        chain_id=row.chain_id,
        coupons=[(coupon, 1) for coupon in coupons],  # one that has no row yet is a generated one, for one use
        member_id=row.member_id,
        order_key=row.order_key,
        now=now,
        beyond=True,
    )
    of_member = counters.take_member_coupons(
        message, chain_id=row.chain_id, batches=sorted(most.items()), member_id=row.member_id, beyond=True
    )
    message.send()
    taken = {(batch_id, serial): uses for batch_id, serial, uses in codes.rows}
    by_member: dict[int, int] = dict(of_member.rows)
    limits = {
        (code.batch_id, code.serial): code.uses_max
        for code in CouponCodeRow.objects.filter(batch_id__in=batches, serial__in=[serial for _id, serial in coupons])
    }
    found: list[tuple[OverrunKind, str, int, int]] = [
        ("coupon", batches[coupon[0]].code, limits[coupon], uses)
        for coupon, uses in sorted(taken.items())
        if uses > limits[coupon]
    ]
    return found + [
        ("coupon_member", batches[id].code, most[id], uses) for id, uses in by_member.items() if uses > most[id]
    ]
