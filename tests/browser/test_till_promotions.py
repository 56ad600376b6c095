"""Promotions at the till in Chromium, by keyboard alone: given, explained, by code and member, nearly reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import SCREENSHOTS, OpenPage, Served, assert_fits_all_widths, axe_violations, serving
from tests.browser.test_till import gtin, idle, scan
from tests.support.gold_member import PHONE

CRISPS, SEAWEED, CRACKERS, OIL, JERKY = gtin(21), gtin(22), gtin(24), gtin(10), gtin(27)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A chain of its own: its promotions would change what other tests pay."""
    with serving(tmp_path_factory.mktemp("promotions"), "tests.browser.till_rules") as served:
        yield served


@pytest.fixture
def sale(open_page: OpenPage) -> Callable[..., Page]:
    """The sale screen with an empty basket; a ticket that a test before left behind is parked."""

    def open_(*, till: str = "T2", **looks: object) -> Page:
        page = open_page("/till/", user=None, till=till, **looks)
        if page.locator("#ticket").get_attribute("data-ticket"):
            page.keyboard.press("F6")
            expect(page.locator("#label")).to_be_focused()
            page.keyboard.press("Enter")
            expect(page.locator("#ticket")).to_have_attribute("data-ticket", "")
        idle(page)
        expect(page.locator("#scan")).to_be_focused()
        return page

    return open_


WORDS = {
    "zh-hans": {
        "near": "再买 1 件休闲食品，即享零食买二送一", "name": "零食买二送一", "why": "为什么是这个价",
        "off": "优惠 ¥7.90", "proven": "已证明最优", "needs": "需要券码", "unknown": "没有这个券码", "tier": "金卡",
        "saved": "已优惠", "gold": "金卡九折",
    },
    "en": {
        "near": "Add 1 more of Snacks for: Snacks 3 for 2", "name": "Snacks 3 for 2", "why": "Why this price?",
        "off": "¥7.90 off", "proven": "Proven", "needs": "Needs a coupon code", "unknown": "This code is not known",
        "tier": "Gold", "saved": "You saved", "gold": "Gold 10% off",
    },
}  # fmt: skip


