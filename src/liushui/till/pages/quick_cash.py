"""Sums that a customer is likely to hand over, so that one press books them."""

from __future__ import annotations

from liushui.kernel.money import exponent
from liushui.till.domain.denominations import denominations


def quick_sums(*, due_minor: int, currency: str, limit: int = 3) -> tuple[int, ...]:
    """The next sums of notes above what is due, the smallest first: 40, 50 and 100 for 37.60; 140, 150 and 200 for 137.

    Notes are those of five whole units and more; where there are no smaller units, of five hundred and more.
    """
    least = 5 * 10 ** exponent(currency) if exponent(currency) else 500
    notes = [note for note in denominations(currency) if note >= least]
    hundred = 100 * 10 ** exponent(currency) if exponent(currency) else 10_000
    sums = {-(-due_minor // note) * note for note in notes if note <= hundred}
    return tuple(sorted(total for total in sums if total > due_minor)[-limit:])
