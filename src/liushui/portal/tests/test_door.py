"""In by a one-time code, joining with consents, out again; a sign-in of its own that opens nothing of the console."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from pydantic import SecretStr

from liushui.loyalty import facade as loyalty
from liushui.portal.models import ShopperSessionRow
from liushui.portal.tests.conftest import OTHER_PHONE, PHONE, Shop
from liushui.privacy import facade as privacy
from liushui.runtime.models import StaffUser

ADDRESSES = (
    "/my/", "/my/code.svg", "/my/receipts/", "/my/account/", "/my/coupons/", "/my/privacy/", "/my/privacy/correct/",
    "/my/privacy/phone/", "/my/privacy/phone/code/", "/my/privacy/erase/",
)  # fmt: skip


def test_a_member_is_let_in_by_a_code(shop: Shop) -> None:
    shop.member()
    client = Client(headers={"accept-language": "en"})
    page = client.get("/my/sign-in/?next=/my/coupons/")
    assert 'value="/my/coupons/"' in page.content.decode()
    client.post("/my/sign-in/", {"phone": "138 1234 5678", "next": "/my/coupons/"})
    page = client.get("/my/code/")
    assert "We sent a code to 138****5678" in page.content.decode()
    assert PHONE not in page.content.decode()
    answer = client.post("/my/code/", {"code": shop.code()})
    assert (answer.status_code, answer["Location"]) == (302, "/my/coupons/")
    cookie = client.cookies["liushui_shopper"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert "sessionid" not in client.cookies
    assert client.get("/my/").status_code == 200
    assert cookie.value not in repr(list(ShopperSessionRow.objects.values_list()))


def test_over_tls_the_cookie_is_this_hosts_alone(shop: Shop, settings: object) -> None:
    settings.SESSION_COOKIE_SECURE = True  # type: ignore[attr-defined]
    shop.member()
    client = Client()
    client.post("/my/sign-in/", {"phone": PHONE}, secure=True)
    client.post("/my/code/", {"code": shop.code()}, secure=True)
    cookie = client.cookies["__Host-liushui_shopper"]
    assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")


def test_a_wrong_code_lets_nobody_in(shop: Shop) -> None:
    shop.member()
    client = Client(headers={"accept-language": "en"})
    client.post("/my/sign-in/", {"phone": PHONE})
    wrong = f"{(int(shop.code()) + 1) % 10**6:06}"
    answer = client.post("/my/code/", {"code": wrong})
    assert answer.status_code == 422
    assert "This code is not right, or too old." in answer.content.decode()
    assert "liushui_shopper" not in client.cookies
    assert client.get("/my/").status_code == 302


def test_who_is_no_member_sees_the_same_until_the_code_and_may_join(shop: Shop) -> None:
    shop.member(OTHER_PHONE)
    client = Client(headers={"accept-language": "en"})
    known = Client(headers={"accept-language": "en"})
    answers = [each.post("/my/sign-in/", {"phone": phone}) for each, phone in ((client, PHONE), (known, OTHER_PHONE))]
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, "/my/code/")}
    client.post("/my/sign-in/", {"phone": PHONE})
    assert client.get("/my/join/").status_code == 302  # not before the code
    assert client.post("/my/code/", {"code": shop.code()})["Location"] == "/my/join/"
    page = client.get("/my/join/").content.decode()
    assert "Your number 138****5678" in page
    refused = client.post("/my/join/", {"name": "兰", "agree_marketing": "1"})
    assert refused.status_code == 422
    assert loyalty.find_member(chain_id=shop.chain_id, text=PHONE) is None

    given = {"name": "欧阳若兰", "birthday": "1988-11-23", "email": "", "agree_membership": "1", "agree_marketing": "1"}
    assert client.post("/my/join/", given)["Location"] == "/my/"
    member = loyalty.find_member(chain_id=shop.chain_id, text=PHONE)
    assert member is not None
    assert member.subject_id is not None
    assert privacy.own_data(subject_id=member.subject_id) == {
        "name": "欧阳若兰", "phone": "+8613812345678", "birthday": "1988-11-23",
    }  # fmt: skip
    agreed = {purpose: (each.is_given, each.channel, each.notice_version)
              for purpose, each in privacy.consents(subject_id=member.subject_id).items()}  # fmt: skip
    assert agreed == {"membership": (True, "portal", "1"), "marketing": (True, "portal", "1")}
    assert "欧**" in client.get("/my/").content.decode()


def test_a_birthday_that_is_none_is_told_in_words(shop: Shop) -> None:
    client = Client(headers={"accept-language": "zh-hans"})
    client.post("/my/sign-in/", {"phone": PHONE})
    client.post("/my/code/", {"code": shop.code()})
    answer = client.post("/my/join/", {"birthday": "1988-13-40", "agree_membership": "1"})
    assert answer.status_code == 422
    assert "请填写正确的生日" in answer.content.decode()


@pytest.mark.parametrize("address", ADDRESSES)
def test_nobody_gets_in_without_a_code(shop: Shop, address: str) -> None:
    answer = Client().get(address)
    assert (answer.status_code, answer["Location"]) == (302, f"/my/sign-in/?next={address.replace('/', '%2F')}")
    forged = Client()
    forged.cookies["liushui_shopper"] = "A" * 43
    assert forged.get(address).status_code == 302


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "/my//evil.example", "/promotions/",
                                    "/my/\\evil", "/my/\nSet-Cookie: x"])  # fmt: skip
def test_nobody_is_sent_elsewhere_after_signing_in(shop: Shop, wanted: str) -> None:
    shop.member()
    client = Client()
    client.post("/my/sign-in/", {"phone": PHONE, "next": wanted})
    assert client.post("/my/code/", {"code": shop.code()})["Location"] == "/my/"


def test_a_shopper_is_nobody_in_the_console_and_staff_nobody_here(shop: Shop) -> None:
    shop.member()
    client = shop.sign_in()
    for address in ("/", "/members/", "/orders/", "/promotions/"):
        answer = client.get(address)
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/sign-in/")
    assert client.get("/api/v1/items").status_code == 401
    staff = Client()
    staff.force_login(StaffUser.objects.create_user(username="ma", password="quiet-river-runs"))
    assert staff.get("/my/").status_code == 302


def test_signing_out_ends_it_on_the_server(shop: Shop) -> None:
    shop.member()
    client = shop.sign_in()
    token = client.cookies["liushui_shopper"].value
    assert client.post("/my/sign-out/").status_code == 302
    client.cookies["liushui_shopper"] = token
    assert client.get("/my/").status_code == 302
    assert ShopperSessionRow.objects.count() == 0


def test_signing_out_elsewhere_leaves_this_one(shop: Shop) -> None:
    shop.member()
    phone, lost = shop.sign_in(), shop.sign_in()
    assert "Sign out elsewhere" in phone.get("/my/privacy/").content.decode()
    phone.post("/my/privacy/sessions/")
    assert (phone.get("/my/").status_code, lost.get("/my/").status_code) == (200, 302)


def test_a_sign_in_ends_by_itself(shop: Shop) -> None:
    shop.member()
    client = shop.sign_in()
    ShopperSessionRow.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert client.get("/my/").status_code == 302


def test_forms_of_other_sites_are_refused(shop: Shop) -> None:
    shop.member()
    client = Client(enforce_csrf_checks=True)
    client.cookies = shop.sign_in().cookies
    own = ("consent", "export", "correct", "erase", "sessions", "phone", "phone/code")
    for address in ("sign-in", "code", "join", "sign-out", *(f"privacy/{name}" for name in own)):
        assert client.post(f"/my/{address}/", {"do": "erase"}).status_code == 403


def test_nothing_is_kept_by_browsers_and_the_policy_is_strict(shop: Shop) -> None:
    shop.member()
    answer = shop.sign_in().get("/my/")
    assert "no-store" in answer["Cache-Control"]
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "style=" not in answer.content.decode()


def test_codes_run_out(shop: Shop) -> None:
    client = Client(headers={"accept-language": "zh-hans"})
    for _ in range(5):
        assert client.post("/my/sign-in/", {"phone": PHONE}).status_code == 302
    answer = client.post("/my/sign-in/", {"phone": PHONE})
    assert answer.status_code == 429
    assert "获取验证码次数过多" in answer.content.decode()


def test_a_demonstration_shows_the_code(shop: Shop, setting: Callable[..., None]) -> None:
    client = Client(headers={"accept-language": "en"})
    client.post("/my/sign-in/", {"phone": PHONE})
    assert 'id="hint"' not in client.get("/my/code/").content.decode()
    setting(demo_hints=True)
    client.post("/my/code/", {"do": "again"})
    assert f'<output id="hint">{shop.code()}</output>' in client.get("/my/code/").content.decode()


def test_which_chain_must_be_clear(shop: Shop, setting: Callable[..., None]) -> None:
    from liushui.stores import facade as stores

    stores.save_chain(code="far", name_zh="远", name_en="Far", currency="CNY")
    assert Client().get("/my/sign-in/").status_code == 404
    setting(portal_chain="far")
    assert "Far" in Client(headers={"accept-language": "en"}).get("/my/sign-in/").content.decode()


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "We could not send the message just now."), ("zh-hans", "短信暂时没有发送成功，请过一分钟再试。")],
)
def test_a_gateway_that_fails_is_told_to_the_shopper_in_his_words(
    shop: Shop, setting: Callable[..., None], language: str, words: str
) -> None:
    setting(message_sender="gateway", sms_url="http://127.0.0.1:9/", sms_secret=SecretStr("x"))
    client = Client(headers={"accept-language": language})
    answer = client.post("/my/sign-in/", {"phone": PHONE})
    page = answer.content.decode()
    assert answer.status_code == 503
    assert words in page
    assert PHONE not in page
    assert client.get("/my/code/").status_code == 302  # there is no step to go on with
