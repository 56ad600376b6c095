"""Give back what an order held: it was cancelled, its time ran out, or its sale was voided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from liushui.promotions import counters
from liushui.promotions.actions.issue_to_order import gave_from, take_back
from liushui.promotions.domain.uses import HeldUse
from liushui.promotions.models import CouponBatchRow, ReservationRow, UseRow

_EXPIRE_AT_ONCE = 500


def release(*, order_key: str, now: datetime) -> bool:
    """Give back what the order holds and has not committed, since it is cancelled or priced anew; whether there was
    anything. What ran out before is forgotten too: the event of a sale commits nothing that was let go. Safe to repeat.
    """
    return _end(order_key=order_key, states=("reserved", "expired"), to="released", now=now)


def expire(*, now: datetime) -> int:
    """Give back what orders hold past their expiry, oldest first, a bounded number at a time; returns how many."""
    due = ReservationRow.objects.filter(state="reserved", expires_at__lte=now).order_by("expires_at", "id")
    keys = list(due.values_list("order_key", flat=True)[:_EXPIRE_AT_ONCE])
    return sum(_end(order_key=key, states=("reserved",), to="expired", now=now, expires_at__lte=now) for key in keys)


def return_uses(*, order_key: str, now: datetime) -> bool:
    """The order's sale was voided, as if it had not been: what it took is there again, and coupons that it handed out
    are void, but for those that were used meanwhile. Safe to repeat."""
    return _end(order_key=order_key, states=("reserved", "committed", "released", "expired"), to="returned", now=now)


def void_issued(*, order_key: str, now: datetime) -> bool:
    """All goods of the order's sale came back, and what it took stays used: coupons that it handed out are void all the
    same, but for those that were used meanwhile. Whether there were any; safe to repeat."""
    with transaction.atomic():
        row = ReservationRow.objects.select_for_update().filter(order_key=order_key, state="committed").first()
        batches = gave_from(row) if row is not None else frozenset()
        if row is None or not batches:
            return False
        list(CouponBatchRow.objects.filter(id__in=batches).order_by("id").select_for_update().values_list("id"))
        take_back(row, now=now)
    return True


def uses_of_row(reservation_id: int) -> list[HeldUse]:
    """What a reservation takes of promotions, by promotion id."""
    rows = UseRow.objects.filter(reservation_id=reservation_id).values_list(
        "promotion_id", "amount_minor", "total_max", "per_member_max", "budget_minor"
    )
    return sorted(
        (
            HeldUse(
                promotion_id=promotion_id, amount_minor=amount, total_max=total, per_member_max=member,
                budget_minor=budget,
            )
            for promotion_id, amount, total, member, budget in rows
        ),
        key=lambda use: use.promotion_id,
    )  # fmt: skip


def _end(*, order_key: str, states: Sequence[str], to: str, now: datetime, **conditions: Any) -> bool:
    with transaction.atomic():
        row = (
            ReservationRow.objects.select_for_update()
            .filter(order_key=order_key, state__in=states, **conditions)
            .first()
        )
        # Of two who end it at once, one changes the row; the other finds it in another state.
        if row is None or not ReservationRow.objects.filter(id=row.id, state=row.state).update(state=to, ended_at=now):
            return False
        if row.state in ("reserved", "committed"):
            counters.give_back(
                chain_id=row.chain_id,
                uses=uses_of_row(row.id),
                coupons=[tuple(coupon) for coupon in row.coupons],
                member_id=row.member_id,
                was_committed=row.state == "committed",
                lock_first=gave_from(row),
            )
            take_back(row, now=now)
    return True
