"""The lines of a ticket: what is asked for, as it was priced, and what all of them come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from liushui.checkout.contracts import Discount, LineCommand, QuotedLine
from liushui.orders.contracts import TEXT_MAX, SaleLine
from liushui.till.contracts import TicketDiscount, TicketLine

LINES_MAX = 2_000
UNITS_MAX = 100_000
MEASURE_MAX = 10_000_000  # ten tonnes in grams
PromotionNames = Mapping[str, Mapping[str, str]]  # id → {"zh", "en"}
_MEASURED_IN = {"kg": "g", "l": "ml", "litre": "ml", "m": "mm"}  # by the unit that the price is for


class LineSums(NamedTuple):
    """What lines that are not voided come to."""

    line_count: int
    voided_line_count: int
    units: int
    regular_minor: int
    discount_minor: int
    total_minor: int
    tax_minor: int


def measured_in(unit: str) -> str:
    """The unit in which goods priced by this one are measured; grams unless it says otherwise."""
    return _MEASURED_IN.get(unit.lower(), "g")


def command_of(line: TicketLine) -> LineCommand:
    """The line as checkout is asked what it costs now."""
    return LineCommand(
        code=line.code,
        units=line.units,
        measure_value=line.measure_value,
        measure_unit=line.measure_unit,
        is_gift=line.is_gift,
    )


def sold(line: TicketLine, *, at_amount: bool) -> LineCommand:
    """The line as it is recorded: less what promotions took off it on the screen, from our price of that moment or from
    the one that was agreed."""
    return replace(
        command_of(line),
        amount_minor=line.amount_minor if at_amount else None,
        regular_minor=line.regular_minor if at_amount else None,
        discounts=tuple(
            Discount(
                code=each.promotion,
                name=(each.name_zh or each.name_en)[: TEXT_MAX["discount_name"]],
                amount_minor=each.amount_minor,
            )
            for each in line.discounts
        ),
    )


def line_of(number: int, asked: LineCommand, quoted: QuotedLine, names: PromotionNames) -> TicketLine:
    """A line of the ticket from what checkout answered; the answer is not a refusal."""
    line, item = quoted.line, quoted.item
    if line is None or item is None:
        raise ValueError("a refused line has no place on a ticket")
    return TicketLine(
        number=number,
        code=asked.code,
        item_id=item.id,
        sku=line.sku,
        gtin=line.gtin,
        name_zh=item.name_zh,
        name_en=item.name_en,
        unit=item.unit,
        is_weighed=item.weighed,
        units=line.units,
        measure_value=line.measure_value,
        measure_unit=line.measure_unit,
        unit_price_minor=_shown_price(quoted),
        regular_minor=line.regular_minor,
        discount_minor=line.discount_minor,
        amount_minor=line.amount_minor,
        tax_minor=line.tax_minor,
        discounts=_discounts(line, names),
        is_gift=asked.is_gift,
    )


def repriced(line: TicketLine, quoted: QuotedLine, names: PromotionNames) -> TicketLine:
    """The line at the price of now; as it was where there is none."""
    if quoted.line is None:
        return line
    return replace(
        line,
        unit_price_minor=_shown_price(quoted),
        regular_minor=quoted.line.regular_minor,
        discount_minor=quoted.line.discount_minor,
        amount_minor=quoted.line.amount_minor,
        tax_minor=quoted.line.tax_minor,
        discounts=_discounts(quoted.line, names),
    )


def _discounts(line: SaleLine, names: PromotionNames) -> tuple[TicketDiscount, ...]:
    return tuple(
        TicketDiscount(
            promotion=each.code, name_zh=name.get("zh", ""), name_en=name.get("en", ""), amount_minor=each.amount_minor
        )
        for each in line.discounts
        for name in (names.get(each.code) or {"zh": each.name},)
    )


def _shown_price(quoted: QuotedLine) -> int:
    """The catalogue's price of one unit, by the kg for weighed goods; the line's where a scale has printed its own."""
    if quoted.unit_price_minor is not None:
        return quoted.unit_price_minor
    return quoted.line.unit_price_minor if quoted.line is not None else 0


def live(lines: Sequence[TicketLine]) -> tuple[TicketLine, ...]:
    """The lines that are not voided."""
    return tuple(line for line in lines if not line.is_voided)


def sold_lines(lines: Sequence[TicketLine]) -> tuple[TicketLine, ...]:
    """The lines that are priced now: neither voided nor of goods that come back, which have the price they had."""
    return tuple(line for line in lines if not line.is_voided and not line.is_returned)


def sums_of(lines: Sequence[TicketLine]) -> LineSums:
    """Add up the lines that are not voided."""
    kept = live(lines)
    return LineSums(
        line_count=len(kept),
        voided_line_count=len(lines) - len(kept),
        units=sum(line.units for line in kept),
        regular_minor=sum(line.regular_minor for line in kept),
        discount_minor=sum(line.discount_minor for line in kept),
        total_minor=sum(line.amount_minor for line in kept),
        tax_minor=sum(line.tax_minor for line in kept),
    )
