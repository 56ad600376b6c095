"""Values of a promotion as people write them, and back: money in yuan, percent as 9 折 or as 10 % off, local times.

Every reader takes the text of one field and raises Wrong with words about it; every writer is its inverse, so that a
promotion that goes through the form comes out the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from liushui.kernel.errors import InvalidValue
from liushui.kernel.money import format_minor, parse_minor
from liushui.promotions.domain.sentence_names import amount_text, decimal_text

WHOLE_MAX = 10**15
_WHOLE = re.compile(r"\d{1,15}", re.ASCII)
_SIGNED = re.compile(r"-?\d{1,15}", re.ASCII)
_DECIMAL = re.compile(r"(\d{1,6})(?:\.(\d{1,4}))?", re.ASCII)
_RANGE = re.compile(r"(\d{1,2}):(\d\d)\s*[-–—~至]\s*(\d{1,2}):(\d\d)", re.ASCII)
_CHINESE_DIGITS = dict(zip("零一二三四五六七八九", range(10), strict=True))


class Wrong(Exception):
    """What is wrong with a field, in words of the reader's language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How numbers are written in one form. `percent_as` is zhe (what is paid, in tenths) or off (what is taken off)."""

    currency: str
    zone: ZoneInfo
    percent_as: str = "off"


# ---- money ----
def read_money(text: str, style: Style) -> int:
    """Minor units of an amount such as 200, 12.5, ¥1,299 or 200 元."""
    plain = text.strip().removeprefix("¥").removeprefix("￥").removesuffix("元").replace(",", "").strip()
    try:
        minor = parse_minor(plain, style.currency)
    except InvalidValue:
        example = {"text": text[:40], "example": format_minor(1250, style.currency)}
        raise Wrong(_("“%(text)s” is not an amount. Write it like %(example)s.") % example) from None
    if not 0 <= minor <= WHOLE_MAX:
        raise Wrong(_("This must be 0 or more, and no more than can be recorded."))
    return minor


def write_money(value: Any, style: Style) -> str:
    """The amount without idle zeros."""
    return amount_text(int(value), style.currency)


# ---- percent ----
def basis_points(value: Any) -> int:
    """Basis points of a percent as JSON has it: 20, "12.5"."""
    whole, _point, fraction = str(value).partition(".")
    return int(whole) * 100 + int(fraction.ljust(2, "0") or 0)


def percent_of(points: int) -> int | str:
    """The inverse: a whole number where it is one."""
    whole, rest = divmod(points, 100)
    return whole if rest == 0 else decimal_text(points, 2)


def read_percent(text: str, style: Style) -> int | str:
    """Percent off. With zhe 9 or 九折 is 10; 85折 is 15; 免费 is 100; 半价 is 50. `10%` is 10 in either style."""
    plain = text.strip().lower().replace(" ", "")
    points = _WORDS.get(plain)
    if points is None and plain.endswith(("%", "％")):
        points = _off(plain[:-1])
    elif points is None:
        points = _paid(plain) if style.percent_as == "zhe" or plain.endswith("折") else _off(plain.removesuffix("off"))
    if points is None or not 0 < points <= 10000:
        if style.percent_as == "zhe":
            raise Wrong(_("“%(text)s” is not a discount. Write 9 for 九折, 8.5, 免费 or 10%%.") % {"text": text[:40]})
        raise Wrong(_("“%(text)s” is not a percentage. Write 10, 12.5 or free.") % {"text": text[:40]})
    return percent_of(points)


_WORDS: Mapping[str, int] = {"免费": 10000, "free": 10000, "半价": 5000, "half": 5000, "halfprice": 5000}


def _off(plain: str) -> int | None:
    found = _DECIMAL.fullmatch(plain)
    if found is None or len((found[2] or "").rstrip("0")) > 2:
        return None
    return int(found[1]) * 100 + int((found[2] or "").rstrip("0").ljust(2, "0") or 0)


def _paid(plain: str) -> int | None:
    """Basis points off of what is paid in tenths: `9`, `8.5`, `85折`, `八五折`."""
    digits = "".join(str(_CHINESE_DIGITS.get(each, each)) for each in plain.removesuffix("折"))
    if plain.endswith("折") and re.fullmatch(r"1[1-9]|[2-9]\d", digits, re.ASCII):
        digits = f"{digits[0]}.{digits[1]}"
    found = _DECIMAL.fullmatch(digits)
    if found is None or len((found[2] or "").rstrip("0")) > 3:
        return None
    paid = int(found[1]) * 1000 + int((found[2] or "").rstrip("0").ljust(3, "0") or 0)
    return 10000 - paid


