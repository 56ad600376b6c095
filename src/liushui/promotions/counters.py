"""The counters that limits are held by: taken by one conditional statement each, given back by as plain ones.

Whoever takes or gives locks in one order, so that no two orders wait for each other: the reservation, counters of
promotions by id, counters of the member by id, batches by id, codes by batch and serial. What an order takes goes in
one message: each `take_…` adds its statements to it, and its reply is read after the message was sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F

from liushui.promotions.domain.uses import HeldUse
from liushui.promotions.models import (
    CouponBatchRow,
    CouponCodeRow,
    CouponMemberUseRow,
    MemberCounterRow,
    PromotionCounterRow,
)
from liushui.promotions.upsert import upsert_statements
from liushui.runtime.at_once import Message, Reply, Statement

UNBOUNDED = 2**62
Coupon = tuple[int, int]  # batch id, serial


def take_promotions(message: Message, *, chain_id: int, uses: Sequence[HeldUse], beyond: bool = False) -> Reply:
    """Take one use and its amount of each promotion: (id, uses, spent) afterwards, of those that had room.

    `beyond` takes whatever the limits say. `uses` stand in order of promotion ids.
    """
    counted = [use for use in uses if use.is_counted() and (beyond or _fits_alone(use))]
    room = (
        "(excluded.total_max IS NULL OR promotions_counter.uses < excluded.total_max)"
        " AND (excluded.budget_minor IS NULL"
        " OR promotions_counter.spent_minor + excluded.spent_minor <= excluded.budget_minor)"
    )
    return _adding(
        message,
        table="promotions_counter",
        columns=("chain_id", "promotion_id", "uses", "spent_minor", "total_max", "budget_minor"),
        rows=[(chain_id, use.promotion_id, 1, use.amount_minor, use.total_max, use.budget_minor) for use in counted],
        keys="chain_id, promotion_id",
        sets="uses = promotions_counter.uses + 1, spent_minor = promotions_counter.spent_minor + excluded.spent_minor,"
        " total_max = excluded.total_max, budget_minor = excluded.budget_minor",
        where="" if beyond else room,
        returning="promotion_id, uses, spent_minor",
    )


def take_member(
    message: Message, *, chain_id: int, uses: Sequence[HeldUse], member_id: str, beyond: bool = False
) -> Reply:
    """Take one use of each promotion that is limited per member: (id, uses) afterwards, of those that had room."""
    counted = [
        use for use in uses if use.per_member_max is not None and member_id and (beyond or use.per_member_max >= 1)
    ]
    return _adding(
        message,
        table="promotions_member_counter",
        columns=("chain_id", "promotion_id", "member_id", "uses", "per_member_max"),
        rows=[(chain_id, use.promotion_id, member_id, 1, use.per_member_max) for use in counted],
        keys="chain_id, promotion_id, member_id",
        sets="uses = promotions_member_counter.uses + 1, per_member_max = excluded.per_member_max",
        where="" if beyond else "promotions_member_counter.uses < excluded.per_member_max",
        returning="promotion_id, uses",
    )


def take_batches(message: Message, *, coupons: Iterable[Coupon], now: datetime, beyond: bool = False) -> Reply:
    """Count the coupons as reserved in their batches: (batch id) of those that are not void and valid now."""
    at = connection.ops.adapt_datetimefield_value(now)
    valid = " AND status = 'active' AND (valid_from IS NULL OR valid_from <= %s)"
    valid += " AND (valid_until IS NULL OR valid_until > %s)"
    sql = f"UPDATE promotions_coupon_batch SET reserved = reserved + %s WHERE id = %s{'' if beyond else valid}"  # noqa: S608  # nosec B608  # our own text
    return message.add(
        [
            Statement(f"{sql} RETURNING id", [count, batch_id, *(() if beyond else (at, at))])
            for batch_id, count in _by_batch(coupons)
        ]
    )


def take_codes(
    message: Message,
    *,
    chain_id: int,
    coupons: Sequence[tuple[Coupon, int | None]],
    member_id: str,
    order_key: str,
    now: datetime,
    beyond: bool = False,
) -> Reply:
    """Take one use of each code, given with how often it may be used: (batch id, serial, uses) afterwards, of those
    that had room."""
    at = connection.ops.adapt_datetimefield_value(now)
    return _adding(
        message,
        table="promotions_coupon_code",
        columns=("batch_id", "serial", "chain_id", "uses", "uses_max", "is_void", "order_key", "changed_at"),
        rows=[
            (batch_id, serial, chain_id, 1, UNBOUNDED if most is None else most, False, order_key, at)
            for (batch_id, serial), most in coupons
        ],
        keys="batch_id, serial",
        sets="uses = promotions_coupon_code.uses + 1, order_key = excluded.order_key, changed_at = excluded.changed_at",
        where=""
        if beyond
        else "NOT promotions_coupon_code.is_void AND promotions_coupon_code.uses < promotions_coupon_code.uses_max"
        " AND (promotions_coupon_code.member_id IS NULL OR promotions_coupon_code.member_id = %s)",
        where_values=() if beyond else (member_id,),
        returning="batch_id, serial, uses",
    )


def take_member_coupons(
    message: Message, *, chain_id: int, batches: Sequence[tuple[int, int]], member_id: str, beyond: bool = False
) -> Reply:
    """Take one use by the member of each shared code, given with how often a member may: (batch id, uses) afterwards,
    of those that had room."""
    statements = []
    for batch_id, most in batches:
        statements += upsert_statements(
            table="promotions_coupon_member_use",
            columns=("batch_id", "chain_id", "member_id", "uses"),
            rows=[(batch_id, chain_id, member_id, 1)] if beyond or most >= 1 else [],
            keys="batch_id, member_id",
            sets="uses = promotions_coupon_member_use.uses + 1",
            where="" if beyond else "promotions_coupon_member_use.uses < %s",
            where_values=() if beyond else (most,),
            returning="batch_id, uses",
        )
    return message.add(statements)


def give_back(
    *,
    chain_id: int,
    uses: Sequence[HeldUse],
    coupons: Sequence[Coupon],
    member_id: str,
    was_committed: bool,
    lock_first: Collection[int] = (),
) -> None:
    """Undo what an order took, in the order in which it is taken.

    `lock_first`: further batches that the caller changes afterwards, locked here among the others.
    """
    for use in uses:
        if use.is_counted():
            PromotionCounterRow.objects.filter(chain_id=chain_id, promotion_id=use.promotion_id).update(
                uses=F("uses") - 1, spent_minor=F("spent_minor") - use.amount_minor
            )
    for use in uses:
        if use.per_member_max is not None and member_id:
            MemberCounterRow.objects.filter(
                chain_id=chain_id, promotion_id=use.promotion_id, member_id=member_id
            ).update(uses=F("uses") - 1)
    if lock_first:
        ids = {*lock_first, *(batch_id for batch_id, _serial in coupons)}
        list(CouponBatchRow.objects.filter(id__in=ids).order_by("id").select_for_update().values_list("id"))
    number = "used" if was_committed else "reserved"
    for batch_id, count in _by_batch(coupons):
        CouponBatchRow.objects.filter(id=batch_id).update(**{number: F(number) - count})
    for batch_id, serial in coupons:
        CouponCodeRow.objects.filter(batch_id=batch_id, serial=serial).update(uses=F("uses") - 1)
    for batch_id, _count in _by_batch(coupons):
        CouponMemberUseRow.objects.filter(batch_id=batch_id, member_id=member_id, uses__gte=1).update(
            uses=F("uses") - 1
        )


def commit_batches(*, coupons: Iterable[Coupon]) -> None:
    """Count coupons that were reserved as used."""
    for batch_id, count in _by_batch(coupons):
        CouponBatchRow.objects.filter(id=batch_id).update(reserved=F("reserved") - count, used=F("used") + count)


def _adding(message: Message, **upsert: Any) -> Reply:
    return message.add(upsert_statements(**upsert))


def _by_batch(coupons: Iterable[Coupon]) -> list[tuple[int, int]]:
    return sorted(Counter(batch_id for batch_id, _serial in coupons).items())


def _fits_alone(use: HeldUse) -> bool:
    """Whether the first use of all would be within the limits; the statement below looks at later ones."""
    return (use.total_max is None or use.total_max >= 1) and (
        use.budget_minor is None or use.amount_minor <= use.budget_minor
    )
