"""A line of a receipt with everything turned round: what takes it back to the cent."""

from __future__ import annotations

from dataclasses import replace

from liushui.checkout.contracts import LineCommand
from liushui.orders.contracts import SaleLine
from liushui.till.contracts import TicketDiscount, TicketLine


def mirrored(line: SaleLine) -> LineCommand:
    """The command for the opposite of a recorded line: the same goods, texts and discounts, every sign turned."""
    return LineCommand(
        code=line.sku,
        units=-line.units,
        amount_minor=-line.amount_minor,
        regular_minor=-line.regular_minor,
        discounts=tuple(replace(discount, amount_minor=-discount.amount_minor) for discount in line.discounts),
        measure_value=line.measure_value,
        measure_unit=line.measure_unit,
        name=line.name,
        category=line.category,
        tax_minor=-line.tax_minor,
        cost_minor=None if line.cost_minor is None else -line.cost_minor,
        is_return=line.units == 0 and not line.is_return,
    )


def refund_line(line: SaleLine) -> TicketLine:
    """How the opposite of a recorded line stands on a ticket."""
    return TicketLine(
        number=line.line_number,
        code=line.sku,
        item_id=line.item_id or 0,
        sku=line.sku,
        gtin=line.gtin,
        name_zh=line.name,
        name_en=line.name,
        unit="",
        is_weighed=line.measure_value is not None,
        units=-line.units,
        measure_value=line.measure_value,
        measure_unit=line.measure_unit,
        unit_price_minor=line.unit_price_minor,
        regular_minor=-line.regular_minor,
        discount_minor=-line.discount_minor,
        amount_minor=-line.amount_minor,
        tax_minor=-line.tax_minor,
        discounts=tuple(
            TicketDiscount(
                promotion=each.code, name_zh=each.name or each.code, name_en="", amount_minor=-each.amount_minor
            )
            for each in line.discounts
        ),
    )
