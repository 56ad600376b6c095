"""The shop that benches sell in: one chain, 20 stores, items with a price, and an API client. Sets Django up."""

# ruff: noqa: E402  Django is set up before its models are imported

from __future__ import annotations

from datetime import UTC, datetime

import django

django.setup()

from django.core.management import call_command

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem, NewPrice
from liushui.checkout.contracts import CompleteSale, Discount, LineCommand, Tender
from liushui.runtime.access import Grant
from liushui.runtime.api_clients import create_client
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
CHAIN, STORES, ITEMS = "BENCH", 20, 5_000
PRICE_MINOR, OFF_MINOR = 990, 90


def migrate() -> None:
    """Make the tables."""
    call_command("migrate", verbosity=0, skip_checks=True)


def open_shop() -> int:
    """Make the tables and the shop; returns the chain's id."""
    migrate()
    chain = stores.save_chain(code=CHAIN, name_zh="测试", name_en="Bench", currency="CNY")
    stores.save_region(chain_code=CHAIN, code="R", name_zh="区", name_en="Region")
    stores.save_stores(
        stores=[
            NewStore(chain_code=CHAIN, region_code="R", code=f"S{n:03}", name_zh=f"门店 {n}", name_en=f"Store {n}")
            for n in range(STORES)
        ]
    )
    items = range(ITEMS)
    catalog.save_items(
        items=[
            NewItem(chain_id=chain.id, sku=sku(n), name_zh=f"商品 {n}", name_en=f"Item {n}", tax_rate_bp=1300)
            for n in items
        ]
    )
    starts = datetime(2026, 1, 1, tzinfo=UTC)
    catalog.save_prices(
        prices=[NewPrice(chain_id=chain.id, sku=sku(n), amount_minor=PRICE_MINOR, starts_at=starts) for n in items]
    )
    return chain.id


def sku(number: int) -> str:
    """The code of an item, by its number."""
    return f"SKU{number % ITEMS:05}"


def register_client(chain_id: int) -> tuple[str, str]:
    """An API client that may send sales for the whole chain: its id and its secret."""
    return create_client(
        name="bench",
        source="bench",
        grants=[Grant(role="integration", chain_id=chain_id)],
        scopes=["sale.write"],
        principal=system_principal(name="bench"),
    )


def sale(number: int, lines: int) -> CompleteSale:
    """A sale of so many different items, each with a discount, paid by phone."""
    off = (Discount(code="D1", name="满减", amount_minor=OFF_MINOR),)
    amount = PRICE_MINOR - OFF_MINOR
    return CompleteSale(
        source="bench",
        source_id=f"{lines}-{number}",
        chain=CHAIN,
        store=f"S{number % STORES:03}",
        completed_at=NOON,
        lines=tuple(
            LineCommand(code=sku(number * 37 + n), amount_minor=amount, regular_minor=PRICE_MINOR, discounts=off)
            for n in range(lines)
        ),
        tenders=(Tender(type="mobile", method="wechat", amount_minor=amount * lines),),
    )
