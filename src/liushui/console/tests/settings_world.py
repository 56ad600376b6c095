"""A chain for the pages of Settings: region north with stores N1 and N2, south with S1; and a second chain, R1."""

from __future__ import annotations

from dataclasses import dataclass

from django.test import Client

from liushui.runtime.access import Grant
from liushui.runtime.grants import system_principal
from liushui.runtime.staff import create_staff
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Ids of what the pages are about."""

    chain_id: int
    north_id: int
    n1: Store
    s1: Store
    other: Store
    admin_id: int
    admin_password: str


def build_world() -> World:
    """The places, and an IT admin of the whole first chain."""
    chain = stores.save_chain(code="ACME", name_zh="顶好", name_en="Acme", currency="CNY")
    stores.save_chain(code="RIVAL", name_zh="对手", name_en="Rival", currency="CNY")
    north = stores.save_region(chain_code="ACME", code="north", name_zh="华北", name_en="North")
    stores.save_region(chain_code="ACME", code="south", name_zh="华南", name_en="South")
    stores.save_region(chain_code="RIVAL", code="all", name_zh="全部", name_en="All")
    places = [("ACME", "north", "N1"), ("ACME", "north", "N2"), ("ACME", "south", "S1"), ("RIVAL", "all", "R1")]
    n1, _n2, s1, other = stores.save_stores(
        stores=[
            NewStore(chain_code=chain_code, region_code=region, code=code, name_zh=f"{code}店", name_en=f"Store {code}")
            for chain_code, region, code in places
        ]
    )
    admin_id, password = create_staff(
        username="admin",
        display_name="Admin",
        grants=[Grant(role="it_admin", chain_id=chain.id)],
        principal=system_principal(name="set-up"),
    )
    return World(
        chain_id=chain.id, north_id=north.id, n1=n1, s1=s1, other=other, admin_id=admin_id, admin_password=password
    )


def signed_in(username: str, password: str, *, csrf: bool = False) -> Client:
    """A browser in which this person is signed in; English."""
    browser = Client(enforce_csrf_checks=csrf, headers={"accept-language": "en"})
    answer = browser.post("/sign-in/", {"username": username, "password": password})
    assert answer.status_code == 302, answer.content
    return browser


def hire(username: str, *grants: Grant) -> tuple[int, str]:
    """A member of staff with these roles: id and password."""
    return create_staff(
        username=username, display_name=username.title(), grants=grants, principal=system_principal(name="set-up")
    )
