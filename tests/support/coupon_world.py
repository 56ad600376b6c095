"""Coupons of a chain of the tests: batches of every kind, some of them used, and a limit gone beyond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from liushui.promotions import facade
from liushui.promotions.contracts import Code, NewBatch, Rulebook
from liushui.promotions.tests.using import answer, promotion
from liushui.runtime.access import Principal


def coupon_world(*, chain_id: int, maker: Principal) -> int:
    """Make it all through the door; the id of the batch that has something of everything."""
    now = datetime.now(UTC)

    def batch(code: str, name_zh: str, name_en: str, **terms: object) -> int:
        new = NewBatch(chain_id=chain_id, code=code, name_zh=name_zh, name_en=name_en, **terms)  # type: ignore[arg-type]
        return facade.make_batch(batch=new, principal=maker, now=now).id

    batch("MEMBER-DAY", "会员日专享券", "Members' day", kind="member", size=5_000)
    batch(
        "OPENING", "新店开业通用码", "Opening of the new store", kind="shared", shared_code="OPEN-10", uses_max=5_000,
        uses_per_member_max=1, valid_until=now + timedelta(days=30),
    )  # fmt: skip
    found = batch(
        "LEAFLET-2026", "春季传单一次性券码", "Single codes on the spring leaflet", kind="unique", size=1_000_000,
        valid_from=now - timedelta(days=1), valid_until=now + timedelta(days=60),
    )  # fmt: skip
    issue = facade.issue_codes(
        chain_id=chain_id, batch="LEAFLET-2026", count=1_200, key="print shop", principal=maker, now=now
    )
    codes = [code.replace("-", "") for _serial, code in facade.issued_codes(issue=issue)]
    coupon = promotion("leaflet-10", batch="LEAFLET-2026", budget=1_500)
    for number, code in enumerate(codes[:3]):
        facade.reserve(
            chain_id=chain_id,
            order_key=f"webshop/coupon-{number}",
            answer=answer(leaflet_10=1_000),
            rulebook=Rulebook(version="1", promotions=(coupon,)),
            member_id=None,
            codes=(Code(code=code, batch="LEAFLET-2026"),),
            expires_at=now,
            now=now,
        )
        facade.expire(now=now)  # so that the second is an overrun
    for number in range(2):
        facade.commit(order_key=f"webshop/coupon-{number}", sale_id=UUID(int=number), now=now)
    facade.void_code(chain_id=chain_id, code=codes[9], reason="遗失 lost", principal=maker, now=now)
    return found
