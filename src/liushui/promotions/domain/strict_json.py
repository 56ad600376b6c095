"""JSON read strictly: nothing guessed, nothing dropped, no binary fraction, and every error with its JSON path.

`loads` keeps a number with a fraction as the text that was written (`NumberText`): only a percent takes one. The
readers below take one value each with `at`, the path that leads to it, and raise InvalidDocument.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Never

from liushui.promotions.errors import InvalidDocument

INTEGER_MAX = 10**15
DEPTH_MAX = 64
BYTES_MAX = 64 * 1024 * 1024
TEXT_MAX = 200

_LONG_INTEGER = re.compile(r"\d{16}")
_PERCENT = re.compile(r"(\d{1,3})(?:\.(\d{1,2}))?", re.ASCII)
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)


class NumberText(str):
    """A JSON number with a fraction or an exponent, as it was written."""

    __slots__ = ()


def invalid(detail: str, *, at: str, remedy: str | None = None) -> Never:
    """Raise the error for the value at that path."""
    raise InvalidDocument(detail, pointer=at or "$", remedy=remedy)


def loads(document: str | bytes) -> Any:
    """JSON text as plain values. Raises InvalidDocument for what JSON or this format refuses, at any depth."""
    text = _decoded(document)
    parse_int: Callable[[str], int] | None = _bounded if _LONG_INTEGER.search(text) else None
    try:
        value = json.loads(
            text, parse_float=NumberText, parse_int=parse_int, parse_constant=_no_constant, object_pairs_hook=_once
        )
    except json.JSONDecodeError as error:
        raise InvalidDocument(
            f"This is not JSON: {error.msg} at line {error.lineno}, column {error.colno}",
            pointer="$",
            remedy="Write one JSON value in UTF-8.",
            context={"position": error.pos},
        ) from None
    except RecursionError:
        _too_deep()
    if text.count("[") + text.count("{") > DEPTH_MAX:
        _check_depth(value)
    if "\\u" in text:
        _check_escapes(value)
    return value


def _decoded(document: str | bytes) -> str:
    if len(document) > BYTES_MAX:
        invalid(f"The document is longer than {BYTES_MAX // 1024 // 1024} MiB", at="")
    if isinstance(document, str):
        if not document.isascii():
            _utf8(document)
        return document
    try:
        return bytes(document).decode()
    except UnicodeDecodeError as error:
        invalid(f"The document is not UTF-8: byte {error.start} is {error.reason}", at="")


def _utf8(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        invalid("The document holds half of a character (a lone surrogate)", at="")


def _bounded(digits: str) -> int:
    # Length first: int() of a million digits takes long, and Python refuses more than 4,300.
    if len(digits.lstrip("-0")) > 16 or abs(int(digits)) > INTEGER_MAX:
        shown = digits if len(digits) <= 24 else f"{digits[:20]}…"
        invalid(f"The number {shown} is beyond {INTEGER_MAX}", at="", remedy="Amounts are minor units.")
    return int(digits)


def _no_constant(name: str) -> Never:
    invalid(f"{name} is not a number that JSON knows", at="")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _value in pairs:
            if key in seen:
                invalid(f"The key {key!r} stands twice in one object", at="", remedy="Keep one of them.")
            seen.add(key)
    return found


def _too_deep() -> Never:
    invalid(f"The document is nested more than {DEPTH_MAX} deep", at="", remedy="Write it flatter.")


def _check_depth(value: Any) -> None:
    level = [value]
    for _depth in range(DEPTH_MAX):
        below: list[Any] = []
        for each in level:
            if type(each) is dict:
                below.extend(part for part in each.values() if type(part) in (dict, list))
            elif type(each) is list:
                below.extend(part for part in each if type(part) in (dict, list))
        if not below:
            return
        level = below
    _too_deep()


def _check_escapes(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    _utf8(text)
    if "\\u0000" in text:
        invalid("A text holds the character U+0000, which no receipt can show", at="")


def shown(value: Any) -> str:
    """A value as an error may quote it: short, as JSON writes it."""
    if isinstance(value, NumberText):
        written = str(value)
    elif value is None or isinstance(value, bool | int | float | str):
        written = json.dumps(value, ensure_ascii=False) if not isinstance(value, int) or value < 10**30 else "a number"
    else:
        written = "an object" if isinstance(value, Mapping) else "a list" if isinstance(value, list) else "something"
    return written if len(written) <= 60 else f"{written[:57]}…"


def members(
    value: Any, *, at: str, known: frozenset[str], required: Iterable[str] = (), what: str = "This"
) -> dict[str, Any]:
    """An object with known keys only, the required ones among them."""
    if not isinstance(value, Mapping):
        invalid(f"{what} is an object; {shown(value)} was given", at=at)
    for key in value:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            invalid(
                f"{what} has no field {str(key)[:60]!r}",
                at=f"{at}.{str(key)[:60]}" if at else str(key)[:60],
                remedy=f"Did you mean {near[0]!r}?" if near else f"It takes {', '.join(sorted(known))}.",
            )
    for key in required:
        if key not in value:
            invalid(f"{what} lacks the field {key!r}", at=f"{at}.{key}" if at else key)
    return value if type(value) is dict else dict(value)


def integer(value: Any, *, at: str, low: int = 0, high: int = INTEGER_MAX) -> int:
    """A whole number within bounds; never a boolean, a fraction or a text."""
    if type(value) is not int:
        remedy = "Write minor units or a count, without fraction and quotes." if not isinstance(value, bool) else None
        invalid(f"A whole number is wanted; {shown(value)} was given", at=at, remedy=remedy)
    if not low <= value <= high:
        invalid(f"A whole number from {low} to {high} is wanted; {shown(value)} was given", at=at)
    return value


def text(value: Any, *, at: str, longest: int = TEXT_MAX, empty: bool = False) -> str:
    """A text, by default not empty."""
    if type(value) is not str:
        invalid(f"A text is wanted; {shown(value)} was given", at=at)
    if not value and not empty:
        invalid("The text is empty", at=at)
    if len(value) > longest:
        invalid(f"The text has {len(value)} characters; {longest} at most", at=at)
    # A laxer parser than `loads` lets these through; no receipt shows them, no database or digest takes them.
    if "\x00" in value or (not value.isascii() and any("\ud800" <= each <= "\udfff" for each in value)):
        invalid("The text holds U+0000 or half of a character (a lone surrogate)", at=at)
    return value


def flag(value: Any, *, at: str) -> bool:
    """true or false."""
    if type(value) is not bool:
        invalid(f"true or false is wanted; {shown(value)} was given", at=at)
    return value


def choice(value: Any, *, at: str, among: Iterable[str]) -> str:
    """One of the given words."""
    words = tuple(among)
    if type(value) is not str or value not in words:
        near = get_close_matches(value, words, n=1) if isinstance(value, str) else ()
        invalid(
            f"{shown(value)} is none of {', '.join(words)}",
            at=at,
            remedy=f"Did you mean {near[0]!r}?" if near else None,
        )
    return value


def elements(value: Any, *, at: str, least: int = 0, most: int = 100_000) -> list[Any]:
    """A list with so many elements."""
    if not isinstance(value, list | tuple):
        invalid(f"A list is wanted; {shown(value)} was given", at=at)
    if not least <= len(value) <= most:
        invalid(
            "The list is empty" if len(value) < least else f"The list has {len(value)} elements; {most} at most",
            at=at,
            remedy="Leave the field out, or write at least one element." if len(value) < least else None,
        )
    return list(value)


def texts(value: Any, *, at: str, least: int = 1) -> tuple[str, ...]:
    """A list of texts without repetition, in the given order."""
    read = [text(each, at=f"{at}[{index}]") for index, each in enumerate(elements(value, at=at, least=least))]
    if len(set(read)) != len(read):
        for index, each in enumerate(read):
            if each in read[:index]:
                invalid(f"{shown(each)} stands twice in the list", at=f"{at}[{index}]")
    return tuple(read)


def instant(value: Any, *, at: str) -> datetime:
    """A date and time with its offset."""
    read = text(value, at=at, longest=40)
    if not _INSTANT.fullmatch(read):
        invalid(f"{shown(read)} is not a date and time", at=at, remedy="Write 2026-11-22T10:15:00+08:00.")
    try:
        parsed = datetime.fromisoformat(read)
    except ValueError:
        invalid(f"{shown(read)} is no date and time of the calendar", at=at)
    if parsed.tzinfo is None:
        invalid(f"{shown(read)} has no offset", at=at, remedy="Give the store's, as in 2026-11-22T10:15:00+08:00.")
    return parsed


def basis_points(value: Any, *, at: str, zero: bool = False) -> int:
    """A percent, a number or a text with at most two decimals above 0 and up to 100, as basis points."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        invalid(f"A percent is wanted; {shown(value)} was given", at=at)
    # A document that a laxer parser has read holds floats; the shortest spelling of one is what was written.
    written = repr(value) if isinstance(value, int | float) else str(value)
    match = _PERCENT.fullmatch(written.removesuffix(".0") if isinstance(value, float) else written)
    if match is None:
        invalid(
            f"{written[:40]} is not a percent",
            at=at,
            remedy='Write a number above 0 and up to 100 with at most two decimals, such as 20 or "12.5".',
        )
    read = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))
    if not (0 if zero else 1) <= read <= 10_000:
        invalid(f"{written} is not a percent above 0 and up to 100", at=at)
    return read


def percent(value: int) -> int | str:
    """Basis points as a document writes them: 20, or "12.5"."""
    whole, rest = divmod(value, 100)
    return whole if not rest else f"{whole}.{rest:02}".rstrip("0")
