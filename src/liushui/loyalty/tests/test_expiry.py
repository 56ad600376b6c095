"""Points whose day has come: oldest first, in ranges, once, and never what is spent already."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from liushui.loyalty import facade
from liushui.loyalty.actions import expire_points as module
from liushui.loyalty.contracts import ExpiryLot
from liushui.loyalty.domain import lots
from liushui.loyalty.models import AccountRow, ExpiryRunRow
from liushui.loyalty.tasks import TICKS
from liushui.loyalty.tests.accounts import balances, earn, has, hold, lines, open_chain, points, post, take_back
from liushui.loyalty.tests.chains import NOON, House, make_house

pytestmark = pytest.mark.django_db
MARCH, MAY, JULY = date(2027, 3, 1), date(2027, 5, 1), date(2027, 7, 1)


@pytest.fixture
def house(db: None) -> House:
    return open_chain()


def run(house: House, on: date, **fields):
    return facade.expire_points(
        chain_id=house.chain_id, on=on, now=datetime(on.year, on.month, on.day, 4, tzinfo=UTC), **fields
    )


@pytest.mark.parametrize(
    ("consumed", "march", "may"), [(0, 100, 150), (60, 40, 90), (100, 0, 50), (130, 0, 20), (150, 0, 0), (400, 0, 0)]
)
def test_what_is_spent_counts_against_the_lots_that_end_first(consumed, march, may):
    both = {MARCH: 100, MAY: 50}
    assert lots.due(lots=both, consumed=consumed, on=MARCH - timedelta(days=1)) == 0
    assert lots.due(lots=both, consumed=consumed, on=MARCH) == march
    assert lots.due(lots=both, consumed=consumed, on=MAY) == may
    left, beyond = lots.remaining(lots=both, consumed=consumed)
    assert (sum(points for _day, points in left), beyond) == (max(0, 150 - consumed), max(0, consumed - 150))


def test_on_their_day_points_are_gone_by_an_entry_and_the_next_run_finds_nothing(house):
    member = house.member()
    earn(member, 100, until=MARCH)
    earn(member, 50, until=MAY)
    earn(member, 10)
    hold(member, points(30))
    post()
    assert facade.expiring(member_id=member.id) == (
        ExpiryLot(points=70, expires_on=MARCH), ExpiryLot(points=50, expires_on=MAY)
    )  # fmt: skip
    before = run(house, MARCH - timedelta(days=1))
    assert (before.accounts_done, before.points_expired, before.is_finished) == (0, 0, True)
    done = run(house, MARCH)
    assert (done.accounts_total, done.accounts_done, done.accounts_expired, done.points_expired) == (1, 1, 1, 70)
    assert done.is_finished is True
    assert run(house, MARCH) == done
    assert has(member)[0] == 60
    assert lines(member)[-1] == ("expire", -70, 0, 0)
    assert facade.expiring(member_id=member.id) == (ExpiryLot(points=50, expires_on=MAY),)
    assert run(house, MAY).points_expired == 50
    assert has(member)[0] == 10
    assert run(house, date(2030, 1, 1)).points_expired == 0
    assert facade.verify() == ()


def test_what_a_day_missed_is_made_up_by_the_next(house):
    member = house.member()
    earn(member, 100, until=MARCH)
    earn(member, 50, until=MAY)
    assert run(house, JULY).points_expired == 150
    assert has(member)[0] == 0


def test_what_is_held_is_not_gone_until_it_comes_back(house):
    member = house.member()
    earn(member, 100, until=MARCH)
    hold(member, points(80), expires_at=datetime(2028, 1, 1, tzinfo=UTC))
    assert run(house, MARCH).points_expired == 20
    assert (balances(member).points, balances(member).points_held) == (80, 80)
    facade.void(order_key="till/1", now=NOON)
    assert balances(member).points_free == 80
    assert run(house, MARCH + timedelta(days=1)).points_expired == 80
    assert facade.verify() == ()


def test_what_is_given_back_after_its_day_is_gone_as_it_would_have_been(house):
    member = house.member()
    earn(member, 100, until=MARCH)
    earn(member, 100, until=MAY)
    hold(member, points(120))
    post()
    assert run(house, MARCH).points_expired == 0
    facade.give_back(order_key="r1", of_order_key="till/1", points=120, now=datetime(2027, 3, 5, 4, tzinfo=UTC))
    assert has(member)[0] == 200
    assert run(house, date(2027, 3, 5)).points_expired == 100
    assert facade.expiring(member_id=member.id) == (ExpiryLot(points=100, expires_on=MAY),)


def test_an_account_below_zero_loses_nothing(house):
    member = house.member()
    earn(member, 100, until=MARCH)
    hold(member, points(100))
    facade.expire_holds(now=NOON + timedelta(hours=1))
    hold(member, points(100), order="till/2")
    post("till/2")
    post("till/1")
    earn(member, 40, until=MAY)
    assert run(house, JULY).points_expired == 0
    assert has(member)[0] == -60
    assert facade.expiring(member_id=member.id) == ()


def test_a_run_over_many_accounts_goes_on_where_it_was_stopped(house, monkeypatch):
    monkeypatch.setattr(module, "_AT_ONCE", 3)
    members = [house.member() for _ in range(8)]
    for number, member in enumerate(members, start=1):
        earn(member, number, until=MARCH)
    told = []
    first = run(house, MARCH, seconds_max=0, tell=told.append)
    assert (first.accounts_total, first.accounts_done, first.is_finished) == (8, 3, False)
    done = run(house, MARCH, tell=told.append)
    assert [each.accounts_done for each in told] == [3, 6, 8]
    assert (done.accounts_total, done.accounts_done, done.accounts_expired, done.points_expired) == (8, 8, 8, 36)
    assert ExpiryRunRow.objects.get().finished_at is not None
    assert [has(member)[0] for member in members] == [0] * 8
    assert not AccountRow.objects.filter(next_expiry_on__isnull=False).exists()
    assert facade.chains_due(on=JULY) == ()
    assert facade.verify() == ()


def test_other_chains_and_closed_accounts_are_left_alone(house):
    member, closed = house.member(), house.member()
    earn(member, 5, until=MARCH)
    earn(closed, 7, until=MARCH)
    AccountRow.objects.filter(id=closed.id).update(is_open=False)
    assert facade.chains_due(on=MARCH) == (house.chain_id,)
    assert run(house, MARCH).points_expired == 5
    assert has(closed)[0] == 7


def test_points_that_are_taken_back_come_from_the_lot_that_they_were_earned_by(house):
    member = house.member()
    earn(member, 100, until=MARCH, cause="sale:1")
    earn(member, 50, until=MAY, cause="sale:2")
    take_back(member, 50, of="sale:2")
    assert facade.expiring(member_id=member.id) == (ExpiryLot(points=100, expires_on=MARCH),)
    assert run(house, MARCH).points_expired == 100
    assert run(house, MAY).points_expired == 0
    assert has(member)[0] == 0


@pytest.mark.parametrize(("spent", "owed"), [(0, 0), (30, 0), (45, 15), (80, 50)])
def test_points_that_ended_unspent_are_not_taken_back_a_second_time(house, spent, owed):
    """Of 80 points 50 had been earned by what comes back: without it, so much more would have been spent than there
    was."""
    member = house.member()
    earn(member, 50, until=MARCH, cause="sale:1")
    earn(member, 30, until=MARCH, cause="sale:2")
    if spent:
        hold(member, points(spent))
        post()
    assert run(house, MARCH).points_expired == 80 - spent
    after = datetime(2027, 3, 3, 4, tzinfo=UTC)
    for _ in range(2):
        take_back(member, 50, of="sale:1", at=after, cause="return:1")
        assert has(member)[0] == -owed
    assert run(house, date(2027, 3, 4)).points_expired == 0
    earn(member, 100, until=MAY)
    assert has(member)[0] == 100 - owed
    assert run(house, MAY).points_expired == 100 - owed
    assert facade.verify() == ()


def test_points_end_when_their_day_has_come_in_all_stores_of_the_chain(db):
    house = make_house(zones=("Asia/Shanghai", "Europe/London"))  # days begin at four
    house.publish()
    member = house.member()
    earn(member, 100, until=MARCH)
    [tick] = [each for each in TICKS if each.name == "loyalty-expiry"]
    for clock in (datetime(2027, 2, 28, 17, tzinfo=UTC), datetime(2027, 3, 1, 3, 59, tzinfo=UTC)):
        assert tick.run(clock) == 0  # the last evening in London
        assert has(member)[0] == 100
    assert tick.run(datetime(2027, 3, 1, 4, tzinfo=UTC)) == 1
    assert has(member)[0] == 0
