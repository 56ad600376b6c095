"""The shopper's portal on a phone, in both languages: in by a code, what was bought and why it cost that, own data; and
the whole way of somebody who joins, corrects, takes everything along and leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import SCREENSHOTS, OpenPage, Served, assert_fits_all_widths, axe_violations, serving

MEMBER = "13566667777"  # of portal_past
WORDS = {
    "zh-hans": {
        "phone": "18612340001", "show": "结账时出示此码", "why": "价格说明", "promotion": "会员价九折",
        "left": "再消费",
        "coupon": "感谢券", "withdraw": "撤回同意", "agree": "同意", "name": "诸葛小明", "masked": "诸**",
        "wrong": "验证码不正确或已过期", "erased": "您的信息已抹除", "topped": "充值", "lost": "将失去",
    },
    "en": {
        "phone": "18612340002", "show": "Show this code at the till", "why": "Why this price",
        "promotion": "Members 10% off", "left": "more and you are", "coupon": "Thank you", "withdraw": "Withdraw",
        "agree": "Agree", "name": "Zhuge Ming", "masked": "Z**", "wrong": "This code is not right",
        "erased": "Your data is erased", "topped": "Top-up", "lost": "What goes with it",
    },
}  # fmt: skip
LANGUAGES = ("zh-hans", "en")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A chain of its own, since its members come and go."""
    with serving(tmp_path_factory.mktemp("portal"), "tests.browser.portal_past") as served:
        yield served


def look(page: Page, name: str, language: str) -> None:
    """Picture and check a page in a phone's width."""
    folder = SCREENSHOTS / "portal"
    folder.mkdir(parents=True, exist_ok=True)
    page.wait_for_load_state("networkidle")
    assert axe_violations(page) == []
    page.screenshot(path=folder / f"{name}-{language[:2]}-360.png", full_page=True)
    assert_fits_all_widths(page)
    page.set_viewport_size({"width": 360, "height": 780})


def sign_in(page: Page, phone: str) -> None:
    page.locator("#phone").fill(phone)
    page.keyboard.press("Enter")
    page.wait_for_url("**/my/code/")
    page.locator("#code").fill(page.locator("#hint").inner_text())
    page.keyboard.press("Enter")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_member_sees_card_receipt_why_points_value_and_coupon(
    open_page: OpenPage, served: Served, language: str
) -> None:
    words = WORDS[language]
    page = open_page("/my/", user=None, language=language, width=360)
    page.wait_for_url("**/my/sign-in/?next=%2Fmy%2F")
    look(page, "sign-in", language)
    sign_in(page, MEMBER)
    page.wait_for_url("**/my/")
    expect(page.locator("h1")).to_have_text("欧**")
    expect(page.get_by_text(words["show"])).to_be_visible()
    expect(page.locator(".portal-number")).to_have_text(served.facts["number"])
    assert page.locator(".portal-member img").evaluate("image => image.naturalWidth") > 100
    expect(page.locator("#value")).to_have_text("¥550.00")
    expect(page.get_by_text(words["left"])).to_be_visible()
    assert MEMBER not in page.content()
    look(page, "home", language)

    page.goto(f"/my/receipts/{served.facts['receipt_id']}/")
    expect(page.locator("#why h2")).to_have_text(words["why"])
    expect(page.locator("#why li strong").first).to_have_text(words["promotion"])
    expect(page.locator(".portal-discount td").first).to_have_text(words["promotion"])
    look(page, "receipt", language)
    page.goto("/my/receipts/")
    expect(page.locator(".portal-list li")).to_have_count(1)
    look(page, "receipts", language)
    page.goto("/my/account/")
    expect(page.locator(".portal-list li")).to_have_count(1)
    look(page, "points", language)
    page.goto("/my/account/?kind=value")
    expect(page.locator(".portal-list-main")).to_have_text(words["topped"])
    look(page, "value", language)
    page.goto("/my/coupons/")
    expect(page.locator(".portal-coupon h2")).to_have_text(words["coupon"])
    look(page, "coupons", language)
    page.goto("/my/privacy/")
    look(page, "my-data", language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_somebody_joins_corrects_takes_all_along_and_leaves(open_page: OpenPage, language: str, tmp_path: Path) -> None:
    words = WORDS[language]
    page = open_page("/my/sign-in/", user=None, language=language, width=360)
    page.locator("#phone").fill(words["phone"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/my/code/")
    code = page.locator("#hint").inner_text()
    page.locator("#code").fill(f"{(int(code) + 1) % 10**6:06}")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text(words["wrong"])
    look(page, "code", language)
    page.locator("#code").fill(code)
    page.keyboard.press("Enter")

    page.wait_for_url("**/my/join/")
    look(page, "join", language)
    page.locator("#name").fill(words["name"])
    page.locator("[name=agree_membership]").check()
    page.locator("[name=agree_marketing]").check()
    page.locator("form.portal-form .portal-button").click()
    page.wait_for_url("**/my/")
    expect(page.locator("h1")).to_have_text(words["masked"])

    page.goto("/my/privacy/")
    marketing = page.locator(".portal-consent").nth(1)
    marketing.get_by_role("button", name=words["withdraw"]).click()
    expect(page.locator(".portal-consent").nth(1).get_by_role("button")).to_have_text(words["agree"])
    page.goto("/my/privacy/correct/")
    page.locator("#plate").fill("京A12345")
    page.locator("form.portal-form .portal-button").click()
    page.wait_for_url("**/my/privacy/?done=correct")
    expect(page.locator(".portal-facts").first).to_contain_text("京A12345")

    with page.expect_download() as waiting:
        page.get_by_role("button", name="JSON").click()
    waiting.value.save_as(tmp_path / "all.json")
    found = json.loads((tmp_path / "all.json").read_text())
    assert {each["field"]: each["value"] for each in found["personal_data"]} == {
        "name": words["name"], "phone": f"+86{words['phone']}", "plate": "京A12345",
    }  # fmt: skip

    page.goto("/my/privacy/erase/")
    expect(page.get_by_role("heading", name=words["lost"])).to_be_visible()
    page.locator("button[value=code]").click()
    page.locator("#code").fill(page.locator("#hint").inner_text())
    page.locator("[name=sure]").check()
    look(page, "erase", language)
    page.locator("button[value=erase]").click()
    expect(page.locator("h1")).to_have_text(words["erased"])
    look(page, "erased", language)
    page.goto("/my/")
    page.wait_for_url("**/my/sign-in/**")
