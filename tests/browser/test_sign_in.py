"""Second factors in a browser: an app and a passkey are added, and each lets its owner in; confirming; the inbox."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import SCREENSHOTS, OpenPage, Served, assert_fits_all_widths, axe_violations
from tests.support.world import PASSWORD

from liushui.runtime.second_factor import totp_code

WORDS = {
    "en": {"password": "Password", "user": "User name", "sign_in": "Sign in", "code": "Code", "add": "Add"},
    "zh-hans": {"password": "密码", "user": "用户名", "sign_in": "登录", "code": "验证码", "add": "添加"},
}


def add_authenticator(page: Page) -> None:
    """A platform authenticator that says yes, as a fingerprint would."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options: dict[str, Any] = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def look(page: Page, name: str, language: str) -> None:
    """Picture and check a page in a wide and a narrow window."""
    folder = SCREENSHOTS / "pages"
    folder.mkdir(parents=True, exist_ok=True)
    page.wait_for_load_state("networkidle")
    assert axe_violations(page) == []
    for width in (1366, 360):
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=folder / f"{name}-{language[:2]}-{width}.png", full_page=True)
    assert_fits_all_widths(page)
    page.set_viewport_size({"width": 1366, "height": 900})


def type_password(page: Page, base: str, user: str) -> None:
    page.goto(f"{base}/sign-in/?next=/account/security/")
    page.locator("#id_username").fill(user)
    page.locator("#id_password").fill(PASSWORD)
    page.keyboard.press("Enter")


def sign_out(page: Page) -> None:
    page.locator(".top-bar details.drop summary").last.click()
    page.locator("form[action='/sign-out/'] button").click()
    page.wait_for_url("**/sign-in/")


@pytest.mark.parametrize(("language", "user"), [("en", "finance"), ("zh-hans", "auditor")])
def test_an_app_and_a_passkey_are_added_and_let_in(
    open_page: OpenPage, served: Served, language: str, user: str
) -> None:
    base = served.url.replace("127.0.0.1", "localhost")  # browsers make passkeys for names only
    page = open_page(f"{base}/sign-in/", user=None, language=language)
    add_authenticator(page)
    type_password(page, base, user)
    page.wait_for_url("**/account/security/")
    look(page, "security-without-factor", language)

    page.locator("a[href='/account/security/app/']").click()
    page.wait_for_url("**/account/security/app/")
    key = page.locator("#totp-key").inner_text().replace(" ", "")
    look(page, "add-app", language)
    page.locator("#code").fill(totp_code(key=key, now=datetime.now(UTC)))
    page.locator("#name").fill("Pixel 9")
    page.keyboard.press("Enter")
    codes = page.locator("#recovery-codes")
    expect(codes).to_have_text(re.compile(r"^\s*([a-z2-9]{5}-[a-z2-9]{5}\s+){10}$"))
    recovery = codes.inner_text().split()[0]
    look(page, "recovery-codes", language)

    page.goto(f"{base}/account/security/")
    page.locator("a[href='/account/security/passkey/']").click()
    page.wait_for_url("**/account/security/passkey/")
    look(page, "add-passkey", language)
    page.locator("#name").fill("MacBook")
    page.locator("form[data-passkey] button").click()
    page.wait_for_url("**/account/security/")
    expect(page.locator("td", has_text="MacBook")).to_be_visible()
    expect(page.locator("td", has_text="Pixel 9")).to_be_visible()
    look(page, "security-with-factors", language)

    sign_out(page)
    type_password(page, base, user)
    page.wait_for_url("**/sign-in/second-step/**")
    look(page, "second-step", language)
    page.locator("#code").fill(totp_code(key=key, now=datetime.now(UTC) + timedelta(seconds=30)))  # the next one
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/security/")

    sign_out(page)
    type_password(page, base, user)
    page.wait_for_url("**/sign-in/second-step/**")
    page.locator("form[data-passkey] button").click()
    page.wait_for_url("**/account/security/")

    sign_out(page)
    type_password(page, base, user)
    page.wait_for_url("**/sign-in/second-step/**")
    page.locator("a[href*='way=recovery']").click()
    page.wait_for_url("**way=recovery**")
    look(page, "second-step-recovery", language)
    page.locator("#recovery").fill(recovery)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/security/")

    page.goto(f"{base}/verify/?next=/account/security/")
    look(page, "verify", language)
    page.locator("form[data-passkey] button").click()
    page.wait_for_url("**/account/security/")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_passkey_that_is_not_given_is_said_on_the_page(open_page: OpenPage, served: Served, language: str) -> None:
    base = served.url.replace("127.0.0.1", "localhost")
    page = open_page(f"{base}/sign-in/", user=None, language=language)
    type_password(page, base, "regulator")
    page.wait_for_url("**/account/security/")
    page.locator("a[href='/account/security/passkey/']").click()
    page.evaluate("""() => {
        navigator.credentials.create = () => Promise.reject(new DOMException("no", "NotAllowedError"));
    }""")
    page.locator("form[data-passkey] button").click()
    said = {"en": "No passkey was made. Try again.", "zh-hans": "未创建通行密钥，请重试。"}[language]
    expect(page.locator("[data-passkey-problem]")).to_have_text(said)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_at_an_address_without_a_name_the_page_says_why_there_are_no_passkeys(
    open_page: OpenPage, language: str
) -> None:
    page = open_page("/account/security/passkey/", user="manager", language=language)
    assert page.locator("form[data-passkey]").count() == 0
    look(page, "add-passkey-no-name", language)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_inbox_fits_every_width_and_a_request_is_approved_in_it(
    open_page: OpenPage, served: Served, language: str
) -> None:
    approval_id = served.facts["approval_ids"][0 if language == "en" else 1]
    page = open_page("/approvals/", user="manager", language=language)
    look(page, "approvals", language)
    before = page.locator("#approval-lines tbody tr").count()
    page.goto(f"/approvals/{approval_id}/")
    look(page, "approval", language)
    page.locator("#reason").fill("Seen")
    page.locator("button[value='approve']").click()
    page.wait_for_url("**/approvals/")
    expect(page.locator("#approval-lines tbody tr")).to_have_count(before - 1)
    page.goto("/approvals/?view=history")
    look(page, "approvals-history", language)
    other = open_page("/approvals/?view=asked", user="cashier", language=language)
    look(other, "approvals-asked", language)
