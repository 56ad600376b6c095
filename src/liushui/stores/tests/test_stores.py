"""Stores: forms of their numbers, business days, places of a query, and lists that are never stale for long."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from liushui.runtime.access import Grant
from liushui.stores import facade, queries
from liushui.stores.contracts import NewStore, NewWorkstation, Store
from liushui.stores.domain.checks import checked_patterns
from liushui.stores.errors import InvalidStore, StoreConflict, UnknownPlace
from liushui.stores.models import DirectoryState, StoreRow

NEW = NewStore(chain_code="lk", region_code="east", code="S8", name_zh="八店", name_en="Eight")


def store_in(zone: str, starts: time) -> Store:
    return Store(
        id=1, chain_id=1, region_id=1, code="S", name_zh="店", name_en="Shop", time_zone=zone, currency="USD",
        day_starts_at=starts, gln="", uscc="", is_open=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 5, 4, 19, 59, 59, tzinfo=UTC), date(2026, 5, 4)),  # 5 May 03:59:59 in Shanghai
        (datetime(2026, 5, 4, 20, 0, tzinfo=UTC), date(2026, 5, 5)),  # 04:00
        (datetime(2026, 5, 4, 16, 0, tzinfo=UTC), date(2026, 5, 4)),  # midnight
        (datetime(2026, 5, 5, 15, 59, tzinfo=UTC), date(2026, 5, 5)),  # 23:59
        (datetime(2025, 12, 31, 17, 0, tzinfo=UTC), date(2025, 12, 31)),  # 1 January 01:00
    ],
)
def test_a_business_day_begins_at_the_cut_over(at, expected) -> None:
    assert store_in("Asia/Shanghai", time(4)).business_date(at) == expected


def test_a_cut_over_at_midnight_is_the_calendar_day() -> None:
    store = store_in("Asia/Shanghai", time(0))
    assert store.business_date(datetime(2026, 5, 4, 15, 59, 59, tzinfo=UTC)) == date(2026, 5, 4)
    assert store.business_date(datetime(2026, 5, 4, 16, 0, tzinfo=UTC)) == date(2026, 5, 5)


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 7), 23), (date(2026, 3, 8), 24), (date(2026, 10, 31), 25), (date(2026, 11, 1), 24)],
)
def test_daylight_saving_makes_a_business_day_shorter_or_longer_but_never_moves_its_start(day, hours) -> None:
    """In New York clocks go forward on 8 March 2026 at 02:00 and back on 1 November at 02:00; the cut-over is 04:00."""
    store = store_in("America/New_York", time(4))
    first = datetime(2026, 1, 1, tzinfo=UTC)
    instants = [first + timedelta(minutes=30 * n) for n in range(2 * 24 * 330)]
    assert sum(store.business_date(at) == day for at in instants) == 2 * hours


def test_the_hour_that_comes_twice_belongs_to_one_business_day() -> None:
    store = store_in("America/New_York", time(1, 30))
    before, after = datetime(2026, 11, 1, 5, 45, tzinfo=UTC), datetime(2026, 11, 1, 6, 15, tzinfo=UTC)
    assert (store.local(before).time(), store.local(after).time()) == (time(1, 45), time(1, 15))
    # By the wall clock: 01:15 of the second round is before 01:30 and so counts to the day before.
    assert (store.business_date(before), store.business_date(after)) == (date(2026, 11, 1), date(2026, 10, 31))


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"gln": "400638133393"}, "/gln"),
        ({"gln": "4006381333932"}, "/gln"),
        ({"gln": "40063813339３1"}, "/gln"),
        ({"uscc": "911100006000373410"}, "/uscc"),
        ({"uscc": "123"}, "/uscc"),
        ({"time_zone": "Asia/Nowhere"}, "/time_zone"),
        ({"time_zone": "../etc/passwd"}, "/time_zone"),
        ({"code": "-x"}, "/code"),
        ({"code": "a b"}, "/code"),
        ({"name_zh": " "}, "/name_zh"),
        ({"day_starts_at": time(4, tzinfo=UTC)}, "/day_starts_at"),
    ],
)
def test_a_wrong_value_names_its_field_and_nothing_is_saved(chain, change, pointer) -> None:
    with pytest.raises(InvalidStore) as caught:
        facade.save_stores(stores=[replace(NEW, **change)])
    assert caught.value.pointer == pointer
    assert len(facade.stores()) == 3


def test_right_numbers_are_kept(chain) -> None:
    (store,) = facade.save_stores(stores=[replace(NEW, gln="4006381333931", uscc="91110000600037341l")])
    assert (store.gln, store.uscc) == ("4006381333931", "91110000600037341L")


def test_saving_again_changes_the_values_and_keeps_id_and_state(chain) -> None:
    (first,) = facade.save_stores(stores=[NEW])
    StoreRow.objects.filter(id=first.id).update(is_open=False)
    (again,) = facade.save_stores(stores=[replace(NEW, name_en="Eight again")])
    assert (again.id, again.name_en, again.is_open) == (first.id, "Eight again", False)


def test_a_gln_stands_for_one_store_only(chain) -> None:
    facade.save_stores(stores=[replace(NEW, gln="4006381333931")])
    with pytest.raises(StoreConflict):
        facade.save_stores(stores=[replace(NEW, code="S9", gln="4006381333931")])
    assert len(facade.stores()) == 4


def test_a_code_given_twice_or_a_region_that_is_not_there_is_refused(chain) -> None:
    with pytest.raises(StoreConflict):
        facade.save_stores(stores=[NEW, NEW])
    with pytest.raises(UnknownPlace):
        facade.save_stores(stores=[replace(NEW, region_code="north")])


def test_workstations_are_set_up_and_renamed(chain) -> None:
    one = NewWorkstation(chain_code="lk", store_code="S1", code="P1", name="Till 1")
    (first,) = facade.save_workstations(workstations=[one])
    (again,) = facade.save_workstations(workstations=[replace(one, name="Kasse 1", kind="kiosk")])
    assert (again.id, again.name, again.kind) == (first.id, "Kasse 1", "kiosk")
    with pytest.raises(InvalidStore):
        facade.save_workstations(workstations=[replace(one, kind="car")])
    with pytest.raises(UnknownPlace):
        facade.save_workstations(workstations=[replace(one, store_code="S9")])


def test_grants_cover_a_chain_a_region_or_a_store(chain) -> None:
    def covered(**place) -> frozenset[int]:
        return facade.expand_grants([Grant(role="cashier", **place)])

    home = chain.chain.id
    assert covered(chain_id=home) == {chain.first.id, chain.second.id, chain.third.id}
    assert covered(chain_id=home, region_id=chain.east.id) == {chain.first.id, chain.second.id}
    assert covered(chain_id=home, store_id=chain.third.id) == {chain.third.id}
    assert covered(chain_id=home + 1, store_id=chain.third.id) == frozenset()


def test_a_place_is_what_is_chosen_within_what_is_allowed(chain) -> None:
    everything = frozenset({chain.first.id, chain.second.id, chain.third.id})
    assert facade.place(query={}, allowed=everything).store_ids == everything
    assert facade.place(query={"region": "east"}, allowed=everything).store_ids == {chain.first.id, chain.second.id}
    only = facade.place(query={"region": "east"}, allowed=frozenset({chain.first.id}))
    assert (only.store_ids, only.store, only.currency, only.currencies) == ({chain.first.id}, None, "CNY", ("CNY",))
    for query in ({"store": "S3"}, {"region": "west"}, {"chain": "xx"}, {"store": "S1", "region": "west"}):
        with pytest.raises(UnknownPlace):
            facade.place(query=query, allowed=frozenset({chain.first.id}))


def test_a_place_without_stores_is_empty_and_not_everything(chain) -> None:
    nowhere = facade.place(query={}, allowed=frozenset())
    assert (nowhere.store_ids, nowhere.currencies, nowhere.currency) == (frozenset(), (), "CNY")


def test_the_currency_is_the_usual_one_unless_another_of_them_is_asked_for(chain) -> None:
    (tokyo,) = facade.save_stores(stores=[replace(NEW, currency="JPY", time_zone="Asia/Tokyo")])
    allowed = frozenset({chain.first.id, chain.second.id, tokyo.id})
    assert facade.place(query={}, allowed=allowed).currency == "CNY"
    assert facade.place(query={"currency": "JPY"}, allowed=allowed).currency == "JPY"
    assert facade.place(query={"currency": "EUR"}, allowed=allowed).currency == "CNY"


def test_one_code_in_two_chains_needs_the_chain(chain) -> None:
    facade.save_chain(code="far", name_zh="远", name_en="Far", currency="CNY")
    facade.save_region(chain_code="far", code="east", name_zh="东", name_en="East")
    (other,) = facade.save_stores(stores=[replace(NEW, chain_code="far", code="S1")])
    allowed = frozenset({chain.first.id, other.id})
    with pytest.raises(UnknownPlace):
        facade.place(query={"store": "S1"}, allowed=allowed)
    assert facade.place(query={"store": "S1", "chain": "far"}, allowed=allowed).store == other


def test_lists_are_read_once_and_again_after_a_write_here(chain) -> None:
    facade.stores()
    with CaptureQueriesContext(connection) as asked:
        assert [store.code for store in facade.stores()] == ["S1", "S2", "S3"]
    assert len(asked) == 0
    facade.save_stores(stores=[NEW])
    assert [store.code for store in facade.stores()] == ["S1", "S2", "S3", "S8"]


def test_a_write_of_another_process_shows_when_the_seconds_are_over(chain, monkeypatch) -> None:
    assert facade.store(store_id=chain.first.id).name_en == "One"
    StoreRow.objects.filter(id=chain.first.id).update(name_en="Elsewhere")
    DirectoryState.objects.update(token=uuid4())
    assert facade.store(store_id=chain.first.id).name_en == "One"
    monkeypatch.setattr(queries, "TRUSTED_SECONDS", 0.0)
    assert facade.store(store_id=chain.first.id).name_en == "Elsewhere"


def test_an_old_list_without_a_write_costs_one_query(chain, monkeypatch) -> None:
    facade.stores()
    monkeypatch.setattr(queries, "TRUSTED_SECONDS", 0.0)
    with CaptureQueriesContext(connection) as asked:
        facade.stores()
    assert len(asked) == 1


@pytest.mark.parametrize("pattern", ["2pppppwwwwwwc", "21 ppppp vvvvv c", "2ppppp"])
def test_patterns_of_scales_are_taken_without_their_blanks(pattern) -> None:
    assert checked_patterns([pattern]) == (pattern.replace(" ", ""),)


@pytest.mark.parametrize("pattern", ["", "2wwwwwc", "2pppxxxc", "2ppwwpp", "2pppwwvvc", "2pppcww", "ppppp", "2pppwwcc"])
def test_other_patterns_are_refused(pattern) -> None:
    with pytest.raises(InvalidStore):
        checked_patterns([pattern])
