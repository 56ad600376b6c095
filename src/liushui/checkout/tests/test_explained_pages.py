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
from liushui.promotions.contracts import NewBatch
from liushui.runtime.access import Grant, Principal
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


BACK: dict[str, Any] = {
    "id": "come-back", "name": {"zh": "回头有礼", "en": "Come back"},
    "effects": [{"type": "issue_coupon", "batch": "back", "for": "next_order"}],
}  # fmt: skip


def test_a_coupon_for_the_next_time_is_shown_masked_and_told_when_there_was_none(shop: Shop, pages: Any) -> None:
    now = sale().completed_at
    maker = Principal(subject="staff:ma", name="Ma", grants=(Grant(role="marketer", chain_id=shop.chain.id),))
    batch = NewBatch(chain_id=shop.chain.id, code="back", name_zh="回头券", name_en="Three off", kind="unique", size=1)
    promotions.make_batch(batch=batch, principal=maker, now=now)
    publish(shop, BACK)
    first, second = complete(shop, sale("one")), complete(shop, sale("two"))
    assert complete(shop, sale("one")).sale_id == first.sale_id  # sent again
    [coupon] = promotions.issued_coupons(order_key=f"{sale('one').source}/one")
    client = pages()
    page = client.get(f"/orders/{first.sale_id}/").content.decode()
    assert f"<dd>Three off <code>••••{coupon.code[-4:]}</code></dd>" in page
    assert coupon.code not in page
    assert coupon.code not in client.get(f"/orders/{first.sale_id}/paper/").content.decode()
    assert (
        "Not handed out</span> Why stands under Coupons." in client.get(f"/orders/{second.sale_id}/").content.decode()
    )
