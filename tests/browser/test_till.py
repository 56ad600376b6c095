"""The sale screen in Chromium: sold by keyboard alone, no scan is lost, a second window for the customer."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import ROOT, SCREENSHOTS, OpenPage, Served, assert_fits_all_widths, axe_violations
from tests.support.world import PINS

from liushui.kernel.gtin import check_digit

SELLING, TRAINING = "T2", "T3"  # T1 and T4 are for tests that open their own shifts
# A scanner's pace, which a busy machine cannot keep by real keys: what it types lands in the field that has the focus.
SCANNED_INTO_FIELD = """(code) => {
    for (const key of [...code, "Enter"]) {
        const field = document.activeElement;
        const event = new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true});
        if (field.dispatchEvent(event) && key.length === 1) field.value += key;
    }
}"""


def gtin(number: int) -> str:
    """The barcode of the world's item of that number."""
    body = f"6901234{number:05}"
    return body + str(check_digit(body))


@pytest.fixture(scope="module")
def shifts(served: Served) -> None:
    """A shift at each of the two tills."""
    code = (
        "import django; django.setup(); from tests.support.world_tills import open_shift; "
        f"open_shift(workstation={SELLING!r}); open_shift(workstation={TRAINING!r}, is_training=True)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=served.environment, check=True)


@pytest.fixture
def sale(open_page: OpenPage, shifts: None) -> Callable[..., Page]:
    """The sale screen with an empty basket; a ticket that a test before left behind is parked."""

    def open_(*, till: str = SELLING, **looks: object) -> Page:
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


def scan(page: Page, code: str) -> None:
    """As a scanner does: characters and Enter at once."""
    page.keyboard.insert_text(code)
    page.keyboard.press("Enter")


def idle(page: Page) -> None:
    """Wait until every deed has been answered."""
    expect(page.locator("body:not([data-busy])")).to_be_attached()


@pytest.mark.parametrize(
    ("language", "pay", "change", "name"),
    [("zh-hans", "收款", "找零", "苏打水"), ("en", "Pay", "Change", "Soda water")],
)
def test_a_sale_is_made_by_keyboard_alone(
    sale: Callable[..., Page], language: str, pay: str, change: str, name: str
) -> None:
    page = sale(language=language)
    expect(page.locator("#scan")).to_be_focused()
    scan(page, gtin(1))
    scan(page, "3*" + gtin(16))
    page.keyboard.type("SKU-07")
    page.keyboard.press("Enter")
    expect(page.locator("#total")).to_have_text("¥29.50")  # 12.80 + 3 × 4.50 + 3.20
    expect(page.locator("tr[data-line]").nth(1)).to_contain_text(name)
    page.keyboard.press("ArrowUp")
    page.keyboard.type("5")
    page.keyboard.press("F3")
    expect(page.locator("#total")).to_have_text("¥38.50")
    page.keyboard.press("+")
    expect(page.locator("#total")).to_have_text("¥43.00")
    expect(page.locator(".pay-key")).to_contain_text(pay)
    page.keyboard.press("F8")
    page.keyboard.type("100")
    page.keyboard.press("Enter")
    expect(page.locator("#change")).to_have_text("¥57.00")
    expect(page.locator(".done-title")).to_have_text(change)
    expect(page.locator("#scan")).to_be_focused()
    scan(page, gtin(13))
    expect(page.locator("#total")).to_have_text("¥2.00")  # the next customer, without another key


def test_twenty_scans_at_once_are_twenty_lines_in_order(sale: Callable[..., Page]) -> None:
    page = sale()
    for number in range(1, 21):
        scan(page, gtin(number))
    expect(page.locator("tr[data-line]")).to_have_count(20)
    shown = page.locator("tr[data-line] small").all_inner_texts()
    assert shown == [gtin(number) for number in range(1, 21)]
    idle(page)


def test_keys_pressed_while_the_till_answers_mean_what_they_will_mean(sale: Callable[..., Page]) -> None:
    page = sale(till=TRAINING)
    scan(page, gtin(1))
    page.keyboard.press("F8")
    page.keyboard.type("10")
    page.keyboard.press("F6")  # 10 by card: the pay panel is not drawn yet when it is pressed
    expect(page.locator("#due")).to_have_text("¥2.80")
    page.keyboard.press("F8")
    expect(page.locator("#change")).to_have_text("¥12.80")


def test_a_failed_scan_sounds_and_looks_different(sale: Callable[..., Page]) -> None:
    page = sale()
    scan(page, gtin(1))
    idle(page)
    expect(page.locator("body")).to_have_attribute("data-last-sound", "ok")
    scan(page, "6900000000001")
    expect(page.locator(".answer-bad")).to_contain_text("6900000000001")
    expect(page.locator("body")).to_have_attribute("data-last-sound", "bad")
    scan(page, gtin(2))  # the next scan needs nothing to be closed first
    expect(page.locator(".answer-bad")).to_have_count(0)
    expect(page.locator("#total")).to_have_text("¥19.70")


def test_a_scan_reaches_the_basket_from_another_field_and_from_nowhere(sale: Callable[..., Page]) -> None:
    page = sale()
    scan(page, gtin(1))
    page.keyboard.press("F4")
    expect(page.locator("#reason")).to_be_focused()
    page.keyboard.type("wrong", delay=90)  # a person
    page.evaluate(SCANNED_INTO_FIELD, gtin(2))
    expect(page.locator("tr[data-line]")).to_have_count(2)
    page.locator(".total").click()  # the focus is nowhere
    page.keyboard.type(gtin(3))
    page.keyboard.press("Enter")
    expect(page.locator("tr[data-line]")).to_have_count(3)


def test_words_are_looked_up_as_they_are_typed(sale: Callable[..., Page]) -> None:
    page = sale()
    page.keyboard.type("niunai", delay=30)
    option = page.locator("#looks [role=option]")
    expect(option.first).to_contain_text("牛奶")
    expect(page.locator("#scan")).to_be_focused()
    expect(page.locator("#scan")).to_have_attribute("aria-activedescendant", "look-1")
    page.keyboard.press("Enter")
    expect(page.locator("#total")).to_have_text("¥3.20")
    expect(page.locator("#looks")).to_be_hidden()


def test_a_manager_takes_a_line_off_at_the_till(sale: Callable[..., Page]) -> None:
    page = sale(language="en")
    scan(page, gtin(1))
    scan(page, gtin(2))
    expect(page.locator("#total")).to_have_text("¥19.70")
    page.keyboard.press("F4")
    expect(page.locator("#reason")).to_be_focused()
    page.locator("[data-reason]").first.click()
    expect(page.locator("#username")).to_be_focused()
    page.keyboard.type("manager", delay=60)
    page.keyboard.press("Tab")
    page.keyboard.type(PINS["manager"], delay=60)
    page.keyboard.press("Enter")
    expect(page.locator("tr[data-voided]")).to_contain_text("Taken off · Manager")
    expect(page.locator("#total")).to_have_text("¥12.80")


def test_a_ticket_is_parked_under_a_name_and_taken_up_by_its_number(sale: Callable[..., Page]) -> None:
    page = sale(till=TRAINING, language="en")
    scan(page, gtin(27))
    page.keyboard.press("F6")
    expect(page.locator("#label")).to_be_focused()
    page.keyboard.type("red coat")
    page.keyboard.press("Enter")
    expect(page.locator(".answer-note")).to_contain_text("red coat")
    page.keyboard.press("F7")
    row = page.locator(".parked li", has_text="red coat")
    page.keyboard.press(row.locator("kbd").inner_text())
    expect(page.locator("#total")).to_have_text("¥32.90")


def test_the_customer_sees_the_basket_and_the_change(sale: Callable[..., Page]) -> None:
    page = sale()
    display = page.context.new_page()
    display.goto("/till/display/")
    page.bring_to_front()
    scan(page, gtin(9))
    expect(display.locator(".display-total")).to_have_text("¥19.90")
    expect(display.locator(".display-lines li").first).to_contain_text("Cheese sticks")
    page.keyboard.press("F8")
    page.keyboard.type("50")
    page.keyboard.press("Enter")
    expect(display.locator(".display-total")).to_have_text("¥30.10")
    expect(display.locator(".display-sum")).to_contain_text("谢谢惠顾")


def test_the_line_is_seen_to_be_down_and_to_come_back(open_page: OpenPage, sale: Callable[..., Page]) -> None:
    page = sale(language="en")
    page.evaluate("Object.defineProperty(navigator, 'onLine', {value: false, configurable: true})")
    page.evaluate("dispatchEvent(new Event('offline'))")
    expect(page.locator("#offline")).to_be_visible()
    expect(page.locator("#line-state")).to_have_text("No connection")
    page.evaluate("Object.defineProperty(navigator, 'onLine', {value: true, configurable: true})")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#offline")).to_be_hidden()
    expect(page.locator("#line-state")).to_have_text("Online")


def test_the_receipt_is_printed_from_the_sale_screen_and_marked_as_copy_later(sale: Callable[..., Page]) -> None:
    page = sale(language="en")
    page.evaluate("window.print = () => { document.body.dataset.printed = 'yes'; }")
    scan(page, gtin(13))
    page.keyboard.press("F8")
    page.keyboard.press("F8")
    expect(page.locator("#change")).to_have_text("¥2.00")
    number = re.search(r"E1-T2-\d{6}", page.locator(".done").inner_text())
    assert number is not None
    page.emulate_media(media="print")
    paper = page.locator("article.paper")
    expect(paper).to_be_visible()
    expect(page.locator(".till-status")).to_be_hidden()
    assert "COPY" not in paper.inner_text()
    width = paper.bounding_box()
    assert width is not None
    assert 265 < width["width"] < 280  # 72 mm at 96 dots an inch
    page.emulate_media(media="screen")
    page.keyboard.press("F6")
    expect(page.locator("body")).to_have_attribute("data-printed", "yes")
    page.context.add_init_script("window.print = () => {}")
    page.locator("[data-print-again] button").click()
    expect(page).to_have_url(re.compile(r"\?print=1$"))
    expect(page.locator("article.paper")).to_contain_text("COPY 1")
    page.keyboard.press("Escape")
    expect(page.locator("#scan")).to_be_focused()


def test_the_list_of_keys_never_takes_the_scan_box(sale: Callable[..., Page]) -> None:
    page = sale(language="en")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    expect(page.locator("#scan")).to_be_focused()
    scan(page, gtin(1))
    expect(page.locator("#total")).to_have_text("¥12.80")
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()


def test_the_till_loads_no_charts_and_the_console_no_till(open_page: OpenPage, sale: Callable[..., Page]) -> None:
    names = "performance.getEntriesByType('resource').map((entry) => entry.name).join()"
    assert "charts" not in sale().evaluate(names)
    console = open_page("/orders/").evaluate(names)
    assert "/till-" not in console


@pytest.mark.parametrize(
    ("language", "theme", "width"),
    [("zh-hans", "light", 1366), ("en", "dark", 1366), ("zh-hans", "dark", 360), ("en", "light", 360)],
)
def test_every_panel_is_accessible_and_fits(sale: Callable[..., Page], language: str, theme: str, width: int) -> None:
    page = sale(till=TRAINING, language=language, theme=theme, width=width)
    SCREENSHOTS.joinpath("till").mkdir(parents=True, exist_ok=True)

    def look(name: str) -> None:
        idle(page)
        page.screenshot(path=SCREENSHOTS / "till" / f"{name}-{language[:2]}-{theme}-{width}.png", full_page=True)
        assert axe_violations(page) == [], name
        assert_fits_all_widths(page)
        page.set_viewport_size({"width": width, "height": 768})

    look("ready")
    for number in (1, 5, 9, 16):
        scan(page, gtin(number))
    scan(page, "6900000000001")
    look("selling")
    for key, name in (("F2", "price"), ("F3", "quantity"), ("F4", "take-off"), ("F6", "park"), ("F9", "cancel")):
        page.keyboard.press(key)
        expect(page.locator("#ticket .panel-head")).to_be_visible()
        look(name)
        page.keyboard.press("Escape")
        expect(page.locator("#ticket .panel-head")).to_have_count(0)
    page.keyboard.press("?")
    look("keys")
    page.keyboard.press("Escape")
    page.keyboard.press("F8")
    expect(page.locator("#due")).to_be_visible()
    look("pay")
    page.keyboard.type("200")
    page.keyboard.press("Enter")
    expect(page.locator("#change")).to_be_visible()
    look("done")
    page.keyboard.press("F10")
    expect(page.locator("article.paper")).to_be_visible()
    look("receipt")
    page.goto("/till/receipts/")
    look("receipts")
    page.goto("/till/display/")
    look("display")
