"""A chain of two stores, and the people who draft and review its promotions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from tests.support.sign_in import sign_in

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem, NewPrice
from liushui.promotions import facade
from liushui.promotions.contracts import DraftView, PublishedRulebook
from liushui.runtime.access import Grant, Principal
from liushui.runtime.grants import system_principal
from liushui.runtime.models import StaffUser
from liushui.runtime.staff import create_staff
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore, Store

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai


def ten_percent(name: str = "ten", **fields: Any) -> dict[str, Any]:
    """A promotion that takes 10 % off everything."""
    effect = {"type": "percent_off", "percent": 10, "level": "unit"}
    return {"id": name, "name": {"zh": "九折", "en": "10 % off"}, "effects": [effect], **fields}


@dataclass(frozen=True)
class Office:
    """The chain and those who work on its promotions."""

    chain_id: int
    store: Store
    ma: Principal  # a marketer
    fei: Principal  # of finance, who reviews
    shen: Principal  # an auditor, who reads

    def draft(self, *promotions: dict[str, Any], name: str = "Autumn", now: datetime = NOON) -> DraftView:
        """A draft of the marketer with these promotions added or changed."""
        draft = facade.create_draft(chain_id=self.chain_id, name=name, principal=self.ma, now=now)
        for promotion in promotions:
            draft = facade.put_promotion(
                draft_id=draft.id, revision=draft.revision, promotion=promotion, principal=self.ma, now=now
            )
        return draft

    def submit(self, draft: DraftView, *, starts_at: datetime | None = None, now: datetime = NOON) -> DraftView:
        """The draft in review."""
        return facade.submit_for_review(
            draft_id=draft.id, revision=draft.revision, reason="for autumn", starts_at=starts_at,
            principal=self.ma, now=now,
        )  # fmt: skip

    def approve(self, draft: DraftView, *, now: datetime = NOON) -> DraftView:
        """The draft approved by the second person, and so published."""
        return facade.decide_review(draft_id=draft.id, approve=True, principal=self.fei, now=now)

    def publish(
        self, *promotions: dict[str, Any], starts_at: datetime | None = None, now: datetime = NOON
    ) -> PublishedRulebook:
        """These promotions published on top of what there is."""
        self.approve(self.submit(self.draft(*promotions, now=now), starts_at=starts_at, now=now), now=now)
        found = facade.live_rulebook(chain_id=self.chain_id, at=starts_at or now)
        assert found is not None
        return found

    def statuses(self, at: datetime = NOON) -> dict[str, str]:
        """How each promotion stands."""
        return {each.id: each.status for each in facade.promotions(chain_id=self.chain_id, at=at)}


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    facade.forget()
    yield
    facade.forget()


def make_office() -> Office:
    chain = stores.save_chain(code="HM", name_zh="好邻", name_en="Haolin", currency="CNY")
    stores.save_region(chain_code="HM", code="EAST", name_zh="华东", name_en="East")
    store, _ = stores.save_stores(
        stores=[
            NewStore(chain_code="HM", region_code="EAST", code=code, name_zh=code, name_en=code)
            for code in ("SH01", "SH02")
        ]
    )

    def person(name: str, role: str) -> Principal:
        return Principal(subject=f"staff:{name}", name=name.title(), grants=(Grant(role=role, chain_id=chain.id),))

    return Office(
        chain_id=chain.id,
        store=store,
        ma=person("ma", "marketer"),
        fei=person("fei", "finance"),
        shen=person("shen", "auditor"),
    )


@pytest.fixture
def office(db: None) -> Office:
    return make_office()


def person(office: Office, role: str, store_id: int | None = None) -> Client:
    """A browser in which somebody of this role is signed in, in English."""
    user_id, _password = create_staff(
        username=role,
        display_name=role.title(),
        grants=[Grant(role=role, chain_id=office.chain_id, store_id=store_id)],
        principal=system_principal(name="test"),
    )
    return sign_in(Client(headers={"accept-language": "en"}), StaffUser.objects.get(pk=user_id))


@pytest.fixture
def ma(office: Office) -> Client:
    return person(office, "marketer")


@pytest.fixture
def fei(office: Office) -> Client:
    return person(office, "finance")


@pytest.fixture
def tea(office: Office) -> str:
    item = NewItem(chain_id=office.chain_id, sku="TEA", name_zh="红茶", name_en="Black tea", brand="Acme")
    catalog.save_items(items=[item])
    starts = datetime(2026, 1, 1, tzinfo=UTC)
    catalog.save_prices(prices=[NewPrice(chain_id=office.chain_id, sku="TEA", amount_minor=9900, starts_at=starts)])
    return "TEA"
