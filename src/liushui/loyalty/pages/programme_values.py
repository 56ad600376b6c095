"""Values of a programme as people write them, and back; a reader raises Wrong with words about the one field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from liushui.kernel.errors import InvalidValue
from liushui.kernel.money import format_minor, parse_minor
from liushui.loyalty.domain.programme import ONCE_BP
from liushui.loyalty.domain.programme_sentence import times_text

MONEY_MAX = 10**12
_DASHES = ("–", "—", "至", "~", "～")
_COMMAS = ("，", "、", ";", "；")


class Wrong(Exception):
    """What is wrong with a field, in words of the reader's language."""


def read_money(text: str, currency: str) -> int:
    """Minor units of 200, 12.5, ¥1,299 or 200 元."""
    plain = text.strip().removeprefix("¥").removeprefix("￥").removesuffix("元").replace(",", "").strip()
    try:
        minor = parse_minor(plain, currency)
    except InvalidValue:
        example = {"text": text[:40], "example": format_minor(1250, currency)}
        raise Wrong(_("“%(text)s” is not an amount. Write it like %(example)s.") % example) from None
    if not 0 <= minor <= MONEY_MAX:
        raise Wrong(_("This must be 0 or more, and no more than can be recorded."))
    return minor


def write_money(minor: int, currency: str) -> str:
    """The amount without idle zeros."""
    text = format_minor(minor, currency)
    return text.rstrip("0").rstrip(".") if "." in text else text


def read_whole(text: str, *, low: int, high: int) -> int:
    """A whole number within bounds."""
    plain = text.strip().replace(",", "")
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 15 and low <= int(plain) <= high):
        raise Wrong(_("A whole number from %(low)s to %(high)s is wanted.") % {"low": low, "high": f"{high:,}"})
    return int(plain)


def read_times(text: str) -> int:
    """Basis points of a factor such as 2 or 1.5."""
    return _decimal(text.strip().removesuffix("倍").removeprefix("×").strip(), 4, low=1, high=100 * ONCE_BP)


def write_times(basis_points: int) -> str:
    """The factor without idle zeros."""
    return times_text(basis_points).replace(",", "")


def read_percent(text: str) -> int:
    """Basis points of 50 or 33.5, of at most 100."""
    return _decimal(text.strip().removesuffix("%").removesuffix("％").strip(), 2, low=1, high=ONCE_BP)


def write_percent(basis_points: int) -> str:
    """The percentage without idle zeros."""
    return times_text(basis_points * 100)


def _decimal(text: str, places: int, *, low: int, high: int) -> int:
    whole, _point, fraction = text.partition(".")
    digits = whole + fraction
    if not (whole and digits.isascii() and digits.isdigit() and len(digits) <= 12 and len(fraction) <= places):
        raise Wrong(_("“%(text)s” is not a number. Write it like 2 or 1.5.") % {"text": text[:40]})
    value = int(whole + fraction.ljust(places, "0"))
    if not low <= value <= high:
        raise Wrong(_("This is too small or too large."))
    return value


def read_days(text: str) -> list[int]:
    """Days of the month of `8, 18、28`."""
    return sorted({read_whole(each, low=1, high=31) for each in _parts(text)})


def write_days(days: Iterable[int]) -> str:
    """The days with commas."""
    return ", ".join(str(day) for day in days)


def read_hours(text: str) -> list[list[str]]:
    """Spans of `10:00-14:00, 20:00–2:00`."""
    spans = []
    for each in _parts(text):
        plain = each
        for dash in _DASHES:
            plain = plain.replace(dash, "-")
        start, _dash, end = plain.replace("：", ":").partition("-")
        span = [_clock(start), _clock(end)]
        if None in span or span[0] == span[1]:
            raise Wrong(_("“%(text)s” is not a span of hours. Write 10:00-14:00.") % {"text": each[:40]})
        spans.append([str(end) for end in span])
    return sorted(spans)


def write_hours(spans: Iterable[Sequence[str]]) -> str:
    """The spans with commas."""
    return ", ".join("-".join(span) for span in spans)


def _clock(text: str) -> str | None:
    hour, _colon, minute = text.strip().partition(":")
    if not (hour + minute).isascii() or not (hour.isdigit() and minute.isdigit()):
        return None
    if len(hour) > 2 or len(minute) != 2 or int(hour) > 23 or int(minute) > 59:
        return None
    return f"{int(hour):02}:{minute}"


def _parts(text: str) -> list[str]:
    for comma in _COMMAS:
        text = text.replace(comma, ",")
    return [part.strip() for part in text.split(",") if part.strip()]
