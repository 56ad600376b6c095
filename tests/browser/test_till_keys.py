"""Every key and the whole number pad are seen on a small till, without scrolling."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import SCREENSHOTS
from tests.browser.test_till import TRAINING, gtin, idle, sale, scan, shifts  # noqa: F401  # fixtures

MEMBER = "13912345678"  # of the world: 300 points
SIZES = ((1366, 768), (1280, 720), (1024, 768))
# Keys of which a part is below the window or below the edge of their column, or whose words are wider than they are.
CUT_OFF = """() => {
    const column = document.querySelector(".side-panel").getBoundingClientRect();
    const keys = [...document.querySelectorAll(".side .till-key, .side .pay-key")].filter((key) => key.offsetParent);
    return keys.filter((key) => {
        const place = key.getBoundingClientRect();
        const bottom = key.closest(".side-panel") ? Math.min(column.bottom, innerHeight) : innerHeight;
        return place.bottom > bottom + 0.5 || place.width < 44 || place.height < 44
            || key.scrollWidth > key.clientWidth + 1 || key.scrollHeight > key.clientHeight + 1;
    }).map((key) => key.innerText || key.dataset.digit);
}"""


def assert_all_seen(page: Page, *, what: str, keys: int) -> None:
    """The last row of the pad ends inside the window, nothing scrolls, and so many other keys are there, all whole."""
    idle(page)
    size = page.viewport_size
    assert size is not None
    for last in ("0", "00", ".", "enter"):
        box = page.locator(f".pad [data-digit='{last}']").bounding_box()
        assert box is not None, (what, last)
        assert box["y"] + box["height"] <= size["height"], (what, last, box, size)
    assert page.evaluate(CUT_OFF) == [], (what, size)
    assert page.locator(".side .till-key:not(.pad *):visible").count() == keys, (what, size)
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), (what, size)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_all_keys_and_the_whole_pad_are_seen_on_small_tills(
    sale: Callable[..., Page],  # noqa: F811
    language: str,
) -> None:
    page = sale(till=TRAINING, language=language)  # with the banner of training, which takes a line
    for number in (1, 5, 9):
        scan(page, gtin(number))
    page.keyboard.press("=")
    scan(page, MEMBER)
    expect(page.locator(".member-box")).to_be_visible()
    page.keyboard.press("Escape")
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        assert_all_seen(page, what="sale", keys=13)
        page.screenshot(path=SCREENSHOTS / f"till-keys-{language}-{width}x{height}.png", caret="initial")
        for key, panel, keys in (("F3", "units", 2), ("/", "code", 1), ("F8", "pay", 10)):
            page.keyboard.press(key)
            expect(page.locator("#ticket")).to_have_attribute("data-panel", panel)
            assert_all_seen(page, what=panel, keys=keys)
            page.keyboard.press("Escape")
            expect(page.locator("#ticket")).to_have_attribute("data-panel", "")
        page.keyboard.press("F8")
        expect(page.locator("#due")).to_be_visible()
        page.keyboard.type("1")
        page.keyboard.press("F10")  # a part by points: what is paid stands below the basket's lines
        expect(page.locator(".basket-told .tender")).to_have_count(1)
        assert_all_seen(page, what="partly paid", keys=9)
        page.screenshot(path=SCREENSHOTS / f"till-partly-{language}-{width}x{height}.png", caret="initial")
        page.locator(".basket-told .till-key").click()
        expect(page.locator(".basket-told .tender")).to_have_count(0)
        page.keyboard.press("Escape")
        expect(page.locator("#ticket")).to_have_attribute("data-panel", "")
