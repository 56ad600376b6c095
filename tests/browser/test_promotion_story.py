"""From an idea to a receipt: drafted, looked over, tried on the past, published by another, sold and explained."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import ROOT, SCREENSHOTS, OpenPage, Served, serving
from tests.browser.test_promotion_pages import begin, pick
from tests.browser.test_till import gtin, idle, scan
from tests.support.gold_member import PHONE

JERKY = gtin(27)
WORDS = {
    "zh-hans": {
        "gold": "金卡", "finding": "没有结束时间", "name": "满 200 减 30", "why": "为什么是这个价",
        "less": "优惠 ¥30.00", "near": "再买 ¥2.60",
    },
    "en": {
        "gold": "Gold", "finding": "No end date", "name": "¥30 off ¥200", "why": "Why this price?",
        "less": "¥30.00 off", "near": "¥2.60 more",
    },
}  # fmt: skip


@pytest.fixture
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A chain of its own for each language: what is published would change what others pay."""
    with serving(tmp_path_factory.mktemp("story"), "tests.browser.story_past") as served:
        yield served


def run_jobs(served: Served) -> None:
    """What the worker beside the server does all the time."""
    code = "import django; django.setup(); from liushui.runtime.jobs import run_next; run_next(worker_name='story')"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=served.environment, check=True)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_from_an_idea_to_a_receipt(open_page: OpenPage, served: Served, language: str) -> None:
    words = WORDS[language]
    page = drafted(open_page, served, language)
    draft = page.url
    finding = page.locator(".finding", has_text=words["finding"]).filter(has_text=words["name"])
    expect(finding.first).to_be_visible()
    tried_on_the_past(page, served)
    page.goto(draft)
    page.locator("#note").fill("Gold weekends")
    page.locator("button[value=submit]").click()
    expect(page.locator("button[value=approve]")).to_have_count(0)  # nobody approves his own

    checker = open_page(draft, user="finance", language=language)
    expect(checker.locator(".finding").first).to_be_visible()
    for tick in checker.locator(".finding input[type=checkbox]").all():
        tick.check()
    checker.locator("button[value=approve]").click()
    expect(checker.locator(".page-head .status")).to_be_visible()
    expect(checker.locator("button[value=approve]")).to_have_count(0)

    sold(open_page("/till/", user=None, till="T2", language=language), words, language)


def drafted(open_page: OpenPage, served: Served, language: str) -> Page:
    """满 200 减 30 for gold members at weekends, and on the weekday of this test, or nothing could be sold today."""
    page = begin(open_page, "spend-off", language=language)
    page.locator("button[value='add:when']").click()
    page.locator("#f-when-1-type").select_option("tier_in")
    pick(page, "#f-when-1-tiers", "gold", WORDS[language]["gold"])
    for day in sorted({6, 7, served.facts["weekday"]}):
        page.locator(f".weekday:has([name=weekdays][value='{day}'])").click()
    expect(page.locator("#preview .sentence-main")).to_contain_text(WORDS[language]["gold"])
    page.locator("button[value=save-and-close]").click()
    expect(page.locator(".change-after").first).to_contain_text(WORDS[language]["gold"])
    return page


def tried_on_the_past(page: Page, served: Served) -> None:
    """Of two members' purchases last Saturday one reached 200 yuan: it would have cost 30."""
    page.locator("a[href*='/promotions/backtests/new/']").click()
    page.locator("#first").fill(served.facts["saturday"])
    page.locator("#last").fill(served.facts["saturday"])
    page.locator("main form summary").click()
    page.locator("[name=store][value=E1]").check()
    page.locator("#member_tier").select_option("gold")
    page.locator("main form .form-actions button").click()
    page.wait_for_url("**/promotions/backtests/**")
    run_jobs(served)
    page.reload()
    expect(page.locator(".tile-main .tile-value")).to_have_text("¥30.00")
    expect(page.locator(".tile .tile-value").nth(2)).to_have_text("1")


def sold(page: Page, words: dict[str, str], language: str) -> None:
    """The cashier scans, states the member, sees what is near, what is given and why."""
    expect(page.locator("#scan")).to_be_focused()
    page.keyboard.press("=")
    scan(page, PHONE)
    expect(page.locator(".basket-customer")).to_contain_text(words["gold"])
    for _ in range(6):
        scan(page, JERKY)
        idle(page)
    expect(page.locator("#total")).to_have_text("¥197.40")
    expect(page.locator(".upsell")).to_contain_text(words["near"])
    scan(page, JERKY)
    expect(page.locator("#total")).to_have_text("¥200.30")  # 230.30 less 30
    expect(page.locator("tr[data-line]").first).to_contain_text(words["name"])
    page.keyboard.press("F12")
    for text in ("why", "name", "less"):
        expect(page.locator(".why")).to_contain_text(words[text])
    page.screenshot(path=SCREENSHOTS / "pages" / f"promotion-story-till-{language[:2]}.png")
    page.keyboard.press("Escape")
    page.keyboard.press("F8")
    page.keyboard.type("201")
    page.keyboard.press("Enter")
    expect(page.locator("#change")).to_be_visible()
    expect(page.locator(".paper")).to_contain_text(words["name"])
