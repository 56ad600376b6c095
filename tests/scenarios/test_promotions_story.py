"""A promotion's life across modules: drafted, reviewed, published; a web shop asks for a quote and sends the sale,
which comes to what was quoted; the receipt says why; the answer is had again though the rulebook has moved on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewPrice
from liushui.intake.tests.conftest import Shop, Till, machine
from liushui.intake.tests.conftest import shop as shop  # a fixture
from liushui.orders import facade as orders
from liushui.promotions import facade as promotions
from liushui.runtime import oauth
from liushui.runtime.access import Grant, Principal

GOLD = {
    "id": "gold-200-30", "name": {"zh": "金卡满200减30", "en": "Gold: 30 off 200"}, "stage": "order",
    "when": [{"type": "tier_in", "tiers": ["gold"]}, {"type": "subtotal_at_least", "amount": 20000}],
    "effects": [{"type": "amount_off", "amount": 3000, "level": "order"}],
    "limits": {"budget": 5000, "budget_mode": "partial"},
}  # fmt: skip
SPRING = {
    "id": "spring", "name": {"zh": "春季券", "en": "Spring"}, "stage": "order", "lane": 1,
    "when": [{"type": "coupon", "code": "SPRING10"}],
    "effects": [{"type": "percent_off", "percent": 10, "level": "order"}],
}  # fmt: skip
GOLD_MEMBER = {"id": "m1", "tier": "gold"}


@pytest.fixture
def web(shop: Shop, client: Client) -> Iterator[Till]:
    oauth.tokens.clear()
    promotions.forget()
    prices = (("MILK", 10_000), ("BREAD", 5_000))
    catalog.save_prices(
        prices=[
            NewPrice(chain_id=shop.chain.id, sku=sku, amount_minor=price, starts_at=datetime(2026, 1, 1, tzinfo=UTC))
            for sku, price in prices
        ]
    )
    yield machine(shop, client, source="web")
    promotions.forget()


def publish(shop: Shop, *rules: dict[str, Any]) -> None:
    """Drafted by a marketer, approved by finance."""
    now = datetime.now(UTC)
    ma = Principal(subject="staff:ma", name="Ma", grants=(Grant(role="marketer", chain_id=shop.chain.id),))
    fei = Principal(subject="staff:fei", name="Fei", grants=(Grant(role="finance", chain_id=shop.chain.id),))
    draft = promotions.create_draft(chain_id=shop.chain.id, name="Story", principal=ma, now=now)
    draft = promotions.save_draft(
        draft_id=draft.id, revision=draft.revision, document={"promotions": list(rules)}, principal=ma, now=now
    )
    draft = promotions.submit_for_review(
        draft_id=draft.id, revision=draft.revision, reason="story", principal=ma, now=now
    )
    promotions.decide_review(draft_id=draft.id, approve=True, principal=fei, now=now)


def sent(web: Till, sale_id: str, lines: list[dict[str, Any]], **fields: Any) -> Any:
    completed_at = datetime.now(UTC) + timedelta(milliseconds=1)
    head = {"id": sale_id, "store": "SH01", "completed_at": completed_at.isoformat(), "channel": "web"}
    return web.post("/sales", {**head, "lines": lines, **fields})


def test_what_is_quoted_is_what_the_sale_comes_to_and_the_receipt_says_why(web: Till, shop: Shop) -> None:
    publish(shop, GOLD, SPRING)
    lines = [{"code": "MILK", "units": 2}, {"code": "BREAD", "units": 1}]
    asked = {"store": "SH01", "lines": lines, "member": GOLD_MEMBER, "codes": ["SPRING10", "NOPE"]}
    quoted = web.post("/quotes", asked)
    assert quoted.status_code == 200, quoted.content
    quote = quoted.json()
    # 250.00 less 30.00, less 10 % of 220.00
    assert (quote["regular_minor"], quote["discount_minor"], quote["total_minor"]) == (25_000, 5_200, 19_800)
    assert quote["code_problems"] == [{"code": "NOPE", "problem": "unknown"}]
    assert [line["amount_minor"] for line in quote["lines"]] == [15_840, 3_960]
    assert quote["lines"][1]["discounts"] == [
        {"promotion": "gold-200-30", "name": "金卡满200减30", "amount_minor": 600},
        {"promotion": "spring", "name": "春季券", "amount_minor": 440},
    ]
    assert quote["answer"]["certificate"]["proven"] is True

    answer = sent(web, "W-1", lines, member=GOLD_MEMBER, codes=["SPRING10", "NOPE"])
    assert (answer.status_code, answer.json()["total_minor"]) == (201, 19_800), answer.content
    sale_id = orders.find_sale(source="web", source_id="W-1")
    assert sale_id is not None
    stored = orders.price_explanation(sale_id=sale_id, store_ids={shop.first.id})
    assert stored is not None
    assert json.loads(stored.answer)["promotions"] == quote["answer"]["promotions"]

    publish(shop, SPRING)
    promotions.forget()
    again = promotions.replay(chain_id=shop.chain.id, digest=stored.rulebook_digest, basket=stored.basket)
    assert again.answer_text() == stored.answer
    assert web.post("/quotes", asked).json()["total_minor"] == 22_500


def test_the_budget_is_given_to_those_who_come_first_and_a_repeat_takes_nothing_more(web: Till, shop: Shop) -> None:
    publish(shop, GOLD)
    lines = [{"code": "MILK", "units": 2}]
    totals = [sent(web, f"W-{n}", lines, member=GOLD_MEMBER).json()["total_minor"] for n in range(3)]
    assert totals == [17_000, 18_000, 20_000]
    assert (
        promotions.usage(chain_id=shop.chain.id, promotion_ids=["gold-200-30"], member_id=None)["gold-200-30"].spent
        == 5_000
    )


def test_a_quote_that_can_not_be_made_says_where(web: Till, shop: Shop) -> None:
    wrong = {
        "/lines/1/code": {"store": "SH01", "lines": [{"code": "MILK"}, {"code": "NOPE"}]},
        "/lines/0/code": {"store": "SH01", "lines": [{"code": "APPLE"}]},  # has no price
        "/store": {"store": "XX", "lines": [{"code": "MILK"}]},
        "/lines/0/units": {"store": "SH01", "lines": [{"code": "MILK", "units": 0}]},
        "/lines": {"store": "SH01", "lines": [{"code": "MILK"}] * 1001},
        "/member/birthday": {"store": "SH01", "lines": [{"code": "MILK"}], "member": {"id": "1", "birthday": "13-01"}},
        "/member": {"store": "SH01", "lines": [{"code": "MILK"}], "member": "M00000000000"},  # nobody's number
    }
    for pointer, body in wrong.items():
        answer = web.post("/quotes", body)
        assert (answer.status_code, answer.json().get("pointer")) == (422, pointer), answer.content


def test_a_thousand_lines_are_quoted(web: Till, shop: Shop) -> None:
    publish(shop, SPRING)
    answer = web.post("/quotes", {"store": "SH01", "lines": [{"code": "MILK"}] * 1000, "codes": ["SPRING10"]}).json()
    assert (answer["regular_minor"], answer["total_minor"]) == (10_000_000, 9_000_000)


def test_a_scheduled_version_prices_from_its_start_on_by_the_time_of_the_sale(web: Till, shop: Shop) -> None:
    now = datetime.now(UTC)
    ma = Principal(subject="staff:ma", name="Ma", grants=(Grant(role="marketer", chain_id=shop.chain.id),))
    fei = Principal(subject="staff:fei", name="Fei", grants=(Grant(role="finance", chain_id=shop.chain.id),))
    draft = promotions.create_draft(chain_id=shop.chain.id, name="Later", principal=ma, now=now)
    everything = {"id": "half", "effects": [{"type": "percent_off", "percent": 50, "level": "unit"}]}
    draft = promotions.put_promotion(
        draft_id=draft.id, revision=draft.revision, promotion=everything, principal=ma, now=now
    )
    start = now + timedelta(hours=1)
    promotions.submit_for_review(
        draft_id=draft.id, revision=draft.revision, reason="later", starts_at=start, principal=ma, now=now
    )
    promotions.decide_review(draft_id=draft.id, approve=True, principal=fei, now=now)
    lines = [{"code": "MILK"}]
    before = sent(web, "W-1", lines, completed_at=(start - timedelta(seconds=1)).isoformat())
    after = sent(web, "W-2", lines, completed_at=start.isoformat())
    assert [each.json()["total_minor"] for each in (before, after)] == [10_000, 5_000]
