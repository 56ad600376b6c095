"""What counts as the same hours, and what is unusual."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from liushui.analytics.contracts import FIGURE_NAMES, Figures
from liushui.analytics.domain.home import HourRow, curve_hours, pace_of, unusual
from liushui.analytics.domain.periods import Period, before, hour_of_day, presets, same_weekdays
from liushui.analytics.domain.reports import child_of, grain_of
from liushui.analytics.queries.items import whole_months
from liushui.stores.contracts import Store

DAY = date(2026, 5, 8)
WEEK_AGO = date(2026, 5, 1)


def store(store_id: int = 1, *, zone: str = "Asia/Shanghai", begins: time = time(0, 0), is_open: bool = True) -> Store:
    return Store(
        id=store_id,
        chain_id=1,
        region_id=1,
        code=f"S{store_id}",
        name_zh="",
        name_en="",
        time_zone=zone,
        currency="CNY",
        day_starts_at=begins,
        gln="",
        uscc="",
        is_open=is_open,
    )


def row(day: date, hour: int, **figures: int) -> HourRow:
    made = Figures(**figures)
    return day, 1, hour, tuple(getattr(made, name) for name in FIGURE_NAMES)


def found(rows: list[HourRow], *, now: datetime, shop: Store | None = None) -> list[tuple[str, int, int]]:
    shop = shop or store()
    period = Period(first=DAY, last=DAY)
    pace = pace_of(stores=[shop], day=DAY, now=now)
    compared = (before(period), same_weekdays(period))
    seen = unusual(rows=rows, stores=[shop], period=period, compared=compared, pace=pace, last_week=WEEK_AGO)
    return [(each.kind, each.now, each.usual) for each in seen]


AFTERNOON = datetime(2026, 5, 8, 7, 20, tzinfo=UTC)  # 15:20 in Shanghai


def test_a_running_day_counts_whole_hours_of_each_stores_own_clock() -> None:
    pace = pace_of(stores=[store(1), store(2, zone="America/New_York")], day=DAY, now=AFTERNOON)
    assert dict(pace.passed) == {1: 15, 2: 3}
    assert pace.common_hour() is None
    assert pace.has_passed(1, 14)
    assert not pace.has_passed(1, 15)


def test_a_day_that_begins_at_six_goes_on_after_midnight() -> None:
    late = datetime(2026, 5, 8, 18, 30, tzinfo=UTC)  # 02:30 on the 9th: still the business day of the 8th
    pace = pace_of(stores=[store(begins=time(6, 0))], day=DAY, now=late)
    assert dict(pace.passed) == {1: 20}
    assert pace.common_hour() == 2
    assert pace.has_passed(1, 1)
    assert not pace.has_passed(1, 2)
    assert hour_of_day(2, 6) == 20
    assert curve_hours({23, 1, 9}, start=6) == [9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 0, 1]


def test_a_past_day_is_over_and_a_coming_one_has_not_begun() -> None:
    assert pace_of(stores=[store()], day=date(2026, 5, 7), now=AFTERNOON).passed[1] == 24
    assert pace_of(stores=[store()], day=date(2026, 5, 9), now=AFTERNOON).passed[1] == 0


def test_a_store_is_silent_when_it_sold_at_this_hour_last_week() -> None:
    last_week = [row(WEEK_AGO, hour, tickets=3) for hour in range(9, 20)]
    assert found([*last_week, row(DAY, 11, tickets=2)], now=AFTERNOON) == [("silent", 3, 0)]
    assert found(last_week, now=AFTERNOON) == [("no_sales", 0, 0)]
    assert found([*last_week, row(DAY, 15, tickets=1)], now=AFTERNOON) == []
    assert found(last_week, now=datetime(2026, 5, 8, 0, 30, tzinfo=UTC)) == []  # 08:30: nobody sold at seven either
    assert found(last_week, now=AFTERNOON, shop=store(is_open=False)) == []


def test_a_store_is_not_silent_once_it_has_closed_nor_when_few_tickets_are_missing() -> None:
    last_week = [row(WEEK_AGO, hour, tickets=3) for hour in range(9, 20)]
    sold = [*last_week, row(DAY, 17, tickets=2)]
    assert found(sold, now=datetime(2026, 5, 8, 11, 59, tzinfo=UTC)) == [("silent", 1, 0)]  # 19:59: still open
    assert found(sold, now=datetime(2026, 5, 8, 12, 0, tzinfo=UTC)) == []  # 20:00: closed
    quiet = [row(WEEK_AGO, hour, tickets=1) for hour in range(9, 20)]
    assert found([*quiet, row(DAY, 12, tickets=1)], now=AFTERNOON) == []  # two tickets short at 15:20
    assert found([*quiet, row(DAY, 11, tickets=1)], now=AFTERNOON) == [("silent", 3, 0)]


def test_refunds_and_voids_are_unusual_when_three_times_as_many_as_before() -> None:
    usual = row(WEEK_AGO, 14, gross_minor=100_00, refund_minor=2_00, tickets=50, voids=1)
    today = row(DAY, 14, gross_minor=100_00, refund_minor=7_00, returns=3, tickets=40, voids=4)
    assert found([usual, today], now=AFTERNOON) == [("refunds", 700, 200), ("voids", 909, 196)]
    few = row(DAY, 14, gross_minor=100_00, refund_minor=7_00, returns=2, tickets=40, voids=2)
    assert found([usual, few], now=AFTERNOON) == []


def test_periods_are_compared_with_as_many_days() -> None:
    week = Period(first=date(2026, 5, 2), last=DAY)
    assert before(week) == Period(first=date(2026, 4, 25), last=date(2026, 5, 1))
    assert same_weekdays(week) == Period(first=date(2025, 5, 3), last=date(2025, 5, 9))
    assert same_weekdays(Period(first=DAY, last=DAY)).first == WEEK_AGO
    assert presets(DAY)["last30"] == Period(first=date(2026, 4, 9), last=DAY)


def test_days_gather_into_iso_weeks_and_months() -> None:
    assert grain_of(date(2027, 1, 1), "week") == ("2026-W53", date(2026, 12, 28), date(2027, 1, 3))
    assert grain_of(date(2026, 2, 3), "month") == ("2026-02", date(2026, 2, 1), date(2026, 2, 28))
    assert whole_months(date(2026, 1, 2), date(2026, 3, 31)) == [date(2026, 2, 1), date(2026, 3, 1)]
    assert whole_months(date(2026, 1, 2), date(2026, 2, 27)) == []


def test_a_category_opens_one_level_at_a_time() -> None:
    assert child_of("food/snacks/chips", "") == ("food", True)
    assert child_of("food/snacks/chips", "food") == ("food/snacks", True)
    assert child_of("food/snacks", "food") == ("food/snacks", False)
    assert child_of("food", "food") == ("food", False)
    assert child_of("", "") == ("", False)
