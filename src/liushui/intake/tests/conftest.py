"""A small chain with two stores and three items, a machine that may send sales, and people who may mend them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem
from liushui.runtime import believed, oauth
from liushui.runtime.access import Grant, Principal
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain, NewStore, Store


@dataclass(frozen=True)
class Shop:
    chain: Chain
    first: Store
    second: Store

    def staff(self, *, role: str = "store_manager", store_id: int | None = None) -> Principal:
        """Someone who works there; for the whole chain unless a store is named."""
        return Principal(
            subject="staff:1", name="Li Lei", grants=(Grant(role=role, chain_id=self.chain.id, store_id=store_id),)
        )


@dataclass(frozen=True)
class Till:
    """A machine at the API with its token."""

    client: Client
    token: str
    source: str

    def post(self, path: str, body: Any, **headers: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(
            f"/api/v1{path}",
            data,
            content_type="application/json",
            HTTP_AUTHORIZATION=f"Bearer {self.token}",
            **headers,
        )

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1{path}", HTTP_AUTHORIZATION=f"Bearer {self.token}")

    def delete(self, path: str) -> Any:
        return self.client.delete(f"/api/v1{path}", HTTP_AUTHORIZATION=f"Bearer {self.token}")


@pytest.fixture
def shop(db) -> Shop:
    chain = stores.save_chain(code="HM", name_zh="好邻", name_en="Haolin", currency="CNY")
    stores.save_region(chain_code="HM", code="EAST", name_zh="华东", name_en="East")
    first, second = stores.save_stores(
        stores=[
            NewStore(chain_code="HM", region_code="EAST", code=code, name_zh=name, name_en=name)
            for code, name in (("SH01", "一店"), ("SH02", "二店"))
        ]
    )
    catalog.save_items(
        items=[
            NewItem(chain_id=chain.id, sku=sku, name_zh=sku, name_en=sku, gtin=gtin, tax_rate_bp=1300)
            for sku, gtin in (("APPLE", "06901234567892"), ("MILK", ""), ("BREAD", ""))
        ]
    )
    return Shop(chain, first, second)


@pytest.fixture
def till(shop: Shop, client: Client) -> Till:
    oauth.tokens.clear()
    return machine(shop, client)


def machine(shop: Shop, client: Client, *, source: str = "till-1", store_id: int | None = None) -> Till:
    """A client whose token has just been checked; runtime's own tests get tokens the long way."""
    principal = Principal(
        subject=f"client:{source}",
        name=source,
        grants=(Grant(role="integration", chain_id=shop.chain.id, store_id=store_id),),
        scopes=frozenset({"sale.write"}),
        source=source,
    )
    token = f"token-of-{source}"
    oauth.tokens.put(digest=believed.digest_of(token), thing=principal, until=time.monotonic() + 3600)
    return Till(client, token, source)


def sale(sale_id: str = "T1-1", **fields: Any) -> dict[str, Any]:
    """Two apples for 25.00, paid by mobile."""
    values: dict[str, Any] = {
        "id": sale_id,
        "store": "SH01",
        "completed_at": "2026-11-22T14:00:00+08:00",
        "lines": [{"code": "APPLE", "units": 2, "amount": "25.00"}],
        "tenders": [{"type": "mobile", "method": "wechat", "amount": "25.00"}],
    }
    return values | fields
