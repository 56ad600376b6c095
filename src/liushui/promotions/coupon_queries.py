"""Reads about batches, their codes and what was handed out of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from liushui.promotions import coupon_keys
from liushui.promotions.coupon_lookup import look_up
from liushui.promotions.domain import coupon_codes
from liushui.promotions.domain.coupons import CodeIssue, CodeState, CouponBatch
from liushui.promotions.errors import UnknownBatch, UnknownCode
from liushui.promotions.models import CouponBatchRow, CouponCodeRow, CouponIssueRow, ReservationRow


def coupon_batches(
    *, chain_ids: Collection[int], text: str = "", kind: str = "", before: int | None = None, limit: int | None = None
) -> tuple[CouponBatch, ...]:
    """Batches of these chains, newest first; `text` is a part of code or name; the next page: `before` the last id."""
    rows = CouponBatchRow.objects.filter(chain_id__in=chain_ids)
    if text:
        rows = (
            rows.filter(code__icontains=text)
            | rows.filter(name_zh__icontains=text)
            | rows.filter(name_en__icontains=text)
        )
    if kind:
        rows = rows.filter(kind=kind)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return tuple(shown(row) for row in rows.order_by("-id")[:limit])


def coupon_batch(*, chain_id: int, code: str) -> CouponBatch:
    """One batch; raises UnknownBatch."""
    return shown(batch_row(chain_id=chain_id, code=code))


def coupon_batch_of(*, batch_id: int, chain_ids: Collection[int]) -> CouponBatch:
    """One batch of these chains by its id; raises UnknownBatch."""
    row = CouponBatchRow.objects.filter(id=batch_id, chain_id__in=chain_ids).first()
    if row is None:
        raise UnknownBatch(f"There is no coupon batch {batch_id}")
    return shown(row)


def coupon_issues(*, chain_id: int, batch: str, limit: int = 50) -> tuple[CodeIssue, ...]:
    """What was handed out of a batch, the newest first."""
    rows = CouponIssueRow.objects.filter(batch__chain_id=chain_id, batch__code=batch).order_by("-id")[:limit]
    return tuple(shown_issue(row, is_repeat=True) for row in rows)


def coupon_state(*, chain_id: int, code: str) -> CodeState:
    """How one code stands; raises UnknownCode."""
    normal = coupon_codes.normal(code)
    found = look_up(chain_id=chain_id, codes=[normal], member_id="").get(normal)
    if found is None:
        is_typo = coupon_codes.looks_like_ours(normal) and coupon_codes.read(normal) is None
        raise UnknownCode("The code is mistyped" if is_typo else "No batch has this code")
    batch = CouponBatchRow.objects.get(id=found.batch_id)
    row = CouponCodeRow.objects.filter(batch=batch, serial=found.serial).first()
    order = ReservationRow.objects.filter(order_key=row.order_key).first() if row is not None and row.uses else None
    return CodeState(
        batch=batch.code,
        kind=found.kind,
        serial=found.serial,
        state=_state(row, order),
        uses=found.uses,
        uses_max=found.uses_max,
        member_id=found.member_id,
        order_key=order.order_key if order is not None else "",
        sale_id=str(order.sale_id) if order is not None and order.sale_id is not None else "",
        changed_at=row.changed_at if row is not None else None,
        valid_from=batch.valid_from,
        valid_until=batch.valid_until,
        batch_status=batch.status,
    )


def member_codes(*, chain_id: int, member_id: str, now: datetime) -> tuple[tuple[CouponBatch, str, bool], ...]:
    """The codes that a member was given, in batches that are valid now: batch, printed code, whether it is free."""
    rows = (
        CouponCodeRow.objects.filter(chain_id=chain_id, member_id=member_id, is_void=False, batch__status="active")
        .select_related("batch")
        .order_by("-batch_id")
    )
    found = []
    for row in rows:
        batch = shown(row.batch)
        if batch.state(now=now) in ("live", "used_up"):
            key = coupon_keys.opened_key(row.batch.key_sealed)
            code = coupon_codes.code_of(key=key, batch_number=batch.id, serial=row.serial)
            found.append((batch, coupon_codes.printed(code), row.uses == 0))
    return tuple(found)


def batch_row(*, chain_id: int, code: str) -> CouponBatchRow:
    """The row of a batch; raises UnknownBatch."""
    row = CouponBatchRow.objects.filter(chain_id=chain_id, code=code).first()
    if row is None:
        raise UnknownBatch(f"There is no coupon batch {code!r}")
    return row


def shown(row: CouponBatchRow) -> CouponBatch:
    """A batch with its numbers."""
    return CouponBatch(
        id=row.id,
        chain_id=row.chain_id,
        code=row.code,
        name_zh=row.name_zh,
        name_en=row.name_en,
        kind=row.kind,  # type: ignore[arg-type]  # the table's constraint says which
        is_imported=row.is_imported,
        size=row.size,
        issued=row.issued,
        reserved=row.reserved,
        used=row.used,
        voided=row.voided,
        left=_left(row),
        uses_max=row.uses_max,
        uses_per_member_max=row.uses_per_member_max,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        status=row.status,
        shared_code=coupon_keys.opened_shared(row.shared_sealed),
        created_at=row.created_at,
        created_by_name=row.created_by_name,
        voided_at=row.voided_at,
        void_reason=row.void_reason,
    )


def shown_issue(row: CouponIssueRow, *, is_repeat: bool) -> CodeIssue:
    """What was handed out together."""
    return CodeIssue(
        batch_id=row.batch_id,
        key=row.key,
        first_serial=row.first_serial,
        count=row.count,
        issued_at=row.issued_at,
        issued_by_name=row.issued_by_name,
        is_repeat=is_repeat,
    )


def _left(row: CouponBatchRow) -> int | None:
    if row.kind == "shared":
        return None if row.uses_max is None else max(0, row.uses_max - row.reserved - row.used)
    return max(0, row.issued - row.reserved - row.used - row.voided)


def _state(row: CouponCodeRow | None, order: ReservationRow | None) -> str:
    if row is not None and row.is_void:
        return "void"
    if row is None or row.uses < row.uses_max:
        return "free"
    return "reserved" if order is not None and order.state == "reserved" else "used"
