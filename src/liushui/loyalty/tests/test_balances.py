"""Reports begin from the sums of a month's beginning: they say what the whole ledger says, and read little of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liushui.loyalty import balances, facade
from liushui.loyalty.actions import snapshot_balances as snapshots
from liushui.loyalty.balances import Sums, next_month
from liushui.loyalty.models import BalanceDayRow, BalanceHeadRow, BalanceRow, EntryRow
from liushui.loyalty.tests.accounts import open_chain
from liushui.loyalty.tests.chains import NOON, House

pytestmark = pytest.mark.django_db
SEPTEMBER, OCTOBER, NOVEMBER, DECEMBER = (date(2026, month, 1) for month in (9, 10, 11, 12))


@pytest.fixture
def house(db: None) -> House:
    return open_chain()


def book(house: House, points: int, on: date, *, store: int | None = None, **amounts: int) -> None:
    """An entry of that day; the ledger alone matters here."""
    member_id = house.member().id
    EntryRow.objects.create(
        account_id=member_id, account_kind="member", chain_id=house.chain_id, kind="adjust",
        cause=f"test:{EntryRow.objects.count()}", points=points, currency="CNY", store_id=store,
        at=datetime.combine(on, datetime.min.time(), tzinfo=UTC), on_date=on, **amounts,
    )  # fmt: skip


def take_in(**fields: int) -> int:
    return facade.snapshot_balances(now=NOON, **fields)


def opening(house: House, day: date, **fields):
    return balances.before(chain_id=house.chain_id, day=day, **fields)


def by_the_ledger(house: House, day: date) -> dict[tuple[int, str, str], Sums]:
    rows = EntryRow.objects.filter(chain_id=house.chain_id, on_date__lt=day)
    return {key: sums for key, sums, _count in balances.entries_by_key(rows)}


def test_a_report_reads_the_sums_of_the_month_and_the_entries_after_them(house: House) -> None:
    for on, points in ((date(2026, 9, 3), 100), (date(2026, 9, 30), 20), (OCTOBER, 3), (date(2026, 11, 5), 400)):
        book(house, points, on, store=house.store.id)
    book(house, 7, date(2026, 11, 6))
    assert opening(house, NOVEMBER).entries_read == 3  # nothing is taken in yet: all of the ledger
    assert (take_in(), take_in()) == (5, 0)
    assert list(BalanceDayRow.objects.order_by("day").values_list("day", flat=True)) == [OCTOBER, NOVEMBER, DECEMBER]
    here, nowhere = (house.store.id, "member", "CNY"), (0, "member", "CNY")
    for day, wanted, entries_read in (
        (SEPTEMBER, {}, 0),
        (date(2026, 9, 4), {here: Sums(100)}, 1),
        (OCTOBER, {here: Sums(120)}, 0),
        (date(2026, 10, 2), {here: Sums(123)}, 1),
        (NOVEMBER, {here: Sums(123)}, 0),
        (date(2026, 11, 6), {here: Sums(523)}, 1),
        (date(2026, 11, 7), {here: Sums(523), nowhere: Sums(7)}, 2),
        (DECEMBER, {here: Sums(523), nowhere: Sums(7)}, 0),
    ):
        found = opening(house, day)
        assert (day, found.sums, found.entries_read) == (day, wanted, entries_read)
    of_store = opening(house, DECEMBER, store_ids=[house.store.id])
    assert (of_store.sums, of_store.balances_read, of_store.entries_read) == ({here: Sums(523)}, 1, 0)


def test_a_report_takes_its_opening_from_the_sums(house: House) -> None:
    book(house, 100, date(2026, 9, 3), store=house.store.id, principal_minor=50)
    book(house, 11, date(2026, 11, 3), store=house.store.id)
    take_in()
    BalanceRow.objects.filter(day=NOVEMBER).update(points=F("points") + 1)

    def told(first: date) -> dict[str, tuple[int, int]]:
        found = facade.liability(chain_id=house.chain_id, first=first, last=date(2026, 11, 22), now=NOON)
        return {each.what: (each.opening, each.closing) for each in found.movements}

    assert told(NOVEMBER) == {"points": (101, 112), "principal": (50, 50)}
    assert told(OCTOBER) == {"points": (100, 111), "principal": (50, 50)}


def test_the_number_of_statements_of_a_report_does_not_grow_with_the_ledger(house, django_assert_num_queries) -> None:
    book(house, 100, date(2026, 9, 3), store=house.store.id)
    take_in()
    for number in range(20):
        book(house, 1, date(2026, 11, 1) + timedelta(days=number), store=house.store.id)
    take_in()
    with django_assert_num_queries(6):  # head, day, sums, entries of the month so far, late ones, head again
        assert opening(house, date(2026, 11, 11)).entries_read == 10
    with django_assert_num_queries(6):
        assert opening(house, NOVEMBER).entries_read == 0


@pytest.mark.skipif("connection.vendor == 'postgresql'", reason="the plans of SQLite, which are always the same")
def test_entries_are_found_by_their_days_and_late_ones_by_their_ids(house: House) -> None:
    book(house, 1, date(2026, 9, 3))
    take_in()
    with connection.execute_wrapper(plans := _Plans()):
        opening(house, date(2026, 11, 11))
    assert plans.of_entries == [
        "SEARCH loyalty_entry USING INDEX entry_by_day (chain_id=? AND on_date>? AND on_date<?)",
        "SEARCH loyalty_entry USING INTEGER PRIMARY KEY (rowid>?)",
    ]


class _Plans:
    """How each read of entries would be done."""

    def __init__(self) -> None:
        self.of_entries: list[str] = []

    def __call__(self, execute, sql, params, many, context):
        if 'FROM "loyalty_entry"' in sql and not sql.startswith("EXPLAIN"):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
                self.of_entries += [row[3] for row in cursor.fetchall() if row[3].startswith(("SEARCH", "SCAN"))]
        return execute(sql, params, many, context)


def test_what_is_booked_late_counts_at_once_and_goes_into_all_later_sums(house: House) -> None:
    book(house, 100, date(2026, 9, 3))
    book(house, 1, date(2026, 11, 3))
    take_in()
    book(house, 30, date(2026, 9, 20))  # brought by a till that was offline since September
    book(house, 5, date(2026, 8, 20))  # before the first sums
    for _both in range(2):
        assert [sum(each.points for each in opening(house, day).sums.values()) for day in (
            date(2026, 8, 21), SEPTEMBER, OCTOBER, NOVEMBER, DECEMBER
        )] == [5, 5, 135, 135, 136]  # fmt: skip
        take_in()
    assert opening(house, NOVEMBER).entries_read == 0
    assert opening(house, SEPTEMBER).entries_read == 1  # no sums are kept for it: the ledger has little before it
    assert facade.verify_balances() == ()


def test_months_that_nobody_took_in_are_made_up_for(house: House) -> None:
    book(house, 100, date(2026, 9, 3))
    facade.snapshot_balances(now=datetime(2026, 9, 4, tzinfo=UTC))
    assert list(BalanceDayRow.objects.values_list("day", flat=True)) == [OCTOBER]
    facade.snapshot_balances(now=NOON)
    assert BalanceDayRow.objects.count() == 1  # nothing was booked
    book(house, 20, date(2026, 10, 5))
    facade.snapshot_balances(now=datetime(2026, 9, 4, tzinfo=UTC))  # by a clock that is late: behind all sums yet
    book(house, 3, date(2026, 11, 5))
    take_in()
    found = {row.day: row.points for row in BalanceRow.objects.all()}
    assert found == {OCTOBER: 100, NOVEMBER: 120, DECEMBER: 123}
    assert facade.verify_balances() == ()


def test_it_goes_on_where_it_was_broken_off_and_of_two_only_one_does_it(house: House, monkeypatch) -> None:
    for number in range(7):
        book(house, 10**number, date(2026, 9, 1) + timedelta(days=10 * number))
    assert take_in(seconds_max=0, entries_max=3) == 3
    assert opening(house, DECEMBER).entries_read == 4
    assert sum(each.points for each in opening(house, DECEMBER).sums.values()) == 1_111_111
    read = snapshots._months

    def read_late(after_id, upto_id):
        found = read(after_id, upto_id)
        monkeypatch.setattr(snapshots, "_months", read)
        take_in()  # another worker
        return found

    monkeypatch.setattr(snapshots, "_months", read_late)
    assert take_in() == 0
    assert opening(house, DECEMBER).entries_read == 0
    assert facade.verify_balances() == ()


def test_a_crash_in_between_leaves_nothing_half_done(house: House, monkeypatch) -> None:
    book(house, 100, date(2026, 9, 3))

    def dies(chain_id, days):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt), transaction.atomic():
        patched.setattr(snapshots, "_add", dies)
        take_in()
    assert (BalanceRow.objects.count(), BalanceDayRow.objects.count(), balances.taken_in()) == (0, 0, 0)
    assert take_in() == 1


def test_sums_that_moved_on_between_two_reads_are_read_again(house: House, monkeypatch) -> None:
    book(house, 100, date(2026, 9, 3))
    take_in()
    book(house, 30, date(2026, 9, 4))
    latest = balances._latest_day
    moved: list[int] = []

    def latest_late(chain_id, day):
        if not moved:
            moved.append(take_in())  # between the head and the sums: the late entry would be in both
        return latest(chain_id, day)

    monkeypatch.setattr(balances, "_latest_day", latest_late)
    found = opening(house, OCTOBER)
    assert (moved, [*found.sums.values()], found.entries_read) == ([1], [Sums(130)], 0)

    monkeypatch.setattr(balances, "taken_in", iter(range(1, 100)).__next__)  # moves on all the time
    found = opening(house, OCTOBER)
    assert ([*found.sums.values()], found.balances_read, found.entries_read) == ([Sums(130)], 0, 2)


def test_verify_names_a_sum_that_its_entries_do_not_explain(house: House) -> None:
    book(house, 100, date(2026, 9, 3), store=house.store.id, gift_minor=40)
    book(house, 7, date(2026, 11, 5))
    take_in()
    book(house, 1_000, date(2026, 9, 6))  # behind the sums: not theirs to explain
    assert facade.verify_balances() == ()
    BalanceRow.objects.filter(day=NOVEMBER).update(gift_minor=41)
    BalanceRow.objects.filter(day=DECEMBER, store_id=0).delete()
    found = facade.verify_balances(chain_id=house.chain_id)
    assert [(each.day, each.store_id, each.what, each.stated, each.explained) for each in found] == [
        (NOVEMBER, house.store.id, "gift_minor", 41, 40), (DECEMBER, None, "points", 0, 7),
    ]  # fmt: skip
    assert facade.verify_balances(chain_id=house.chain_id + 1) == ()
    facade.forget_balances()
    assert take_in() == 3
    assert facade.verify_balances() == ()
    assert BalanceHeadRow.objects.count() == 1


def test_months_far_back_are_in_the_first_sums(house: House) -> None:
    book(house, 5, date(1999, 5, 5))
    book(house, 7, date(2026, 11, 5))
    take_in()
    days = BalanceDayRow.objects.order_by("day").values_list("day", flat=True)
    assert (len(days), days[0], days[120]) == (121, date(2016, 12, 1), DECEMBER)
    assert set(BalanceRow.objects.exclude(day=DECEMBER).values_list("points", flat=True)) == {5}
    assert next_month(date(2026, 12, 31)) == date(2027, 1, 1)


_lines = st.lists(
    st.tuples(st.integers(-500, 500), st.integers(0, 130), st.sampled_from([None, "here"]), st.booleans()),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(lines=_lines, parts=st.integers(1, 5))
def test_whatever_is_booked_in_whatever_order_the_opening_is_that_of_the_ledger(house, lines, parts) -> None:
    with transaction.atomic():
        for points, days, store, takes_in in lines:
            book(house, points, date(2026, 8, 5) + timedelta(days=days), store=house.store.id if store else None)
            if takes_in:
                take_in(entries_max=parts)
        for day in (SEPTEMBER, date(2026, 9, 17), OCTOBER, NOVEMBER, date(2026, 11, 22), DECEMBER):
            wanted = {key: sums for key, sums in by_the_ledger(house, day).items() if any(sums)}
            assert {key: sums for key, sums in opening(house, day).sums.items() if any(sums)} == wanted
        assert facade.verify_balances() == ()
        transaction.set_rollback(True)
