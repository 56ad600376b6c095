"""Make final what an order held, once its sale is recorded."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from liushui.promotions import counters
from liushui.promotions.actions.issue_to_order import hand_out, lock_for
from liushui.promotions.actions.release_uses import uses_of_row
from liushui.promotions.domain.uses import HeldUse, OverrunKind
from liushui.promotions.errors import ReservationConflict
from liushui.promotions.models import CouponBatchRow, CouponCodeRow, OverrunRow, ReservationRow

_logger = structlog.get_logger(__name__)


def commit(*, order_key: str, sale_id: UUID, now: datetime) -> bool:
    """Commit what the order holds for its sale; whether there was anything to commit. Safe to repeat.

    A reservation that ended before its sale came is taken again whatever the limits say, since the shopper has paid
    that price; what goes beyond a limit is recorded as an overrun. Coupons that its answer promised are handed out
    here, each once. An order that holds nothing, or whose sale was
    voided, stays as it is. Raises ReservationConflict when another sale was committed under this key.
    """
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


def _take_late(row: ReservationRow, now: datetime) -> None:
    """Take what had been given back; more than was left becomes an overrun."""
    uses, member = uses_of_row(row.id), row.member_id
    taken = counters.take_promotions(chain_id=row.chain_id, uses=uses, beyond=True)
    by_member = counters.take_member(chain_id=row.chain_id, uses=uses, member_id=member, beyond=True)
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
    counters.take_batches(coupons=coupons, now=now, beyond=True)
    taken = counters.take_codes(
        chain_id=row.chain_id,
        coupons=[(coupon, 1) for coupon in coupons],  # one that has no row yet is a generated one, for one use
        member_id=row.member_id,
        order_key=row.order_key,
        now=now,
        beyond=True,
    )
    limits = {
        (code.batch_id, code.serial): code.uses_max
        for code in CouponCodeRow.objects.filter(batch_id__in=batches, serial__in=[serial for _id, serial in coupons])
    }
    found: list[tuple[OverrunKind, str, int, int]] = [
        ("coupon", batches[coupon[0]].code, limits[coupon], uses)
        for coupon, uses in sorted(taken.items())
        if uses > limits[coupon]
    ]
    most = {id: batch.uses_per_member_max for id, batch in batches.items() if batch.uses_per_member_max is not None}
    by_member = counters.take_member_coupons(
        chain_id=row.chain_id, batches=sorted(most.items()), member_id=row.member_id, beyond=True
    )
    return found + [
        ("coupon_member", batches[id].code, most[id], uses) for id, uses in by_member.items() if uses > most[id]
    ]