@pytest.mark.parametrize(("language", "coupon"), [("zh-hans", 0), ("en", 1)])
def test_a_sale_with_promotions_by_keyboard_alone(
    sale: Callable[..., Page], served: Served, language: str, coupon: int
) -> None:
    words, page = WORDS[language], sale(language=language)
    scan(page, CRISPS)
    scan(page, SEAWEED)
    expect(page.locator("#total")).to_have_text("¥19.80")
    expect(page.locator(".upsell")).to_contain_text(words["near"])
    scan(page, CRACKERS)
    expect(page.locator("#total")).to_have_text("¥20.80")  # 28.70 less the cheapest of the three
    expect(page.locator(".upsell")).not_to_contain_text(words["name"])  # it is reached
    expect(page.locator(".upsell")).to_contain_text("¥21.30")  # of 50 for the gift
    expect(page.locator(".line-offs")).to_have_count(1)
    expect(page.locator("tr[data-line]").first).to_contain_text(f"{words['name']} −¥7.90")

    page.keyboard.press("F12")
    why = page.locator(".why")
    for text in ("why", "name", "off", "proven"):
        expect(why).to_contain_text(words[text])
    expect(page.locator("#scan")).to_be_focused()  # the panel steals nothing
    page.keyboard.press("Escape")
    expect(why).to_have_count(0)
    page.keyboard.press("F12")
    expect(why).to_be_visible()

    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#ticket")).to_have_attribute("data-panel", "code")
    scan(page, "WRONG-1")
    expect(page.locator(".answer-bad")).to_contain_text(words["unknown"])
    expect(page.locator("#total")).to_have_text("¥20.80")
    scan(page, served.facts["codes"][coupon])  # the panel is still open
    expect(page.locator("#total")).to_have_text("¥15.80")
    expect(page.locator(".basket-customer")).to_contain_text("••••" + served.facts["codes"][coupon][-4:])

    page.keyboard.press("=")
    scan(page, PHONE)
    expect(page.locator(".basket-customer")).to_contain_text(words["tier"])
    expect(page.locator("#total")).to_have_text("¥13.72")  # 20.80 less 10 % less 5
    scan(page, CRISPS)  # a scan needs nothing to be closed
    idle(page)

    page.keyboard.press("F8")
    page.keyboard.type("100")
    page.keyboard.press("Enter")
    expect(page.locator("#change")).to_be_visible()
    paper = page.locator(".paper")
    for text in ("saved", "name", "gold"):
        expect(paper).to_contain_text(words[text])
    expect(paper).to_contain_text("••••" + served.facts["codes"][coupon][-4:])
    expect(paper).not_to_contain_text(served.facts["codes"][coupon])
    page.keyboard.press("F10")
    expect(page.locator(".why")).to_contain_text(words["gold"])
    page.screenshot(path=SCREENSHOTS / f"till-promotions-receipt-{language}.png", full_page=True)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_gift_is_taken_with_one_key_and_a_line_tells_why_when_it_is_touched_twice(
    sale: Callable[..., Page], language: str
) -> None:
    page = sale(till="T3", language=language)
    for code in (OIL, JERKY):  # 26.80 + 32.90
        scan(page, code)
    expect(page.locator("#total")).to_have_text("¥59.70")
    expect(page.locator(".till-offer")).to_contain_text({"zh-hans": "矿泉水", "en": "Mineral water"}[language])
    page.keyboard.press("*")
    expect(page.locator("tr[data-line]")).to_have_count(3)
    expect(page.locator("#total")).to_have_text("¥59.70")
    expect(page.locator(".till-offer")).to_have_count(0)
    row = page.locator("tr[data-line]").first
    row.click()
    expect(row).to_have_attribute("aria-current", "true")
    row.click()
    expect(page.locator(".why")).to_contain_text("¥26.80")
    expect(page.locator("#scan")).to_be_focused()
    scan(page, CRISPS)  # closes it
    expect(page.locator(".why")).to_have_count(0)
    expect(page.locator("#total")).to_have_text("¥61.60")  # 67.60 less 6


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_coupon_is_known_in_the_scan_box(sale: Callable[..., Page], served: Served, language: str) -> None:
    page = sale(language=language)
    scan(page, CRISPS)
    code = served.facts["codes"][2]
    scan(page, code)
    expect(page.locator("#total")).to_have_text("¥2.90")
    expect(page.locator(".answer-note")).to_contain_text(code[-4:])
    page.keyboard.press("/")
    page.keyboard.press("F9")
    expect(page.locator("#total")).to_have_text("¥7.90")
    page.keyboard.press("Escape")
    scan(page, "6900000000001")  # neither an article nor a coupon
    expect(page.locator(".answer-bad")).to_contain_text("6900000000001")


def test_the_customer_sees_what_is_given_and_what_is_near(sale: Callable[..., Page], open_page: OpenPage) -> None:
    page = sale()
    for code in (CRISPS, SEAWEED, CRACKERS, CRACKERS, CRACKERS):
        scan(page, code)
    idle(page)
    expect(page.locator("#total")).to_have_text("¥37.60")  # one set of 11.90, 8.90 and 8.90, the last of it free
    display = open_page("/till/display/", user=None, till="T2")
    for text in ("零食买二送一", "Snacks 3 for 2", "You save"):
        expect(display.locator("#display")).to_contain_text(text)
    display.screenshot(path=SCREENSHOTS / "till-promotions-display.png")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("width", [360, 1366])
def test_how_it_looks(sale: Callable[..., Page], served: Served, language: str, width: int) -> None:
    page = sale(language=language, width=width)
    for code in (CRISPS, SEAWEED, CRACKERS, gtin(23)):
        scan(page, code)
    scan(page, served.facts["codes"][5])
    page.keyboard.press("=")
    scan(page, PHONE)
    expect(page.locator(".basket-customer")).to_contain_text("136****6000")
    page.keyboard.press("Escape")  # what the member has stays on the screen until then
    expect(page.locator("#ticket")).to_have_attribute("data-panel", "")
    idle(page)
    for name, key in (("", ""), ("why", "F12"), ("code", "/"), ("box", "=")):
        if key:
            page.keyboard.press(key)
            expect(page.locator("#ticket")).to_have_attribute("data-panel", name)
            idle(page)
        if width == 1366:
            assert_fits_all_widths(page)
            page.set_viewport_size({"width": width, "height": 900})
        assert axe_violations(page) == []
        page.screenshot(path=SCREENSHOTS / f"till-promotions-{name or 'sale'}-{language}-{width}.png", full_page=True)
        if key:
            page.keyboard.press("Escape")
            expect(page.locator("#ticket")).to_have_attribute("data-panel", "")
