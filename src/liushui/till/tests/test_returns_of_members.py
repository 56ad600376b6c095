"""What members paid with points and stored value goes back to their accounts."""

from __future__ import annotations

import pytest

from liushui.orders import facade as orders
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
