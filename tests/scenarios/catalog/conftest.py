"""A chain with two stores, a few items, and people who work for it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.test import Client
from tests.support.sign_in import sign_in as signed_in

from liushui.catalog import facade
from liushui.catalog.contracts import NewCategory, NewItem, NewPrice
from liushui.runtime import places
from liushui.runtime.access import Grant, Principal
from liushui.runtime.grants import grant, staff_subject, system_principal
from liushui.runtime.models import StaffUser
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def chain(db) -> SimpleNamespace:
    stores.forget()
    chain = stores.save_chain(
        code="lk",
        name_zh="流客",
        name_en="Liuke",
        currency="CNY",
        weighed_patterns=["2pppppwwwwwwc", "21ppppp vvvvv c"],
    )
    region = stores.save_region(chain_code="lk", code="east", name_zh="华东", name_en="East")
    first, second, abroad = stores.save_stores(
        stores=[
            NewStore(chain_code="lk", region_code="east", code="S1", name_zh="一店", name_en="One"),
            NewStore(chain_code="lk", region_code="east", code="S2", name_zh="二店", name_en="Two"),
            NewStore(
                chain_code="lk", region_code="east", code="T1", name_zh="东京店", name_en="Tokyo", currency="JPY",
                time_zone="Asia/Tokyo",
            ),
        ]
    )  # fmt: skip
    assert [store.code for store in places.directory().stores()] == ["S1", "S2", "T1"]
    return SimpleNamespace(id=chain.id, region=region, first=first, second=second, abroad=abroad)


@pytest.fixture
def items(chain) -> dict[str, int]:
    """Items by SKU; 1001 has a price for the chain."""
    facade.save_categories(
        categories=[
            NewCategory(chain_id=chain.id, path="food", name_zh="食品", name_en="Food"),
            NewCategory(chain_id=chain.id, path="food/milk", name_zh="奶制品", name_en="Dairy"),
        ]
    )
    facade.save_items(
        items=[
            NewItem(
                chain_id=chain.id, sku="1001", gtin="6901234567892", name_zh="蒙牛纯牛奶250ml", name_en="Mengniu milk",
                category="food/milk", tax_rate_bp=1300, cost_minor=210,
            ),
            NewItem(chain_id=chain.id, sku="1002", name_zh="牛奶", name_en="Milk", category="food/milk"),
            NewItem(chain_id=chain.id, sku="00123", name_zh="红富士", name_en="Fuji apple", unit="kg", weighed=True),
        ]
    )  # fmt: skip
    facade.save_prices(
        prices=[
            NewPrice(chain_id=chain.id, sku="1001", amount_minor=350, starts_at=START),
            NewPrice(chain_id=chain.id, sku="00123", amount_minor=1280, starts_at=START),
        ]
    )
    found = facade.find_items(chain_id=chain.id, codes=["1001", "1002", "00123"])
    return {code: item.id for code, item in found.items()}


@pytest.fixture
def marketer(chain) -> Principal:
    return Principal(subject="staff:1", name="Mei", grants=(Grant(role="marketer", chain_id=chain.id),))


@pytest.fixture
def sign_in(chain):
    def make(role: str, *, store_id: int | None = None, language: str = "en") -> Client:
        user = StaffUser.objects.create_user(username=f"{role}-{store_id}", password="a long enough one")
        grant(
            subject=staff_subject(user.id),
            grant=Grant(role=role, chain_id=chain.id, store_id=store_id),
            granted_by=system_principal(name="test"),
        )
        client = Client(headers={"accept-language": language})
        return signed_in(client, user)

    return make
