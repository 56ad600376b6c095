"""What the processes of a race about limits and coupons do; each runs in a fork of its own, answers in plain JSON."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db import connection
from django.db.models import Sum
from tests.support.crash import crash_at_step

from liushui.kernel.errors import LiushuiError
from liushui.promotions import facade, handlers
from liushui.promotions.contracts import Promotion
from liushui.promotions.models import (
    CouponBatchRow,
    CouponCodeRow,
    CouponIssueRow,
    IssuedCouponRow,
    MemberCounterRow,
    OverrunRow,
    PromotionCounterRow,
    ReservationRow,
    UseRow,
)
from liushui.promotions.tests.using import (
    CHAIN,
    LATER,
    NOON,
    answer,
    member_batch,
    promotion,
    reserve,
    shared_batch,
    unique_batch,
)
from liushui.runtime.access import Grant, Principal
from liushui.runtime.events import Event

_SPACE = UUID(int=4)
MA = Principal(subject="staff:1", name="马", grants=(Grant(role="marketer", chain_id=CHAIN),))
MUCH_LATER = LATER + timedelta(days=1)
HOLDING = ("reserved", "committed")


def warm_up() -> None:
    """Open the connection before the race."""
    connection.ensure_connection()


def prepare() -> None:
    """A first use, after which the forks of a race begin warm."""
    take(order="till/the-first", limits={"the-first": {"total": 1}}, amounts={"the-first": 1})


def make_codes(*, batch: str, count: int, kind: str = "unique", uses_max: int | None = None) -> list[str]:
    """A batch, and codes of it; the code of a shared one is its name."""
    if kind == "shared":
        facade.make_batch(batch=shared_batch(batch, shared_code=batch, uses_max=uses_max), principal=MA, now=NOON)
        return [batch]
    open_batch(batch=batch, size=count)
    codes: list[str] = issue(batch=batch, count=count, key="first")["codes"]
    return codes


def open_batch(*, batch: str, size: int, kind: str = "unique") -> None:
    """A batch of which nothing is handed out yet."""
    new = unique_batch(batch, size=size) if kind == "unique" else member_batch(batch, size=size)
    facade.make_batch(batch=new, principal=MA, now=NOON)


def issue(*, batch: str, count: int, key: str, crash_at: int | None = None) -> dict[str, Any]:
    """Hand out codes."""
    with crash_at_step(crash_at) as steps:
        try:
            issued = facade.issue_codes(chain_id=CHAIN, batch=batch, count=count, key=key, principal=MA, now=NOON)
        except LiushuiError as error:
            return {"error": error.type}
    return {"codes": [code for _serial, code in facade.issued_codes(issue=issued)], "steps": steps.names}


def give(*, batch: str, members: list[str]) -> dict[str, Any]:
    """Give members a code each."""
    try:
        given = facade.give_codes(chain_id=CHAIN, batch=batch, member_ids=members, principal=MA, now=NOON)
    except LiushuiError as error:
        return {"error": error.type}
    return {each.member_id: each.code for each in given}


def void_code(*, code: str) -> dict[str, Any]:
    """Take one code out of use."""
    try:
        return {"serial": facade.void_code(chain_id=CHAIN, code=code, reason="race", principal=MA, now=NOON)}
    except LiushuiError as error:
        return {"error": error.type}


def take_or_void(*, taking: dict[str, Any] | None = None, voiding: dict[str, Any] | None = None) -> dict[str, Any]:
    """Some use the code, others void it."""
    return take(**taking) if taking else void_code(**(voiding or {}))


def take_or_end(*, taking: dict[str, Any] | None = None, ending: dict[str, Any] | None = None) -> dict[str, Any]:
    """Some use the code, others end the order that handed it out."""
    return take(**taking) if taking else {"ended": end(**(ending or {}))}


def take(
    *,
    order: str,
    limits: dict[str, dict[str, int]],
    amounts: dict[str, int],
    member: str | None = None,
    code: str = "",
    batch: str = "",
    issues: str = "",
    then: str = "commit",
    crash_at: int | None = None,
) -> dict[str, Any]:
    """Reserve for an order, then commit or release it or leave it so; the name of the error when that is refused.

    `issues` names the batch of which the first promotion hands out a coupon for the next time.
    """
    gives = ({"promotion": next(iter(limits)), "batch": issues, "for": "next_order"},) if issues else ()
    promotions = [_promotion(id, terms, batch) for id, terms in limits.items()]
    with crash_at_step(crash_at) as steps:
        try:
            codes = facade.resolve_codes(
                chain_id=CHAIN, codes=[code] if code else [], member_id=member, now=NOON, order_key=order
            )
            if code and not codes.codes:
                return {"error": codes.problems[0].problem, "steps": steps.names}
            held = reserve(
                order, replace(answer(**amounts), issued=gives), *promotions, member=member, codes=codes.codes
            )
            if then == "commit":
                commit(order=order)
            elif then == "release":
                facade.release(order_key=order, now=NOON)
        except LiushuiError as error:
            return {"error": error.type, "steps": steps.names}
    return {"state": held.state, "steps": steps.names}


def commit(*, order: str) -> bool:
    """Commit an order for its sale."""
    return facade.commit(order_key=order, sale_id=uuid5(_SPACE, order), now=NOON)


def end(*, order: str, how: str) -> bool | int:
    """End an order's reservation in one of the ways in which that happens."""
    if how == "commit":
        return commit(order=order)
    if how == "release":
        return facade.release(order_key=order, now=NOON)
    if how == "void":
        return facade.return_uses(order_key=order, now=NOON)
    return facade.expire(now=MUCH_LATER)


