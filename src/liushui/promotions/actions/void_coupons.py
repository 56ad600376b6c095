"""Take coupons out of use: a whole batch, or a single code."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.db.models import F

from liushui.kernel.errors import InvalidValue
from liushui.promotions.actions.make_batch import require_issue
from liushui.promotions.coupon_lookup import look_up
from liushui.promotions.coupon_queries import batch_row, shown
from liushui.promotions.domain import coupon_codes
from liushui.promotions.domain.coupons import TEXT_MAX, CouponBatch
from liushui.promotions.errors import CouponInUse, UnknownCode
from liushui.promotions.models import CouponBatchRow
from liushui.promotions.upsert import upsert
from liushui.runtime import audit
from liushui.runtime.access import Principal


def void_batch(*, chain_id: int, batch: str, reason: str, principal: Principal, now: datetime) -> CouponBatch:
    """Take a whole batch out of use for good; what orders hold already they may still commit. Safe to repeat."""
    require_issue(principal, chain_id=chain_id)
    text = _checked(reason)
    row = batch_row(chain_id=chain_id, code=batch)
    with transaction.atomic():
        changed = CouponBatchRow.objects.filter(id=row.id, status="active").update(
            status="void", voided_at=now, void_reason=text
        )
        if changed:
            audit.record(
                principal=principal, action="coupon.void", target=f"coupon-batch:{batch}", chain_id=chain_id,
                before={"status": "active"}, after={"status": "void"}, reason=text,
            )  # fmt: skip
    row.refresh_from_db()
    return shown(row)


def void_code(*, chain_id: int, code: str, reason: str, principal: Principal, now: datetime) -> int:
    """Take one code out of use for good; its serial. Safe to repeat.

    Raises UnknownCode, CouponInUse for one that is used or that an order holds, InvalidValue for a shared code,
    which is voided with its batch.
    """
    require_issue(principal, chain_id=chain_id)
    text = _checked(reason)
    normal = coupon_codes.normal(code)
    found = look_up(chain_id=chain_id, codes=[normal], member_id="").get(normal)
    if found is None:
        raise UnknownCode("No batch has this code")
    if found.kind == "shared":
        raise InvalidValue("A shared code is voided with its batch", pointer="/code")
    with transaction.atomic():
        CouponBatchRow.objects.filter(id=found.batch_id).update(voided=F("voided") + 1)  # batches are locked first
        voided = upsert(
            table="promotions_coupon_code",
            columns=("batch_id", "serial", "chain_id", "uses", "uses_max", "is_void", "order_key", "changed_at"),
            rows=[
                (
                    found.batch_id, found.serial, chain_id, 0, 1, True, "",
                    connection.ops.adapt_datetimefield_value(now),
                )
            ],
            keys="batch_id, serial",
            sets="is_void = excluded.is_void, changed_at = excluded.changed_at",
            where="promotions_coupon_code.uses = 0 AND NOT promotions_coupon_code.is_void",
            returning="serial",
        )  # fmt: skip
        if voided:
            audit.record(
                principal=principal, action="coupon.void", target=f"coupon-batch:{found.batch}", chain_id=chain_id,
                after={"serial": found.serial}, reason=text,
            )  # fmt: skip
        else:
            CouponBatchRow.objects.filter(id=found.batch_id).update(voided=F("voided") - 1)
    if not voided and not found.is_void:
        raise CouponInUse(f"Code number {found.serial} of {found.batch} is used or held by an order")
    return found.serial


def _checked(reason: str) -> str:
    text = reason.strip()
    if not 0 < len(text) <= TEXT_MAX["reason"]:
        raise InvalidValue(f"Say why, in 1 to {TEXT_MAX['reason']} characters", pointer="/reason")
    return text
