"""How often a sale with member, points and coupon, and a return of it, go to the database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from tests.support import member_shop
from tests.support.crash import Steps, crash_at_step
from tests.support.member_shop import NOON, MemberShop, member_sale, return_of

from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale, Member, SaleRecorded, Tender
from liushui.loyalty import facade as loyalty
from liushui.loyalty.errors import NotEnoughPoints
from liushui.promotions import facade as promotions
from liushui.returns import facade as returns
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores

pytestmark = pytest.mark.usefixtures("nothing_is_read_again")

ROUND_TRIPS_MAX = 14
ME = system_principal(name="test")


@pytest.fixture
def shop(transactional_db) -> Iterator[MemberShop]:
    promotions.forget()
    yield member_shop.open_member_shop()
    promotions.forget()


def complete(shop: MemberShop, command: CompleteSale) -> tuple[SaleRecorded, Steps]:
    """Complete a sale as a server does that has been at work for a second: directory, rules and policy are at hand."""
    stores.stores()
    promotions.live_rulebook(chain_id=shop.chain.id, at=NOON)
    loyalty.live_programme(chain_id=shop.chain.id, at=NOON)
    returns.policy(chain_id=shop.chain.id)
    with crash_at_step(None) as steps:
        recorded = checkout.complete_sale(command=command, principal=ME, now=datetime.now(UTC))
    return recorded, steps


@pytest.mark.services
def test_a_sale_with_member_points_and_coupon_takes_six_round_trips(shop):
    [member_id] = member_shop.add_members(chain_id=shop.chain.id, count=1, points=1_000)
    codes = member_shop.publish_coupons(chain_id=shop.chain.id, count=2)
    paid = (Tender(type="points", amount_minor=300), Tender(type="cash", amount_minor=1_600))
    number = loyalty.members(ids=[member_id])[member_id].number
    for code in codes:  # the second finds the coupons' batch known, as all after the first
        command = member_sale(code, member_id=member_id, codes=[code], tenders=paid, member=Member(id=number))
        recorded, steps = complete(shop, command)
        assert recorded.total_minor == 1_900
    assert steps.names == [
        "SELECT",  # items and prices, in one message
        "SELECT",  # the code, with its batch and what the member used of it
        "SELECT",  # what is used of promotions with limits
        "INSERT",  # the hold of points, the reservation, counters, batch, code and uses, in one message
        "before COMMIT",
        "after COMMIT",
        "INSERT",  # the sale with all its parts, hold and reservation made final, in one message
        "after INSERT",
    ]
    assert steps.round_trips() == 6 <= ROUND_TRIPS_MAX


@pytest.mark.services
def test_a_return_takes_thirteen_round_trips(shop):
    [member_id] = member_shop.add_members(chain_id=shop.chain.id, count=1, points=1_000)
    paid = (Tender(type="points", amount_minor=300), Tender(type="mobile", method="wechat", amount_minor=1_700))
    sold, _steps = complete(shop, member_sale("sold", member_id=member_id, tenders=paid))
    back, steps = complete(shop, return_of("back", sale_id=sold.sale_id, units=1))
    assert back.total_minor == -1_000
    assert steps.names == [
        "SELECT",  # the receipt with all that came back of it
        "SELECT",  # what it spent of points and value
        "INSERT",  # why the goods come back
        "after INSERT",
        "INSERT",  # the sale, its lines, tenders, originals and event, in one message
        "INSERT",  # the receipt's version and its counters, in one message
        "before COMMIT",
        "after COMMIT",
        "SELECT",  # what the receipt spent, locked
        "INSERT",  # the entry in the ledger
        "UPDATE",  # the account
        "UPDATE",  # how much came back of what was spent
        "SELECT",  # whether the member was merged meanwhile
        "before COMMIT",
        "after COMMIT",
    ]
    assert steps.round_trips() == 13 <= ROUND_TRIPS_MAX


@pytest.mark.services
def test_what_is_out_of_the_ordinary_is_held_one_after_the_other_and_refused_by_name(shop):
    """A member with too little: the one message is undone, and loyalty says what is missing. Nothing stays held."""
    [member_id] = member_shop.add_members(chain_id=shop.chain.id, count=1, points=299)
    [code] = member_shop.publish_coupons(chain_id=shop.chain.id, count=1)
    paid = (Tender(type="points", amount_minor=300), Tender(type="cash", amount_minor=1_600))
    number = loyalty.members(ids=[member_id])[member_id].number
    command = member_sale("poor", member_id=member_id, codes=[code], tenders=paid, member=Member(id=number))
    with pytest.raises(NotEnoughPoints):
        complete(shop, command)
    assert loyalty.balances(member_id=member_id).points_held == 0
    assert promotions.coupon_state(chain_id=shop.chain.id, code=code).state == "free"
    other = member_sale("other", member_id=None, codes=[code])
    assert complete(shop, other)[0].total_minor == 1_900
