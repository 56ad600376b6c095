"""Barcodes that a scale prints: item and weight or price in one number (docs/reference/weighed-barcodes.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from liushui.catalog.errors import InvalidPattern
from liushui.kernel.gtin import check_digit

_ELEMENT_STRING = re.compile(r"(\][A-Za-z]\d)?\(?0[12]\)?\d{14}.+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighedCode:
    """What a scanned barcode says. `codes` are the item codes to look for, best first."""

    codes: tuple[str, ...]
    grams: int | None = None
    amount_minor: int | None = None
    units: int = 1


@lru_cache(maxsize=256)
def checked_pattern(text: str) -> str:
    """The pattern without its blanks; raises InvalidPattern.

    A pattern has one run of `p` (item code); at most one run of either `w` (grams) or `v` (minor units); at most one
    `c` (GS1 check digit), which is last; anything else is a digit that stands for itself.
    """
    pattern = "".join(text.split())
    runs = [letter for letter, _ in groupby(pattern)]
    if re.search(r"[^0-9pwvc]", pattern, re.ASCII):
        raise InvalidPattern(f"{text!r} has a character without a meaning", remedy="Use digits and p w v c.")
    if runs.count("p") != 1:
        raise InvalidPattern(f"{text!r} must have one run of p for the item code")
    if runs.count("w") + runs.count("v") > 1:
        raise InvalidPattern(f"{text!r} must have one run of w or one of v, not several")
    if pattern.count("c") > 1 or "c" in pattern[:-1]:
        raise InvalidPattern(f"{text!r} may have one c, at its end")
    if not pattern[0].isdigit():
        raise InvalidPattern(f"{text!r} must begin with a digit", remedy="Scales use 2, the range GS1 leaves to shops.")
    return pattern


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    parts = []
    for letter, run in groupby(checked_pattern(pattern)):
        length = len(list(run))
        parts.append(letter * length if letter.isdigit() else rf"(?P<{letter}>[0-9]{{{length}}})")
    return re.compile("".join(parts), re.ASCII)


def read_weighed(code: str, *, patterns: Iterable[str], currency_exponent: int) -> WeighedCode | None:
    """What the barcode says by the first pattern that it fits, or as a GS1 element string; None when by neither.

    A wrong check digit does not fit. The item code is looked for as it stands and then without leading zeros.
    """
    for pattern in patterns:
        match = _expression(pattern).fullmatch(code)
        if match is None:
            continue
        found = match.groupdict()
        if "c" in found and int(found["c"]) != check_digit(code[:-1]):
            continue
        short = found["p"].lstrip("0")
        return WeighedCode(
            codes=(found["p"], short) if short and short != found["p"] else (found["p"],),
            grams=int(found["w"]) if "w" in found else None,
            amount_minor=int(found["v"]) if "v" in found else None,
        )
    return _read_element_string(code, currency_exponent) if _ELEMENT_STRING.fullmatch(code) else None


def _read_element_string(code: str, currency_exponent: int) -> WeighedCode | None:
    """AI 01 or 02 with 310n (net weight), 392n (amount) and 30 or 37 (count): GS1 General Specifications, section 3."""
    from biip import ParseError  # a tenth of a second at start, for barcodes that few shops print
    from biip.gs1_messages import GS1Message

    try:
        message = (
            GS1Message.parse_hri(code) if code.startswith("(") else GS1Message.parse(re.sub(r"^\][A-Za-z]\d", "", code))
        )
    except ParseError:
        return None
    gtin, grams, amount_minor, units = "", None, None, 1
    for element in message.element_strings:
        ai, value = element.ai.ai, element.value
        if ai in ("01", "02") and element.gtin is not None:  # None: its check digit is wrong
            gtin = value
        elif ai.startswith("310") and len(ai) == 4:
            grams = _shifted(value, 3 - int(ai[3]))
        elif ai.startswith("392") and len(ai) == 4:
            amount_minor = _shifted(value, currency_exponent - int(ai[3]))
        elif ai in ("30", "37"):
            units = int(value)
    return WeighedCode(codes=(gtin,), grams=grams, amount_minor=amount_minor, units=units) if gtin else None


def _shifted(digits: str, places: int) -> int | None:
    """The number times ten to the power of `places`; None when that leaves a fraction."""
    number = int(digits)
    if places >= 0:
        return number * int(10**places)
    whole, rest = divmod(number, int(10**-places))
    return whole if rest == 0 else None
