"""Both ways of reading JSON strictly: each error with its path, its words and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from liushui.kernel.errors import InvalidValue
from liushui.kernel.strict_json import NumberText, StrictJson, shown

EXACT = StrictJson(
    error=InvalidValue, number_remedy="Write points.", takes_fractions=False, bytes_max=1024 * 1024, integer_max=100
)
LOOSE = StrictJson(error=InvalidValue, number_remedy="Write points.", takes_fractions=True, bytes_max=2 * 1024 * 1024)
KNOWN = frozenset({"points", "minor"})


def refused(reader: Callable[..., Any], *args: Any, **fields: Any) -> tuple[str | None, str, str | None]:
    with pytest.raises(InvalidValue) as raised:
        reader(*args, **fields)
    return raised.value.pointer, raised.value.detail, raised.value.remedy


@pytest.mark.parametrize(
    ("document", "detail", "remedy"),
    [
        ('{"a": 1.5}', "1.5 is not a whole number", "Write points."),
        ("[NaN]", "NaN is not a whole number", "Write points."),
        ('{"a": 1, "a": 1}', "The key 'a' stands twice in one object", "Keep one of them."),
        ("{", "This is not JSON: Expecting property name enclosed in double quotes at line 1, column 2",
         "Write one JSON value in UTF-8."),
        ("9" * 5000, f"The number {'9' * 20}… is beyond 1000000000000000", "Amounts are minor units."),
        ("[" * 100_000, "The document is nested more than 64 deep", "Write it flatter."),
        (" " * (1024 * 1024 + 1), "The document is longer than a mebibyte", None),
    ],
)  # fmt: skip
def test_text_is_refused_as_a_whole(document: str, detail: str, remedy: str | None) -> None:
    assert refused(EXACT.loads, document) == ("$", detail, remedy)


def test_a_number_with_a_fraction_is_kept_as_its_text_where_one_is_taken() -> None:
    [read] = LOOSE.loads("[12.50]")
    assert (type(read), read) == (NumberText, "12.50")
    assert refused(LOOSE.loads, "[NaN]") == ("$", "NaN is not a number that JSON knows", None)
    assert refused(LOOSE.loads, " " * 3_000_000)[1] == "The document is longer than 2 MiB"
    assert refused(LOOSE.integer, read, at="a[0]") == (
        "a[0]", "A whole number is wanted; 12.50 was given", "Write points.",
    )  # fmt: skip


def test_whole_numbers_are_told_their_bounds() -> None:
    assert EXACT.integer(100, at="a") == 100
    for given, said in ((101, "101"), (True, "true"), ("1", '"1"'), (None, "null")):
        assert refused(EXACT.integer, given, at="a") == (
            "a", f"A whole number from 0 to 100 is wanted; {said} was given", None,
        )  # fmt: skip
    assert refused(LOOSE.integer, True, at="a") == ("a", "A whole number is wanted; true was given", None)
    assert refused(LOOSE.integer, 4, at="a", low=5, high=6)[1] == "A whole number from 5 to 6 is wanted; 4 was given"


def test_an_object_is_told_by_its_name_where_it_has_one() -> None:
    fields = {"known": KNOWN, "required": ("points",)}
    assert EXACT.members({"points": 1}, at="", **fields) == {"points": 1}
    assert refused(EXACT.members, [], at="a", **fields) == ("a", "An object is wanted; a list was given", None)
    assert refused(EXACT.members, {}, at="", **fields) == ("points", "The field 'points' is missing", None)
    assert refused(EXACT.members, {"point": 1}, at="a", **fields) == (
        "a.point", "There is no field 'point'", "Did you mean 'points'?",
    )  # fmt: skip
    assert refused(LOOSE.members, 7, at="a", **fields, what="A line")[1] == "A line is an object; 7 was given"
    assert refused(LOOSE.members, {}, at="a", **fields, what="A line") == (
        "a.points", "A line lacks the field 'points'", None,
    )  # fmt: skip
    assert refused(LOOSE.members, {"x": 1}, at="", **fields, what="A line") == (
        "x", "A line has no field 'x'", "It takes minor, points.",
    )  # fmt: skip


def test_a_line_has_no_blanks_at_its_ends_and_a_text_may() -> None:
    assert LOOSE.text(" a\n", at="") == " a\n"
    for wrong in (" a", "a\n", "", "\x00", 1):
        assert refused(EXACT.line, wrong, at="a")[1] == f"A text is wanted; {shown(wrong)} was given"
    assert refused(EXACT.line, "abc", at="a", longest=2)[1] == "The text has 3 characters; 2 at most"
    assert refused(LOOSE.text, "", at="a")[1] == "The text is empty"
    assert refused(LOOSE.text, "a\x00", at="a")[1] == "The text holds U+0000 or half of a character (a lone surrogate)"


def test_lists_are_read_one_by_one_and_without_repetition() -> None:
    def read(value: Any, at: str) -> str:
        return EXACT.line(value, at=at)

    assert EXACT.several(["b", "a"], at="a", read=read) == ("b", "a")
    assert refused(EXACT.several, ["a", "b", "a"], at="a", read=read, remedy="Keep one.") == (
        "a[2]", '"a" stands twice in the list', "Keep one.",
    )  # fmt: skip
    assert refused(EXACT.several, ["a", 1], at="a", read=read)[0] == "a[1]"
    assert refused(EXACT.several, ["a", "b"], at="a", read=read, most=1)[1] == "The list has 2 elements; 1 at most"
    assert refused(LOOSE.texts, [], at="a") == (
        "a", "The list is empty", "Leave the field out, or write at least one element.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ("2026-11-22", '"2026-11-22" is not a date and time'),
        ("2026-13-22T10:15:00Z", '"2026-13-22T10:15:00Z" is no date and time of the calendar'),
        ("2026-11-22T10:15:00", '"2026-11-22T10:15:00" has no offset'),
    ],
)
def test_an_instant_has_an_offset(given: str, detail: str) -> None:
    assert refused(LOOSE.instant, given, at="at")[:2] == ("at", detail)
    assert LOOSE.instant("2026-11-22T10:15:00+08:00", at="at").isoformat() == "2026-11-22T10:15:00+08:00"


def test_one_of_the_given_words() -> None:
    assert EXACT.choice("year", at="a", among=("year", "month")) == "year"
    assert refused(EXACT.choice, "moth", at="a", among=("year", "month")) == (
        "a", '"moth" is none of year, month', "Did you mean 'month'?",
    )  # fmt: skip
    assert refused(EXACT.flag, 1, at="a")[1] == "true or false is wanted; 1 was given"
