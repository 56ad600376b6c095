"""Reads about coupons given and promotions used, for whoever prices an order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from liushui.promotions import coupon_keys
from liushui.promotions.coupon_lookup import look_up
from liushui.promotions.domain import coupon_codes
from liushui.promotions.domain.basket import Code, Usage
from liushui.promotions.domain.coupons import CodeProblem, Problem, ResolvedCodes
from liushui.promotions.domain.uses import IssuedCoupon, Overrun, PromotionCost
from liushui.promotions.models import IssuedCouponRow, OverrunRow, PromotionCostRow, ReservationRow
from liushui.runtime import at_once

CODES_MAX = 50  # of one basket


def resolve_codes(
    *, chain_id: int, codes: Iterable[str], member_id: str | None, now: datetime, order_key: str = ""
) -> ResolvedCodes:
    """Codes as people give them, for a basket: one statement. What `order_key` holds itself does not count as used.

    More than CODES_MAX codes are not looked at: the rest is unknown.
    """
    given = {coupon_codes.normal(text): text for text in codes if text.strip()}
    found = look_up(chain_id=chain_id, codes=list(given)[:CODES_MAX], member_id=member_id or "")
    good: list[Code] = []
    problems: list[CodeProblem] = []
    for normal, text in given.items():
        known = found.get(normal)
        if known is None:
            problem: Problem = "mistyped" if _is_mistyped(normal) else "unknown"
            problems.append(CodeProblem(code=text, problem=problem))
            if problem == "unknown":
                good.append(Code(code=text.strip()))
            continue
        wrong = known.problem(member_id=member_id or "", now=now, order_key=order_key)
        if wrong is None:
            good.append(Code(code=known.shared_code or normal, batch=known.batch))
        else:
            problems.append(CodeProblem(code=text, problem=wrong, batch=known.batch))
    return ResolvedCodes(codes=tuple(good), problems=tuple(problems), found=found)


def usage(
    *, chain_id: int, promotion_ids: Collection[str], member_id: str | None, order_key: str = ""
) -> Mapping[str, Usage]:
    """What was used of promotions so far, reserved and committed: one statement. Those never used are left out.

    What `order_key` holds at this moment is not counted, so that an order is priced again as it was.
    """
    if not promotion_ids:
        return {}
    marks = ", ".join(["%s"] * len(promotion_ids))
    sql = (
        "SELECT c.promotion_id, c.uses, c.spent_minor, COALESCE(m.uses, 0), u.amount_minor, r.member_id"  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
        " FROM promotions_counter c"
        " LEFT JOIN promotions_member_counter m ON m.chain_id = c.chain_id AND m.promotion_id = c.promotion_id"
        " AND m.member_id = %s"
        " LEFT JOIN promotions_reservation r ON r.order_key = %s AND r.state = 'reserved'"
        " LEFT JOIN promotions_use u ON u.reservation_id = r.id AND u.promotion_id = c.promotion_id"
        f" WHERE c.chain_id = %s AND c.promotion_id IN ({marks})"
    )
    rows = at_once.ask(sql, [member_id or "", order_key, chain_id, *promotion_ids])
    found = {}
    for promotion_id, uses, spent, by_member, own_amount, own_member in rows:
        own = 0 if own_amount is None else 1
        own_by_member = own if by_member and own_member == (member_id or "") else 0
        found[promotion_id] = Usage(total=uses - own, member=by_member - own_by_member, spent=spent - (own_amount or 0))
    return found


def unsettled(*, order_keys: Collection[str]) -> frozenset[str]:
    """Those of these orders that hold something that was not committed, or held it until it ran out: one statement.

    What was released is not theirs any more: an order that is priced anew holds something again, or takes nothing.
    """
    rows = ReservationRow.objects.filter(order_key__in=order_keys, state__in=("reserved", "expired"))
    return frozenset(rows.values_list("order_key", flat=True))


def overruns(*, chain_ids: Collection[int], limit: int = 50) -> tuple[Overrun, ...]:
    """Limits that recorded sales went beyond, the newest first."""
    rows = OverrunRow.objects.filter(chain_id__in=chain_ids).select_related("reservation").order_by("-id")[:limit]
    return tuple(
        Overrun(
            kind=row.kind,  # type: ignore[arg-type]  # the table's constraint says which
            subject=row.subject,
            limit=row.limit_value,
            reached=row.reached,
            order_key=row.reservation.order_key,
            sale_id=row.reservation.sale_id,
            at=row.at,
        )
        for row in rows
    )


def issued_coupons(*, order_key: str) -> tuple[IssuedCoupon, ...]:
    """The coupons for the next time that an order's sale handed out, or failed to: one statement, readable codes."""
    rows = IssuedCouponRow.objects.filter(reservation__order_key=order_key).order_by("position")
    return tuple(_issued(row) for row in rows.select_related("batch", "reservation"))


def issues_failed(*, chain_ids: Collection[int], limit: int = 50) -> tuple[IssuedCoupon, ...]:
    """Coupons that recorded sales promised and no batch could give, the newest first."""
    rows = IssuedCouponRow.objects.filter(chain_id__in=chain_ids, state="failed").order_by("-id")[:limit]
    return tuple(_issued(row) for row in rows.select_related("batch", "reservation"))


def promotion_costs(*, chain_id: int, promotion_ids: Collection[str] | None = None) -> Mapping[str, PromotionCost]:
    """What promotions took off in the chain's recorded sales so far, as far as their events were read: one statement.
    Those that took nothing off are left out."""
    rows = PromotionCostRow.objects.filter(chain_id=chain_id)
    if promotion_ids is not None:
        rows = rows.filter(promotion_id__in=promotion_ids)
    found = rows.values_list("promotion_id", "receipts", "amount_minor")
    return {id: PromotionCost(receipts=receipts, amount_minor=amount) for id, receipts, amount in found}


def _issued(row: IssuedCouponRow) -> IssuedCoupon:
    batch = row.batch
    return IssuedCoupon(
        promotion_id=row.promotion_id,
        batch=row.batch_code,
        name_zh=batch.name_zh if batch is not None else row.batch_code,
        name_en=batch.name_en if batch is not None else row.batch_code,
        code=_code_of(row),
        member_id=row.member_id,
        valid_from=batch.valid_from if batch is not None else None,
        valid_until=batch.valid_until if batch is not None else None,
        state=row.state,
        problem=row.problem,
        order_key=row.reservation.order_key,
        at=row.at,
    )


def _code_of(row: IssuedCouponRow) -> str:
    """The readable code; none when the key of its batch is lost, which must not keep a receipt from being printed."""
    if row.batch is None or row.serial is None:
        return ""
    try:
        key = coupon_keys.opened_key(row.batch.key_sealed)
    except coupon_keys.KeyLost:
        return ""
    return coupon_codes.printed(coupon_codes.code_of(key=key, batch_number=row.batch.id, serial=row.serial))


def _is_mistyped(normal: str) -> bool:
    return coupon_codes.looks_like_ours(normal) and coupon_codes.read(normal) is None
