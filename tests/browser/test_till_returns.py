"""Returns and exchanges at the till in Chromium, by keyboard alone, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import SCREENSHOTS, OpenPage, Served, assert_fits_all_widths, axe_violations, serving
from tests.browser.test_till import gtin, idle, scan
from tests.browser.test_till_keys import CUT_OFF, SIZES
from tests.support.world import PINS

CRISPS, SEAWEED, CRACKERS, OIL, WATER = gtin(21), gtin(22), gtin(24), gtin(10), gtin(13)
WORDS = {
    "zh-hans": {
        "comes_back": "退回", "give": "应退", "given": "已退款", "reason": "买错商品", "before": "3 件中已有",
        "exchange": "换货", "pay": "应收", "why": "退款金额超过一人可退的限额", "drawer": "从钱箱付现金",
        "also": "同单另退", "sum": "本小票退货小计",
    },
    "en": {
        "comes_back": "Comes back", "give": "To give back", "given": "Given back", "reason": "Bought the wrong item",
        "before": "came back on", "exchange": "EXCHANGE", "pay": "To pay", "why": "above what one person may give back",
        "drawer": "from the drawer", "also": "Also back", "sum": "Back of this receipt",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A chain of its own with promotions in force."""
    with serving(tmp_path_factory.mktemp("returns"), "tests.browser.till_rules") as served:
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


