"""What members paid with points and stored value goes back to their accounts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from liushui.loyalty import facade as loyalty
from liushui.orders import facade as orders
from liushui.returns import facade as returns
from liushui.runtime.access import Grant, Principal
from liushui.till import facade
from liushui.till.tests.conftest import NOON
from liushui.till.tests.membership import PHONE, cash, free, member_of, pay, publish_programme, scanned

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(selling):
    publish_programme(chain_id=selling.till.chain_id)
    return selling


def give_back(shop, ticket):
    return facade.give_back(till=shop.till, ticket_id=ticket.id, version=ticket.version, now=NOON)


def tenders_of(shop, sale_id):
    sale = orders.sale(sale_id=sale_id, store_ids={shop.store.id})
    return [(tender.type, tender.amount_minor) for tender in sale.tenders]


def test_points_and_stored_value_come_back_before_money_and_in_the_end_all_of_it(shop):
    found = member_of(shop, points=500, stored=600)
    ticket = scanned(shop, "TEA", "TEA", member=PHONE)  # 20.00
    ticket = pay(shop, ticket, "points", 500)
    ticket = pay(shop, ticket, "stored_value", 600)
    sold = cash(shop, ticket)
    assert tenders_of(shop, sold.sale_id) == [("points", 500), ("stored_value", 600), ("cash", 900)]
    assert free(found) == (0, 0)

    half = facade.return_units(till=shop.till, sale_id=sold.sale_id, line_number=1, units=1, now=NOON)
    assert [(each.type, each.amount_minor, each.points) for each in half.returned.tenders] == [
        ("points", -250, 250), ("stored_value", -300, 0), ("cash", -450, 0)
    ]  # fmt: skip
    back = give_back(shop, half)
    assert tenders_of(shop, back.sale_id) == [("points", -250), ("stored_value", -300), ("cash", -450)]
    assert free(found) == (250, 300)
    rest = facade.return_everything(till=shop.till, sale_id=sold.sale_id, now=NOON)
    give_back(shop, rest)
    assert free(found) == (500, 600)

    report = facade.x_report(shift_id=sold.shift_id, store_ids={shop.store.id}, now=NOON, blind=False)
    assert [(each.type, each.sales_minor, each.refunds, each.refunds_minor) for each in report.tenders] == [
        ("cash", 900, 2, 900), ("points", 500, 2, 500), ("stored_value", 600, 2, 600)
    ]  # fmt: skip
    assert report.total_minor == 0


def test_an_exchange_gives_points_back_and_takes_money_for_the_new_goods(shop):
    found = member_of(shop, points=500)
    sold = cash(shop, pay(shop, scanned(shop, "TEA", member=PHONE), "points", 500))
    facade.return_units(till=shop.till, sale_id=sold.sale_id, line_number=1, units=1, now=NOON)
    ticket = facade.scan(till=shop.till, code="RICE", now=NOON)
    assert (ticket.total_minor, ticket.due_minor) == (3_990, 4_490)  # 49.90 less the 5.00 that were money
    done = cash(shop, ticket)
    assert tenders_of(shop, done.sale_id) == [("cash", 4_490), ("points", -500)]
    assert free(found) == (500, 0)


def test_a_card_that_is_too_old_becomes_stored_value_of_the_member(shop):
    rules = returns.policy_view(chain_id=shop.till.chain_id)
    finance = Principal(subject="staff:fei", name="Fei", grants=(Grant(role="finance", chain_id=shop.till.chain_id),))
    returns.save_policy(
        chain_id=shop.till.chain_id, policy=replace(rules.policy, card_days=1, card_late_tender="stored_value"),
        expected_version=rules.version, principal=finance, now=NOON,
    )  # fmt: skip
    found = member_of(shop)
    ticket = scanned(shop, "TEA", "TEA", member=PHONE)
    sold = facade.pay_recorded(
        till=shop.till, ticket_id=ticket.id, version=ticket.version, type="card", method="pos-terminal", now=NOON
    )
    late = NOON + timedelta(days=2)
    ticket = facade.return_units(till=shop.till, sale_id=sold.sale_id, line_number=1, units=1, now=late)
    assert [(each.type, each.amount_minor, each.principal_minor) for each in ticket.returned.tenders] == [
        ("stored_value", -1_000, 1_000)
    ]
    back = facade.give_back(till=shop.till, ticket_id=ticket.id, version=ticket.version, now=late)
    assert tenders_of(shop, back.sale_id) == [("stored_value", -1_000)]
    assert loyalty.balances(member_id=found.id).principal_minor == 1_000

    facade.return_units(till=shop.till, sale_id=sold.sale_id, line_number=1, units=1, now=late)
    milk = facade.scan(till=shop.till, code="MILK", now=late)  # 6.50 of the 10.00
    assert milk.due_minor == -350
    even = facade.give_back(till=shop.till, ticket_id=milk.id, version=milk.version, now=late)
    assert tenders_of(shop, even.sale_id) == [("stored_value", -350)]
    assert loyalty.balances(member_id=found.id).principal_minor == 1_350
    assert loyalty.verify() == ()
