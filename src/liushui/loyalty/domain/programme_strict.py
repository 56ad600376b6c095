"""JSON values read strictly: nothing guessed, nothing dropped, and every error with the path of what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import time
from difflib import get_close_matches
from typing import Any, Never, TypeVar

from liushui.loyalty.errors import InvalidProgramme

INTEGER_MAX = 10**13
BYTES_MAX = 1024 * 1024
_T = TypeVar("_T")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


def invalid(detail: str, *, at: str, remedy: str | None = None) -> Never:
    """Raise the error for the value at that path."""
    raise InvalidProgramme(detail, pointer=at or "$", remedy=remedy)


def loads(document: str | bytes) -> Any:
    """JSON text as plain values."""
    if len(document) > BYTES_MAX:
        invalid("The document is longer than a mebibyte", at="")
    try:
        return json.loads(document, parse_float=_no_fraction, parse_constant=_no_fraction, object_pairs_hook=_once)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        invalid("This is not JSON", at="", remedy="Write one JSON value in UTF-8.")


def _no_fraction(written: str) -> Never:
    invalid(f"{written[:40]} is not a whole number", at="", remedy="Write minor units, points and basis points.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for key, _ in pairs if [each for each, _ in pairs].count(key) > 1)
        invalid(f"The key {twice[:60]!r} stands twice in one object", at="", remedy="Keep one of them.")
    return found


def shown(value: Any) -> str:
    """A value as an error may quote it."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    written = json.dumps(value, ensure_ascii=False, default=str)
    return written if len(written) <= 60 else f"{written[:57]}…"


def members(value: Any, *, at: str, required: Iterable[str], optional: Iterable[str] = ()) -> Mapping[str, Any]:
    """An object with known keys only, the required ones among them."""
    if not isinstance(value, Mapping):
        invalid(f"An object is wanted; {shown(value)} was given", at=at)
    needed = tuple(required)
    known = {*needed, *optional}
    for key in value:
        if key not in known:
            near = get_close_matches(str(key), sorted(known), n=1)
            remedy = f"Did you mean {near[0]!r}?" if near else f"It takes {', '.join(sorted(known))}."
            invalid(f"There is no field {str(key)[:60]!r}", at=_join(at, str(key)[:60]), remedy=remedy)
    for key in needed:
        if key not in value:
            invalid(f"The field {key!r} is missing", at=_join(at, key))
    return value


def integer(value: Any, *, at: str, low: int = 0, high: int = INTEGER_MAX) -> int:
    """A whole number within bounds; never a boolean or a text."""
    if type(value) is not int or not low <= value <= high:
        invalid(f"A whole number from {low} to {high} is wanted; {shown(value)} was given", at=at)
    return value


def text(value: Any, *, at: str, longest: int) -> str:
    """A text that is not empty and has no blanks at its ends."""
    if type(value) is not str or not value or value != value.strip() or not value.isprintable():
        invalid(f"A text is wanted; {shown(value)} was given", at=at)
    if len(value) > longest:
        invalid(f"The text has {len(value)} characters; {longest} at most", at=at)
    return value


def choice(value: Any, *, at: str, among: Iterable[str]) -> str:
    """One of the given words."""
    words = tuple(among)
    if type(value) is not str or value not in words:
        invalid(f"{shown(value)} is none of {', '.join(words)}", at=at)
    return value


def elements(value: Any, *, at: str, most: int) -> list[Any]:
    """A list."""
    if not isinstance(value, list | tuple):
        invalid(f"A list is wanted; {shown(value)} was given", at=at)
    if len(value) > most:
        invalid(f"The list has {len(value)} elements; {most} at most", at=at)
    return list(value)


def several(value: Any, *, at: str, most: int, read: Callable[[Any, str], _T]) -> tuple[_T, ...]:
    """A list without repetition whose elements are read one by one, each with its path."""
    found: list[_T] = []
    for index, each in enumerate(elements(value, at=at, most=most)):
        path = f"{at}[{index}]"
        one = read(each, path)
        if one in found:
            invalid(f"{shown(each)} stands twice in the list", at=path, remedy="Keep one of them.")
        found.append(one)
    return tuple(found)


def clock(value: Any, *, at: str) -> time:
    """A time of day, hours and minutes."""
    match = _CLOCK.fullmatch(value) if type(value) is str else None
    if match is None:
        invalid(f"{shown(value)} is not a time of day", at=at, remedy="Write 08:30 or 22:00.")
    return time(int(match[1]), int(match[2]))


def _join(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key
