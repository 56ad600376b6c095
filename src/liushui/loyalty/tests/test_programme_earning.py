"""What a sale earns by the table: which row counts, how it is rounded, and what comes back."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liushui.loyalty.domain.programme import Programme
from liushui.loyalty.domain.programme_earning import EarnedLine, Occasion, SoldLine, earn, granted, spread
from liushui.loyalty.domain.programme_json import read_programme
from liushui.loyalty.tests.chains import programme

SUNDAY = date(2026, 11, 22)


def rules(*rows: dict[str, Any], match: str = "first", **fields: Any) -> Programme:
    earning = {"match": match, "tenders_without_points": ["points"], "rows": list(rows)}
    return read_programme(programme(earning=earning, **fields))


def when(**fields: Any) -> Occasion:
    return Occasion(**{"tier": "", "channel": "pos", "day": SUNDAY, "clock": time(12), **fields})


def sold(*amounts: int, category: str = "food") -> list[SoldLine]:
    return [SoldLine(line_number=n, category=category, amount_minor=amount) for n, amount in enumerate(amounts, 1)]


def points(known: Programme, lines: list[SoldLine], *, paid: int = 0, **occasion: Any) -> int:
    return earn(programme=known, lines=lines, not_counted_minor=paid, occasion=when(**occasion)).points


YUAN = {"points": 1, "per_minor": 100}


@pytest.mark.parametrize(
    ("condition", "occasion", "fits"),
    [
        ({"tiers": ["gold"]}, {"tier": "gold"}, True),
        ({"tiers": ["gold"]}, {"tier": "silver"}, False),
        ({"tiers": ["gold"]}, {}, False),
        ({"channels": ["app"]}, {"channel": "app"}, True),
        ({"channels": ["app"]}, {}, False),
        ({"weekdays": [7]}, {}, True),
        ({"weekdays": [1]}, {}, False),
        ({"month_days": [8, 22]}, {}, True),
        ({"month_days": [23]}, {}, False),
        ({"hours": [["12:00", "13:00"]]}, {}, True),
        ({"hours": [["11:00", "12:00"]]}, {}, False),
        ({"hours": [["22:00", "02:00"]]}, {"clock": time(1, 59)}, True),
        ({"hours": [["22:00", "02:00"]]}, {"clock": time(2, 0)}, False),
        ({"categories": ["food"]}, {}, True),
        ({"categories": ["foo"]}, {}, False),
        ({"categories": ["food/rice"]}, {}, False),
    ],
)
def test_a_row_counts_only_when_its_condition_holds(
    condition: dict[str, Any], occasion: dict[str, Any], fits: bool
) -> None:
    assert points(rules({**YUAN, **condition}), sold(1_000), **occasion) == (10 if fits else 0)


def test_goods_below_a_category_belong_to_it() -> None:
    assert points(rules({**YUAN, "categories": ["food"]}), sold(1_000, category="food/rice")) == 10


def test_the_first_row_that_fits_counts_or_the_one_that_gives_most() -> None:
    table = ({**YUAN}, {"points": 3, "per_minor": 200}, {"points": 1, "per_minor": 100, "multiplier_bp": 12_000})
    assert points(rules(*table), sold(10_000)) == 100
    assert points(rules(*table, match="best"), sold(10_000)) == 150


@pytest.mark.parametrize("match", ["first", "best"])
def test_a_row_of_no_points_keeps_its_goods_from_earning(match: str) -> None:
    table = ({"categories": ["alcohol"], "points": 0, "per_minor": 100}, {"points": 1, "per_minor": 100})
    assert points(rules(*table, match=match), sold(10_000, category="alcohol/beer")) == 0
    assert points(rules(*table, match=match), sold(10_000, category="fresh")) == 100


def test_a_row_of_no_points_keeps_goods_from_earning() -> None:
    table = rules({"categories": ["tobacco"], "points": 0, "per_minor": 100}, YUAN)
    assert points(table, [*sold(1_000), SoldLine(line_number=2, category="tobacco", amount_minor=9_000)]) == 10


def test_lines_of_a_row_are_added_up_before_they_are_rounded_down() -> None:
    assert points(rules(YUAN), sold(50, 50, 99)) == 1
    assert points(rules({"points": 1, "per_minor": 1000}), sold(999, 999)) == 1


def test_what_points_pay_earns_nothing_and_is_taken_off_all_lines_alike() -> None:
    found = earn(programme=rules(YUAN), lines=sold(6_000, 4_000), not_counted_minor=5_000, occasion=when())
    assert (found.points, found.spend_minor) == (50, 5_000)
    assert [(line.spend_minor, line.points) for line in found.lines] == [(3_000, 30), (2_000, 20)]
    assert points(rules(YUAN), sold(1_000), paid=1_000) == 0


def test_multipliers_of_row_birthday_and_promotion_are_multiplied_and_rounded_once() -> None:
    birthday = {"window": "month", "points": 0, "multiplier_bp": 15_000}
    known = rules({**YUAN, "multiplier_bp": 15_000}, birthday=birthday)
    found = earn(
        programme=known, lines=sold(1_099), not_counted_minor=0, occasion=when(birthday=(11, 1)), promised_bp=30_000,
        promised_add=7,
    )  # fmt: skip
    assert found.points == 1_099 * 675 // 10_000 + 7 == 81


def test_promised_points_are_given_even_where_nothing_of_the_table_fits() -> None:
    found = earn(programme=rules(), lines=sold(100, 300), not_counted_minor=0, occasion=when(), promised_add=10)
    assert [line.points for line in found.lines] == [2, 8]


@pytest.mark.parametrize(
    ("day", "kinds"),
    [
        (date(2026, 11, 30), ["birthday"]),
        (date(2027, 2, 28), ["anniversary"]),
        (date(2026, 2, 28), []),  # the day of joining is no anniversary
        (date(2028, 2, 28), []),
        (date(2028, 2, 29), ["anniversary"]),
    ],
)
def test_benefits_have_their_time_once_a_year(day: date, kinds: list[str]) -> None:
    one = {"points": 100, "multiplier_bp": 10_000}
    known = rules(birthday={"window": "month", **one}, anniversary={"window": "day", **one})
    joined = date(2026, 2, 28) if day.year < 2028 else date(2024, 2, 29)
    found = granted(programme=known, occasion=when(day=day, birthday=(11, 5), joined_on=joined))
    assert [each.kind for each in found] == kinds


@given(
    amounts=st.lists(st.integers(0, 10**7), min_size=1, max_size=8),
    paid=st.integers(0, 10**7),
    per=st.integers(1, 5_000),
    cuts=st.lists(st.tuples(st.integers(0, 7), st.integers(1, 100)), max_size=20),
)
def test_whatever_comes_back_in_whatever_parts_takes_what_was_earned_and_never_more(
    amounts: list[int], paid: int, per: int, cuts: list[tuple[int, int]]
) -> None:
    found = earn(
        programme=rules({"points": 3, "per_minor": per}), lines=sold(*amounts), not_counted_minor=paid, occasion=when()
    )
    assert sum(line.points for line in found.lines) == found.points
    assert sum(line.spend_minor for line in found.lines) == found.spend_minor == max(0, sum(amounts) - paid)
    lines = {line.line_number: line for line in found.lines}
    before = 0
    for place, percent in [*cuts, *((number, 100) for number in range(8))]:
        line = lines.get(place + 1)
        if line is None:
            continue
        more = (line.amount_minor - line.returned_minor) * percent // 100
        lines[place + 1] = line._replace(returned_minor=line.returned_minor + more)
        back = sum(each.points_back for each in lines.values())
        assert before <= back <= found.points
        before = back
    assert (before, sum(each.spend_back for each in lines.values())) == (found.points, found.spend_minor)


@given(amount=st.integers(0, 10**9), weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=10))
def test_shares_add_up_to_the_whole(amount: int, weights: list[int]) -> None:
    parts = spread(amount, weights)
    assert sum(parts) == (amount if sum(weights) else 0)
    assert all(part >= 0 for part in parts)


def test_a_line_that_came_back_twice_over_takes_no_more_than_it_gave() -> None:
    assert EarnedLine(1, 100, 100, 7, returned_minor=250).points_back == 7
