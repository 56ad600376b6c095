"""Single cells: text, number, time and money out of whatever a file holds there. Nothing is guessed or dropped."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

# Binary fractions in typed files carry noise such as 1.776e-15 or 0.07000000000000045; money has no seventh decimal.
FLOAT_DECIMALS = 6
_CURRENCY_SIGNS = "¥￥$€£元"


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell that cannot be taken: which column, why, and what to do."""

    column: str
    text: str
    remedy: str = ""


Cell = Any  # a value or a Fault; None is missing


class Memo(dict[Any, Any]):
    """A function that remembers: most cells of a column repeat, and a dict answers ten times faster than parsing."""

    LIMIT = 200_000

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, key: Any) -> Any:
        if len(self) >= self.LIMIT:
            self.clear()
        value = self[key] = self._function(key)
        return value


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How the file writes numbers."""

    decimal_point: str = "."
    thousands: str = ""


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """How the file writes times. `form` is a strptime format or "iso"; zone is of times that carry none."""

    form: str = "iso"
    zone: str = ""
    ambiguous: str = "refuse"  # refuse | earlier | later: of the two instants when clocks go back
    nonexistent: str = "refuse"  # refuse | forward: times skipped when clocks go forward


def text_of(value: Any, missing: frozenset[str]) -> str | None:
    """A cell as text without outer blanks; None when empty, NaN or one of the words for missing."""
    match value:
        case None:
            return None
        case str():
            text = value.strip()
        case bool():
            text = "true" if value else "false"
        case float():
            if math.isnan(value):
                return None
            text = str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
        case datetime():
            text = value.isoformat(sep=" ")
        case Decimal():
            text = format(value, "f")
        case _:
            text = str(value)
    return None if text == "" or text in missing else text


def number_of(value: Any, column: str, form: NumberFormat, missing: frozenset[str]) -> Decimal | Fault | None:
    """A cell as an exact number. Text may carry a currency sign, a sign behind, or brackets for negative."""
    match value:
        case None:
            return None
        case bool():
            return Fault(column, f"{value} is not a number")
        case int():
            return Decimal(value)
        case float():
            if math.isnan(value):
                return None
            if math.isinf(value):
                return Fault(column, f"{value} is not a number")
            return Decimal(repr(value)).quantize(Decimal(1).scaleb(-FLOAT_DECIMALS)).normalize() + 0
        case Decimal():
            return value
    text = text_of(value, missing)
    return None if text is None else _number_of_text(text, column, form)


def _number_of_text(text: str, column: str, form: NumberFormat) -> Decimal | Fault:
    digits = text.strip(_CURRENCY_SIGNS + " \u00a0")
    negative = False
    if digits.startswith("(") and digits.endswith(")"):
        negative, digits = True, digits[1:-1]
    elif digits.endswith("-"):
        negative, digits = True, digits[:-1]
    if form.thousands:
        digits = digits.replace(form.thousands, "")
    if form.decimal_point != ".":
        if "." in digits:
            return _not_a_number(text, column, form)
        digits = digits.replace(form.decimal_point, ".")
    digits = digits.strip(_CURRENCY_SIGNS + " \u00a0")
    if digits.startswith(("-", "+")):  # also "-¥12.50"
        digits = digits[0] + digits[1:].strip(_CURRENCY_SIGNS + " ")
    if not digits.isascii() or "_" in digits:
        return _not_a_number(text, column, form)
    try:
        number = Decimal(digits)
    except InvalidOperation:
        return _not_a_number(text, column, form)
    if not number.is_finite():
        return _not_a_number(text, column, form)
    return -number if negative else number


def _not_a_number(text: str, column: str, form: NumberFormat) -> Fault:
    return Fault(
        column,
        f"{text!r} is not a number",
        f"Numbers of this file are said to be written with {form.decimal_point!r} before decimals"
        + (f" and {form.thousands!r} between thousands." if form.thousands else " and nothing between thousands."),
    )


def minor_of(number: Decimal, column: str, places: int, rounds: bool) -> int | Fault:
    """Whole minor units; a fraction of one is a fault unless the mapping says to round halves up."""
    scaled = number.scaleb(places)
    whole = scaled.to_integral_value(rounding=ROUND_HALF_UP)
    if whole != scaled and not rounds:
        return Fault(
            column,
            f"{format(number, 'f')} has a fraction of the smallest unit of the currency",
            'Correct the amount, or put `round = "half-up"` into [line] of the mapping.',
        )
    return int(whole)


def whole_of(number: Decimal, column: str) -> int | Fault:
    """A whole number of units."""
    if number != number.to_integral_value():
        return Fault(
            column,
            f"{format(number, 'f')} is not a whole number of units",
            "Weighed goods are one unit with a measure: add [[line.measured]] to the mapping.",
        )
    return int(number)


def instant_of(value: Any, column: str, form: TimeFormat, missing: frozenset[str]) -> datetime | Fault | None:
    """A cell as an instant in UTC: typed or text, with its own offset or in the mapping's zone."""
    if isinstance(value, datetime):
        local = value
    elif isinstance(value, date):
        local = datetime(value.year, value.month, value.day)  # noqa: DTZ001  # given its zone below
    else:
        text = text_of(value, missing)
        if text is None:
            return None
        try:
            local = datetime.fromisoformat(text) if form.form == "iso" else datetime.strptime(text, form.form)  # noqa: DTZ007
        except ValueError:
            return Fault(column, f"{text!r} is not a time written as {form.form!r}", "See `format` of completed_at.")
    if local.tzinfo is not None:
        return local.astimezone(UTC)
    return _placed(local, column, form)


def _placed(local: datetime, column: str, form: TimeFormat) -> datetime | Fault:
    if not form.zone:
        return Fault(column, f"{local} has no time zone", 'Put `zone = "Asia/Shanghai"` (or yours) at completed_at.')
    zone = ZoneInfo(form.zone)
    first, second = local.replace(tzinfo=zone, fold=0), local.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:  # skipped when clocks went forward
        if form.nonexistent == "forward":
            return first.astimezone(UTC)  # RFC 5545: as if the clock had not been moved yet
        return Fault(column, f"{local} does not exist in {form.zone}", 'Correct it, or set `nonexistent = "forward"`.')
    if form.ambiguous == "refuse":
        return Fault(column, f"{local} happened twice in {form.zone}", 'Set `ambiguous = "earlier"` or `"later"`.')
    return (first if form.ambiguous == "earlier" else second).astimezone(UTC)
