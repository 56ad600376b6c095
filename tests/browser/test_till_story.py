"""A day at a new till by the keyboard alone: enrolled, sold at, paid by QR and cash, handed over, closed, on home."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.browser.conftest import ROOT, _wait_for
from tests.support.world import PASSWORD, PINS

BOX = "#scan"
LANGUAGES = ("zh-hans", "en")
WORDS = {  # what the story reads in each language; keys and fields are found by what they are, not by what they say
    "zh-hans": {"short": "短款", "copy": "副本", "right": "分文不差"},
    "en": {"short": "Short", "copy": "COPY", "right": "Agrees to the cent"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A served chain with its worker and a provider, and the people in front of it."""

    url: str
    wallet: str
    facts: dict[str, Any]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A chain of its own, since the story closes its day; server, worker and provider as `liushui` starts them."""
    port, wallet_port = _free_port(), _free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LIUSHUI_")} | {
        "LIUSHUI_DATA_DIR": str(tmp_path),
        "LIUSHUI_LOG_LEVEL": "WARNING",
        "LIUSHUI_SECOND_FACTOR": "optional",
        "LIUSHUI_SANDBOX_PAY_URL": f"http://127.0.0.1:{wallet_port}",
        "DJANGO_SETTINGS_MODULE": "liushui.app.settings",
    }
    command = [sys.executable, "-m", "tests.browser.prepare", "--untouched"]
    prepared = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert prepared.returncode == 0, prepared.stderr[-4000:]
    log = tmp_path / "story.log"
    liushui = [sys.executable, "-m", "liushui.app.cli"]
    started = []
    with log.open("w") as output:
        for arguments in (["sandbox-pay", "--port", str(wallet_port)], ["serve", "--port", str(port)]):
            started.append(
                subprocess.Popen(
                    [*liushui, *arguments], cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
                )
            )
    try:
        _wait_for(f"http://127.0.0.1:{port}/sign-in/", log)
        _wait_for(f"http://127.0.0.1:{wallet_port}/wallet/", log)
        facts = json.loads(prepared.stdout.splitlines()[-1])
        yield Shop(url=f"http://127.0.0.1:{port}", wallet=f"http://127.0.0.1:{wallet_port}", facts=facts)
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            process.wait(timeout=30)


@pytest.fixture
def people(browser: Browser, shop: Shop) -> Iterator[Any]:
    """`people(language)` is a browser of somebody's own; what its console says is the test's business."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def somebody(language: str, *, session: str = "") -> Page:
        context = browser.new_context(
            base_url=shop.url, viewport={"width": 1366, "height": 768}, reduced_motion="reduce"
        )
        contexts.append(context)
        cookies = {"liushui_language": language, **({"sessionid": session} if session else {})}
        context.add_cookies([{"name": name, "value": value, "url": shop.url} for name, value in cookies.items()])
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(f"{page.url}: {error}"))
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        return page

    yield somebody
    for context in contexts:
        context.close()
    # a device that waits to be confirmed is told so by a 400 (RFC 8628, section 3.5), which Chromium counts
    assert [text for text in troubles if "status of 400" not in text] == []


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def scan(page: Page, code: str) -> None:
    """As a scanner does it: digits, then Enter, into whatever has the focus."""
    expect(page.locator(BOX)).to_be_focused()
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def to(page: Page, selector: str) -> None:
    """Go to a field or button by the Tab key."""
    target = page.locator(selector).first
    for _ in range(60):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key never reaches {selector} on {page.url}")


