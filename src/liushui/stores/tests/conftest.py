"""A small chain of two regions and three stores, and people who work for it."""

from __future__ import annotations

from datetime import time
from types import SimpleNamespace

import pytest
from django.test import Client

from liushui.runtime.access import Grant
from liushui.runtime.grants import grant, staff_subject, system_principal
from liushui.runtime.models import StaffUser
from liushui.stores import facade
from liushui.stores.contracts import NewStore


@pytest.fixture
def chain(db) -> SimpleNamespace:
    facade.forget()
    chain = facade.save_chain(code="lk", name_zh="流客", name_en="Liuke", currency="CNY")
    east = facade.save_region(chain_code="lk", code="east", name_zh="华东", name_en="East")
    west = facade.save_region(chain_code="lk", code="west", name_zh="华西", name_en="West")
    first, second, third = facade.save_stores(
        stores=[
            NewStore(chain_code="lk", region_code="east", code="S1", name_zh="一店", name_en="One"),
            NewStore(
                chain_code="lk", region_code="east", code="S2", name_zh="二店", name_en="Two", day_starts_at=time(4)
            ),
            NewStore(chain_code="lk", region_code="west", code="S3", name_zh="三店", name_en="Three"),
        ]
    )
    return SimpleNamespace(chain=chain, east=east, west=west, first=first, second=second, third=third)


@pytest.fixture
def sign_in(chain):
    """sign_in("it_admin") gives a client of somebody with that role in the chain, or in a store."""

    def make(role: str, *, store_id: int | None = None, language: str = "en") -> Client:
        user = StaffUser.objects.create_user(username=f"{role}-{store_id}-{language}", password="a long enough one")
        grant(
            subject=staff_subject(user.id),
            grant=Grant(role=role, chain_id=chain.chain.id, store_id=store_id),
            granted_by=system_principal(name="test"),
        )
        client = Client(headers={"accept-language": language})
        client.force_login(user)
        return client

    return make
