"""A programme's document: read strictly, with the path of what is wrong, and written in one form only."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liushui.loyalty.domain.programme import Programme
from liushui.loyalty.domain.programme_json import EMPTY, digest_of, normal_text, read_programme, write_programme
from liushui.loyalty.domain.programme_rows import differing, rows, with_fields, with_row, with_row_moved, without_row
from liushui.loyalty.errors import InvalidProgramme
from liushui.loyalty.tests.chains import GOLD, SILVER, programme


def changed(path: str, value: Any) -> dict[str, Any]:
    """The programme of the tests with one value put at a path of keys and places."""
    document = json.loads(json.dumps(programme()))
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    place: Any = document
    for step in way:
        place = place[step]
    place[last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        ("currency", "cny", "currency"),
        ("format", 2, "format"),
        ("earning/match", "all", "earning.match"),
        ("earning/tenders_without_points", [], "earning.tenders_without_points"),
        ("earning/tenders_without_points", ["points", "bonds"], "earning.tenders_without_points[1]"),
        ("earning/rows/0/points", 1.5, "earning.rows[0].points"),
        ("earning/rows/0/points", True, "earning.rows[0].points"),
        ("earning/rows/0/per_minor", 0, "earning.rows[0].per_minor"),
        ("earning/rows/0/category", "food", "earning.rows[0].category"),
        ("earning/rows/0/tiers", ["platinum"], "earning.rows[0].tiers"),
        ("earning/rows/0/weekdays", [1, 8], "earning.rows[0].weekdays[1]"),
        ("earning/rows/0/month_days", [8, 8], "earning.rows[0].month_days[1]"),
        ("earning/rows/0/hours", [["19:00", "25:00"]], "earning.rows[0].hours[0][1]"),
        ("earning/rows/0/hours", [["19:00", "19:00"]], "earning.rows[0].hours[0]"),
        ("validity", {"kind": "months"}, "validity.months"),
        ("validity", {"kind": "never", "months": 3}, "validity.months"),
        ("redemption/max_share_bp", 10_001, "redemption.max_share_bp"),
        ("tiers/levels", [GOLD, SILVER], "tiers.levels[1].spend_minor"),
        ("tiers/levels", [SILVER, {**GOLD, "code": "silver"}], "tiers.levels[1].code"),
        ("tiers/window_months", 0, "tiers.window_months"),
        ("stored_value/top_up_bonus", [{"paid_minor": 5, "gift_minor": 0}], "stored_value.top_up_bonus[0].gift_minor"),
        ("birthday", {"window": "year", "points": 0, "multiplier_bp": 10_000}, "birthday.window"),
    ],
)
def test_what_is_wrong_is_refused_with_its_path(path: str, value: Any, pointer: str) -> None:
    with pytest.raises(InvalidProgramme) as refused:
        read_programme(changed(path, value))
    assert refused.value.pointer == pointer


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ('{"format": 1, "format": 1}', "stands twice"),
        ('{"format": 1.0}', "not a whole number"),
        ('{"format": NaN}', "not a whole number"),
        ("[]", "An object is wanted"),
    ],
)
def test_text_that_is_no_document_is_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidProgramme, match=said):
        read_programme(text)


def test_a_missing_field_and_one_too_many_are_told() -> None:
    short = {key: value for key, value in EMPTY.items() if key != "validity"}
    with pytest.raises(InvalidProgramme, match="'validity' is missing"):
        read_programme(short)
    with pytest.raises(InvalidProgramme) as refused:
        read_programme({**EMPTY, "validty": None})
    assert (refused.value.pointer, refused.value.remedy) == ("validty", "Did you mean 'validity'?")


def test_the_normal_form_sorts_conditions_and_leaves_out_what_is_empty() -> None:
    row = {
        "points": 2, "per_minor": 100, "weekdays": [7, 6], "tiers": [], "multiplier_bp": 10_000,
        "hours": [["19:00", "22:00"], ["07:00", "09:00"]],
    }  # fmt: skip
    [written] = write_programme(read_programme(changed("earning/rows", [row])))["earning"]["rows"]
    assert written == {
        "weekdays": [6, 7], "hours": [["07:00", "09:00"], ["19:00", "22:00"]], "points": 2, "per_minor": 100,
    }  # fmt: skip


_conditions = st.fixed_dictionaries(
    {"points": st.integers(0, 1000), "per_minor": st.integers(1, 10_000)},
    optional={
        "tiers": st.lists(st.sampled_from(["silver", "gold"]), unique=True),
        "categories": st.lists(st.sampled_from(["food", "food/rice", "drinks"]), unique=True),
        "channels": st.lists(st.sampled_from(["pos", "app"]), unique=True),
        "weekdays": st.lists(st.integers(1, 7), unique=True),
        "month_days": st.lists(st.integers(1, 31), unique=True),
        "multiplier_bp": st.integers(1, 1_000_000),
    },
)


@given(rows=st.lists(_conditions, max_size=5), match=st.sampled_from(["first", "best"]))
def test_what_is_written_reads_as_the_same_programme_under_the_same_digest(rows: list[Any], match: str) -> None:
    earning = {"match": match, "tenders_without_points": ["points"], "rows": rows}
    read = read_programme(programme(earning=earning))
    again = read_programme(normal_text(read))
    assert (again, again.digest, normal_text(again)) == (read, digest_of(read), normal_text(read))


def test_rows_are_put_moved_and_removed_one_at_a_time() -> None:
    document = normal_text(read_programme(programme()))
    first = {"categories": ["food"], "points": 2, "per_minor": 100}
    more = normal_text(read_programme(with_row(document, "earning.rows", first, index=None)))
    assert [row["points"] for row in rows(more, "earning.rows")] == [1, 2]
    moved = with_row_moved(more, "earning.rows", index=1, to=0)
    assert [row["points"] for row in moved["earning"]["rows"]] == [2, 1]
    assert without_row(more, "earning.rows", index=0)["earning"]["rows"] == [first]
    with pytest.raises(InvalidProgramme) as refused:
        without_row(more, "earning.rows", index=2)
    assert refused.value.pointer == "earning.rows[2]"
    with pytest.raises(InvalidProgramme, match="no table 'tiers'"):
        rows(document, "tiers")


def test_tables_of_thresholds_keep_themselves_in_order() -> None:
    document = normal_text(read_programme(programme()))
    bronze = {**SILVER, "code": "bronze", "spend_minor": 1_000}
    put = with_row(document, "tiers.levels", bronze, index=None)
    assert [level["code"] for level in put["tiers"]["levels"]] == ["bronze", "silver", "gold"]
    with pytest.raises(InvalidProgramme) as refused:
        with_row(document, "tiers.levels", {**bronze, "spend_minor": 100_000}, index=None)
    assert refused.value.pointer == "tiers.levels[1].spend_minor"


def test_fields_are_set_beside_the_others_and_differences_are_named() -> None:
    document = normal_text(read_programme(programme()))
    after = with_fields(document, {"tiers": {"window_months": 6}, "redemption": None})
    assert (after["tiers"]["window_months"], len(after["tiers"]["levels"])) == (6, 2)
    assert differing(document, json.dumps(after)) == ("redemption", "tiers.window_months")


def test_points_pay_rounded_up_and_are_worth_rounded_down() -> None:
    read = read_programme(programme(redemption={"points": 3, "minor": 100, "max_share_bp": 5000}))
    assert [read.points_for(amount_minor=amount) for amount in (0, 1, 33, 34, 100, 101)] == [0, 1, 1, 2, 3, 4]
    assert [read.worth_minor(points=points) for points in (-5, 0, 1, 2, 3)] == [0, 0, 33, 66, 100]
    assert [read.payable_by_points_minor(total_minor=total) for total in (-1, 0, 1, 999)] == [0, 0, 0, 499]


def test_in_a_programme_without_redemption_points_pay_nothing() -> None:
    read = read_programme(programme(redemption=None))
    assert (read.worth_minor(points=1000), read.payable_by_points_minor(total_minor=1000)) == (0, 0)
    with pytest.raises(ValueError, match="pay for nothing"):
        read.points_for(amount_minor=1)


@pytest.mark.parametrize(
    ("order", "amount", "parts"),
    [
        ("principal_first", 70, (70, 0)),
        ("principal_first", 120, (100, 20)),
        ("gift_first", 20, (0, 20)),
        ("gift_first", 70, (20, 50)),
        ("pro_rata", 30, (20, 10)),
        ("pro_rata", 31, (21, 10)),
        ("pro_rata", 150, (100, 50)),
    ],
)
def test_stored_value_is_spent_in_the_declared_order(order: str, amount: int, parts: tuple[int, int]) -> None:
    read = read_programme(changed("stored_value/spend_order", order))
    assert read.split_spend(amount_minor=amount, principal_minor=100, gift_minor=50) == parts


@given(principal=st.integers(0, 10**6), gift=st.integers(0, 10**6), share=st.integers(0, 100), place=st.integers(0, 2))
def test_a_split_takes_the_amount_and_never_more_than_there_is(
    principal: int, gift: int, share: int, place: int
) -> None:
    amount = (principal + gift) * share // 100
    order = ("gift_first", "principal_first", "pro_rata")[place]
    taken = Programme(spend_order=order).split_spend(amount_minor=amount, principal_minor=principal, gift_minor=gift)
    assert sum(taken) == amount and 0 <= taken[0] <= principal and 0 <= taken[1] <= gift


def test_of_the_bonus_rows_that_are_reached_the_highest_counts() -> None:
    bonus = [{"paid_minor": 10_000, "gift_minor": 500}, {"paid_minor": 50_000, "gift_minor": 5_000}]
    read = read_programme(changed("stored_value/top_up_bonus", bonus))
    assert [read.bonus_minor(paid_minor=paid) for paid in (9_999, 10_000, 49_999, 50_000)] == [0, 500, 500, 5_000]


@pytest.mark.parametrize(
    ("validity", "earned", "gone"),
    [
        ({"kind": "never"}, date(2026, 1, 31), None),
        ({"kind": "months", "months": 1}, date(2026, 1, 31), date(2026, 2, 28)),
        ({"kind": "months", "months": 12}, date(2028, 2, 29), date(2029, 2, 28)),
        ({"kind": "months", "months": 48}, date(2028, 2, 29), date(2032, 2, 29)),
        ({"kind": "year_end", "years": 0}, date(2026, 12, 31), date(2027, 1, 1)),
        ({"kind": "year_end", "years": 1}, date(2026, 1, 1), date(2028, 1, 1)),
    ],
)
def test_points_are_gone_from_the_first_day_after_their_validity(
    validity: dict[str, Any], earned: date, gone: date | None
) -> None:
    assert read_programme(programme(validity=validity)).expires_on(earned_on=earned) == gone


def test_the_example_of_the_page_about_the_format_is_one() -> None:
    page = (Path(__file__).parents[4] / "docs/reference/loyalty-programme.md").read_text(encoding="utf-8")
    example = page.split("```json\n", 1)[1].split("```", 1)[0]
    assert write_programme(read_programme(example)) == json.loads(example)
