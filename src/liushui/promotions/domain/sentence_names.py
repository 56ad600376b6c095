"""What sentences about promotions need from outside: names, currency, zone; and how numbers are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from liushui.kernel.money import format_minor

Pair = tuple[str, str]  # Chinese, English
NAMED_AT_ONCE = 6  # more things than this are counted, not listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """(Chinese, English) names by code. What is not there is called by its code."""

    currency: str = "CNY"
    zone: tzinfo | None = None
    categories: Mapping[str, Pair] = field(default_factory=dict)
    items: Mapping[str, Pair] = field(default_factory=dict)
    stores: Mapping[str, Pair] = field(default_factory=dict)
    regions: Mapping[str, Pair] = field(default_factory=dict)
    tiers: Mapping[str, Pair] = field(default_factory=dict)
    batches: Mapping[str, Pair] = field(default_factory=dict)
    promotions: Mapping[str, Pair] = field(default_factory=dict)

    def chinese(self, kind: str, code: str) -> str:
        """The name that Chinese readers know it by."""
        name, other = self._found(kind, code)
        return name or other or code

    def english(self, kind: str, code: str) -> str:
        """The name that English readers know it by."""
        other, name = self._found(kind, code)
        return name or other or code

    def _found(self, kind: str, code: str) -> Pair:
        known: Mapping[str, Pair] = getattr(self, kind)
        return known.get(code, ("", ""))


def amount_text(minor: int, currency: str) -> str:
    """The amount without a currency and without idle zeros: `200`, `12.50`."""
    text = format_minor(minor, currency)
    whole, _point, fraction = text.partition(".")
    return text if fraction.strip("0") else whole


def decimal_text(value: int, places: int) -> str:
    """A whole number of 10**-places as a decimal without idle zeros: (12500, 3) is 12.5."""
    whole, rest = divmod(value, 10**places)
    fraction = str(rest).rjust(places, "0").rstrip("0") if places else ""
    return f"{whole}.{fraction}" if fraction else str(whole)


def instant_text(at: datetime, names: Names) -> str:
    """`2026-11-22 10:00` in the zone of the names; seconds only where there are any."""
    local = at.astimezone(names.zone) if names.zone is not None else at
    return f"{local:%Y-%m-%d %H:%M:%S}" if local.second else f"{local:%Y-%m-%d %H:%M}"


def minutes_text(minutes: int) -> str:
    """`10:00` of 600."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def in_order(values: Iterable[str]) -> list[str]:
    """Sorted, so that a sentence never depends on the order of a set."""
    return sorted(values)
