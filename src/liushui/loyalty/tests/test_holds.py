"""What an order keeps back of points, stored value and gift cards, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from liushui.kernel.errors import InvalidValue
from liushui.kernel.ids import new_id
from liushui.loyalty import facade
from liushui.loyalty.contracts import HeldCard, Spend
from liushui.loyalty.errors import (
    EntryConflict,
    GiftCardUnknown,
    HoldConflict,
    NotEnoughPoints,
    NotEnoughValue,
    PointsNotTaken,
    TooMuchBack,
    UnknownHold,
    UnknownMember,
)
from liushui.loyalty.tests.accounts import (
    balances,
    block,
    has,
    hold,
    lines,
    of_card,
    open_chain,
    points,
    post,
    rich,
    sold_card,
    stored,
)
from liushui.loyalty.tests.chains import NOON, House, make_house

pytestmark = pytest.mark.django_db
LATE = NOON + timedelta(hours=1)


@pytest.fixture
def house(db: None) -> House:
    return open_chain()


def test_what_is_held_is_still_had_but_not_free(house):
    member = rich(house, points=500, principal=3_000, gift=1_000)
    held = hold(member, points(200), stored(2_500))
    assert (held.points, held.points_minor, held.principal_minor, held.gift_minor) == (200, 200, 1_500, 1_000)
    assert held.state == "held"
    found = balances(member)
    assert (found.points, found.points_held, found.points_free) == (500, 200, 300)
    assert (found.principal_minor, found.gift_minor, found.stored_held_minor) == (3_000, 1_000, 2_500)
    assert found.stored_free_minor == 1_500
    assert lines(member) == [("earn", 500, 0, 0), ("top_up", 0, 3_000, 1_000)]


def test_posting_spends_what_was_held_by_one_entry(house):
    member = rich(house, points=500, principal=3_000, gift=1_000)
    hold(member, points(200), stored(2_500))
    sale = post()
    assert facade.post(order_key="till/1", sale_id=sale, now=NOON) is False
    assert has(member) == (300, 1_500, 0)
    assert balances(member).points_held == 0
    assert lines(member)[2:] == [("spend", -200, -1_500, -1_000)]
    assert facade.hold_of(order_key="till/1").state == "posted"
    with pytest.raises(HoldConflict):
        post(sale_id=new_id())
    assert facade.verify() == ()


def test_voiding_gives_back_and_the_order_may_hold_anew(house):
    member = rich(house, points=500)
    hold(member, points(500))
    assert facade.void(order_key="till/1", now=NOON) is True
    assert facade.void(order_key="till/1", now=NOON) is False
    assert balances(member).points_free == 500
    again = hold(member, points(100))
    assert (again.points, balances(member).points_free) == (100, 400)
    assert lines(member) == [("earn", 500, 0, 0)]


def test_the_same_order_again_answers_the_first_hold(house):
    member = rich(house, points=300)
    first = hold(member, points(200))
    assert hold(member, points(200)) == first
    assert hold(member, points(150), points(50)).points == 200
    assert balances(member).points_free == 100
    with pytest.raises(HoldConflict):
        hold(member, points(100))
    assert balances(member).points_free == 100


def test_an_order_that_was_posted_answers_as_it_was(house):
    member = rich(house, points=300)
    hold(member, points(200))
    post()
    assert hold(member, points(200)).state == "posted"
    with pytest.raises(HoldConflict):
        hold(member, points(201))
    assert has(member) == (100, 0, 0)


@pytest.mark.parametrize(
    ("order", "principal", "gift"),
    [("gift_first", 1_000, 1_500), ("principal_first", 2_500, 0), ("pro_rata", 1_667, 833)],
)
def test_stored_value_is_split_by_the_programmes_order(order, principal, gift):
    member = rich(open_chain(spend_order=order), principal=3_000, gift=1_500)
    held = hold(member, stored(2_500))
    assert (held.principal_minor, held.gift_minor) == (principal, gift)
    assert facade.hold_of(order_key="till/1").principal_minor == principal
    post()
    assert has(member) == (0, 3_000 - principal, 1_500 - gift)


def test_points_are_rounded_up_to_whole_ones():
    house = open_chain(redemption={"points": 3, "minor": 200, "max_share_bp": 10_000})
    member = rich(house, points=10)
    assert hold(member, points(199)).points == 3
    assert hold(member, points(201), order="till/2").points == 4
    with pytest.raises(NotEnoughPoints) as refused:
        hold(member, points(201), order="till/3")
    assert refused.value.context == {"have": 3, "need": 4}


def test_not_enough_holds_nothing_of_anything(house):
    member = rich(house, points=100, principal=1_000)
    card, _code = sold_card(house, 700)
    with pytest.raises(NotEnoughValue) as refused:
        hold(member, points(100), stored(1_001), of_card(card, 700))
    assert refused.value.context == {"have": 1_000, "need": 1_001}
    with pytest.raises(NotEnoughValue) as refused:
        hold(member, points(100), of_card(card, 701))
    assert refused.value.context == {"have": 700, "need": 701, "reference": card.number}
    assert balances(member).points_free == 100
    assert facade.gift_card_by_number(chain_id=house.chain_id, number=card.number).free_minor == 700
    assert facade.hold_of(order_key="till/1") is None


def test_gift_cards_need_no_member(house):
    (one, _), (two, _) = sold_card(house, 5_000), sold_card(house, 3_000)
    held = hold(None, of_card(one, 5_000), of_card(two, 1_000), chain_id=house.chain_id)
    assert {each.number: each.amount_minor for each in held.gift_cards} == {one.number: 5_000, two.number: 1_000}
    assert held.member_id is None
    post()
    left = facade.gift_card_by_number(chain_id=house.chain_id, number=two.number)
    assert (left.balance_minor, left.held_minor) == (2_000, 0)
    assert facade.hold_of(order_key="till/1").gift_cards == tuple(
        sorted((HeldCard(number=one.number, amount_minor=5_000), HeldCard(number=two.number, amount_minor=1_000)),
               key=lambda each: [held.number for held in held.gift_cards].index(each.number))
    )  # fmt: skip


def test_a_card_that_nobody_sold_or_that_is_blocked_pays_nothing(house):
    [unsold] = facade.issue_gift_cards(batch_id=new_id(), chain_id=house.chain_id, count=1, now=NOON)
    with pytest.raises(GiftCardUnknown):
        hold(None, Spend(kind="gift_card", amount_minor=1, reference=unsold.number), chain_id=house.chain_id)
    with pytest.raises(GiftCardUnknown):
        hold(None, Spend(kind="gift_card", amount_minor=1, reference="G123"), chain_id=house.chain_id)
    card, _code = sold_card(house, 700)
    block(house, card.number)
    with pytest.raises(GiftCardUnknown):
        hold(None, of_card(card, 1), chain_id=house.chain_id)


def test_what_cannot_be_asked_for_is_refused(house):
    member = rich(house, points=100)
    with pytest.raises(InvalidValue):
        hold(member, points(0))
    with pytest.raises(InvalidValue):
        hold(None, points(1), chain_id=house.chain_id)
    with pytest.raises(InvalidValue):
        hold(member, Spend(kind="stored_value", amount_minor=1, reference="G1"))
    with pytest.raises(UnknownMember):
        facade.hold(
            order_key="x", chain_id=house.chain_id, member_id=new_id(), spends=[points(1)], currency="CNY",
            expires_at=LATE, now=NOON,
        )  # fmt: skip
    with pytest.raises(NotEnoughValue):
        hold(member, points(1), currency="USD")
    assert hold(member).points == 0
    assert facade.hold_of(order_key="till/1") is None


def test_points_pay_nothing_where_no_programme_says_what_they_are_worth():
    house = make_house()
    member = rich(house, points=100)
    with pytest.raises(PointsNotTaken):
        hold(member, points(1))


def test_holds_end_by_themselves_and_a_sale_that_comes_later_is_spent_all_the_same(house):
    member = rich(house, points=300)
    hold(member, points(200))
    assert facade.expire_holds(now=NOON) == 0
    assert facade.expire_holds(now=LATE) == 1
    assert balances(member).points_free == 300
    hold(member, points(200), order="till/2")
    post("till/2")
    assert facade.unsettled(order_keys=["till/1", "till/2", "till/3"]) == {"till/1"}
    post("till/1", now=LATE)
    assert has(member) == (-100, 0, 0)
    assert facade.verify() == ()
    with pytest.raises(NotEnoughPoints):
        hold(member, points(1), order="till/4")


def test_a_voided_sale_gives_back_what_did_not_come_back_before(house):
    member = rich(house, points=300, principal=1_000, gift=1_000)
    card, _code = sold_card(house, 500)
    hold(member, points(200), stored(1_500), of_card(card, 400))
    post()
    facade.give_back(
        order_key="till/2", of_order_key="till/1", points=50, principal_minor=100, gift_cards={card.number: 1}, now=NOON
    )
    assert facade.reverse(order_key="till/1", now=NOON) is True
    assert facade.reverse(order_key="till/1", now=NOON) is False
    assert has(member) == (300, 1_000, 1_000)
    assert facade.gift_card_by_number(chain_id=house.chain_id, number=card.number).balance_minor == 500
    assert lines(member)[3:] == [("give_back", 50, 100, 0), ("give_back", 150, 400, 1_000)]
    assert facade.post(order_key="till/1", sale_id=new_id(), now=NOON) is False
    with pytest.raises(TooMuchBack):
        facade.give_back(order_key="till/3", of_order_key="till/1", points=1, now=NOON)
    assert facade.verify() == ()


def test_reversing_what_is_only_held_ends_it_for_good(house):
    member = rich(house, points=300)
    hold(member, points(200))
    assert facade.reverse(order_key="till/1", now=NOON) is True
    assert facade.post(order_key="till/1", sale_id=new_id(), now=NOON) is False
    assert has(member) == (300, 0, 0)
    assert facade.reverse(order_key="nothing", now=NOON) is False
    hold(member, points(200), order="till/2")
    facade.expire_holds(now=LATE)
    assert facade.reverse(order_key="till/2", now=LATE) is False
    assert facade.post(order_key="till/2", sale_id=new_id(), now=LATE) is False
    assert has(member) == (300, 0, 0)


def test_the_longest_order_key_has_room(house):
    member, order = rich(house, points=300), "s" * 64 + "/" + "号" * 128
    hold(member, points(200), order=order)
    post(order)
    facade.give_back(order_key=order, of_order_key=order, points=1, now=NOON)
    facade.reverse(order_key=order, now=NOON)
    assert has(member) == (300, 0, 0)


def test_returns_give_back_once_each_and_never_more_than_was_spent(house):
    member = rich(house, points=300, principal=1_000, gift=1_000)
    hold(member, points(200), stored(1_500))
    with pytest.raises(TooMuchBack):  # nothing is spent yet
        facade.give_back(order_key="r0", of_order_key="till/1", points=1, now=NOON)
    post()
    first = facade.give_back(order_key="r1", of_order_key="till/1", points=150, gift_minor=600, now=NOON)
    assert facade.give_back(order_key="r1", of_order_key="till/1", points=150, gift_minor=600, now=NOON) == first
    assert has(member) == (250, 500, 600)
    with pytest.raises(EntryConflict):
        facade.give_back(order_key="r1", of_order_key="till/1", points=149, gift_minor=600, now=NOON)
    with pytest.raises(EntryConflict):
        facade.give_back(order_key="r1", of_order_key="till/1", now=NOON)
    with pytest.raises(TooMuchBack):
        facade.give_back(order_key="r2", of_order_key="till/1", points=51, now=NOON)
    with pytest.raises(TooMuchBack):
        facade.give_back(order_key="r2", of_order_key="till/1", points=50, gift_minor=401, now=NOON)
    with pytest.raises(UnknownHold):
        facade.give_back(order_key="r2", of_order_key="unknown", points=1, now=NOON)
    with pytest.raises(InvalidValue):
        facade.give_back(order_key="r2", of_order_key="till/1", points=-1, now=NOON)
    assert has(member) == (250, 500, 600)
    facade.give_back(order_key="r2", of_order_key="till/1", points=50, principal_minor=500, gift_minor=400, now=NOON)
    assert has(member) == (300, 1_000, 1_000)
    assert facade.verify() == ()


def test_holding_and_posting_take_few_statements(house):
    member = rich(house, points=300, principal=1_000, gift=1_000)
    facade.live_programme(chain_id=house.chain_id, at=NOON)  # kept in process for a second
    with CaptureQueriesContext(
        connection,
    ) as seen:
        hold(member, points(200), stored(1_500))
    is_postgresql = connection.vendor == "postgresql"  # there the hold and its accounts go in one message
    assert _verbs(seen) == (["INSERT", "UPDATE"] if is_postgresql else ["INSERT", "UPDATE", "UPDATE"])
    with CaptureQueriesContext(connection) as seen:
        post()
    assert _verbs(seen) == ["UPDATE", "INSERT"]
    with CaptureQueriesContext(connection) as seen:
        hold(member, points(100), order="till/2")
    assert _verbs(seen) == (["INSERT"] if is_postgresql else ["INSERT", "UPDATE"])


def _verbs(seen: CaptureQueriesContext) -> list[str]:
    verbs = [query["sql"].split()[0] for query in seen.captured_queries]
    return [verb for verb in verbs if verb in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")]
