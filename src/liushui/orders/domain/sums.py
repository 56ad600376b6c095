"""What the lines of one sale come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from liushui.orders.contracts import SaleLine, Tender
from liushui.orders.errors import SaleUnbalanced


class Sums(NamedTuple):
    """Sums over the lines of one sale, signed as the lines are; only `returned_minor` is positive."""

    line_count: int
    returned_line_count: int
    units: int
    regular_minor: int
    discount_minor: int
    returned_minor: int
    total_minor: int
    tax_minor: int


def sums_of(lines: Sequence[SaleLine]) -> Sums:
    """Add up the lines; the total is what changed hands."""
    returned_lines = units = regular = discount = returned = total = tax = 0
    for line in lines:
        amount = line.amount_minor
        units += line.units
        regular += line.regular_minor
        discount += line.discount_minor
        total += amount
        tax += line.tax_minor
        if line.is_return:
            returned_lines += 1
            returned -= amount
    return Sums(len(lines), returned_lines, units, regular, discount, returned, total, tax)


def check_balance(total_minor: int, tenders: Sequence[Tender]) -> None:
    """Raise SaleUnbalanced unless the tenders come to the total exactly."""
    paid = sum([tender.amount_minor for tender in tenders])
    if paid != total_minor:
        raise SaleUnbalanced(
            f"The tenders come to {paid}, the lines to {total_minor} (minor units)",
            pointer="/tenders",
            remedy="State what was paid net of change, so that the tenders sum to the lines.",
        )
