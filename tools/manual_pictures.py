"""Pictures of the manual under Help, taken from the demo chain of tools/screenshots.py: a till that sells, a count, Z,
promotions, members.

A process of its own prepares the till: it opens a shift, sells a little and asks for an approval, through the doors.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "src" / "liushui" / "console" / "manual" / "images"
SIZE = {"width": 1366, "height": 768}


def take(browser: Browser, *, url: str, environment: dict[str, str], sign_in: tuple[str, str]) -> None:
    """Every picture in both languages."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "manual_till.py")],
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    made = json.loads(done.stdout.splitlines()[-1])
    for language in ("zh-hans", "en"):
        folder = IMAGES / language
        folder.mkdir(parents=True, exist_ok=True)
        context = browser.new_context(viewport=SIZE, reduced_motion="reduce", color_scheme="light")
        context.add_cookies([{"name": "liushui_language", "value": language, "url": url}])
        _console(context, url, folder, sign_in, day=made["day"])
        for file, till, address in (
            ("till.png", "selling", "/till/"),
            ("shift-count.png", "counting", "/till/shift/count/"),
        ):
            held = [{"name": name, "value": value, "url": url + "/till/"} for name, value in made[till].items()]
            context.add_cookies(held)
            _picture(context.new_page(), url + address, folder / file)
        context.close()


def _console(context: BrowserContext, url: str, folder: Path, sign_in: tuple[str, str], *, day: str) -> None:
    page = context.new_page()
    page.goto(f"{url}/sign-in/")
    page.fill("input[name=username]", sign_in[0])
    page.fill("input[name=password]", sign_in[1])
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda address: "/sign-in/" not in address)
    builder = _followed(page, url, "/promotions/drafts/", r"^/promotions/drafts/\d+/(promotions/.+)?$")
    addresses = {
        "home.png": "/?period=yesterday",
        "approvals.png": "/approvals/",
        "day-report.png": day,
        "promotions.png": "/promotions/",
        "promotion-builder.png": builder,
        "members.png": "/members/",
        "member.png": _followed(page, url, "/members/", r"^/members/[0-9a-f-]{36}/$"),
    }
    for file, address in addresses.items():
        _picture(page, url + address, folder / file)


def _followed(page: Page, url: str, begin: str, pattern: str) -> str:
    """The address that one comes to from `begin` by the first link that fits, again and again."""
    address, seen = begin, {begin}
    while True:
        page.goto(url + address)
        links = [link.get_attribute("href") or "" for link in page.locator("main a[href]").all()]
        found = next((link for link in links if re.match(pattern, link) and link not in seen), None)
        if found is None or len(seen) > 2:
            return address
        address = found
        seen.add(found)


def _picture(page: Page, address: str, file: Path) -> None:
    page.goto(address)
    page.wait_for_timeout(1200)  # charts draw, and the till asks again
    page.screenshot(path=file)
    print(file)
