"""The points that goods had earned go when they come back: told at the till before, booked by the sale's event."""

from __future__ import annotations

import pytest

from liushui.loyalty import facade as loyalty
from liushui.loyalty.handlers import CONSUMERS
from liushui.runtime import worker
from liushui.till import facade
from liushui.till.tests.conftest import NOON, selling, shop
from liushui.till.tests.membership import PHONE, cash, free, member_of, publish_programme, scanned

__all__ = ["selling", "shop"]
pytestmark = pytest.mark.django_db


def give_back(shop, ticket):
    return facade.give_back(till=shop.till, ticket_id=ticket.id, version=ticket.version, now=NOON)


def test_what_the_goods_had_earned_is_told_and_taken_back(selling):
    publish_programme(chain_id=selling.till.chain_id)
    found = member_of(selling)
    sold = cash(selling, scanned(selling, "TEA", "TEA", "MILK", member=PHONE))  # 26.50: 26 points
    worker.run(consumers=CONSUMERS, once=True)
    assert free(found) == (26, 0)
    ticket = facade.return_units(till=selling.till, sale_id=sold.sale_id, line_number=1, units=1, now=NOON)
    told = ticket.returned.points_taken_back
    back = give_back(selling, ticket)
    worker.run(consumers=CONSUMERS, once=True)
    assert told == 9  # of 26, 19 for the two of tea, rounded down
    assert free(found) == (26 - told, 0)
    receipt = facade.receipt(ticket_id=back.id, store_ids={selling.store.id})
    assert receipt["returned"]["receipts"][0]["points_taken_back"] == told
    assert loyalty.balances(member_id=found.id).points_free == 26 - told


def test_of_two_members_receipts_on_one_ticket_each_loses_what_his_goods_had_earned(selling):
    publish_programme(chain_id=selling.till.chain_id)
    first, second = member_of(selling), member_of(selling, phone="13900000009")
    sold = [
        cash(selling, scanned(selling, "TEA", "TEA", member=PHONE)),
        cash(selling, scanned(selling, "RICE", member="13900000009")),
    ]
    worker.run(consumers=CONSUMERS, once=True)
    assert (free(first), free(second)) == ((20, 0), (49, 0))
    for each in sold:
        ticket = facade.return_units(till=selling.till, sale_id=each.sale_id, line_number=1, units=1, now=NOON)
    assert [each.points_taken_back for each in ticket.returned.receipts] == [10, 49]
    back = give_back(selling, ticket)
    worker.run(consumers=CONSUMERS, once=True)
    assert (free(first), free(second)) == ((10, 0), (0, 0))
    receipt = facade.receipt(ticket_id=back.id, store_ids={selling.store.id})
    assert [each["points_taken_back"] for each in receipt["returned"]["receipts"]] == [10, 49]
    assert loyalty.verify() == ()