def amount(text: str | None) -> int:
    """The first amount of a text in fen."""
    found = re.search(r"(-?)¥([\d,]+)\.(\d\d)", text or "")
    assert found is not None, text
    value = int(found[2].replace(",", "")) * 100 + int(found[3])
    return -value if found[1] else value


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_day_at_the_till_by_keyboard_alone(shop: Shop, people: Any, language: str) -> None:
    till, manager = people(language), people(language, session=shop.facts["sessions"]["manager"])
    enrol(till, manager)
    sign_in(till, "cashier")

    # open the shift with 200.00
    till.goto("/till/shift/open/")
    to(till, "#float")
    till.keyboard.type("200")
    press(till, "F12")
    till.wait_for_url(lambda address: not address.endswith("/open/"))
    till.goto("/till/")

    # three items, paid by QR
    for number, code in enumerate(codes(shop)[:3], start=1):
        scan(till, code)
        expect(till.locator("tr[data-line]")).to_have_count(number)
    total = amount(till.locator("#total").text_content())
    press(till, "F8")
    press(till, "F7")
    expect(till.locator(".pay-qr img")).to_be_visible()
    pay_by_phone(people, shop, language)
    expect(till.locator("[data-print-original]")).to_be_visible()
    press(till, "F6")  # print
    press(till, "F10")  # look at the receipt
    till.wait_for_url("**/till/receipts/**")
    expect(till.locator("main")).to_contain_text(f"{total / 100:,.2f}")
    press(till, "F6")  # a copy, marked as one
    expect(till.locator("main")).to_contain_text(WORDS[language]["copy"])

    # one item for cash, with change
    till.goto("/till/")
    scan(till, codes(shop)[3])
    expect(till.locator("tr[data-line]")).to_have_count(1)
    price = amount(till.locator("#total").text_content())
    press(till, "F8")
    till.keyboard.type("100")
    press(till, "Enter")
    expect(till.locator("[data-print-original]")).to_be_visible()
    expect(till.locator("body")).to_contain_text(f"{(10_000 - price) / 100:.2f}")

    # hand over to the evening's cashier, to the cent
    count(till, "/till/shift/hand-over/", 20_000 + price)
    to(till, "#next_user")
    till.keyboard.type("evening")
    to(till, "#next_pin")
    till.keyboard.type(PINS["evening"])
    press(till, "F12")
    till.wait_for_url(lambda address: "hand-over" not in address)

    # the evening counts one yuan too little
    if "/sign-in/" in till.url:
        sign_in(till, "evening")
    count(till, "/till/shift/count/", 20_000 + price - 100)
    press(till, "F12")
    expect(till.locator(".shift-outcome")).to_contain_text(WORDS[language]["short"])
    to(till, "[name=reason]")
    till.keyboard.type("coin rolled away")
    to(till, "#approver")
    till.keyboard.type("manager")
    to(till, "#approver_pin")
    till.keyboard.type(PINS["manager"])
    press(till, "F12")
    expect(till.locator(".shift-outcome")).to_contain_text(re.compile("manager", re.IGNORECASE))

    # the manager closes the day and reads the Z report
    day = f"/tills/days/{shop.facts['store_ids']['E1']}/{shop.facts['today']}/"
    manager.goto(day)
    to(manager, "form[action*='close'] button, a[href*='close']")
    press(manager, "Enter")
    manager.wait_for_load_state()
    if manager.locator("form[action*='close'] button").count():
        to(manager, "form[action*='close'] button")
        press(manager, "Enter")
    expect(manager.locator("main")).to_contain_text("Z")
    expect(manager.locator("main")).to_contain_text(f"{(total + price) / 100:,.2f}")
    expect(manager.locator("main")).to_contain_text("-¥1.00")

    # and home has both sales
    manager.goto(f"/orders/?text=&source=till&first={shop.facts['today']}&last={shop.facts['today']}")
    expect(manager.locator("table tbody tr")).to_have_count(2)
    manager.goto("/")
    expect(manager.locator("main")).to_contain_text("¥")


def enrol(till: Page, manager: Page) -> None:
    """The till shows a code, the manager confirms it for T2."""
    till.goto("/till/")
    till.wait_for_url("**/till/enrol/**")
    to(till, "[data-enrol-start]")
    press(till, "Enter")
    code = till.locator("[data-user-code]")
    expect(code).not_to_be_empty()
    manager.goto("/device/")
    if "/verify/" in manager.url:
        to(manager, "input[type=password]")
        manager.keyboard.type(PASSWORD)
        press(manager, "Enter")
        manager.wait_for_url("**/device/**")
    to(manager, "[name=user_code]")
    manager.keyboard.type(str(code.text_content()).strip())
    press(manager, "Enter")
    expect(manager.locator("[name=answer][value=confirm]")).to_be_visible()
    to(manager, "select[name=workstation], select")
    press(manager, "ArrowDown")
    to(manager, "input[name=name]")
    manager.keyboard.type("T2 by the door")
    to(manager, "[name=answer][value=confirm]")
    press(manager, "Enter")
    till.wait_for_url("**/till/sign-in/**", timeout=30_000)


def sign_in(till: Page, username: str) -> None:
    to(till, "#door-name")
    till.keyboard.type(username)
    to(till, "#door-pin")
    till.keyboard.type(PINS[username])
    press(till, "Enter")
    till.wait_for_url(lambda address: "sign-in" not in address)


def pay_by_phone(people: Any, shop: Shop, language: str) -> None:
    """The customer opens what the code says, and presses pay."""
    phone = people(language)
    phone.goto(f"{shop.wallet}/wallet/")
    to(phone, "a[href*='/wallet/']:not([href$='/wallet/'])")
    press(phone, "Enter")
    to(phone, "button[value=pay]")
    press(phone, "Enter")
    phone.wait_for_load_state()


def count(till: Page, address: str, amount_minor: int) -> None:
    """Pieces of each note and coin, largest first, up to the review."""
    till.goto(address)
    for row in till.locator(".count-row").all():
        value = int(str(row.get_attribute("data-value")))
        pieces, amount_minor = divmod(amount_minor, value)
        if pieces:
            to(till, f"#{row.locator('input').get_attribute('id')}")
            till.keyboard.type(str(pieces))
    assert amount_minor == 0
    press(till, "F12")
    expect(till.locator(".count-review")).to_be_visible()


def codes(shop: Shop) -> list[str]:
    """Article numbers of the shop's first goods."""
    return [f"SKU-{number:02}" for number in (7, 8, 9, 13)]
