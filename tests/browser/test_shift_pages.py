"""Shifts and days in Chromium: from the float to the Z report by keyboard, the hand-over, every page in both looks."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import ROOT, SCREENSHOTS, OpenPage, Served, assert_fits_all_widths, axe_violations
from tests.support.world import PINS

LOOKS = (("zh-hans", "light", 1366), ("en", "dark", 360))
PAGES = ("", "paid-in/", "paid-out/", "no-sale/", "x/", "x/paper/", "count/", "hand-over/")
TILL = "T1"  # of E1; test_till has T2 and T3


@pytest.fixture(scope="module")
def other_store(served: Served) -> dict[str, str]:
    """A till in E2, where nobody else opens shifts, with the regional manager signed in at it."""
    code = (
        "import django, json; django.setup(); from tests.support.till_days import till_in; "
        "print(json.dumps(till_in(store_code='E2', username='regional')))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=served.environment, check=True, capture_output=True, text=True
    )
    cookies: dict[str, str] = json.loads(found.stdout.splitlines()[-1])
    return cookies


def press(page: Page, key: str, *, to: str) -> None:
    """Press a key that leads to another page."""
    page.keyboard.press(key)
    page.wait_for_url(re.compile(to))
    page.wait_for_load_state("networkidle")


def at(page: Page, field: str, text: str) -> None:
    """Go to a field by Tab and type there."""
    for _step in range(60):
        if page.evaluate("document.activeElement.id") == field:
            page.keyboard.type(text)
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{field} is not reached by Tab")


def picture(page: Page, name: str) -> None:
    folder = SCREENSHOTS / "shifts"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=True)


def test_a_shift_from_its_float_to_the_z_report_by_keyboard(
    open_page: OpenPage, served: Served, other_store: dict[str, str]
) -> None:
    page = open_page("/sign-in/", user=None)
    page.context.add_cookies(
        [{"name": name, "value": value, "url": f"{served.url}/till/"} for name, value in other_store.items()]
    )
    page.goto("/till/shift/")
    expect(page.locator("#float")).to_be_focused()
    page.keyboard.type("500")
    press(page, "F12", to=r"/till/$")

    page.goto("/till/shift/")
    press(page, "2", to=r"/paid-out/$")
    page.keyboard.type("300")
    expect(page.locator(".approver")).to_be_visible()  # over the limit
    at(page, "reason", "缴存银行")
    at(page, "approver", "owner")
    at(page, "approver_pin", PINS["owner"])
    press(page, "F12", to=r"/till/shift/$")
    expect(page.locator(".drawer-paid_out")).to_contain_text("-¥300.00")
    expect(page.locator(".drawer-paid_out")).to_contain_text("由 Owner 审批")

    press(page, "6", to=r"/count/$")
    assert "200.00" not in page.content()  # what should be there
    expect(page.locator("#note_10000")).to_be_focused()
    for pieces in ("1", "1", "2"):  # 100, 50 and two of 20
        page.keyboard.type(pieces)
        page.keyboard.press("Enter")
    expect(page.locator("[data-sum]")).to_have_text("¥190.00")
    page.keyboard.press("F12")
    expect(page.locator(".count-sum output")).to_have_text("¥190.00")
    expect(page.locator("button[value=final]")).to_be_focused()
    press(page, "Enter", to=r"/difference/$")
    expect(page.locator(".outcome-main dd")).to_have_text("-¥10.00")
    picture(page, "difference")

    expect(page.locator("#reason")).to_be_focused()
    page.keyboard.type("找零找错")
    at(page, "approver", "owner")
    at(page, "approver_pin", PINS["owner"])
    press(page, "F12", to=r"/till/shift/[0-9a-f-]{36}/$")
    expect(page.locator(".shift-outcome")).to_contain_text("由 Owner 审批")
    picture(page, "closed")

    console = open_page("/tills/days/?store=E2")
    console.locator("tbody a").first.press("Enter")
    console.on("dialog", lambda dialog: dialog.accept())
    console.get_by_role("button", name="日结").press("Enter")
    expect(console.locator("h1")).to_have_text("Z 报表第 1 号")
    expect(console.locator("tbody").last).to_contain_text("找零找错")
    expect(console.get_by_role("button", name="日结")).to_have_count(0)
    picture(console, "z-report")
    console.get_by_role("link", name="80 毫米").press("Enter")
    expect(console.locator(".roll")).to_contain_text("Z 报表第 1 号")
    console.emulate_media(media="print")
    expect(console.locator("[data-print]")).to_be_hidden()
    assert_prints(console, "z-report-80")


def assert_prints(page: Page, name: str) -> None:
    """A paper of it is made, wide as the roll."""
    folder = SCREENSHOTS / "shifts"
    pdf = page.pdf(path=folder / f"{name}.pdf", prefer_css_page_size=True)
    box = re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ", pdf)
    assert box is not None
    assert abs(float(box[1]) - 80 / 25.4 * 72) < 1


def test_the_next_cashier_takes_over_and_every_page_reads_well(open_page: OpenPage, served: Served) -> None:
    """One test, since there is one drawer: the pages of a shift, then the hand-over that ends it."""
    for language, theme, width in LOOKS:
        page = open_page("/till/shift/", user=None, till=TILL, language=language, theme=theme, width=width)
        if page.locator("#float").count():
            check(page, f"open-{language[:2]}")
            page.locator(".count-helper > summary").press("Enter")
            page.fill("#note_5000", "4")
            expect(page.locator("#float")).to_have_value("200.00")
            check(page, f"open-counted-{language[:2]}")
            press(page, "F12", to=r"/till/$")
        for path in PAGES:
            page.goto(f"/till/shift/{path}")
            page.wait_for_load_state("networkidle")
            check(page, f"{path.replace('/', '-') or 'home-'}{language[:2]}")
        page.context.close()

    page = open_page("/till/shift/hand-over/", user=None, till=TILL, language="en")
    page.keyboard.type("1")
    press(page, "F12", to=r"/hand-over/$")
    expect(page.locator("#next_badge")).to_be_focused()
    check(page, "hand-over-review-en")
    at(page, "next_user", "evening")
    page.keyboard.press("Enter")  # goes on to the PIN
    expect(page.locator("#next_pin")).to_be_focused()
    page.keyboard.type("0000")
    page.keyboard.press("F12")
    expect(page.locator(".notice-error")).to_contain_text("User name, PIN or badge is wrong")
    expect(page.locator("#next_user")).to_have_value("evening")  # neither name nor count are asked for again
    page.locator("#next_pin").focus()
    page.keyboard.type(PINS["evening"])
    press(page, "F12", to=r"/difference/$")
    expect(page.locator(".till-operator")).to_contain_text("Evening")
    expect(page.locator(".outcome-main dd")).to_have_text("-¥100.00")
    check(page, "difference-en")
    page.locator("#reason").fill("To be looked into")
    page.get_by_role("radio", name=re.compile("Ask by the inbox")).check()
    expect(page.locator("#approver")).to_be_hidden()
    page.keyboard.press("F12")
    expect(page.locator("#asked")).to_contain_text("Waiting for a decision in the inbox")
    check(page, "waiting-en")

    inbox = open_page("/approvals/", user="manager", language="en")
    inbox.on("dialog", lambda dialog: dialog.accept())
    row = inbox.locator("tr", has_text="To be looked into")
    row.get_by_role("button", name="Approve").click()
    page.wait_for_url(re.compile(r"/till/shift/[0-9a-f-]{36}/$"))  # the till closes the shift by itself
    expect(page.locator(".shift-outcome")).to_contain_text("approved by Manager")
    check(page, "closed-en")


def check(page: Page, name: str) -> None:
    """Pictured, without a fault of accessibility, and never wider than its window."""
    size = page.viewport_size
    picture(page, name)
    assert axe_violations(page) == []
    assert_fits_all_widths(page)
    assert size is not None
    page.set_viewport_size(size)
