"""A chain with two stores, and people who may read, void and export in one of them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from liushui.runtime.access import Grant, Principal
from liushui.runtime.grants import grant, system_principal
from liushui.runtime.models import StaffUser
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore, Store


@dataclass(frozen=True)
class House:
    chain_id: int
    here: Store
    there: Store

    def principal(self, role: str = "store_manager") -> Principal:
        """Someone with this role in the first store."""
        return Principal(subject="staff:1", name="Ann", grants=(self.grant(role),))

    def grant(self, role: str) -> Grant:
        return Grant(role=role, chain_id=self.chain_id, region_id=None, store_id=self.here.id)


@pytest.fixture
def house(db) -> House:
    chain = stores.save_chain(code="HM", name_zh="好邻", name_en="Haolin", currency="CNY")
    stores.save_region(chain_code="HM", code="EAST", name_zh="华东", name_en="East")
    here, there = stores.save_stores(
        stores=[
            NewStore(chain_code="HM", region_code="EAST", code="SH01", name_zh="一店", name_en="First"),
            NewStore(chain_code="HM", region_code="EAST", code="SH02", name_zh="二店", name_en="Second"),
        ]
    )
    return House(chain_id=chain.id, here=here, there=there)


@pytest.fixture
def signed_in(house, client):
    """The test client, signed in as someone with this role in the first store; English, so that words can be read."""

    def sign_in(role: str = "store_manager"):
        user = StaffUser.objects.create_user(username="ann", password="quiet-river-runs", display_name="Ann")
        grant(subject=f"staff:{user.pk}", grant=house.grant(role), granted_by=system_principal(name="tests"))
        client.force_login(user)
        client.cookies["liushui_language"] = "en"
        return client

    return sign_in
