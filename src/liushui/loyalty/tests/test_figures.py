"""What the chain owes its members ties to the ledger, day by day and store by store; a wrong balance is found."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from tests.support import merging

from liushui.loyalty import facade
from liushui.loyalty.models import AccountRow, EntryRow
from liushui.loyalty.tests.accounts import earn, hold, open_chain, points, post, rich, sold_card, stored
from liushui.loyalty.tests.chains import NOON, TODAY, House

pytestmark = pytest.mark.django_db
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


@pytest.fixture
def house(db: None) -> House:
    return open_chain()


def figures(house, first=TODAY, last=TODAY, **fields):
    return facade.liability(chain_id=house.chain_id, first=first, last=last, now=NOON, **fields)


def test_every_part_of_the_movement_is_told_apart(house):
    member = house.member()
    earn(member, 500, until=TOMORROW, at=NOON - timedelta(days=1), store=house.store.id)
    earn(member, 200, store=house.store.id)
    hold(member, points(150), store_id=house.store.id)
    post()
    facade.give_back(order_key="r", of_order_key="till/1", points=50, store_id=house.store.id, now=NOON)
    facade.expire_points(chain_id=house.chain_id, on=TOMORROW, now=NOON + timedelta(days=1))
    [moved] = figures(house, last=TOMORROW).movements
    assert (moved.what, moved.currency) == ("points", "")
    assert (moved.opening, moved.earned, moved.spent, moved.given_back) == (500, 200, 150, 50)
    assert (moved.expired, moved.adjusted, moved.merged, moved.closing) == (400, 0, 0, 200)
    assert figures(house, last=TOMORROW).points_worth_minor == 200


def test_days_and_stores_add_up_to_the_whole(house):
    member = rich(house, points=100, principal=3_000, gift=500)
    earn(member, 70, at=NOON - timedelta(days=1), store=house.store.id)
    hold(member, points(20), stored(1_000), store_id=house.store.id)
    post()
    sold_card(house, 10_000)
    found = figures(house, first=YESTERDAY)
    closing = {each.what: each.closing for each in found.movements}
    assert closing == {"points": 150, "principal": 2_500, "gift": 0, "gift_card": 10_000}
    last = {(each.store_id, each.movement.what): each.movement.closing for each in found.days}
    for what, amount in closing.items():
        assert sum(closed for (_store, each), closed in last.items() if each == what) == amount
    of_points = [each for each in found.days if each.movement.what == "points"]
    assert [(each.on_date, each.store_id, each.movement.opening, each.movement.closing) for each in of_points] == [
        (YESTERDAY, house.store.id, 0, 70), (TODAY, None, 0, 100), (TODAY, house.store.id, 70, 50)
    ]  # fmt: skip
    here = figures(house, first=YESTERDAY, store_ids=[house.store.id])
    assert {each.what: each.closing for each in here.movements} == {
        "points": 50, "principal": -500, "gift": -500, "gift_card": 10_000
    }  # fmt: skip
    before = {each.what: each.opening for each in figures(house, first=TOMORROW, last=TOMORROW).movements}
    assert before == closing


def test_accounts_below_zero_are_named(house):
    member = rich(house, points=30)
    hold(member, points(30))
    facade.void(order_key="till/1", now=NOON)
    hold(member, points(30), order="till/2")
    post("till/2")
    post("till/1")
    found = figures(house)
    assert (found.negative_accounts, found.negative_points, found.points_worth_minor) == (1, -30, 0)


def test_a_merge_moves_between_accounts_and_nothing_in_the_chain(house):
    keep, drop = rich(house, points=30), rich(house, points=70, principal=500)
    merging.merge(keep_id=keep.id, drop_id=drop.id, chain_id=house.chain_id, now=NOON)
    assert {each.what: (each.merged, each.closing) for each in figures(house).movements} == {
        "points": (0, 100), "principal": (0, 500)
    }  # fmt: skip


def test_verify_names_what_was_changed_behind_the_ledgers_back(house):
    member, other = rich(house, points=30), rich(house, principal=500)
    hold(member, points(10))
    assert facade.verify() == ()
    AccountRow.objects.filter(id=member.id).update(points_free=21)
    AccountRow.objects.filter(id=other.id).update(gift_free_minor=-1)
    found = sorted((each.what, each.stated, each.explained) for each in facade.verify(chain_id=house.chain_id))
    assert found == [("gift", -1, 0), ("points", 21, 20)]
    assert facade.verify(chain_id=house.chain_id + 1) == ()


def test_lines_of_the_ledger_are_never_changed_or_taken_away(house):
    rich(house, points=30)
    for change in (lambda rows: rows.update(points=31), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change(EntryRow.objects.all())
    assert EntryRow.objects.get().points == 30


def test_entries_are_read_page_by_page_and_by_kind(house):
    member = house.member()
    for number in range(1, 6):
        earn(member, number, until=date(2027, 1, number), cause=f"sale:{number}")
    hold(member, points(2))
    post(now=datetime(2026, 11, 23, tzinfo=UTC))
    first = facade.entries(member_id=member.id, limit=4)
    assert [entry.points for entry in first.entries] == [-2, 5, 4, 3]
    rest = facade.entries(member_id=member.id, cursor=first.next_cursor, limit=4)
    assert ([entry.points for entry in rest.entries], rest.next_cursor) == ([2, 1], "")
    assert rest.entries[1].expires_on == date(2027, 1, 1)
    [spent] = facade.entries(member_id=member.id, kind="spend").entries
    assert (spent.order_key, spent.expires_on) == ("till/1", None)
    assert facade.entries(member_id=member.id, kind="value").entries == ()
    assert len(facade.entries(member_id=member.id, kind="points").entries) == 6
