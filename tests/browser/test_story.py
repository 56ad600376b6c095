"""A manager's morning: sign in, see the day, look into a store, open a receipt, mend a sale, see it counted."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.conftest import ROOT, OpenPage, Served, axe_violations
from tests.support.world import PASSWORD


def net_sales_minor(page: Page) -> int:
    """The large figure on the home page."""
    return int(re.sub(r"[^\d-]", "", page.locator(".tile-main .tile-value").inner_text()))


def count_sales(served: Served) -> None:
    """What the worker beside the server does all the time."""
    code = "import django; django.setup(); from tests.support.world import count_sales; count_sales()"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=served.environment, check=True)


@pytest.mark.parametrize(
    ("language", "home", "store", "entry"),
    [("zh-hans", "首页", "上海人民路店", 0), ("en", "Home", "Shanghai Renmin Road", 1)],
)
def test_a_manager_sees_the_day_and_mends_a_sale(
    open_page: OpenPage, served: Served, language: str, home: str, store: str, entry: int
) -> None:
    count_sales(served)  # what tests before this one have sold at the tills
    page = open_page("/", user=None, language=language)
    expect(page).to_have_url(re.compile(r"/sign-in/\?next=%2F$"))
    page.locator("[name=username]").fill("owner")
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(home)
    whole = net_sales_minor(page)

    page.keyboard.press("s")
    page.locator(".place-panel input").fill("E1")
    page.locator("#places a", has_text=store).click()
    expect(page).to_have_url(re.compile(r"\?store=E1$"))
    expect(page.locator(".place-name")).to_have_text(store)
    before = net_sales_minor(page)
    assert 0 < before < whole

    page.locator(".tile-main .tile-value").click()
    expect(page).to_have_url(re.compile(r"/orders/\?.*store=E1"))
    receipt = page.locator("tbody tr a").first
    number = receipt.inner_text()
    receipt.click()
    expect(page.locator("h1")).to_contain_text(number)
    expect(page.locator("main")).to_contain_text("SKU-")

    page.goto(f"/intake/quarantine/{served.facts['entry_ids'][entry]}/")
    page.locator("[name=line-1-code]").fill("SKU-02")
    page.locator("button[value=mend]").first.click()
    page.wait_for_load_state("networkidle")
    count_sales(served)

    page.goto("/?store=E1")
    assert net_sales_minor(page) == before + 5280

    page.keyboard.press("Control+k")
    page.locator("#search input").fill(f"Q-{entry + 1}")
    page.locator("#search-hits a", has_text=f"Q-{entry + 1}").first.click()
    expect(page.locator("h1")).to_contain_text(f"Q-{entry + 1}")


def test_language_and_theme_are_kept_and_the_page_stays(open_page: OpenPage) -> None:
    page = open_page("/orders/?store=E1", language="zh-hans", theme="light")
    page.locator(".language button").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page).to_have_url(re.compile(r"/orders/\?store=E1$"))
    page.locator("details:has([data-theme-form]) summary").click()
    page.locator("[data-theme-form] button[value=dark]").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_the_keyboard_alone_opens_help_search_and_menu(open_page: OpenPage) -> None:
    page = open_page("/", language="en", width=360)
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("/")
    page.keyboard.type("receip")
    expect(page.locator("#search-hits a").first).to_contain_text("Receipts")
    page.keyboard.press("Escape")
    page.locator(".menu-open").click()
    expect(page.locator("#menu .menu-close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".menu-open")).to_be_focused()


def test_a_person_of_one_store_sees_no_switch_and_no_other_store(open_page: OpenPage) -> None:
    page = open_page("/", user="manager", language="en")
    expect(page.locator(".place-fixed")).to_have_text("Shanghai Renmin Road")
    expect(page.locator("details.place")).to_have_count(0)
    expect(page.locator(".menu")).not_to_contain_text("Staff")
    page.keyboard.press("Control+k")
    page.locator("#search input").fill("Hangzhou")
    expect(page.locator("#search-hits")).to_contain_text("Nothing is called")


def test_what_is_wrong_in_a_form_is_said_beside_the_field(open_page: OpenPage) -> None:
    page = open_page("/catalog/items/new/", language="en", width=360)
    page.locator("[name=sku]").fill("SKU-99")
    page.locator("[name=name_en]").fill("Tea")
    page.locator("[name=gtin]").fill("9520000360024")
    page.locator("form[data-guard] button.btn-primary").click()
    expect(page.locator(".field:has([name=gtin]) .errorlist")).to_contain_text("check digit")
    expect(page.locator("[name=sku]")).to_have_value("SKU-99")
    assert axe_violations(page) == []


def test_columns_put_away_stay_away(open_page: OpenPage) -> None:
    page = open_page("/orders/", language="en")
    expect(page.locator("thead th", has_text="Channel")).to_be_visible()
    page.locator(".column-choice summary").click()
    page.locator(".column-choice label", has_text="Channel").locator("input").uncheck()
    expect(page.locator("thead th", has_text="Channel")).to_be_hidden()
    page.keyboard.press("Escape")
    page.reload()
    expect(page.locator("thead th", has_text="Channel")).to_be_hidden()
    expect(page.locator("thead th", has_text="Store")).to_be_visible()
    assert axe_violations(page) == []


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus, and see that the focus shows."""
    for _stop in range(80):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            outline = target.evaluate("element => getComputedStyle(element).outlineStyle")
            assert outline != "none", f"the focus on {target} can't be seen"
            return
    raise AssertionError(f"the Tab key does not lead to {target}")


def test_a_day_is_looked_into_by_the_keyboard_alone(open_page: OpenPage) -> None:
    page = open_page("/", user=None, language="zh-hans")
    tab_to(page, page.locator("[name=username]"))
    page.keyboard.type("owner")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("首页")

    page.keyboard.press("s")
    expect(page.locator(".place-panel input")).to_be_focused()
    page.keyboard.type("E1")
    expect(page.locator("#places a")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?store=E1$"))

    tab_to(page, page.locator(".tile-main .tile-value"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/orders/\?.*store=E1"))

    page.keyboard.press("f")
    expect(page.locator("[name=from]")).to_be_focused()
    tab_to(page, page.locator(".filters-more summary"))
    page.keyboard.press("Enter")
    tab_to(page, page.locator("[name=channel]"))
    page.keyboard.type("pos")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"channel=pos"))
    expect(page.locator(".filters-more")).to_have_attribute("open", "")

    receipt = page.locator("tbody tr a").first
    number = receipt.inner_text()
    tab_to(page, page.locator(".skip-link"))  # past the menu, as whoever works by keys does
    page.keyboard.press("Enter")
    tab_to(page, receipt)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(number)

    page.keyboard.press("Control+k")
    page.keyboard.type("小票")
    expect(page.locator("#search-hits a").first).to_contain_text("小票")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/orders/\?store=E1$"))
