"""Pictures of the manual under Help, taken from the demo chain of tools/screenshots.py: a till that sells, a count, Z.

A process of its own prepares the till: it opens a shift, sells a little and asks for an approval, through the doors.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "src" / "liushui" / "console" / "manual" / "images"
SIZE = {"width": 1366, "height": 768}
PREPARE = """
import json
from datetime import UTC, datetime
from liushui.app import bootstrap
from django.conf import settings
from liushui.app.demo import tills as demo
from liushui.app.demo.assortment import demo_assortment
from liushui.app.demo.chain import CHAIN_CODE
from liushui.runtime import tills
from liushui.runtime.grants import system_principal
from liushui.runtime.models import StaffUser
from liushui.stores import facade as stores
from liushui.till import facade

now = datetime.now(UTC)
store = stores.stores_by_code()[CHAIN_CODE, "S001"]
user = StaffUser.objects.get(username="cashier")


def at_till(code):
    """The cookies of a till with the cashier signed in and a shift open."""
    place = next(each for each in stores.workstations(store_id=store.id) if each.code == code)
    device, secret = tills.enrol(
        workstation_id=place.id, workstation_code=place.code, store_id=store.id, chain_id=store.chain_id,
        name=code, principal=system_principal(name="pictures"), now=now,
    )
    token = tills.sign_in(device=device, user=user, now=now)
    till = demo.at_till(store, "cashier", workstation=code)
    if facade.current_shift(till=till) is None:
        facade.open_shift(till=till, float_minor=50_000, now=now)
    return till, {"liushui_till": secret, "liushui_operator": token}


till, selling = at_till("T1")
_, counting = at_till("T2")
if facade.current_ticket(till=till, now=now) is None:
    goods = [item for item in demo_assortment().items if not item.weighed and item.gtin][20:60:8]
    for number, item in enumerate(goods):
        ticket = facade.scan(till=till, code=item.gtin, units=1 + number % 2, now=now)
    facade.ask_approval(
        till=till, kind="till.line_void", target=f"ticket:{ticket.id}/line:1", reason="顾客不要了", now=now,
        amount_minor=ticket.lines[0].amount_minor,
    )
day = next(day for day in facade.days(store_ids=frozenset({store.id})) if day.z_number)
address = f"/tills/days/{store.id}/{day.business_date}/"
print(json.dumps({"selling": selling, "counting": counting, "day": address}))
"""


def take(browser: Browser, *, url: str, environment: dict[str, str], sign_in: tuple[str, str]) -> None:
    """Every picture in both languages."""
    done = subprocess.run(
        [sys.executable, "-c", PREPARE], env=environment, check=True, stdout=subprocess.PIPE, text=True
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
    addresses = {"home.png": "/?period=yesterday", "approvals.png": "/approvals/", "day-report.png": day}
    for file, address in addresses.items():
        _picture(page, url + address, folder / file)


def _picture(page: Page, address: str, file: Path) -> None:
    page.goto(address)
    page.wait_for_timeout(1200)  # charts draw, and the till asks again
    page.screenshot(path=file)
    print(file)
