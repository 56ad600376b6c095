"""The receipt says why it cost what it did: per line, what was given and what was not, by which version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from liushui.checkout.contracts import LineCommand
from liushui.checkout.tests.conftest import Shop
from liushui.checkout.tests.test_promotions import HALF, THIRTY, complete, publish, sale
from liushui.promotions import facade as promotions
from liushui.runtime.access import Grant
from liushui.runtime.grants import grant, system_principal
from liushui.runtime.models import StaffUser


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    promotions.forget()
    yield
    promotions.forget()


@pytest.fixture
def pages(shop: Shop, client: Client) -> Any:
    def signed_in(language: str = "en", role: str = "store_manager") -> Client:
        user = StaffUser.objects.create_user(username=f"ann-{language}-{role}", password="quiet-river-runs")
        held = Grant(role=role, chain_id=shop.chain.id)
        grant(subject=f"staff:{user.pk}", grant=held, granted_by=system_principal(name="tests"))
        client.force_login(user)
        client.cookies["liushui_language"] = language
        return client

    return signed_in


def test_the_receipt_says_what_was_given_and_what_was_nearly_reached(shop: Shop, pages: Any) -> None:
    publish(shop, HALF, THIRTY)
    recorded = complete(shop, sale("nine", LineCommand(code="MILK", units=9)))
    page = pages().get(f"/orders/{recorded.sale_id}/").content.decode()
    assert "Second at half price: -¥13.00" in page
    assert "Why this price" in page
    assert "¥13.00 off, 4 times" in page
    assert "满60减6" in page  # its only name
    assert "Proven" in page
    version = promotions.live_rulebook(chain_id=shop.chain.id, at=sale().completed_at)
    assert version is not None
    assert f'<a href="/promotions/versions/{version.id}/">2026-11-22.1</a>' in page


def test_it_says_so_in_chinese_and_on_paper(shop: Shop, pages: Any) -> None:
    publish(shop, HALF, THIRTY)
    recorded = complete(shop, sale("nine", LineCommand(code="MILK", units=9)))
    client = pages("zh-hans")
    page = client.get(f"/orders/{recorded.sale_id}/").content.decode()
    assert "第二件半价: -¥13.00" in page
    assert "价格说明" in page
    assert "差一点就能享" in page
    paper = client.get(f"/orders/{recorded.sale_id}/paper/").content.decode()
    assert "第二件半价 -¥13.00" in paper
    assert "已为您节省 ¥13.00" in paper
    assert "2026-11-22.1" in paper


def test_a_sale_that_no_promotion_priced_says_nothing_of_them(shop: Shop, pages: Any) -> None:
    recorded = complete(shop, sale("plain"))
    assert "Why this price" not in pages().get(f"/orders/{recorded.sale_id}/").content.decode()