def write_percent(value: Any, style: Style) -> str:
    """`9` or `免费` in tenths paid; `10` in percent off."""
    points = basis_points(value)
    if style.percent_as == "zhe":
        return "免费" if points == 10000 else decimal_text(10000 - points, 3)
    return decimal_text(points, 2)


# ---- numbers ----
def read_count(text: str, style: Style) -> int:
    """A whole number from 1."""
    number = read_whole(text, style)
    if number == 0:
        raise Wrong(_("This must be 1 or more."))
    return number


def read_whole(text: str, style: Style) -> int:
    """A whole number from 0."""
    if not _WHOLE.fullmatch(text.strip()):
        raise Wrong(_("“%(text)s” is not a whole number.") % {"text": text[:40]})
    return int(text)


def read_signed(text: str, style: Style) -> int:
    """A whole number."""
    if not _SIGNED.fullmatch(text.strip()):
        raise Wrong(_("“%(text)s” is not a whole number.") % {"text": text[:40]})
    return int(text)


def read_factor(text: str, style: Style) -> int:
    """Basis points of a factor: 2 is 20000, 1.5 is 15000."""
    found = _DECIMAL.fullmatch(text.strip().removesuffix("倍").removeprefix("×").strip())
    if found is None:
        raise Wrong(_("“%(text)s” is not a number. Write 2 or 1.5.") % {"text": text[:40]})
    return int(found[1]) * 10000 + int((found[2] or "").ljust(4, "0") or 0)


def write_factor(value: Any, style: Style) -> str:
    """`1.5` of 15000."""
    return decimal_text(int(value), 4)


def _plain(value: Any, style: Style) -> str:
    return str(value)


def _same(text: str, style: Style) -> str:
    return text.strip()


# ---- times ----
def read_instant(text: str, style: Style) -> str:
    """ISO 8601 with the zone's offset, of a local time as the browser sends it."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Wrong(_("“%(text)s” is not a date and time.") % {"text": text[:40]}) from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=style.zone)
    return at.isoformat()


def write_instant(value: Any, style: Style) -> str:
    """What `datetime-local` takes, in the zone of the form."""
    at = datetime.fromisoformat(str(value)).astimezone(style.zone)
    return f"{at:%Y-%m-%dT%H:%M:%S}" if at.second else f"{at:%Y-%m-%dT%H:%M}"


def read_hours(text: str, style: Style) -> list[list[str]]:
    """Ranges of the day: `10:00-14:00, 22:00-02:00`."""
    ranges = []
    for part in filter(None, re.split(r"[,，、;；\n]+", text)):
        found = _RANGE.fullmatch(part.strip())
        if found is None or int(found[1]) > 23 or int(found[3]) > 24 or int(found[2]) > 59 or int(found[4]) > 59:
            raise Wrong(_("“%(text)s” is not a range of hours. Write 10:00-14:00.") % {"text": part.strip()[:40]})
        ranges.append([f"{int(found[1]):02}:{found[2]}", f"{int(found[3]):02}:{found[4]}"])
    return ranges


def write_hours(value: Any, style: Style) -> str:
    """The inverse of read_hours."""
    return ", ".join(f"{start}-{end}" for start, end in value)


# ---- lists, scalars, steps ----
def read_list(text: str, style: Style) -> list[str]:
    """One value a line, each once, sorted as the normal form has them."""
    return sorted({line.strip() for line in text.splitlines() if line.strip()})


def write_list(value: Any, style: Style) -> str:
    """One value a line."""
    return "\n".join(value)


def read_scalar(text: str, style: Style) -> int | str | bool:
    """A whole number, true, false, or a text; a text that looks like one of the others stands in quotes."""
    plain = text.strip()
    if len(plain) >= 2 and plain[0] == plain[-1] == '"':
        return plain[1:-1]
    if plain in ("true", "false"):
        return plain == "true"
    return int(plain) if _SIGNED.fullmatch(plain) else plain


def write_scalar(value: Any, style: Style) -> str:
    """The inverse of read_scalar."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    return text if read_scalar(text, style) == text and text else f'"{text}"'


Reader = Callable[[str, Style], Any]
Writer = Callable[[Any, Style], str]
KINDS: Mapping[str, tuple[Reader, Writer]] = {
    "money": (read_money, write_money),
    "base_money": (read_money, write_money),
    "percent": (read_percent, write_percent),
    "base_percent": (read_percent, write_percent),
    "count": (read_count, _plain),
    "whole": (read_whole, _plain),
    "signed": (read_signed, _plain),
    "factor": (read_factor, write_factor),
    "text": (_same, _plain),
    "one": (_same, _plain),
    "choice": (_same, _plain),
    "instant": (read_instant, write_instant),
    "hours": (read_hours, write_hours),
    "list": (read_list, write_list),
}
