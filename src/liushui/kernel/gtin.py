"""GTIN: the number under a barcode (GS1 General Specifications, section 7.9 for the check digit)."""

from __future__ import annotations

from liushui.kernel.errors import InvalidValue

_LENGTHS = (8, 12, 13, 14)


def check_digit(body: str) -> int:
    """The GS1 check digit of the digits before it: weights 3, 1, 3 … from the right, up to the next ten."""
    total = sum(int(digit) * (3 if position % 2 == 0 else 1) for position, digit in enumerate(reversed(body)))
    return -total % 10


def normal_gtin(text: str) -> str:
    """The GTIN as 14 digits, zeros in front; raises InvalidValue for a wrong length, character or check digit."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()) or len(digits) not in _LENGTHS:
        raise InvalidValue(f"{text!r} is not a GTIN", remedy="A GTIN has 8, 12, 13 or 14 digits.")
    expected = check_digit(digits[:-1])
    if int(digits[-1]) != expected:
        raise InvalidValue(
            f"The check digit of GTIN {digits} is {digits[-1]}, it should be {expected}",
            remedy="Scan it again, or correct the mistyped digit.",
        )
    return digits.rjust(14, "0")
