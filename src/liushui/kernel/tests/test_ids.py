"""Ids: UUIDv7 that never go back, whoever makes them at the same time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from liushui.kernel.clock import FixedClock
from liushui.kernel.ids import new_id

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, UTC)

TIMES = st.integers(0, 2**53).map(
    lambda microseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)


def made_at(id):
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=id.int >> 80)


def test_an_id_is_a_version_7_uuid_of_its_time():
    id = new_id(clock=FixedClock(NOON))
    assert (id.version, id.variant) == (7, "specified in RFC 4122")
    assert made_at(id) == NOON.replace(microsecond=123000)
    assert id.int >> 64 & 0xFFF == 456 * 4096 // 1000  # the part of a millisecond, in 4096ths


def test_ids_of_one_instant_still_grow():
    clock = FixedClock(NOON)
    ids = [new_id(clock=clock) for _ in range(10_000)]
    assert ids == sorted(set(ids))
    assert made_at(ids[-1]) - made_at(ids[0]) == timedelta(milliseconds=2)  # 10,000 ticks of 1/4096 ms


def test_ids_still_grow_when_the_clock_is_set_back():
    clock = FixedClock(NOON)
    before = new_id(clock=clock)
    clock.advance(timedelta(hours=-1))
    assert new_id(clock=clock) > before


def test_a_clock_of_another_time_does_not_move_the_ids_of_this_one():
    new_id(clock=FixedClock(datetime(2100, 1, 1, tzinfo=UTC)))
    assert abs(made_at(new_id()) - datetime.now(UTC)) < timedelta(seconds=5)


def test_ids_grow_within_every_thread_and_none_is_made_twice():
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: [new_id() for _ in range(2000)], range(8)))
    for ids in made:
        assert ids == sorted(ids)
    assert len({id for ids in made for id in ids}) == 16_000


@given(st.lists(TIMES, min_size=2))
def test_ids_sort_as_the_times_at_which_they_were_made(times):
    ordered = sorted(times)
    ids = [new_id(clock=FixedClock(time)).int >> 64 for time in ordered]
    assert ids == sorted(ids)
