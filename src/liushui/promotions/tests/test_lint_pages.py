"""The lint with what a chain knows; its part of the draft's page; review that waits for errors and unseen warnings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem, NewPrice
from liushui.promotions import facade
from liushui.promotions.contracts import NewBatch
from liushui.promotions.errors import LintRefused, NotAcknowledged
from liushui.promotions.tests.conftest import NOON, Office
from liushui.promotions.tests.linting import percent, promo, tier, told
from liushui.runtime.access import Grant
from liushui.runtime.grants import grant, system_principal
from liushui.runtime.models import StaffUser
from liushui.stores import facade as stores

NEVER = promo("never", percent(10), when=[tier("gold"), {"not": {"type": "member"}}])
HALF = promo("half", percent(60), limits={"total": 100})


@pytest.fixture
def goods(office: Office) -> None:
    item = NewItem(
        chain_id=office.chain_id, sku="690100000001", name_zh="薯片", name_en="Crisps", category="food/snacks",
        tax_rate_bp=1300, cost_minor=800,
    )  # fmt: skip
    catalog.save_items(items=[item])
    price = NewPrice(
        chain_id=office.chain_id, sku="690100000001", amount_minor=1_000, starts_at=NOON - timedelta(days=9)
    )
    catalog.save_prices(prices=[price])


def signed_in(name: str, given: Grant, language: str = "en") -> Client:
    user = StaffUser.objects.create_user(username=name, password="quiet-river-runs", display_name=name)
    grant(subject=f"staff:{user.pk}", grant=given, granted_by=system_principal(name="tests"))
    client = Client()
    client.force_login(user)
    client.cookies["liushui_language"] = language
    return client


@pytest.fixture
def marketing(office: Office) -> Callable[[str], Client]:
    def sign_in(role: str, language: str = "en") -> Client:
        name = f"{role}-{language}"
        return signed_in(name, Grant(role=role, chain_id=office.chain_id), language)

    return sign_in


def found(office: Office, *promotions: dict[str, Any]) -> list[Any]:
    draft = office.draft(*promotions)
    return told(facade.lint_draft(draft_id=draft.id, principal=office.ma, now=NOON).findings)


@pytest.mark.usefixtures("goods")
def test_costs_of_the_catalogue_are_compared_with_tax(office: Office) -> None:
    # 8.00 without tax are 9.04 with 13 %: 10 % off 10.00 is sold below cost, 9 % is not.
    below = found(office, promo("ten", percent(10)))
    assert below == [("below_cost", ("ten",), {"sku": "690100000001", "net": 900, "cost": 904, "currency": "CNY"})]
    assert found(office, promo("nine", percent(9))) == []


@pytest.mark.usefixtures("goods")
def test_what_the_chain_does_not_sell_or_has_no_coupons_for_is_found(office: Office) -> None:
    toys = promo("toys", percent(5, scope={"category_in": ["toys"]}))
    coupon = promo("coupon", percent(5), when=[{"type": "coupon", "batch": "SPRING"}])
    assert found(office, toys, coupon) == [
        ("coupon_unknown", ("coupon",), {"batch": "SPRING", "why": "unknown", "path": "when[0]"}),
        ("nothing_in_catalogue", ("toys",), {"path": "effects[0].scope"}),
    ]
    batch = NewBatch(
        chain_id=office.chain_id, code="SPRING", name_zh="春", name_en="Spring", kind="unique", size=10,
        valid_until=NOON - timedelta(days=1),
    )  # fmt: skip
    facade.make_batch(batch=batch, principal=office.ma, now=NOON - timedelta(days=5))
    assert found(office, coupon) == [
        ("coupon_unusable", ("coupon",), {"batch": "SPRING", "why": "expired", "path": "when[0]"}),
    ]


def test_a_circle_is_found_though_the_engine_reads_each_exclusion_on_both_sides(office: Office) -> None:
    ring = [("a", "b"), ("b", "c"), ("c", "a")]
    promotions = [promo(one, percent(5, scope={"sku_in": [one, "X"]}), not_with=[other]) for one, other in ring]
    assert found(office, *promotions) == [("circular_exclusion", ("a", "b", "c"), {"members": 3, "applied": 1})]


def test_what_can_never_apply_is_not_handed_in(office: Office) -> None:
    draft = office.draft(NEVER)
    with pytest.raises(LintRefused) as refused:
        office.submit(draft)
    assert refused.value.context == {"findings": ["never_eligible:never"]}
    assert facade.draft(draft_id=draft.id, principal=office.ma).state == "open"


def test_a_warning_is_acknowledged_by_the_reviewer(office: Office) -> None:
    draft = office.submit(office.draft(HALF))
    decide: dict[str, Any] = {"draft_id": draft.id, "approve": True, "principal": office.fei, "now": NOON}
    with pytest.raises(NotAcknowledged) as refused:
        facade.decide_review(**decide, acknowledged=["large_discount:other"])
    assert refused.value.context == {"findings": ["large_discount:half"]}
    assert facade.live_rulebook(chain_id=office.chain_id, at=NOON) is None
    assert facade.decide_review(**decide, acknowledged=["large_discount:half"]).state == "published"


def test_what_was_there_before_asks_nothing_of_a_draft_and_holds_no_going_back(office: Office) -> None:
    submitted = office.submit(office.draft(HALF))
    facade.decide_review(
        draft_id=submitted.id, approve=True, principal=office.fei, now=NOON, acknowledged=["large_discount:half"]
    )
    draft = office.draft(promo("five", percent(5, scope={"sku_in": ["A"]}), group="g"))
    report = facade.lint_draft(draft_id=draft.id, principal=office.ma, now=NOON)
    assert [(each.code, each.promotions) for each in report.findings if each.severity == "warning"] == [
        ("large_discount", ("half",)),
    ]
    assert (report.warnings, report.asked) == ((), frozenset({"five"}))
    again = office.submit(draft)
    after = facade.decide_review(
        draft_id=again.id, approve=True, principal=office.fei, now=NOON + timedelta(hours=1), acknowledged=[]
    )
    assert after.state == "published"
    live = facade.live_rulebook(chain_id=office.chain_id, at=NOON)
    assert live is not None
    back = facade.roll_back(rulebook_id=live.id, reason="too dear", principal=office.ma, now=NOON + timedelta(hours=2))
    assert facade.lint_draft(draft_id=back.id, principal=office.ma, now=NOON).asked == frozenset()


def test_a_draft_is_sent_back_without_ticking_anything(office: Office) -> None:
    draft = office.submit(office.draft(HALF))
    after = facade.decide_review(
        draft_id=draft.id, approve=False, reason="too much", principal=office.fei, now=NOON, acknowledged=[]
    )
    assert after.state == "open"


@pytest.mark.usefixtures("goods")
def test_the_page_says_what_was_found_and_shows_the_basket(office: Office, marketing: Callable[..., Client]) -> None:
    draft = office.draft(NEVER, HALF)
    client = marketing("marketer")
    text = client.get(f"/promotions/drafts/{draft.id}/findings/").content.decode()
    assert "1 stops publishing · 2 to be acknowledged" in text
    assert "Promotion never can never apply: condition 1 and condition 2 (must not hold) contradict each other." in text
    assert "Promotion half takes 60% off: ¥6.00 of ¥10.00. The line is at 50%." in text
    assert "Crisps is sold for ¥4.00; it costs ¥9.04." in text
    assert 'name="acknowledged"' not in text
    assert "try.quantity.690100000001=1" in text
    address = unescape(next(part.split('"')[0] for part in text.split('href="') if "try.quantity" in part))
    tried = client.get(address).content.decode()
    assert 'name="try.quantity.690100000001" value="1"' in tried
    at = parse_qs(urlsplit(address).query)["try.at"][0]
    assert f'name="try.at" value="{at}"' in tried
    chinese = marketing("marketer", "zh-hans").get(f"/promotions/drafts/{draft.id}/findings/").content.decode()
    assert "“促销half”减去 60%：¥10.00 减 ¥6.00；警戒线为 50%。" in chinese


def test_the_reviewer_gets_a_box_to_tick_for_each_warning(office: Office, marketing: Callable[..., Client]) -> None:
    draft = office.submit(office.draft(HALF))
    text = marketing("finance").get(f"/promotions/drafts/{draft.id}/findings/?decide=yes").content.decode()
    assert text.count('name="acknowledged"') == 1
    assert 'form="decide" name="acknowledged" value="large_discount:half" required' in text


def test_who_may_not_see_the_chain_learns_nothing(office: Office) -> None:
    draft = office.draft(HALF)
    other = stores.save_chain(code="XX", name_zh="别家", name_en="Others", currency="CNY")
    client = signed_in("stranger", Grant(role="marketer", chain_id=other.id))
    assert client.get(f"/promotions/drafts/{draft.id}/findings/").status_code == 404
