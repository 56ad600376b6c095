"""The receipts of the small chain of world.py: the same each time, up to now."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.support.world_goods import GOODS

from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale, Discount, LineCommand, SaleRecorded, Tender
from liushui.runtime.access import Principal
from liushui.stores.contracts import Chain, Store

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAYS = 9
RECEIPTS_A_DAY = 20


def sold_receipts(*, store: Store, chain: Chain, now: datetime, system: Principal) -> Iterator[UUID]:
    """Record what the store has sold up to now; the ids of the sales in order of time."""
    chance = random.Random(store.code)  # the same receipts each time
    today = store.business_date(now)
    commands = []
    for back in range(DAYS - 1, -1, -1):
        day = today - timedelta(days=back)
        minutes = sorted(chance.choice((*range(600, 1320), *range(1020, 1140))) for _ in range(RECEIPTS_A_DAY))
        for number, minute in enumerate(minutes, start=1):
            at = datetime.combine(day, time(), SHANGHAI) + timedelta(minutes=minute)
            if back == 0:  # as many today, squeezed into what has passed of it, so that no hour finds it empty
                opened = datetime.combine(day, time(4), SHANGHAI)
                at = opened + (now - opened) * (minute - 600) // 720
            commands.append(_receipt(store=store, chain=chain, at=at, number=number, chance=chance))
    for answer in checkout.complete_sales(commands=commands, principal=system, now=now):
        assert isinstance(answer, SaleRecorded), answer
        yield answer.sale_id


def _receipt(*, store: Store, chain: Chain, at: datetime, number: int, chance: random.Random) -> CompleteSale:
    lines = []
    for index in chance.sample(range(len(GOODS)), chance.choice((1, 2, 2, 3, 3, 4, 6, 9))):
        price, units = int(GOODS[index][3]), chance.choice((1, 1, 1, 2, 3))
        off = price * units // 10 if chance.random() < 0.2 else 0
        returned = number % 17 == 0 and not lines
        sign = -1 if returned else 1
        lines.append(
            LineCommand(
                code=f"SKU-{index + 1:02}",
                units=sign * units,
                regular_minor=sign * price * units,
                amount_minor=sign * (price * units - off),
                discounts=(Discount(code="TEN", name="九折", amount_minor=sign * off),) if off else (),
            )
        )
    total = sum(line.amount_minor or 0 for line in lines)
    kind, method = chance.choice(
        (("mobile", "wechat"), ("mobile", "wechat"), ("mobile", "alipay"), ("card", "unionpay"), ("cash", ""))
    )
    receipt = f"{store.code}-{at:%Y%m%d}-{number:03}"
    return CompleteSale(
        source="pos",
        source_id=receipt,
        chain=chain.code,
        store=store.code,
        completed_at=at,
        channel="web" if number % 9 == 0 else "pos",
        workstation="T1",
        operator="8001",
        receipt_number=receipt,
        lines=tuple(lines),
        tenders=(Tender(type=kind, method=method, amount_minor=total),),
    )
