"""What is kept of a birthday with a price: the spans that a rulebook asks for, and never the day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liushui.promotions.domain.basket import Basket, Member
from liushui.promotions.domain.birthdays import birthday_spans, with_coarse_birthday
from liushui.promotions.domain.conditions import days_to_birthday
from liushui.promotions.domain.rulebook_json import read_rulebook

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def kept(birthday: tuple[int, int] | None, *spans: int, at: datetime = NOON) -> tuple[int, int] | None:
    basket = Basket(currency="CNY", at=at, lines=(), member=Member(id="m1", birthday=birthday))
    member = with_coarse_birthday(basket, spans=spans).member
    assert member is not None
    assert member.id == "m1"
    return member.birthday


@pytest.mark.parametrize(
    ("birthday", "spans", "is_kept_as"),
    [
        ((11, 20), (), None),  # nobody asks
        ((11, 20), (0,), None),  # two days off
        ((11, 22), (0,), (11, 22)),
        ((11, 20), (7,), (11, 29)),
        ((11, 20), (1, 7, 30), (11, 29)),
        ((12, 20), (1, 7, 30), (12, 22)),
        ((1, 20), (1, 7, 30), None),
        ((6, 1), (366,), (5, 24)),
        (None, (7,), None),
    ],
)
def test_a_birthday_becomes_the_end_of_the_narrowest_span(birthday: Any, spans: Any, is_kept_as: Any) -> None:
    assert kept(birthday, *spans) == is_kept_as


@given(
    today=st.dates(date(2023, 1, 1), date(2033, 12, 31)), born=st.dates(date(2000, 1, 1), date(2000, 12, 31)),
    spans=st.lists(st.integers(0, 366), unique=True, max_size=4).map(sorted),
)  # fmt: skip
def test_every_condition_judges_it_as_it_judges_the_day_itself(today: date, born: date, spans: list[int]) -> None:
    at = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    birthday = (born.month, born.day)
    found = kept(birthday, *spans, at=at)
    real = days_to_birthday(birthday, today=today)
    told = days_to_birthday(found, today=today) if found is not None else 10_000
    assert [told <= span for span in spans] == [real <= span for span in spans]
    others = {
        kept((day.month, day.day), *spans, at=at)
        for day in (born, date(2000, 1, 1) + timedelta(days=(born.timetuple().tm_yday % 366)))
        if [days_to_birthday((day.month, day.day), today=today) <= span for span in spans]
        == [real <= span for span in spans]
    }
    assert others == {found}  # whoever fits the same conditions is kept the same


def test_the_spans_of_a_rulebook_are_found_wherever_they_stand() -> None:
    def promotion(name: str, *when: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": name, "name": {"zh": name, "en": name}, "when": list(when),
            "effects": [{"type": "amount_off", "amount": 100, "level": "order"}],
        }  # fmt: skip

    near = {"type": "birthday_within", "days": 7}
    today = {"type": "birthday_within", "days": 0}
    other = {"any": [{"not": today}, {"type": "member"}]}
    document = {"version": "1", "promotions": [promotion("a", near), promotion("b", other), promotion("c")]}
    assert birthday_spans(read_rulebook(document).promotions) == (0, 7)
