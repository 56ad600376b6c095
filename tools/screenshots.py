"""Pictures for the documents and the manual, taken from a demo chain of its own: docs/images, console/manual/images

The browser tests take many more, of every page in both languages and themes, into build/screenshots.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

import manual_pictures

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
DATA = ROOT / "build" / "screenshots-chain"
PORT = 8479
URL = f"http://127.0.0.1:{PORT}"
SIZE = {"width": 1366, "height": 900}
PICTURES = (
    # file, language, address
    ("home-zh.png", "zh-hans", "/?period=yesterday"),
    ("home-en.png", "en", "/?period=yesterday"),
)


def main() -> None:
    """Load, serve, take the pictures, stop."""
    environment = {
        **os.environ,
        "LIUSHUI_DATA_DIR": str(DATA),
        "LIUSHUI_DATABASE_URL": "",
        "LIUSHUI_LOG_LEVEL": "WARNING",
        "LIUSHUI_SECOND_FACTOR": "optional",
    }
    liushui = [sys.executable, "-m", "liushui.app.cli"]
    subprocess.run([*liushui, "demo", "load"], env=environment, check=True)
    accounts = json.loads((DATA / "demo-accounts.json").read_text(encoding="utf-8"))
    boss = next(login for login in accounts["logins"] if login["username"] == "boss")
    server = subprocess.Popen([*liushui, "serve", "--port", str(PORT)], env=environment)
    try:
        wait_until_ready()
        take(username=boss["username"], password=boss["password"], environment=environment)
    finally:
        server.terminate()
        server.wait(30)


def take(*, username: str, password: str, environment: dict[str, str]) -> None:
    """Sign in once for each language and photograph."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        for file, language, address in PICTURES:
            context = browser.new_context(viewport=SIZE, reduced_motion="reduce", color_scheme="light")
            context.add_cookies([{"name": "liushui_language", "value": language, "url": URL}])
            page = context.new_page()
            sign_in(page, username, password)
            page.goto(URL + address, wait_until="networkidle")
            page.wait_for_timeout(1000)  # charts draw after the network is quiet
            page.screenshot(path=IMAGES / file)
            print(IMAGES / file)
            context.close()
        manual_pictures.take(browser, url=URL, environment=environment, sign_in=(username, password))
        browser.close()


def sign_in(page: Page, username: str, password: str) -> None:
    """Through the page, as everybody."""
    page.goto(f"{URL}/sign-in/")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: "/sign-in/" not in url)


def wait_until_ready() -> None:
    """Return when the server answers; give up after a minute and a half."""
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{URL}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    sys.exit("The server did not start.")


if __name__ == "__main__":
    main()
