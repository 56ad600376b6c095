"""JSON read strictly: nothing guessed, nothing dropped, no binary fraction, and every error with its JSON path.

A module makes one `StrictJson` with its own error. `loads` reads text; the readers below it take one value each with
`at`, the path that leads to it as in `promotions[3].effects[0].percent`, and raise that error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Never, TypeVar

from liushui.kernel.errors import LiushuiError

INTEGER_MAX = 10**15
DEPTH_MAX = 64
TEXT_MAX = 200

_T = TypeVar("_T")
_MEBIBYTE = 1024 * 1024
_LONG_INTEGER = re.compile(r"\d{16}")
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)


class NumberText(str):
    """A JSON number with a fraction or an exponent, as it was written."""

    __slots__ = ()


def shown(value: Any) -> str:
    """A value as an error may quote it: short, as JSON writes it."""
    if isinstance(value, NumberText):
        written = str(value)
    elif value is None or isinstance(value, bool | int | float | str):
        written = json.dumps(value, ensure_ascii=False) if not isinstance(value, int) or value < 10**30 else "a number"
    elif isinstance(value, Mapping):
        written = "an object"
    else:
        written = "a list" if isinstance(value, list | tuple) else "something"
    return written if len(written) <= 60 else f"{written[:57]}…"


@dataclass(frozen=True, slots=True, kw_only=True)
class StrictJson:
    """How the documents of one module are read, and what is raised for those that are not of their form."""

    error: type[LiushuiError]
    number_remedy: str  # how the numbers of these documents are written
    takes_fractions: bool  # `loads` keeps 12.5 as its text, for a reader that knows what to do with it; else refuses it
    bytes_max: int
    integer_max: int = INTEGER_MAX  # of `integer`, where no other bound is given

    def invalid(self, detail: str, *, at: str, remedy: str | None = None) -> Never:
        """Raise the error for the value at that path."""
        raise self.error(detail, pointer=at or "$", remedy=remedy)

    def loads(self, document: str | bytes) -> Any:
        """JSON text as plain values. Raises the error for what JSON or this format refuses, at any depth."""
        text = self._decoded(document)
        parse_int: Callable[[str], int] | None = self._bounded if _LONG_INTEGER.search(text) else None
        try:
            value = json.loads(
                text, parse_float=NumberText if self.takes_fractions else self._no_fraction, parse_int=parse_int,
                parse_constant=self._no_constant if self.takes_fractions else self._no_fraction,
                object_pairs_hook=self._once,
            )  # fmt: skip
        except json.JSONDecodeError as error:
            raise self.error(
                f"This is not JSON: {error.msg} at line {error.lineno}, column {error.colno}",
                pointer="$",
                remedy="Write one JSON value in UTF-8.",
                context={"position": error.pos},
            ) from None
        except RecursionError:
            self._too_deep()
        if text.count("[") + text.count("{") > DEPTH_MAX:
            self._check_depth(value)
        if "\\u" in text:
            self._check_escapes(value)
        return value

    def members(
        self,
        value: Any,
        *,
        at: str,
        known: frozenset[str] = frozenset(),
        required: Iterable[str] = (),
        what: str = "",
    ) -> dict[str, Any]:
        """An object with known keys only, the required ones among them; `what` it is, as errors call it."""
        if not isinstance(value, Mapping):
            self.invalid(
                f"{what} is an object; {shown(value)} was given"
                if what
                else f"An object is wanted; {shown(value)} was given",
                at=at,
            )
        for key in value:
            if key not in known:
                near = get_close_matches(str(key), known, n=1)
                named = repr(str(key)[:60])
                self.invalid(
                    f"{what} has no field {named}" if what else f"There is no field {named}",
                    at=f"{at}.{str(key)[:60]}" if at else str(key)[:60],
                    remedy=f"Did you mean {near[0]!r}?" if near else f"It takes {', '.join(sorted(known))}.",
                )
        for key in required:
            if key not in value:
                self.invalid(
                    f"{what} lacks the field {key!r}" if what else f"The field {key!r} is missing",
                    at=f"{at}.{key}" if at else key,
                )
        return value if type(value) is dict else dict(value)

    def integer(self, value: Any, *, at: str, low: int = 0, high: int | None = None) -> int:
        """A whole number within bounds; never a boolean, a fraction or a text."""
        most = self.integer_max if high is None else high
        if type(value) is not int and self.takes_fractions:
            remedy = self.number_remedy if not isinstance(value, bool) else None
            self.invalid(f"A whole number is wanted; {shown(value)} was given", at=at, remedy=remedy)
        if type(value) is not int or not low <= value <= most:
            self.invalid(f"A whole number from {low} to {most} is wanted; {shown(value)} was given", at=at)
        return value

    def text(self, value: Any, *, at: str, longest: int = TEXT_MAX, empty: bool = False) -> str:
        """A text, by default not empty."""
        if type(value) is not str:
            self.invalid(f"A text is wanted; {shown(value)} was given", at=at)
        if not value and not empty:
            self.invalid("The text is empty", at=at)
        if len(value) > longest:
            self._too_long(value, at, longest)
        # A laxer parser than `loads` lets these through; no receipt shows them, no database or digest takes them.
        if "\x00" in value or (not value.isascii() and any("\ud800" <= each <= "\udfff" for each in value)):
            self.invalid("The text holds U+0000 or half of a character (a lone surrogate)", at=at)
        return value

    def line(self, value: Any, *, at: str, longest: int = TEXT_MAX) -> str:
        """A text of one line that is not empty and has no blanks at its ends."""
        if type(value) is not str or not value or value != value.strip() or not value.isprintable():
            self.invalid(f"A text is wanted; {shown(value)} was given", at=at)
        if len(value) > longest:
            self._too_long(value, at, longest)
        return value

    def flag(self, value: Any, *, at: str) -> bool:
        """true or false."""
        if type(value) is not bool:
            self.invalid(f"true or false is wanted; {shown(value)} was given", at=at)
        return value

    def choice(self, value: Any, *, at: str, among: Iterable[str]) -> str:
        """One of the given words."""
        words = tuple(among)
        if type(value) is not str or value not in words:
            near = get_close_matches(value, words, n=1) if isinstance(value, str) else ()
            self.invalid(
                f"{shown(value)} is none of {', '.join(words)}",
                at=at,
                remedy=f"Did you mean {near[0]!r}?" if near else None,
            )
        return value

    def elements(self, value: Any, *, at: str, least: int = 0, most: int = 100_000) -> list[Any]:
        """A list with so many elements."""
        if not isinstance(value, list | tuple):
            self.invalid(f"A list is wanted; {shown(value)} was given", at=at)
        if not least <= len(value) <= most:
            self.invalid(
                "The list is empty" if len(value) < least else f"The list has {len(value)} elements; {most} at most",
                at=at,
                remedy="Leave the field out, or write at least one element." if len(value) < least else None,
            )
        return list(value)

    def several(
        self, value: Any, *, at: str, read: Callable[[Any, str], _T], least: int = 0, most: int = 100_000,
        remedy: str | None = None,
    ) -> tuple[_T, ...]:  # fmt: skip
        """A list without repetition whose elements `read` takes one by one, each with its path, in the given order."""
        given = self.elements(value, at=at, least=least, most=most)
        found = [read(each, f"{at}[{index}]") for index, each in enumerate(given)]
        if len(set(found)) != len(found):
            index = next(index for index, each in enumerate(found) if each in found[:index])
            self.invalid(f"{shown(given[index])} stands twice in the list", at=f"{at}[{index}]", remedy=remedy)
        return tuple(found)

    def texts(self, value: Any, *, at: str, least: int = 1) -> tuple[str, ...]:
        """A list of texts without repetition, in the given order."""
        return self.several(value, at=at, least=least, read=lambda each, path: self.text(each, at=path))

    def instant(self, value: Any, *, at: str) -> datetime:
        """A date and time with its offset."""
        read = self.text(value, at=at, longest=40)
        if not _INSTANT.fullmatch(read):
            self.invalid(f"{shown(read)} is not a date and time", at=at, remedy="Write 2026-11-22T10:15:00+08:00.")
        try:
            parsed = datetime.fromisoformat(read)
        except ValueError:
            self.invalid(f"{shown(read)} is no date and time of the calendar", at=at)
        if parsed.tzinfo is None:
            self.invalid(
                f"{shown(read)} has no offset", at=at, remedy="Give the store's, as in 2026-11-22T10:15:00+08:00."
            )
        return parsed

    def _decoded(self, document: str | bytes) -> str:
        if len(document) > self.bytes_max:
            mebibytes = self.bytes_max // _MEBIBYTE
            longest = "a mebibyte" if mebibytes == 1 else f"{mebibytes} MiB"
            self.invalid(f"The document is longer than {longest}", at="")
        if isinstance(document, str):
            if not document.isascii():
                self._utf8(document)
            return document
        try:
            return bytes(document).decode()
        except UnicodeDecodeError as error:
            self.invalid(f"The document is not UTF-8: byte {error.start} is {error.reason}", at="")

    def _utf8(self, text: str) -> None:
        try:
            text.encode()
        except UnicodeEncodeError:
            self.invalid("The document holds half of a character (a lone surrogate)", at="")

    def _bounded(self, digits: str) -> int:
        # Length first: int() of a million digits takes long, and Python refuses more than 4,300.
        if len(digits.lstrip("-0")) > 16 or abs(int(digits)) > INTEGER_MAX:
            written = digits if len(digits) <= 24 else f"{digits[:20]}…"
            self.invalid(f"The number {written} is beyond {INTEGER_MAX}", at="", remedy="Amounts are minor units.")
        return int(digits)

    def _no_fraction(self, written: str) -> Never:
        self.invalid(f"{written[:40]} is not a whole number", at="", remedy=self.number_remedy)

    def _no_constant(self, name: str) -> Never:
        self.invalid(f"{name} is not a number that JSON knows", at="")

    def _once(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            seen: set[str] = set()
            for key, _value in pairs:
                if key in seen:
                    self.invalid(f"The key {key[:60]!r} stands twice in one object", at="", remedy="Keep one of them.")
                seen.add(key)
        return found

    def _too_long(self, value: str, at: str, longest: int) -> Never:
        self.invalid(f"The text has {len(value)} characters; {longest} at most", at=at)

    def _too_deep(self) -> Never:
        self.invalid(f"The document is nested more than {DEPTH_MAX} deep", at="", remedy="Write it flatter.")

    def _check_depth(self, value: Any) -> None:
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
        self._too_deep()

    def _check_escapes(self, value: Any) -> None:
        text = json.dumps(value, ensure_ascii=False)
        self._utf8(text)
        if "\\u0000" in text:
            self.invalid("A text holds the character U+0000, which no receipt can show", at="")
