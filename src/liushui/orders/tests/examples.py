"""Sales to record in tests: every field can be set, the sums follow."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from liushui.orders.contracts import Discount, RecordSale, SaleLine, Tender

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai


def line(number: int = 1, *, amount: int = 1250, regular: int | None = None, units: int = 1, **fields: Any) -> SaleLine:
    """A line of `units` units that cost `amount` fen together."""
    regular = amount if regular is None else regular
    taken_off = regular - amount
    values: dict[str, Any] = {
        "line_number": number,
        "item_id": 100 + number,
        "sku": f"S{number:03}",
        "gtin": "",
        "name": "苹果",
        "category": "food/fruit",
        "units": units,
        "measure_value": None,
        "measure_unit": None,
        "unit_price_minor": regular // units if units else regular,
        "regular_minor": regular,
        "discount_minor": taken_off,
        "amount_minor": amount,
        "tax_rate_bp": 900,
        "tax_minor": 0,
        "cost_minor": None,
        "is_return": units < 0,
        "discounts": (Discount(code="D1", name="会员价", amount_minor=taken_off),) if taken_off else (),
    }
    return SaleLine(**(values | fields))


def sale(source_id: str = "T1-0001", *, lines: tuple[SaleLine, ...] = (), **fields: Any) -> RecordSale:
    """A sale of store 1 at noon, paid in cash."""
    lines = lines or (line(),)
    values: dict[str, Any] = {
        "source": "pos",
        "source_id": source_id,
        "body_sha256": "a" * 64,
        "chain_id": 1,
        "store_id": 1,
        "store_code": "SH01",
        "workstation": "T1",
        "operator": "7",
        "receipt_number": source_id,
        "channel": "pos",
        "currency": "CNY",
        "completed_at": NOON,
        "business_date": date(2026, 11, 22),
        "local_hour": 12,
        "customer": "",
        "lines": lines,
        "tenders": (Tender(type="cash", amount_minor=sum(each.amount_minor for each in lines)),),
    }
    return RecordSale(**(values | fields))


def numbered(lines: int) -> tuple[SaleLine, ...]:
    """So many lines, every second with a discount."""
    return tuple(line(n, amount=100 + n, regular=100 + n + n % 2) for n in range(1, lines + 1))


def other_body(command: RecordSale) -> RecordSale:
    """The same id with other contents."""
    return replace(command, body_sha256="b" * 64, operator="8")