def sell(page: Page, *codes: str) -> str:
    """A sale by exact cash; its number."""
    for code in codes:
        scan(page, code)
    idle(page)
    page.keyboard.press("F8")
    idle(page)
    page.keyboard.press("F8")
    expect(page.locator(".done")).to_be_visible()
    number = page.locator(".paper .paper-pair span").nth(1).text_content()
    page.keyboard.press("Escape")
    idle(page)
    return str(number)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
        idle(page)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_part_of_a_promoted_sale_comes_back_by_keyboard(sale: Callable[..., Page], language: str) -> None:
    words, page = WORDS[language], sale(language=language)
    number = sell(page, f"3*{CRISPS}", f"2*{WATER}")  # three of 7.90 for two; two of 2.00
    press(page, "[")
    expect(page.locator("#scan")).to_be_focused()
    scan(page, number)
    idle(page)
    expect(page.locator("tr[data-line]")).to_have_count(2)
    scan(page, CRISPS)  # what is scanned here comes back
    idle(page)
    first = page.locator("tr[data-line]").first
    expect(first).to_have_attribute("aria-current", "true")
    expect(page.locator("#total")).to_contain_text("¥0.00")  # the free one first
    press(page, "+")
    expect(page.locator("#total")).to_have_text("¥7.90")
    press(page, "F2")
    expect(first).to_contain_text(words["reason"])
    expect(page.locator(".total-name")).to_contain_text(words["give"])
    page.screenshot(path=SCREENSHOTS / f"till-return-{language}.png")
    assert axe_violations(page) == []
    press(page, "F8")
    expect(page.locator(".tenders")).to_contain_text(words["drawer"])
    page.screenshot(path=SCREENSHOTS / f"till-give-back-{language}.png")
    assert axe_violations(page) == []
    press(page, "F8")
    expect(page.locator("#change")).to_have_text("¥7.90")
    expect(page.locator(".done-title")).to_have_text(words["given"])
    press(page, "Escape")
    scan(page, number)  # the receipt in the scan box is enough
    idle(page)
    expect(page.locator("tr[data-line]").first).to_contain_text(words["before"])
    page.screenshot(path=SCREENSHOTS / f"till-return-again-{language}.png")
    press(page, "F6")  # all that is left: everything gives back exactly what was paid
    expect(page.locator("#total")).to_have_text("¥11.90")
    press(page, "F8", "F8")
    expect(page.locator("#change")).to_have_text("¥11.90")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_an_exchange_is_one_ticket_whichever_way_the_difference_goes(sale: Callable[..., Page], language: str) -> None:
    words, page = WORDS[language], sale(language=language)
    number = sell(page, CRACKERS)
    scan(page, number)
    idle(page)
    press(page, "*", "Escape")
    expect(page.locator("tr[data-line]").first).to_contain_text(words["comes_back"])
    scan(page, WATER)
    idle(page)
    expect(page.locator("tr[data-line]")).to_have_count(2)
    expect(page.locator(".total-name")).to_contain_text(words["give"])
    page.screenshot(path=SCREENSHOTS / f"till-exchange-{language}.png")
    assert_fits_all_widths(page)
    before = page.locator("#total").inner_text()
    press(page, "F8", "F8")
    expect(page.locator("#change")).to_have_text(before)
    expect(page.locator(".paper")).to_contain_text(words["exchange"])
    press(page, "Escape")

    number = sell(page, WATER)
    scan(page, number)
    idle(page)
    press(page, "*", "Escape")
    scan(page, CRACKERS)
    idle(page)
    expect(page.locator(".total-name")).to_contain_text(words["pay"])
    press(page, "F8", "F8")
    expect(page.locator(".done")).to_be_visible()
    expect(page.locator(".paper")).to_contain_text(words["exchange"])
    page.emulate_media(media="print")
    page.screenshot(path=SCREENSHOTS / f"till-exchange-paper-{language}.png", full_page=True)
    page.emulate_media(media="screen")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_refund_over_the_limit_is_approved_by_a_manager_at_the_till(sale: Callable[..., Page], language: str) -> None:
    words, page = WORDS[language], sale(language=language)
    number = sell(page, f"30*{OIL}")
    scan(page, number)
    idle(page)
    press(page, "F6", "F8")
    expect(page.locator("form[data-approval]")).to_contain_text(words["why"])
    expect(page.locator("#reason")).to_be_focused()
    page.screenshot(path=SCREENSHOTS / f"till-return-approval-{language}.png")
    page.keyboard.type("goodwill", delay=60)
    page.keyboard.press("Tab")
    page.locator("#username").focus()
    page.keyboard.type("manager", delay=60)
    page.keyboard.press("Tab")
    page.keyboard.type(PINS["manager"], delay=60)
    page.keyboard.press("Enter")
    idle(page)
    expect(page.locator(".side")).to_contain_text("manager", ignore_case=True)
    page.keyboard.press("F8")
    expect(page.locator(".done")).to_be_visible()
    expect(page.locator(".paper")).to_contain_text("manager", ignore_case=True)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_two_receipts_and_new_goods_are_one_ticket_by_keyboard(sale: Callable[..., Page], language: str) -> None:
    words, page = WORDS[language], sale(language=language)
    first, second = sell(page, CRACKERS, CRISPS), sell(page, f"2*{WATER}")
    scan(page, first)
    idle(page)
    scan(page, CRISPS)
    idle(page)
    press(page, "[")  # another receipt
    expect(page.locator("#scan")).to_be_focused()
    expect(page.locator("ul.found")).to_contain_text(first)
    look(page, name="more", language=language)
    scan(page, second)
    idle(page)
    press(page, "+", "F2")
    expect(page.locator("tr[data-line]").first).to_contain_text(words["reason"])
    expect(page.locator(".basket-customer")).to_contain_text(words["also"])
    expect(page.locator(".basket-customer")).to_contain_text(first)
    look(page, name="second", language=language)
    assert axe_violations(page) == []
    press(page, "[", "F2")  # and back to the first
    expect(page.locator(".basket-customer b").first).to_have_text(first)
    press(page, "Escape")
    expect(page.locator("tr[data-returned]")).to_have_count(2)
    expect(page.locator("tr[data-returned]").nth(1)).to_contain_text(second)
    scan(page, OIL)
    idle(page)
    look(page, name="basket", language=language)
    due = page.locator("#total").inner_text()
    expect(page.locator(".total-name")).to_contain_text(words["pay"])
    press(page, "F8", "F8")
    expect(page.locator(".done-change")).to_have_text(due)
    for text in (first, second, words["sum"], words["exchange"]):
        expect(page.locator(".paper")).to_contain_text(text)
    page.emulate_media(media="print")
    page.screenshot(path=SCREENSHOTS / f"till-two-receipts-paper-{language}.png", full_page=True)
    page.emulate_media(media="screen")


def look(page: Page, *, name: str, language: str) -> None:
    """No key is cut off on a small till."""
    before = page.viewport_size
    assert before is not None
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=SCREENSHOTS / f"till-two-receipts-{name}-{language}-{width}x{height}.png")
        if name != "more":  # the search form may scroll
            assert page.evaluate(CUT_OFF) == [], (name, width, height)
    page.set_viewport_size(before)
