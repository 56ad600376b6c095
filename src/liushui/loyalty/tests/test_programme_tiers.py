"""Tiers up and down: one tier or none, up at once, down only when grace is over; days as the calendar has them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from liushui.loyalty.domain.programme import Level, Programme
from liushui.loyalty.domain.programme_calendar import add_months, in_yearly_window, window_start
from liushui.loyalty.domain.programme_tiers import Standing, after_day, rank, tier_of, upgraded

DAY = timedelta(days=1)
D = date(2026, 11, 22)


def rules(*thresholds: int, grace: int = 30, window_months: int = 12) -> Programme:
    return Programme(
        window_months=window_months,
        levels=tuple(
            Level(code=f"t{number}", name_zh="级", name_en="Tier", spend_minor=spend, grace_days=grace)
            for number, spend in enumerate(thresholds, start=1)
        ),
    )


def test_a_tier_is_reached_at_its_threshold_and_not_a_fen_below() -> None:
    known = rules(100, 500)
    assert [tier_of(programme=known, spend_minor=spend) for spend in (-1, 99, 100, 499, 500, 9999)] == [
        "", "", "t1", "t1", "t2", "t2",
    ]  # fmt: skip


def test_a_purchase_lifts_over_several_tiers_at_once_and_never_lowers() -> None:
    known = rules(100, 500)
    assert upgraded(programme=known, standing=Standing(), spend_minor=500).standing == Standing(tier="t2")
    kept = Standing(tier="t2")
    assert upgraded(programme=known, standing=kept, spend_minor=0).standing == kept


def test_grace_begins_on_the_first_day_below_and_the_tier_is_lost_on_the_day_it_names() -> None:
    known = rules(100, 500, grace=30)
    first = after_day(programme=known, standing=Standing(tier="t2"), spend_minor=499, day=D)
    assert (first.step, first.standing) == ("grace", Standing(tier="t2", until=D + 31 * DAY))
    last = after_day(programme=known, standing=first.standing, spend_minor=499, day=D + 29 * DAY)
    assert (last.step, last.standing) == ("same", first.standing)
    over = after_day(programme=known, standing=first.standing, spend_minor=499, day=D + 30 * DAY)
    assert (over.step, over.standing) == ("down", Standing(tier="t1"))


def test_without_grace_the_tier_is_lost_at_the_end_of_the_first_day_below() -> None:
    gone = after_day(programme=rules(100, grace=0), standing=Standing(tier="t1"), spend_minor=99, day=D)
    assert (gone.step, gone.standing) == ("down", Standing())


def test_spend_that_comes_back_within_grace_keeps_the_tier() -> None:
    known, waiting = rules(100), Standing(tier="t1", until=D + 9 * DAY)
    for verdict in (
        upgraded(programme=known, standing=waiting, spend_minor=100),
        after_day(programme=known, standing=waiting, spend_minor=100, day=D),
    ):
        assert (verdict.step, verdict.standing) == ("kept", Standing(tier="t1"))


def test_a_tier_that_the_programme_did_away_with_is_held_by_nothing() -> None:
    gone = after_day(programme=rules(100), standing=Standing(tier="vip"), spend_minor=150, day=D)
    assert (gone.step, gone.standing) == ("down", Standing(tier="t1"))


_levels = st.lists(st.integers(0, 1000), min_size=1, max_size=5, unique=True).map(sorted)


@given(
    thresholds=_levels,
    grace=st.integers(0, 40),
    spends=st.lists(st.integers(-50, 1200), min_size=1, max_size=60),
    start=st.integers(-1, 4),
)
def test_whatever_is_spent_a_member_has_one_known_tier_and_never_loses_it_before_its_day(
    thresholds: list[int], grace: int, spends: list[int], start: int
) -> None:
    known = rules(*thresholds, grace=grace)
    standing = Standing(tier=known.levels[start].code if 0 <= start < len(thresholds) else "")
    below_since: date | None = None
    for number, spend in enumerate(spends):
        day = D + number * DAY
        due = tier_of(programme=known, spend_minor=spend)
        found = after_day(programme=known, standing=standing, spend_minor=spend, day=day)
        assert found.standing.tier in {"", *(level.code for level in known.levels)}
        is_below = rank(known, due) < rank(known, standing.tier)
        below_since = (below_since or day) if is_below else None
        if rank(known, due) > rank(known, standing.tier):
            assert found.standing == Standing(tier=due)  # up at once
        elif is_below and below_since is not None and (day - below_since).days < grace:
            assert found.standing.tier == standing.tier  # held
            assert found.standing.until == below_since + (1 + grace) * DAY
        else:
            assert found.standing == Standing(tier=due)
        if found.standing.tier != standing.tier:
            below_since = None
        again = after_day(programme=known, standing=found.standing, spend_minor=spend, day=day)
        assert (again.step, again.standing) == ("same", found.standing)  # safe to repeat
        standing = found.standing


@pytest.mark.parametrize(
    ("last", "months", "first"),
    [
        (date(2026, 11, 22), 12, date(2025, 11, 23)),
        (date(2028, 2, 28), 12, date(2027, 3, 1)),
        (date(2028, 2, 29), 12, date(2027, 3, 1)),
        (date(2028, 3, 1), 12, date(2027, 3, 2)),
        (date(2029, 2, 28), 12, date(2028, 2, 29)),
        (date(2026, 3, 31), 1, date(2026, 3, 1)),
        (date(2026, 5, 31), 3, date(2026, 3, 1)),
        (date(2026, 1, 31), 1, date(2026, 1, 1)),
    ],
)
def test_the_window_goes_back_whole_months_with_their_last_days(last: date, months: int, first: date) -> None:
    assert window_start(last=last, months=months) == first


@given(day=st.dates(date(2000, 1, 1), date(2100, 1, 1)), months=st.integers(1, 120))
@example(day=date(2028, 2, 28), months=12)
@example(day=date(2028, 2, 29), months=48)
def test_the_window_never_moves_back_from_one_day_to_the_next(day: date, months: int) -> None:
    today, tomorrow = (window_start(last=each, months=months) for each in (day, day + DAY))
    assert today <= tomorrow <= today + 4 * DAY
    assert add_months(day, -months) < today <= day


@pytest.mark.parametrize(
    ("day", "window", "year"),
    [
        (date(2026, 2, 28), "day", 2026),  # born on 29 February
        (date(2028, 2, 28), "day", None),
        (date(2028, 2, 29), "day", 2028),
        (date(2026, 3, 3), "week", 2026),
        (date(2026, 3, 4), "week", None),
        (date(2028, 3, 3), "week", 2028),
        (date(2026, 2, 1), "month", 2026),
        (date(2026, 3, 1), "month", None),
    ],
)
def test_a_birthday_on_29_february_is_kept_on_the_28th_in_other_years(day: date, window: str, year: int | None) -> None:
    assert in_yearly_window(day=day, month=2, month_day=29, window=window) == year


def test_a_week_around_new_year_belongs_to_the_year_of_the_birthday() -> None:
    assert in_yearly_window(day=date(2026, 12, 30), month=1, month_day=1, window="week") == 2027
    assert in_yearly_window(day=date(2027, 1, 3), month=12, month_day=31, window="week") == 2026
