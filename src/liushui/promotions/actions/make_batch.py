"""Make a coupon batch. No code is made by it: codes are handed out later, by serial."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from liushui.kernel.errors import InvalidValue, NotAllowed
from liushui.promotions import coupon_keys
from liushui.promotions.counters import UNBOUNDED
from liushui.promotions.coupon_queries import shown
from liushui.promotions.domain import coupon_codes
from liushui.promotions.domain.coupons import BATCH_KINDS, SIZE_MAX, TEXT_MAX, CouponBatch, NewBatch
from liushui.promotions.errors import BatchExists
from liushui.promotions.models import CouponBatchRow, CouponCodeRow
from liushui.runtime import audit
from liushui.runtime.access import Principal

_COMPARED = ("name_zh", "name_en", "kind", "size", "uses_max", "uses_per_member_max", "valid_from", "valid_until")


def make_batch(*, batch: NewBatch, principal: Principal, now: datetime, is_imported: bool = False) -> CouponBatch:
    """Make a batch in a chain for the whole of which the principal may issue coupons.

    The same batch again changes nothing. Raises InvalidValue with a pointer, BatchExists for a code that is taken, and
    for a shared code that another batch has.
    """
    require_issue(principal, chain_id=batch.chain_id)
    _check(batch)
    before = CouponBatchRow.objects.filter(chain_id=batch.chain_id, code=batch.code).first()
    if before is not None:
        return _same(before, batch, is_imported)
    try:
        with transaction.atomic():
            row = CouponBatchRow.objects.create(**_values(batch, is_imported, principal, now))
            if batch.kind == "shared":
                CouponCodeRow.objects.create(
                    batch=row,
                    serial=1,
                    chain_id=batch.chain_id,
                    code_sha256=coupon_keys.code_sha256(coupon_codes.normal(batch.shared_code)),
                    uses_max=UNBOUNDED if batch.uses_max is None else batch.uses_max,
                    changed_at=now,
                )
            audit.record(
                principal=principal,
                action="coupon.make",
                target=f"coupon-batch:{batch.code}",
                chain_id=batch.chain_id,
                after=_told(batch),
            )
    except IntegrityError as error:
        raise BatchExists(
            f"The code of batch {batch.code!r} is taken", pointer="/shared_code" if batch.shared_code else "/code"
        ) from error
    return shown(row)


def require_issue(principal: Principal, *, chain_id: int) -> None:
    """Raise NotAllowed unless the principal may issue coupons in the whole chain: they hold in every store of it."""
    principal.require("coupon.issue")
    if chain_id not in principal.whole_chains("coupon.issue"):
        raise NotAllowed("Coupons hold in the whole chain", remedy="Ask somebody who works for the whole chain.")


def _values(batch: NewBatch, is_imported: bool, principal: Principal, now: datetime) -> dict[str, Any]:
    makes_codes = batch.kind != "shared" and not is_imported
    return {
        "chain_id": batch.chain_id,
        "code": batch.code,
        "name_zh": batch.name_zh.strip(),
        "name_en": batch.name_en.strip() or batch.name_zh.strip(),
        "kind": batch.kind,
        "is_imported": is_imported,
        "size": 1 if batch.kind == "shared" else 0 if is_imported else batch.size,
        "issued": 1 if batch.kind == "shared" else 0,
        "uses_max": batch.uses_max,
        "uses_per_member_max": batch.uses_per_member_max,
        "valid_from": batch.valid_from,
        "valid_until": batch.valid_until,
        "key_sealed": coupon_keys.new_sealed_key() if makes_codes else "",
        "shared_sealed": coupon_keys.sealed_shared(batch.shared_code.strip()) if batch.kind == "shared" else "",
        "created_at": now,
        "created_by": principal.subject,
        "created_by_name": principal.name,
    }


def _same(row: CouponBatchRow, batch: NewBatch, is_imported: bool) -> CouponBatch:
    """The batch that is there, when it is the one that is asked for."""
    known = shown(row)
    wanted = {name: getattr(batch, name) for name in _COMPARED}
    wanted |= {"name_en": batch.name_en or batch.name_zh, "size": 1 if batch.kind == "shared" else batch.size}
    if is_imported or row.is_imported:
        wanted["size"] = known.size
    if (
        row.is_imported != is_imported
        or known.shared_code != batch.shared_code.strip()
        or any(getattr(known, name) != value for name, value in wanted.items())
    ):
        raise BatchExists(f"There is a batch {batch.code!r} with other contents", pointer="/code")
    return known


def _check(batch: NewBatch) -> None:
    """Raise InvalidValue for what a batch cannot be."""
    problems = {
        "/code": not (0 < len(batch.code) <= TEXT_MAX["batch"]) or not batch.code.isprintable() or " " in batch.code,
        "/name_zh": not (0 < len(batch.name_zh.strip()) <= TEXT_MAX["name"]),
        "/name_en": len(batch.name_en) > TEXT_MAX["name"],
        "/kind": batch.kind not in BATCH_KINDS,
        "/size": not 1 <= batch.size <= SIZE_MAX,
        "/uses_max": batch.uses_max is not None and not (batch.kind == "shared" and 1 <= batch.uses_max < 2**31),
        "/uses_per_member_max": batch.uses_per_member_max is not None
        and not (batch.kind == "shared" and 1 <= batch.uses_per_member_max < 2**31),
        "/shared_code": (batch.kind == "shared") != bool(batch.shared_code.strip())
        or not _is_shared_code(batch.shared_code),
        "/valid_until": batch.valid_from is not None
        and batch.valid_until is not None
        and batch.valid_until <= batch.valid_from,
    }
    for pointer, is_wrong in problems.items():
        if is_wrong:
            raise InvalidValue(f"{pointer[1:]} is not what a coupon batch may have", pointer=pointer)


def _is_shared_code(text: str) -> bool:
    """Whether people can type it, and it cannot be taken for a code that we made."""
    normal = coupon_codes.normal(text)
    if not text.strip():
        return True
    return 3 <= len(normal) <= TEXT_MAX["code"] and normal.isalnum() and not coupon_codes.looks_like_ours(normal)


def _told(batch: NewBatch) -> dict[str, Any]:
    """What the audit log says of it: no code."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(batch).items()
        if name not in ("shared_code", "chain_id") and value not in (None, "")
    }
