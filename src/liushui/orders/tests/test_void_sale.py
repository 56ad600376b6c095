"""A sale is voided once, with a reason, by who may, and leaves the figures."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest

from liushui.kernel.errors import InvalidValue, NotAllowed, NotFound
from liushui.orders import facade
from liushui.orders.contracts import SALE_VOIDED, OrderTotals
from liushui.orders.errors import VoidReasonMissing
from liushui.orders.models import Sale
from liushui.orders.tests.examples import NOON, line, sale
from liushui.runtime.models import AuditEntry, OutboxEvent

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 22)


@pytest.fixture
def sold(house):
    command = sale(chain_id=house.chain_id, store_id=house.here.id)
    [answer] = facade.record_sales(commands=[command], recorded_at=NOON)
    return answer


def void(sold, principal, reason="rung up twice", now=NOON):
    return facade.void_sale(sale_id=sold.sale_id, reason=reason, principal=principal, now=now)


def test_a_voided_sale_says_who_when_and_why(house, sold):
    detail = void(sold, house.principal())
    assert (detail.summary.status, detail.voided_at, detail.voided_by) == ("voided", NOON, "staff:1")
    assert detail.void_reason == "rung up twice"
    entry = AuditEntry.objects.get(action="sale.void")
    assert (entry.target, entry.store_id, entry.reason) == (f"sale:{sold.sale_id}", house.here.id, "rung up twice")
    assert (entry.before, entry.after) == ({"status": "completed"}, {"status": "voided"})


def test_the_event_of_the_void_carries_the_whole_sale(house, sold):
    void(sold, house.principal())
    event = OutboxEvent.objects.get(type=SALE_VOIDED)
    assert facade.decode_fact(bytes(event.data)) == facade.sale_facts(after=None, limit=1)[0][0]


def test_voiding_again_answers_the_first_answer_and_tells_nobody(house, sold):
    first = void(sold, house.principal())
    again = void(sold, house.principal(), reason="another", now=NOON + timedelta(hours=1))
    assert again == first
    assert OutboxEvent.objects.filter(type=SALE_VOIDED).count() == AuditEntry.objects.count() == 1


def test_a_voided_sale_leaves_the_totals(house, sold):
    asked = {"store_ids": {house.here.id}, "first": DAY, "last": DAY}
    assert facade.order_totals(**asked).gross_minor == 1250
    void(sold, house.principal())
    assert facade.order_totals(**asked) == OrderTotals()


@pytest.mark.parametrize("reason", ["", "   ", "\n"])
def test_without_a_reason_nothing_is_voided(house, sold, reason):
    with pytest.raises(VoidReasonMissing):
        void(sold, house.principal(), reason=reason)
    assert Sale.objects.get().status == "completed"


@pytest.mark.parametrize("reason", ["x" * 401, "a\0b", "\ud800"])
def test_a_reason_that_can_not_be_stored_is_refused(house, sold, reason):
    with pytest.raises(InvalidValue):
        void(sold, house.principal(), reason=reason)


def test_a_cashier_may_not_void(house, sold):
    with pytest.raises(NotAllowed):
        void(sold, house.principal("cashier"))


def test_a_sale_of_another_store_is_not_found(house):
    command = sale("2", chain_id=house.chain_id, store_id=house.there.id)
    [elsewhere] = facade.record_sales(commands=[command], recorded_at=NOON)
    with pytest.raises(NotFound):
        void(elsewhere, house.principal())
    assert Sale.objects.get().status == "completed"


def test_a_sale_that_is_not_is_not_found(house):
    with pytest.raises(NotFound):
        facade.void_sale(sale_id=uuid4(), reason="x", principal=house.principal(), now=NOON)


def test_totals_come_straight_from_the_lines(house):
    place = {"chain_id": house.chain_id, "store_id": house.here.id}
    mixed = (
        line(1, amount=1000, regular=1200, units=2, tax_minor=83, cost_minor=600),
        line(2, amount=-300, units=-1, tax_minor=-25, cost_minor=-150),
        line(3, amount=500, units=1, tax_minor=41),
    )
    facade.record_sales(
        commands=[
            sale("1", lines=mixed, **place),
            sale("2", lines=(line(1, amount=-100, regular=-120, units=-1),), **place),
            sale("3", channel="web", **place),
            sale("4", business_date=date(2026, 11, 21), **place),
        ],
        recorded_at=NOON,
    )
    asked = {"store_ids": {house.here.id}, "first": DAY, "last": DAY}
    assert facade.order_totals(channel="pos", currency="CNY", **asked) == OrderTotals(
        gross_minor=1700,
        discount_minor=200,
        refund_minor=400,
        tax_minor=99,
        tickets=1,
        returns=2,
        items=3,
        costed_net_minor=1000 - 83 - 300 + 25,
        cost_minor=450,
    )
    assert facade.order_totals(**asked).tickets == 2
    assert set(facade.daily_order_totals(**asked | {"first": date(2026, 11, 20)})) == {
        (house.here.id, date(2026, 11, 21)),
        (house.here.id, DAY),
    }
    assert facade.order_totals(**asked | {"store_ids": {house.there.id}}) == OrderTotals()


def test_facts_are_read_in_pages_without_gaps(house):
    facade.record_sales(
        commands=[sale(str(n), lines=(line(1), line(2, amount=90, regular=100))) for n in range(7)], recorded_at=NOON
    )
    seen, after = [], None
    while page := facade.sale_facts(after=after, limit=3):
        seen += [fact for fact, _ in page]
        after = page[-1][0].sale_id
    assert [fact.source_id for fact in seen] == [str(n) for n in range(7)]
    assert {len(fact.lines) for fact in seen} == {2}
    assert seen[6].lines[1].discounts[0].amount_minor == 10


def test_the_reason_of_a_void_names_nobody(house, sold):
    assert void(sold, house.principal(), reason="顾客 13800138000 退回").void_reason == "顾客 [hidden] 退回"
