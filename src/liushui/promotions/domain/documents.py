"""How promotions read their JSON: strictly, with InvalidDocument and its path; and percents as documents write them."""

from __future__ import annotations

import re
from typing import Any

from liushui.kernel.strict_json import StrictJson, shown
from liushui.promotions.errors import InvalidDocument

strict = StrictJson(
    error=InvalidDocument,
    number_remedy="Write minor units or a count, without fraction and quotes.",
    takes_fractions=True,
    bytes_max=64 * 1024 * 1024,
)
_PERCENT = re.compile(r"(\d{1,3})(?:\.(\d{1,2}))?", re.ASCII)


def basis_points(value: Any, *, at: str, zero: bool = False) -> int:
    """A percent, a number or a text with at most two decimals above 0 and up to 100, as basis points."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        strict.invalid(f"A percent is wanted; {shown(value)} was given", at=at)
    # A document that a laxer parser has read holds floats; the shortest spelling of one is what was written.
    written = repr(value) if isinstance(value, int | float) else str(value)
    match = _PERCENT.fullmatch(written.removesuffix(".0") if isinstance(value, float) else written)
    if match is None:
        strict.invalid(
            f"{written[:40]} is not a percent",
            at=at,
            remedy='Write a number above 0 and up to 100 with at most two decimals, such as 20 or "12.5".',
        )
    read = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))
    if not (0 if zero else 1) <= read <= 10_000:
        strict.invalid(f"{written} is not a percent above 0 and up to 100", at=at)
    return read


def percent(value: int) -> int | str:
    """Basis points as a document writes them: 20, or "12.5"."""
    whole, rest = divmod(value, 100)
    return whole if not rest else f"{whole}.{rest:02}".rstrip("0")
