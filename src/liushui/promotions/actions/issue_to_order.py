"""Hand out the coupons that an order's answer promised, once its sale is recorded; take them back when it is voided."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import structlog
from django.db import connection
from django.db.models import F, Q

from liushui.promotions.domain.uses import IssueProblem
from liushui.promotions.models import CouponBatchRow, IssuedCouponRow, ReservationRow
from liushui.promotions.upsert import upsert
from liushui.runtime import bulk

_logger = structlog.get_logger(__name__)


def lock_for(row: ReservationRow) -> dict[str, CouponBatchRow]:
    """All batches that committing this order touches, by code, locked by id as everywhere; none where it promised
    nothing."""
    if not row.promised:
        return {}
    wanted = CouponBatchRow.objects.filter(
        Q(code__in={batch for _promotion, batch in row.promised})
        | Q(id__in={batch_id for batch_id, _serial in row.coupons}),
        chain_id=row.chain_id,
    )
    return {batch.code: batch for batch in wanted.order_by("id").select_for_update()}


def hand_out(row: ReservationRow, *, batches: Mapping[str, CouponBatchRow], now: datetime) -> None:
    """One code for each promised coupon, or why there is none: a batch that cannot give never stops a sale.

    `batches` are locked. A code is the member's when the order has one; else it is whoever's holds the receipt.
    """
    made = [
        _issued(row, position, promotion_id, code, batches.get(code), now)
        for position, (promotion_id, code) in enumerate(row.promised)
    ]
    IssuedCouponRow.objects.bulk_create(made)
    given = [each for each in made if each.serial is not None and each.member_id]
    bulk.insert_rows(
        table="promotions_coupon_code",
        columns=(
            "batch_id", "serial", "chain_id", "member_id", "uses", "uses_max", "is_void", "order_key",
            "issued_by_order", "changed_at",
        ),
        rows=[
            (each.batch_id, each.serial, each.chain_id, each.member_id, 0, 1, False, "", row.order_key, now)
            for each in given
        ],
    )  # fmt: skip
    failed = [(each.promotion_id, each.batch_code, each.problem) for each in made if each.problem]
    if failed:
        _logger.warning("coupon_not_issued", order_key=row.order_key, failed=failed)


def gave_from(row: ReservationRow) -> frozenset[int]:
    """Ids of the batches whose codes the order's sale handed out."""
    if not row.promised or row.state != "committed":
        return frozenset()
    return frozenset(IssuedCouponRow.objects.filter(reservation=row, state="issued").values_list("batch_id", flat=True))


def take_back(row: ReservationRow, *, now: datetime) -> None:
    """Void the codes that the order's sale handed out; one that was used, or that an order holds, stays."""
    if not row.promised or row.state != "committed":
        return
    at = connection.ops.adapt_datetimefield_value(now)
    for issued in IssuedCouponRow.objects.filter(reservation=row, state="issued").order_by("batch_id", "serial"):
        assert issued.batch_id is not None  # nosec B101  # for the type checker
        voided = upsert(
            table="promotions_coupon_code",
            columns=("batch_id", "serial", "chain_id", "uses", "uses_max", "is_void", "order_key", "changed_at"),
            rows=[(issued.batch_id, issued.serial, issued.chain_id, 0, 1, True, "", at)],
            keys="batch_id, serial",
            sets="is_void = excluded.is_void, changed_at = excluded.changed_at",
            where="promotions_coupon_code.uses = 0 AND NOT promotions_coupon_code.is_void",
            returning="serial",
        )
        if voided:
            CouponBatchRow.objects.filter(id=issued.batch_id).update(voided=F("voided") + 1)
        IssuedCouponRow.objects.filter(id=issued.id).update(state="taken_back" if voided else "kept", ended_at=now)


def _issued(
    row: ReservationRow, position: int, promotion_id: str, code: str, batch: CouponBatchRow | None, now: datetime
) -> IssuedCouponRow:
    problem = _problem(batch, member_id=row.member_id, now=now)
    serial = None
    if problem is None and batch is not None:
        serial = _next_serial(batch)
        problem = None if serial is not None else "none_left"
    return IssuedCouponRow(
        reservation=row,
        position=position,
        chain_id=row.chain_id,
        promotion_id=promotion_id,
        batch_code=code,
        batch=batch,
        serial=serial,
        member_id=row.member_id,
        state="failed" if problem else "issued",
        problem=problem or "",
        at=now,
    )


def _problem(batch: CouponBatchRow | None, *, member_id: str, now: datetime) -> IssueProblem | None:
    if batch is None:
        return "unknown"
    if batch.status != "active":
        return "void"
    if batch.kind == "shared" or batch.is_imported:
        return "wrong_kind"
    if batch.valid_until is not None and now >= batch.valid_until:
        return "expired"
    return "member_needed" if batch.kind == "member" and not member_id else None


def _next_serial(batch: CouponBatchRow) -> int | None:
    """One conditional statement hands the next serial out; `batch` is brought up to date, for a further one of it."""
    changed = CouponBatchRow.objects.filter(
        id=batch.id, issued=batch.issued, issued__lt=F("size"), status="active"
    ).update(issued=F("issued") + 1)
    if not changed:
        return None
    batch.issued += 1
    return batch.issued