def recover(*, sold: list[str]) -> int:
    """What happens by itself after a crash: the events of the sales that were recorded, then time."""
    events = [
        Event(
            id=uuid5(_SPACE, "event " + order),
            source="liushui/orders",
            type=handlers.SALE_COMPLETED,
            subject="",
            time=NOON,
            data=f'{{"sale_id": "{uuid5(_SPACE, order)}", "source": "till", "source_id": "{order[5:]}"}}'.encode(),
        )
        for order in sold
    ]
    handlers.CONSUMERS[0].apply(events)
    return facade.expire(now=MUCH_LATER)


def handed_out(*, order: str) -> list[dict[str, str]]:
    """What an order's sale handed out for the next time."""
    return [{"code": each.code, "state": each.state} for each in facade.issued_coupons(order_key=order)]


def inspect(*, promotion_id: str = "", batch: str = "") -> dict[str, Any]:
    """The counters, and what reservations say that they should be."""
    found: dict[str, Any] = {"wrong": _wrong()}
    if promotion_id:
        row = PromotionCounterRow.objects.filter(promotion_id=promotion_id).first()
        found |= {"uses": row.uses if row else 0, "spent": row.spent_minor if row else 0}
    if batch:
        found |= CouponBatchRow.objects.values("issued", "reserved", "used", "voided").get(code=batch)
    return found


def _wrong() -> list[str]:
    """Every number that does not follow from the reservations; empty when all is explained."""
    wrong = []
    for row in PromotionCounterRow.objects.all():
        held = UseRow.objects.filter(promotion_id=row.promotion_id, reservation__state__in=HOLDING)
        expected = (held.count(), held.aggregate(sum=Sum("amount_minor"))["sum"] or 0)
        if (row.uses, row.spent_minor) != expected:
            wrong.append(f"{row.promotion_id}: {(row.uses, row.spent_minor)} is not {expected}")
    for member in MemberCounterRow.objects.all():
        uses = UseRow.objects.filter(
            promotion_id=member.promotion_id, reservation__state__in=HOLDING, reservation__member_id=member.member_id
        )
        if member.uses != uses.count():
            wrong.append(f"{member.promotion_id} {member.member_id}: {member.uses}")
    taken: dict[tuple[int, int], int] = {}
    by_state: dict[tuple[int, str], int] = {}
    for reservation in ReservationRow.objects.filter(state__in=HOLDING):
        for batch_id, serial in reservation.coupons:
            taken[batch_id, serial] = taken.get((batch_id, serial), 0) + 1
            by_state[batch_id, reservation.state] = by_state.get((batch_id, reservation.state), 0) + 1
    for code in CouponCodeRow.objects.all():
        if code.uses != taken.get((code.batch_id, code.serial), 0):
            wrong.append(f"code {code.serial} of {code.batch_id}: {code.uses}")
    for order in ReservationRow.objects.filter(state="committed"):
        if IssuedCouponRow.objects.filter(reservation=order).count() != len(order.promised):
            wrong.append(f"{order.order_key}: promised {order.promised}")
    if IssuedCouponRow.objects.exclude(reservation__state__in=("committed", "returned")).exists():
        wrong.append("a coupon was handed out without a sale")
    for batch in CouponBatchRow.objects.all():
        expected = (by_state.get((batch.id, "reserved"), 0), by_state.get((batch.id, "committed"), 0))
        if (batch.reserved, batch.used) != expected:
            wrong.append(f"batch {batch.code}: {(batch.reserved, batch.used)} is not {expected}")
        handed_out = CouponIssueRow.objects.filter(batch=batch).aggregate(sum=Sum("count"))["sum"] or 0
        handed_out += IssuedCouponRow.objects.filter(batch=batch, serial__isnull=False).count()
        if batch.kind == "unique" and batch.issued != handed_out:
            wrong.append(f"batch {batch.code}: {batch.issued} issued, {handed_out} handed out")
        if batch.voided != CouponCodeRow.objects.filter(batch=batch, is_void=True).count():
            wrong.append(f"batch {batch.code}: {batch.voided} voided")
    return wrong


def overruns() -> int:
    """How many limits were gone beyond."""
    return OverrunRow.objects.count()


def _promotion(id: str, terms: dict[str, int], batch: str) -> Promotion:
    return promotion(id, batch=batch or None, **terms)
