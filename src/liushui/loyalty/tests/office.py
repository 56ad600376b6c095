"""The office of a chain with members: people of each role with browsers of their own; for tests of pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import Any

from django.test import Client
from tests.support.member_world import MemberWorld, member_world
from tests.support.sign_in import sign_in

from liushui.loyalty import programme_live
from liushui.runtime.access import Grant
from liushui.runtime.grants import grant, staff_principal, system_principal
from liushui.runtime.models import StaffUser
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore, Store


@dataclass
class Office:
    """A chain with members, and the people of its office."""

    store: Store
    made: MemberWorld
    people: Callable[[str], StaffUser]

    def browser(self, role: str, language: str = "en") -> Client:
        """Signed in as somebody of this role in the whole chain, who has just given the password."""
        client = sign_in(Client(), self.people(role))
        client.cookies["liushui_language"] = language
        return client


def make_office() -> Office:
    """The chain HM with what tests.support.member_world makes."""
    programme_live.forget()
    chain = stores.save_chain(code="HM", name_zh="好邻", name_en="Haolin", currency="CNY")
    stores.save_region(chain_code="HM", code="EAST", name_zh="华东", name_en="East")
    [store] = stores.save_stores(
        stores=[NewStore(chain_code="HM", region_code="EAST", code="S1", name_zh="人民路店", name_en="Renmin Road")]
    )
    users: dict[str, StaffUser] = {}

    def person(role: str) -> StaffUser:
        if role not in users:
            user = StaffUser(username=role, display_name=role.title())
            user.set_unusable_password()  # a password takes a second to hash
            user.save()
            grant(
                subject=f"staff:{user.pk}", grant=Grant(role=role, chain_id=chain.id),
                granted_by=system_principal(name="tests"),
            )  # fmt: skip
            users[role] = user
        return users[role]

    made = member_world(
        store=store, maker=staff_principal(person("marketer")), checker=staff_principal(person("finance")),
        asker=staff_principal(person("store_manager")),
    )  # fmt: skip
    return Office(store=store, made=made, people=person)


def text_of(answer: Any) -> str:
    """The page as it reads."""
    return unescape(answer.content.decode())
