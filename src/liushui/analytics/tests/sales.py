"""Sales as tests state them: short to write, complete to count."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from liushui.kernel.ids import new_id
from liushui.orders.contracts import SaleFact, SaleLine, Tender

DAY = date(2026, 5, 8)


def line(
    sku: str,
    *,
    units: int = 1,
    regular: int,
    discount: int = 0,
    tax: int = 0,
    cost: int | None = None,
    category: str = "food/snacks",
    is_return: bool = False,
) -> SaleLine:
    """A line; a returned one is given with the negative units and amounts that it has."""
    return SaleLine(
        line_number=1,
        item_id=None,
        sku=sku,
        gtin="",
        name=f"Item {sku}",
        category=category,
        units=units,
        measure_value=None,
        measure_unit=None,
        unit_price_minor=abs(regular // units) if units else 0,
        regular_minor=regular,
        discount_minor=discount,
        amount_minor=regular - discount,
        tax_rate_bp=0,
        tax_minor=tax,
        cost_minor=cost,
        is_return=is_return or units < 0,
    )


def sale(
    *lines: SaleLine,
    tenders: tuple[Tender, ...] = (),
    store_id: int = 1,
    day: date = DAY,
    hour: int = 10,
    channel: str = "pos",
    currency: str = "CNY",
    operator: str = "0012",
    sale_id: UUID | None = None,
) -> SaleFact:
    """A sale; without tenders it is paid in cash."""
    lines = tuple(replace(each, line_number=i) for i, each in enumerate(lines, start=1))
    total = sum(each.amount_minor for each in lines)
    return SaleFact(
        sale_id=sale_id or new_id(),
        chain_id=1,
        store_id=store_id,
        store_code=f"S{store_id:03}",
        source="test",
        source_id=str(new_id()),
        receipt_number="",
        channel=channel,
        currency=currency,
        completed_at=datetime(day.year, day.month, day.day, hour, 30, tzinfo=UTC),
        business_date=day,
        local_hour=hour,
        workstation="T1",
        operator=operator,
        customer="",
        lines=lines,
        tenders=tenders or (Tender(type="cash", amount_minor=total),),
    )
