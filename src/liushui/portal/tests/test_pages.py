"""A member's own pages show what is his, in his language, and nothing of anybody else."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale, Discount, LineCommand
from liushui.loyalty import facade as loyalty
from liushui.orders import facade as orders
from liushui.orders.contracts import SALE_COMPLETED
from liushui.portal.tests.conftest import OTHER_PHONE, PHONE, Shop
from liushui.privacy import facade as privacy
from liushui.runtime import worker
from liushui.runtime.events import Consumer, Event
from liushui.runtime.grants import system_principal
from liushui.runtime.models import AuditEntry


def earn(events: Sequence[Event]) -> None:
    facts = [orders.decode_fact(event.data) for event in events]
    loyalty.earn_sales(sales=[(fact, False) for fact in facts], now=datetime.now(UTC))
    loyalty.note_purchases(sales=facts)


def let_events_through() -> None:
    """What the worker does."""
    worker.run(consumers=[Consumer(name="points", types=frozenset({SALE_COMPLETED}), apply=earn)], once=True)


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content.decode()[-600:]
    return answer.content.decode()


def test_home_shows_points_worth_tier_and_the_way_to_the_next(shop: Shop) -> None:
    member = shop.member(name="欧阳若兰")
    shop.sell(member, 30_000, 12_345)
    let_events_through()
    page = text(shop.sign_in(), "/my/")
    assert '<strong id="points">423</strong>' in page
    assert "worth ¥4.23 at the till" in page
    assert "¥576.55 more and you are Silver." in page
    assert member.number in page
    assert PHONE not in page


def test_a_purchase_is_a_sign_of_life_from_which_retention_counts(shop: Shop) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    joined = loyalty.join(
        chain_id=shop.chain_id, phone=PHONE, channel="till", consents={"membership": "1"}, now=long_ago
    )
    member = joined.member
    shop.sell(None, 1000)
    let_events_through()
    assert privacy.subject(subject_id=member.subject_id).seen_at == long_ago
    shop.sell(member, 1000)
    let_events_through()
    assert (datetime.now(UTC) - privacy.subject(subject_id=member.subject_id).seen_at).total_seconds() < 600


def test_telling_of_purchases_writes_nothing_but_signs_of_life(shop: Shop) -> None:
    """Decision 0207: the consumer's transaction holds one module's tables and the inbox."""
    long_ago, facts = datetime(2020, 1, 1, tzinfo=UTC), []
    for phone in (PHONE, OTHER_PHONE):
        joined = loyalty.join(
            chain_id=shop.chain_id, phone=phone, channel="till", consents={"membership": "1"}, now=long_ago
        )
        shop.sell(joined.member, 1000)
    keep = Consumer(
        name="keep", types=frozenset({SALE_COMPLETED}),
        apply=lambda events: facts.extend(orders.decode_fact(event.data) for event in events),
    )  # fmt: skip
    worker.run(consumers=[keep], once=True)
    with CaptureQueriesContext(connection) as seen:
        assert loyalty.note_purchases(sales=facts) == 2
    writes = [query["sql"] for query in seen.captured_queries if not query["sql"].startswith("SELECT")]
    assert [sql.split()[:2] for sql in writes] == [["UPDATE", '"privacy_subject"']]


def test_the_code_for_the_till_is_the_members(shop: Shop) -> None:
    shop.member()
    client = shop.sign_in()
    answer = client.get("/my/code.svg")
    assert (answer["Content-Type"], answer.content[:4]) == ("image/svg+xml", b"<svg")
    assert "no-store" in answer["Cache-Control"]


def test_receipts_are_the_members_own(shop: Shop) -> None:
    mine, hers = shop.member(), shop.member(OTHER_PHONE)
    first, other, nobodys = shop.sell(mine, 1000), shop.sell(hers, 2000), shop.sell(None, 3000)
    client = shop.sign_in()
    page = text(client, "/my/receipts/")
    assert f"/my/receipts/{first}/" in page
    assert "¥10.00" in page
    for not_mine in (other, nobodys, uuid4()):
        assert str(not_mine) not in page
        assert client.get(f"/my/receipts/{not_mine}/").status_code == 404
    receipt = text(client, f"/my/receipts/{first}/")
    assert "Tea 0" in receipt
    assert "First Store" in receipt


def test_a_receipt_adds_up_from_the_price_to_the_total(shop: Shop) -> None:
    member, now = shop.member(), datetime.now(UTC)
    line = LineCommand(
        code="tea", name="Tea", units=3, amount_minor=6547, regular_minor=10_770,
        discounts=(Discount(code="3for2", name="Three for two", amount_minor=3590),
                   Discount(code="200-25", name="25 off each 200", amount_minor=633)),
    )  # fmt: skip
    sold = checkout.complete_sale(
        command=CompleteSale(
            source="test", source_id="1", store="S1", completed_at=now, customer=member.number,
            accept_unknown_items=True, lines=(line, LineCommand(code="bun", name="Bun", amount_minor=500)),
        ),
        principal=system_principal(name="test"), now=now,
    )  # fmt: skip
    table = text(shop.sign_in(), f"/my/receipts/{sold.sale_id}/").split("<table")[1].split("</table>")[0]
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", table)).strip()
    assert (
        "Tea 3 ¥107.70 Three for two -¥35.90 25 off each 200 -¥6.33 Bun 1 ¥5.00 You saved ¥42.23 Total ¥70.47"
    ) in words


def test_taking_back_the_consent_to_membership_leads_to_ending_it(shop: Shop) -> None:
    member = shop.member()
    client = shop.sign_in()
    assert "Taking this back ends the membership." in text(client, "/my/privacy/")
    answer = client.post("/my/privacy/consent/", {"purpose": "membership", "do": "withdraw"})
    assert (answer.status_code, answer["Location"]) == (302, "/my/privacy/erase/")
    assert member.subject_id is not None
    assert privacy.has_consent(subject_id=member.subject_id, purpose="membership")


def test_old_receipts_are_a_page_further(shop: Shop) -> None:
    member = shop.member()
    for _ in range(21):
        shop.sell(member, 100)
    client = shop.sign_in()
    page = text(client, "/my/receipts/")
    assert page.count('href="/my/receipts/0') == 20
    address = page.split('href="?of=0&amp;cursor=')[1].split('"')[0]
    assert text(client, f"/my/receipts/?cursor={address}").count('href="/my/receipts/0') == 1
    assert client.get("/my/receipts/?cursor=nonsense").status_code in (400, 422)


def test_the_account_says_line_by_line_what_came_and_went(shop: Shop) -> None:
    member = shop.member()
    sale = shop.sell(member, 5000)
    let_events_through()
    loyalty.top_up(
        top_up_id=uuid4(), member_id=member.id, paid_minor=20_000, store_id=shop.store_id, operator="li",
        tender="cash", now=datetime.now(UTC),
    )  # fmt: skip
    client = shop.sign_in()
    page = text(client, "/my/account/")
    assert "+50" in page
    assert f"/my/receipts/{sale}/" in page
    value = text(client, "/my/account/?kind=value")
    assert "+¥200.00" in value
    assert "Top-up" in value
    assert "Top-up" not in page


def test_every_page_speaks_chinese_too(shop: Shop) -> None:
    shop.sell(shop.member(), 1000)
    client = shop.sign_in()
    client.cookies["liushui_language"] = "zh-hans"
    for address, word in (("/my/", "结账时出示此码"), ("/my/receipts/", "小票"), ("/my/account/", "积分"),
                          ("/my/coupons/", "暂无优惠券"), ("/my/privacy/", "撤回同意"),
                          ("/my/privacy/correct/", "更正"), ("/my/privacy/erase/", "将失去")):  # fmt: skip
        assert word in text(client, address)


def test_consents_are_taken_back_as_easily_as_they_are_given(shop: Shop) -> None:
    member = shop.member()
    client = shop.sign_in()
    subject = member.subject_id
    assert subject is not None
    client.post("/my/privacy/consent/", {"purpose": "marketing", "do": "give"})
    assert privacy.has_consent(subject_id=subject, purpose="marketing")
    client.post("/my/privacy/consent/", {"purpose": "marketing", "do": "withdraw"})
    assert not privacy.has_consent(subject_id=subject, purpose="marketing")
    assert client.post("/my/privacy/consent/", {"purpose": "selling", "do": "give"}).status_code == 422


def test_data_is_corrected_and_taken_away(shop: Shop) -> None:
    member = shop.member(name="欧阳若兰", email="lan@mail.example")
    client = shop.sign_in()
    page = text(client, "/my/privacy/")
    assert "欧阳若兰" in page
    client.post("/my/privacy/correct/", {"name": "欧阳兰", "birthday": "05-17", "email": "", "plate": ""})
    assert privacy.own_data(subject_id=member.subject_id) == {
        "name": "欧阳兰", "phone": "+8613812345678", "birthday": "--05-17",
    }  # fmt: skip
    refused = client.post("/my/privacy/correct/", {"name": "x" * 65, "birthday": "05-17"})
    assert refused.status_code == 422
    assert "Give a name of up to 64 characters." in refused.content.decode()
    assert AuditEntry.objects.filter(action="subject.correct").count() == 1


def test_a_birthday_is_moved_once_a_year_so_that_nobody_has_its_benefits_every_day(shop: Shop) -> None:
    member = shop.member()
    client = shop.sign_in()

    def give(birthday: str) -> tuple[int, str | None]:
        answer = client.post("/my/privacy/correct/", {"name": "", "birthday": birthday, "email": "", "plate": ""})
        return answer.status_code, privacy.own_data(subject_id=member.subject_id).get("birthday")

    assert give("05-17") == (302, "--05-17")
    assert give("1990-05-17") == (302, "1990-05-17")  # the same day, said with its year
    assert give("1990-02-31") == (422, "1990-05-17")  # what is refused does not count
    assert give("") == (302, None)
    assert give("06-18") == (302, "--06-18")
    assert give("06-19") == (409, "--06-18")
    assert give("") == (409, "--06-18")


def test_a_new_number_is_proven_by_a_code_to_it(shop: Shop) -> None:
    member = shop.member()
    client = shop.sign_in()
    client.post("/my/privacy/phone/", {"phone": OTHER_PHONE})
    assert client.post("/my/privacy/phone/code/", {"code": "12"}).status_code == 422
    client.post("/my/privacy/phone/code/", {"code": shop.code()})
    assert privacy.own_data(subject_id=member.subject_id)["phone"] == "+8613987654321"
    found = loyalty.find_member(chain_id=shop.chain_id, text=OTHER_PHONE)
    assert found is not None
    assert found.id == member.id


def test_a_number_of_another_member_stays_his(shop: Shop) -> None:
    shop.member()
    shop.member(OTHER_PHONE)
    client = shop.sign_in()
    client.post("/my/privacy/phone/", {"phone": OTHER_PHONE})
    answer = client.post("/my/privacy/phone/code/", {"code": shop.code()})
    assert answer.status_code == 409
    assert "This belongs to another membership already." in answer.content.decode()


def test_everything_may_be_taken_along(shop: Shop) -> None:
    mine, hers = shop.member(name="欧阳若兰"), shop.member(OTHER_PHONE, name="别人家")
    shop.sell(mine, 5000)
    shop.sell(hers, 7777)
    let_events_through()
    client = shop.sign_in()
    answer = client.post("/my/privacy/export/", {"form": "json"})
    assert answer["Content-Disposition"].startswith('attachment; filename="my-data-')
    found = json.loads(answer.content)
    assert {each["field"]: each["value"] for each in found["personal_data"]} == {
        "name": "欧阳若兰", "phone": "+8613812345678",
    }  # fmt: skip
    assert [sale["total_minor"] for sale in found["sources"]["receipts"]] == [5000]
    assert [entry["points"] for entry in found["sources"]["loyalty"]["entries"]] == [50]
    assert len(found["sources"]["portal"]) == 1
    page = client.post("/my/privacy/export/", {"form": "html"}).content.decode()
    assert "欧阳若兰" in page
    for foreign in ("别人家", OTHER_PHONE, "7777", hers.number):
        assert foreign not in page
        assert foreign not in answer.content.decode()


def test_exports_are_counted(shop: Shop) -> None:
    shop.member()
    client = shop.sign_in()
    for _ in range(10):
        assert client.post("/my/privacy/export/", {"form": "json"}).status_code == 200
    assert client.post("/my/privacy/export/", {"form": "json"}).status_code == 429


def test_erasing_needs_a_fresh_code_and_ends_everything(shop: Shop) -> None:
    member = shop.member(name="欧阳若兰")
    sale = shop.sell(member, 5000)
    let_events_through()
    client, other_device = shop.sign_in(), shop.sign_in()
    sign_in_code = shop.code()
    assert client.post("/my/privacy/erase/", {"do": "erase", "code": sign_in_code, "sure": "1"}).status_code == 422
    assert "138****5678" in client.post("/my/privacy/erase/", {"do": "code"}).content.decode()
    code = shop.code()
    assert client.post("/my/privacy/erase/", {"do": "erase", "code": code}).status_code == 422  # not ticked
    done = client.post("/my/privacy/erase/", {"do": "erase", "code": code, "sure": "1"})
    assert "Your data is erased" in done.content.decode()

    assert loyalty.find_member(chain_id=shop.chain_id, text=PHONE) is None
    after = loyalty.member(member_id=member.id)
    assert after is not None
    assert (after.status, after.subject_id) == ("erased", None)
    for each in (client, other_device):
        assert each.get("/my/").status_code == 302
        assert each.get(f"/my/receipts/{sale}/").status_code == 302
    proof = privacy.proof(subject_id=member.subject_id)
    assert proof is not None
    assert proof.requested_by == f"subject:{member.subject_id}"
    assert set(proof.steps) == {"loyalty", "portal"}


@pytest.mark.parametrize("kind", ["points", "nonsense"])
def test_an_unknown_kind_is_points(shop: Shop, kind: str) -> None:
    shop.member()
    assert "<h1>Points</h1>" in text(shop.sign_in(), f"/my/account/?kind={kind}")


def test_receipts_of_a_merged_membership_go_along(shop: Shop) -> None:
    old, kept = shop.member(OTHER_PHONE), shop.member()
    sale = shop.sell(old, 4000)
    let_events_through()
    before = shop.sign_in(OTHER_PHONE)
    loyalty.merge(
        keep_id=kept.id, drop_id=old.id, reason="two cards of one person",
        principal=system_principal(name="test"), now=datetime.now(UTC),
    )  # fmt: skip
    assert before.get("/my/").status_code == 302  # the duplicate's data is erased, and its sign-ins with it
    client = shop.sign_in()
    assert '<strong id="points">40</strong>' in text(client, "/my/")
    assert 'href="?of=1"' in text(client, "/my/receipts/")
    assert f"/my/receipts/{sale}/" in text(client, "/my/receipts/?of=1")
    assert client.get(f"/my/receipts/{sale}/").status_code == 200
    found = json.loads(client.post("/my/privacy/export/", {"form": "json"}).content)
    assert [each["total_minor"] for each in found["sources"]["receipts"]] == [4000]


@pytest.mark.parametrize(("language", "words"), [("en", "This page does not exist"), ("zh-hans", "页面不存在")])
def test_an_address_that_leads_nowhere_shows_nothing_of_the_console(shop: Shop, language: str, words: str) -> None:
    answer = Client(headers={"accept-language": language}).get("/my/nowhere/")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert words in page
    assert 'class="portal-bar"' in page
    assert 'href="/my/"' in page
    assert 'href="/"' not in page
    assert "/sign-in/" not in page


def test_data_is_shown_as_people_write_it(shop: Shop) -> None:
    shop.member(name="欧阳若兰", birthday="06-07")
    page = shop.sign_in().get("/my/privacy/").content.decode()
    assert "<dd>138 1234 5678</dd>" in page
    assert "<dd>06-07</dd>" in page
    assert "--06-07" not in page


def test_the_page_taken_along_can_be_read(shop: Shop) -> None:
    member = shop.member(birthday="06-07")
    shop.sell(member, 12_345, 5)
    let_events_through()
    client = shop.sign_in()
    client.cookies["django_language"] = "zh-hans"
    page = client.post("/my/privacy/export/", {"form": "html"}, headers={"accept-language": "zh-hans"}).content.decode()
    for shown in (
        "<td>123.45 CNY</td>",
        "<td>0.05 CNY</td>",
        "合计",
        "123.50 CNY",
        '<th scope="col">积分</th>',
        "06-07",
    ):
        assert shown in page, shown
    for raw in ("amount_minor", "points free", "T00:00", "+00:00", "--06-07"):
        assert raw not in page, raw


def test_who_comes_to_a_deed_without_a_form_is_led_to_his_data(shop: Shop) -> None:
    shop.member()
    client = shop.sign_in()
    for deed in ("consent", "export", "sessions"):
        assert client.get(f"/my/privacy/{deed}/")["Location"] == "/my/privacy/"
