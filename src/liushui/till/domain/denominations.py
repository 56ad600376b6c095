"""Notes and coins: what a drawer of each currency can hold, and what a count of them comes to."""

from __future__ import annotations

from liushui.kernel.money import exponent
from liushui.till.contracts import Count
from liushui.till.errors import CountRefused

PIECES_MAX = 100_000
CHANGE_NOTES_MAX = 10  # of the largest note: whoever would give back more has typed a barcode, or zeros too many
# Legal tender in daily use, largest first, in minor units. The renminbi's 2-yuan and 2-jiao notes of the fourth series
# have left circulation and are counted as what they are exchanged for.
_KNOWN: dict[str, tuple[int, ...]] = {
    "CNY": (10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10, 5, 2, 1),
    "HKD": (100_000, 50_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10),
    "USD": (10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 25, 10, 5, 1),
    "EUR": (50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10, 5, 2, 1),
    "GBP": (5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10, 5, 2, 1),
    "JPY": (10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10, 5, 1),
    "KRW": (50_000, 10_000, 5_000, 1_000, 500, 100, 50, 10),
}


def denominations(currency: str) -> tuple[int, ...]:
    """What can be counted, largest first, in minor units: the currency's own, else steps of 1, 2 and 5."""
    known = _KNOWN.get(currency)
    if known is not None:
        return known
    top = exponent(currency) + 3
    return tuple(step * 10**power for power in range(top, -1, -1) for step in (5, 2, 1))[2:]


def change_max_minor(currency: str) -> int:
    """The most that is ever given back on cash."""
    return CHANGE_NOTES_MAX * denominations(currency)[0]


def counted_minor(count: Count, currency: str) -> int:
    """What the pieces come to; raises CountRefused for one that the currency lacks or a number that can't be."""
    allowed = denominations(currency)
    total = 0
    for denomination, pieces in count.items():
        if type(denomination) is not int or denomination not in allowed:
            raise CountRefused(
                f"{denomination!r} minor units is not a note or coin of {currency}", pointer=f"/{denomination}"
            )
        if type(pieces) is not int or not 0 <= pieces <= PIECES_MAX:
            raise CountRefused(f"{pieces!r} is not a number of pieces", pointer=f"/{denomination}")
        total += denomination * pieces
    return total
