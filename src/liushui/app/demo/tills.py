"""Two closed days at one till of the demo chain, through the till's own door: shifts, a hand-over, a difference, Z."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from liushui.app.demo.assortment import DemoItem
from liushui.app.demo.chain import CHAIN_CODE
from liushui.kernel.ids import new_id
from liushui.runtime import approvals, tills
from liushui.runtime.grants import staff_principal
from liushui.runtime.models import StaffUser
from liushui.stores import facade as stores
from liushui.stores.contracts import Store
from liushui.till import facade
from liushui.till.contracts import Shift, Till

STORE, WORKSTATION = "S001", "T4"
DAYS_BACK = (2, 1)
RECEIPTS_A_SHIFT = 9
FLOAT_MINOR = 50_000
_SEED = 20_261_122


def load_tills(*, items: Sequence[DemoItem], now: datetime) -> int:
    """Sell and close the two days before today at that till, unless it has sold before; returns how many receipts."""
    store = stores.stores_by_code()[CHAIN_CODE, STORE]
    if facade.shifts(store_ids=frozenset({store.id})):
        return 0
    morning, evening = at_till(store, "cashier"), at_till(store, "cashier2")
    chance = random.Random(_SEED)  # noqa: S311  # nosec B311  # the demo's dice
    goods = [item for item in items if not item.weighed and item.gtin][:400]
    opening = datetime.combine(store.business_date(now), time(8), tzinfo=ZoneInfo(store.time_zone))
    sold = 0
    for back in DAYS_BACK:
        clock = _clock(opening - timedelta(days=back), chance)
        facade.open_shift(till=morning, float_minor=FLOAT_MINOR, now=next(clock))
        sold += _sell(morning, goods, chance, clock)
        facade.paid_out(till=morning, amount_minor=3_000, reason="送货费", now=next(clock))
        facade.no_sale(till=morning, reason="换零钱", now=next(clock))
        counted = _count(morning, short_minor=0, now=next(clock))
        facade.hand_over(till=morning, to=evening, count=counted, now=next(clock))
        sold += _sell(evening, goods, chance, clock)
        shift = facade.count_shift(
            till=evening, count=_count(evening, short_minor=500, now=next(clock)), now=next(clock)
        )
        _approve_difference(evening, shift, store, now=next(clock))
        manager = staff_principal(StaffUser.objects.get(username="manager"))
        facade.close_day(store_id=store.id, business_date=shift.business_date, principal=manager, now=next(clock))
    return sold


def at_till(store: Store, username: str, *, workstation: str = WORKSTATION) -> Till:
    """A person at a till of the store."""
    user = StaffUser.objects.get(username=username)
    place = next(each for each in stores.workstations(store_id=store.id) if each.code == workstation)
    return Till(
        device_id=new_id(),
        workstation_id=place.id,
        workstation_code=place.code,
        store_id=store.id,
        chain_id=store.chain_id,
        principal=tills.at_store(user, store_id=store.id, chain_id=store.chain_id),
        operator=username,
        operator_name=user.display_name,
    )


def _clock(start: datetime, chance: random.Random) -> Iterator[datetime]:
    """One instant after the other, some minutes apart, until late in the evening."""
    at = start
    while True:
        at += timedelta(seconds=chance.randint(20, 240))
        yield at


def _sell(till: Till, goods: Sequence[DemoItem], chance: random.Random, clock: Iterator[datetime]) -> int:
    for _number in range(RECEIPTS_A_SHIFT):
        for item in chance.sample(goods, chance.randint(1, 6)):
            ticket = facade.scan(till=till, code=item.gtin, units=chance.choice((1, 1, 1, 2)), now=next(clock))
        if chance.random() < 0.3:
            facade.pay_recorded(
                till=till, ticket_id=ticket.id, version=ticket.version, type="card", method="pos-terminal",
                note=f"{chance.randint(100000, 999999)}", now=next(clock),
            )  # fmt: skip
        else:
            given = -(-ticket.total_minor // 1000) * 1000  # the next ten yuan
            facade.pay_cash(till=till, ticket_id=ticket.id, version=ticket.version, given_minor=given, now=next(clock))
    return RECEIPTS_A_SHIFT


def _count(till: Till, *, short_minor: int, now: datetime) -> dict[int, int]:
    """What somebody counts who misses so much: notes and coins, largest first."""
    shift = facade.current_shift(till=till)
    assert shift is not None  # nosec B101  # for the type checker
    report = facade.x_report(shift_id=shift.id, store_ids=frozenset({till.store_id}), now=now, blind=False)
    left = next(tender.expected_minor for tender in report.tenders if tender.type == "cash") - short_minor
    count = {}
    for denomination in facade.denominations(shift.currency):
        count[denomination], left = divmod(left, denomination)
    return count


def _approve_difference(till: Till, shift: Shift, store: Store, *, now: datetime) -> None:
    shift = facade.explain_difference(till=till, shift_id=shift.id, reason="找零时多找了 5 元", now=now)
    assert shift.approval_id is not None  # nosec B101  # for the type checker
    manager = staff_principal(StaffUser.objects.get(username="manager"))
    approvals.decide(approval_id=shift.approval_id, approve=True, principal=manager, now=now, reason="已核对监控")
    facade.finish_count(till=till, shift_id=shift.id, approval_id=shift.approval_id, now=now)
