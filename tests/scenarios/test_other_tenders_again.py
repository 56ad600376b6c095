"""A sale that is sent again with other points and value, after its first sender died or beside him."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support import member_shop
from tests.support.member_shop import NOON, MemberShop, member_sale

from liushui.app.consumers import CONSUMERS
from liushui.checkout import facade
from liushui.checkout.actions import complete_sales, value
from liushui.checkout.contracts import SaleRecorded, Tender
from liushui.loyalty import facade as loyalty
from liushui.loyalty.errors import HoldConflict, NotEnoughValue
from liushui.loyalty.models import EntryRow
from liushui.orders import facade as orders
from liushui.orders.errors import SaleConflict
from liushui.promotions import facade as promotions
from liushui.runtime import inbox, relay
from liushui.runtime.grants import system_principal

ME = system_principal(name="test")
CASH_1100 = Tender(type="cash", amount_minor=1_100)
LATER = NOON + timedelta(seconds=31)


class PowerCut(BaseException):
    """The process dies here; what it was about to record."""


@pytest.fixture
def shop(db) -> Iterator[MemberShop]:
    promotions.forget()
    yield member_shop.open_member_shop()
    promotions.forget()


@pytest.fixture
def member(shop: MemberShop) -> UUID:
    [member_id] = member_shop.add_members(chain_id=shop.chain.id, count=1, points=1_000, principal_minor=1_500)
    return member_id


def sale(member_id: UUID, **amounts: int):
    """20.00, paid so and the rest in cash."""
    tenders = [Tender(type=kind, amount_minor=amount) for kind, amount in amounts.items()]
    tenders.append(Tender(type="cash", amount_minor=2_000 - sum(amounts.values())))
    return member_sale("s1", member_id=member_id, tenders=tenders)


def complete(command, *, at=LATER) -> SaleRecorded:
    return facade.complete_sale(command=command, principal=ME, now=at)


def dies(command, at=NOON) -> Any:
    """Complete it up to the record, and die; what it would have recorded."""

    def cut(*, commands, **_):
        raise PowerCut(commands)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(complete_sales.orders, "record_sales", cut)
        with pytest.raises(PowerCut) as cut_off:
            complete(command, at=at)
    return cut_off.value.args[0]


def has(member_id: UUID) -> tuple[int, int, int, int]:
    """Points and what is held of them, stored value and what is held of it."""
    found = loyalty.balances(member_id=member_id)
    return found.points, found.points_held, found.stored_minor, found.stored_held_minor


def spent(member_id: UUID) -> list[tuple[int, int]]:
    rows = EntryRow.objects.filter(account_id=member_id, kind="spend").order_by("id")
    return [(row.points, row.principal_minor) for row in rows]


def test_the_dead_ones_hold_goes_back_and_the_new_one_is_spent(shop, member) -> None:
    dies(sale(member, stored_value=1_000))
    assert has(member) == (1_000, 0, 1_500, 1_000)
    with pytest.raises(HoldConflict):
        complete(sale(member, stored_value=1_200), at=NOON + timedelta(seconds=29))  # he may be at it still
    complete(sale(member, stored_value=1_200, points=300))
    assert (has(member), spent(member)) == ((700, 0, 300, 0), [(-300, -1_200)])
    assert loyalty.verify() == ()


def test_where_there_is_too_little_for_the_new_one_the_first_stays_held(shop, member) -> None:
    dies(sale(member, stored_value=1_000))
    with pytest.raises(NotEnoughValue):
        complete(sale(member, stored_value=1_501))
    assert has(member) == (1_000, 0, 1_500, 1_000)
    complete(sale(member, stored_value=1_000))  # as it was
    assert has(member) == (1_000, 0, 500, 0)


def test_of_a_recorded_sale_nothing_is_replaced(shop, member) -> None:
    recorded = dies(sale(member, stored_value=1_000))
    orders.record_sales(commands=recorded, recorded_at=NOON)  # and dies before the value is spent
    with pytest.raises(HoldConflict):
        complete(sale(member, stored_value=700))
    relay.publish_pending(limit=100)
    deliver()
    assert (has(member), spent(member)) == ((1_000, 0, 500, 0), [(0, -1_000)])


def test_one_who_is_slow_and_records_first_spends_his_own_and_the_other_nothing(shop, member, monkeypatch) -> None:
    """The first holds and falls asleep; the second makes room for himself and holds; the first wakes and records."""
    first, other = sale(member, stored_value=1_000), sale(member, stored_value=400, points=500)
    asleep, record = dies(first), orders.record_sales

    def wakes(*, commands, **more):
        assert has(member) == (1_000, 500, 1_500, 400)
        [answer] = record(commands=asleep, recorded_at=NOON)
        value.spend(
            first, tenders=asleep[0].tenders, order_key="web/s1", sale_id=answer.sale_id, store=shop.store, now=LATER
        )
        return record(commands=commands, **more)

    monkeypatch.setattr(complete_sales.orders, "record_sales", wakes)
    with pytest.raises(SaleConflict):
        complete(other)
    monkeypatch.undo()
    assert (has(member), spent(member)) == ((1_000, 0, 500, 0), [(0, -1_000)])
    deliver()
    assert (has(member), spent(member)) == ((1_000, 0, 500, 0), [(0, -1_000)])
    assert loyalty.verify() == ()


def test_one_who_records_and_dies_while_the_other_holds_is_mended_by_his_event(shop, member, monkeypatch) -> None:
    first, other = sale(member, stored_value=1_000), sale(member, stored_value=400, points=500)
    asleep, record = dies(first), orders.record_sales

    def wakes(*, commands, **more):
        record(commands=asleep, recorded_at=NOON)
        return record(commands=commands, **more)

    monkeypatch.setattr(complete_sales.orders, "record_sales", wakes)
    with pytest.raises(SaleConflict):
        complete(other)
    monkeypatch.undo()
    assert has(member) == (1_000, 500, 1_500, 400)  # the other's hold, of no sale
    deliver()
    assert (has(member), spent(member)) == ((1_000, 0, 500, 0), [(0, -1_000)])
    loyalty.expire_holds(now=NOON + timedelta(hours=1))
    assert has(member) == (1_000, 0, 500, 0)
    assert loyalty.verify() == ()


def test_one_who_is_slow_and_records_second_spends_nothing(shop, member) -> None:
    first = sale(member, stored_value=1_000)
    asleep = dies(first)
    complete(sale(member, stored_value=400))
    [answer] = orders.record_sales(commands=asleep, recorded_at=NOON)
    assert isinstance(answer, SaleConflict)
    deliver()
    assert (has(member), spent(member)) == ((1_000, 0, 1_100, 0), [(0, -400)])


def test_what_cannot_be_spent_any_more_keeps_no_event_behind_it_waiting(shop, member, monkeypatch) -> None:
    """The recorded one's process died, the other holds, and by the time of the event the member is nobody's."""
    first, other = sale(member, stored_value=1_000), sale(member, stored_value=400, points=500)
    orders.record_sales(commands=dies(first), recorded_at=NOON)
    loyalty.void(order_key="web/s1", now=LATER)
    loyalty.hold(
        order_key="web/s1", chain_id=shop.chain.id, member_id=member, spends=loyalty.spends_of(other.tenders),
        currency="CNY", expires_at=LATER, now=LATER, store_id=shop.store.id,
    )  # fmt: skip
    next_one = member_sale("s2", member_id=member, tenders=[Tender(type="stored_value", amount_minor=900), CASH_1100])
    orders.record_sales(commands=dies(next_one), recorded_at=NOON)
    monkeypatch.setattr("liushui.loyalty.facade.members_by_number", lambda **_: {})
    deliver()
    assert spent(member) == [(0, -900)]  # of the sale behind it
    assert has(member) == (1_000, 500, 600, 400)  # what the other held goes back with time


def deliver() -> None:
    relay.publish_pending(limit=100)
    for consumer in CONSUMERS:
        if consumer.name == "loyalty-value":
            inbox.deliver(consumer=consumer, limit=100)
