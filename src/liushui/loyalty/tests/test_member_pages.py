"""Pages of members: the list, one member, what people do there, and what nobody sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import Any

import pytest
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


@pytest.fixture
def office(db: None) -> Office:
    programme_live.forget()
    chain = stores.save_chain(code="HM", name_zh="好邻", name_en="Haolin", currency="CNY")
    stores.save_region(chain_code="HM", code="EAST", name_zh="华东", name_en="East")
    [store] = stores.save_stores(
        stores=[NewStore(chain_code="HM", region_code="EAST", code="S1", name_zh="人民路店", name_en="Renmin Road")]
    )
    users: dict[str, StaffUser] = {}

    def person(role: str) -> StaffUser:
        if role not in users:
            user = StaffUser.objects.create_user(username=role, password="quiet-river-runs", display_name=role.title())
            user.must_change_password = False
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
    return unescape(answer.content.decode())


def test_every_page_answers(office: Office) -> None:
    ids = office.made.facts()
    manager, marketer, finance, it = (office.browser(r) for r in ("store_manager", "marketer", "finance", "it_admin"))
    for browser, path in (
        (manager, "/members/"), (manager, "/members/new/"), (finance, "/members/liability/"),
        (manager, "/members/tiers/"),
        (manager, f"/members/{ids['member_id']}/"), (manager, f"/members/{ids['member_id']}/personal/"),
        (manager, f"/members/{ids['member_id']}/merge/"), (manager, f"/members/{ids['member_id']}/adjust/"),
        (finance, f"/members/corrections/{ids['adjustment_id']}/"), (marketer, "/loyalty/"),
        (marketer, f"/loyalty/versions/{ids['programme_id']}/"),
        (marketer, f"/loyalty/drafts/{ids['programme_draft_id']}/"),
        (marketer, f"/loyalty/drafts/{ids['programme_draft_id']}/rules/"),
        (marketer, f"/loyalty/drafts/{ids['programme_draft_id']}/import/"),
        (marketer, f"/loyalty/drafts/{ids['programme_draft_id']}/export/"),
        (marketer, f"/loyalty/versions/{ids['programme_id']}/export/"),
        (marketer, "/loyalty/find/?source=categories&q=a"), (marketer, f"/loyalty/dry-runs/{ids['dry_run_id']}/"),
        (marketer, f"/loyalty/dry-runs/{ids['dry_run_id']}/progress/"),
        (marketer, f"/loyalty/dry-runs/{ids['dry_run_id']}/export/"), (it, "/privacy/requests/"),
        (it, f"/privacy/requests/{ids['subject_id']}/"), (it, f"/privacy/requests/{ids['erased_subject_id']}/"),
        (it, "/privacy/erasures/"), (it, "/privacy/notices/"), (finance, "/members/liability/?what=principal&by=store"),
    ):  # fmt: skip
        for language in ("zh-hans", "en"):
            browser.cookies["liushui_language"] = language
            assert (path, browser.get(path).status_code) == (path, 200)
