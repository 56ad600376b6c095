"""A small chain: two stores in Shanghai, one of them with a business day that starts at four, and three items."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time

import pytest

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem, NewPrice
from liushui.runtime.access import Grant, Principal
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain, NewStore, Store

SPRING = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Shop:
    chain: Chain
    store: Store
    night_store: Store

    def sender(self, *, role: str = "integration", **fields) -> Principal:
        """A machine that sends sales for the whole chain, unless narrowed."""
        values = {"subject": "client:till", "name": "Till", "scopes": None, "source": None}
        place = {"store_id": fields.pop("store_id", None)}
        return Principal(grants=(Grant(role=role, chain_id=self.chain.id, **place),), **(values | fields))


@pytest.fixture
def shop(db) -> Shop:
    chain = stores.save_chain(
        code="HM", name_zh="好邻", name_en="Haolin", currency="CNY", weighed_patterns=("2pppppwwwwwwc",)
    )
    stores.save_region(chain_code="HM", code="EAST", name_zh="华东", name_en="East")
    day, night = stores.save_stores(
        stores=[
            NewStore(chain_code="HM", region_code="EAST", code="SH01", name_zh="一店", name_en="First"),
            NewStore(
                chain_code="HM",
                region_code="EAST",
                code="SH02",
                name_zh="二店",
                name_en="Second",
                day_starts_at=time(4),
            ),
        ]
    )
    catalog.save_items(
        items=[
            NewItem(
                chain_id=chain.id, sku="MILK", name_zh="牛奶", name_en="Milk", gtin="06901234567892",
                category="food/dairy", tax_rate_bp=900, cost_minor=400,
            ),
            NewItem(chain_id=chain.id, sku="BEER", name_zh="啤酒", name_en="Beer", tax_rate_bp=1300),
            NewItem(
                chain_id=chain.id, sku="10012", name_zh="苹果", name_en="Apple", unit="kg", weighed=True,
                tax_rate_bp=900, cost_minor=1000,
            ),
        ]
    )  # fmt: skip
    catalog.save_prices(
        prices=[
            NewPrice(chain_id=chain.id, sku="MILK", amount_minor=650, starts_at=SPRING),
            NewPrice(chain_id=chain.id, sku="10012", amount_minor=1990, starts_at=SPRING),
        ]
    )
    return Shop(chain=chain, store=day, night_store=night)
