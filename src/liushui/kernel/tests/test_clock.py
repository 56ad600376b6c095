"""Clocks: aware, in UTC, and standing still when a test says so."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liushui.kernel.clock import FixedClock, SystemClock

TIMES = st.integers(0, 2**53).map(
    lambda microseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)


def test_the_system_clock_is_aware_and_agrees_with_itself():
    clock = SystemClock()
    before, now, after = clock.nanoseconds(), clock.now(), clock.nanoseconds()
    assert now.utcoffset() == timedelta(0)
    assert before // 1000 <= int(now.timestamp() * 1_000_000) <= after // 1000 + 1


def test_a_fixed_clock_stands_still_until_it_is_moved():
    clock = FixedClock(datetime(2026, 3, 1, 20, 0, tzinfo=timezone(timedelta(hours=8))))
    assert clock.now() == clock.now() == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    assert clock.now().tzinfo is UTC
    clock.advance(timedelta(minutes=90))
    assert clock.now() == datetime(2026, 3, 1, 13, 30, tzinfo=UTC)
    clock.advance(timedelta(hours=-24))
    assert clock.now() == datetime(2026, 2, 28, 13, 30, tzinfo=UTC)


@given(TIMES)
def test_nanoseconds_are_exact_to_the_microsecond(time):
    clock = FixedClock(time)
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=clock.nanoseconds() // 1000) == clock.now()
    assert clock.nanoseconds() % 1000 == 0


def test_a_clock_without_a_zone_is_a_mistake():
    with pytest.raises(ValueError, match="aware"):
        FixedClock(datetime(2026, 3, 1))  # noqa: DTZ001
