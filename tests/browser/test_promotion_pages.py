"""Business people make a promotion without code: by clicks and keys, with its sentence and a basket beside it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import SCREENSHOTS, OpenPage, Served, axe_violations

SIDE = "#preview"


def begin(open_page: OpenPage, starter: str, **how: Any) -> Page:
    """The builder of a new promotion from a template, in a draft of its own."""
    page = open_page("/promotions/new/", user="marketer", **how)
    page.locator("#draft").select_option("")
    page.locator(f"button[value={starter}]").click()
    page.wait_for_selector("#preview .sentence-main")
    return page


def pick(page: Page, field: str, text: str, name: str) -> None:
    """Type into a picker, wait for the hits, take the one of this name with Enter."""
    page.locator(field).press_sequentially(text)
    hit = page.locator(f"{field}-hits [aria-selected=true]")
    expect(hit).to_contain_text(name)
    page.locator(field).press("Enter")


def only(page: Page, name: str) -> None:
    """Nothing but some units of one item in the tried basket."""
    while page.locator("[data-try-remove]").count():
        page.locator("[data-try-remove]").first.click()
    pick(page, "#try-find", name, name)


def next_day(weekday: int) -> str:
    """Ten in the morning of the next Monday (1) to Sunday (7), as the field of the page takes it."""
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    day = today + timedelta(days=(weekday - today.isoweekday()) % 7 or 7)
    return f"{day}T10:00"


@pytest.mark.parametrize(
    ("language", "gold", "beef", "says"),
    [
        ("zh-hans", "金卡", "牛肉干", "每周六、日，满 200 元，金卡会员：整单减 30 元"),
        (
            "en", "Gold", "Beef jerky",
            "On Saturdays and Sundays, spending ¥200 or more, for members of tier Gold: ¥30 off",
        ),
    ],
)  # fmt: skip
def test_200_less_30_for_gold_members_at_weekends(
    open_page: OpenPage, language: str, gold: str, beef: str, says: str
) -> None:
    page = begin(open_page, "spend-off", language=language)
    page.locator("button[value='add:when']").click()
    kind = page.locator("#f-when-1-type")
    expect(kind).to_be_focused()  # one goes on with the keyboard where the new part is
    kind.select_option("tier_in")
    pick(page, "#f-when-1-tiers", "gold", gold)
    for day in ("6", "7"):
        page.locator(f".weekday:has([name=weekdays][value='{day}'])").click()
    expect(page.locator(f"{SIDE} .sentence-main")).to_contain_text(says)
    only(page, beef)
    page.locator("[data-try-lines] input").fill("8")  # 8 × 32.90 = 263.20
    page.locator("[name='try.tier']").select_option("gold")
    page.locator("[name='try.at']").fill(next_day(6))
    expect(page.locator(".tried-total")).to_have_text("¥233.20")
    page.locator("[name='try.at']").fill(next_day(1))
    expect(page.locator(".tried-total")).to_have_text("¥263.20")
    page.locator("[name='try.at']").fill(next_day(6))
    page.locator("[name='try.tier']").select_option("silver")
    expect(page.locator(".tried-total")).to_have_text("¥263.20")
    assert axe_violations(page) == []
    page.screenshot(path=SCREENSHOTS / "pages" / f"promotion-story-{language[:2]}.png", full_page=True)
    page.locator("button[value=save-and-close]").click()
    expect(page.locator(".change-after").first).to_contain_text(says[:6])
    page.locator("#note").fill("Weekend for gold members")
    page.locator("button[value=submit]").click()
    expect(page.locator(".page-head .status")).to_have_text("审核中" if language == "zh-hans" else "In review")
    address = page.url
    checker = open_page(address, user="finance", language=language)
    expect(checker.locator(".change-after").first).to_contain_text(says[:6])
    expect(checker.locator("button[value=approve]")).to_be_visible()
    checker.locator("button[value=reject]").click()
    expect(checker.locator(".trouble")).to_be_visible()  # without a reason nobody could mend it
    checker.locator("#reason").fill("Also for silver")
    checker.locator("button[value=reject]").click()
    expect(checker.locator("main")).to_contain_text("Also for silver")


def test_conditions_nest_and_lose_no_text(open_page: OpenPage) -> None:
    page = begin(open_page, "spend-off", language="en")
    page.locator("#f-when-0-amount").fill("123.45")
    page.locator("button[value='wrap:when.0']").click()
    expect(page.locator("#f-when-0-parts-0-amount")).to_have_value("123.45")
    page.locator("#f-when-0-parts-1-type").select_option("first_order")
    expect(page.locator(f"{SIDE} .sentence-main")).to_contain_text(
        "(spending ¥123.45 or more or on a member's first order)"
    )
    page.locator("#f-when-0-type").select_option("all")
    expect(page.locator(f"{SIDE} .sentence-main")).to_contain_text("or more and on a member's first order")
    page.locator("button[value='remove:when.0.parts.1']").click()
    page.locator("button[value='unwrap:when.0']").click()
    expect(page.locator("#f-when-0-amount")).to_have_value("123.45")


def test_what_is_wrong_stands_at_its_field(open_page: OpenPage) -> None:
    page = begin(open_page, "percent", language="zh-hans")
    page.locator("#f-effects-0-percent").fill("十二")
    expect(page.locator(f"{SIDE} .wrong")).to_contain_text("不是折扣")
    page.locator(".page-actions button[value=save]").click()
    field = page.locator("#f-effects-0-percent")
    expect(page.locator("#f-effects-0-percent-error")).to_contain_text("不是折扣")
    expect(field).to_have_value("十二")
    field.fill("八八折")
    page.locator(".page-actions button[value=save]").click()
    expect(page.locator("#f-effects-0-percent")).to_have_value("8.8")
    expect(page.locator(f"{SIDE} .sentence-main")).to_contain_text("打 8.8 折")
    page.reload()
    expect(page.locator("#f-effects-0-percent")).to_have_value("8.8")


def test_unsaved_changes_are_asked_about(open_page: OpenPage) -> None:
    page = begin(open_page, "percent", language="en")
    page.locator("#f-effects-0-percent").fill("12.5")
    page.locator("#f-effects-0-percent").blur()
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.locator(".trail a").first.click(no_wait_after=True)
    expect(page.locator("#f-effects-0-percent")).to_have_value("12.5")
    assert asked == ["beforeunload"]
    page.remove_listener("dialog", stay)
    page.on("dialog", lambda dialog: dialog.accept())


def test_picker_works_with_keys_alone(open_page: OpenPage) -> None:
    page = begin(open_page, "percent", language="en")
    field = page.locator("#f-effects-0-scope-category_in")
    field.focus()
    field.press("ArrowDown")
    options = page.locator("#f-effects-0-scope-category_in-hits [data-code]")
    expect(options.first).to_have_attribute("aria-selected", "true")
    field.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    field.press("Escape")
    expect(options).to_have_count(0)
    pick(page, "#f-effects-0-scope-category_in", "snack", "Snacks")
    expect(page.locator(f"{SIDE} .sentence-main")).to_contain_text("items of Snacks")
    field.press("Backspace")
    expect(page.locator("[data-chips] .chip")).to_have_count(0)
    expect(page.locator(f"{SIDE} .sentence-main")).to_contain_text("all items")


def test_pausing_needs_a_reason_and_nobody_else(open_page: OpenPage, served: Served) -> None:
    page = open_page("/promotions/", user="marketer", language="en")
    row = page.locator("tr", has_text="Snacks 3 for 2")
    expect(row.locator(".status").first).to_have_text("Running")
    row.locator("[data-choose]").check()
    page.locator("#chosen-reason").fill("Out of stock")
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("button[value=pause]").click()
    expect(row.locator(".status").first).to_have_text("Paused")
    page.goto("/promotions/versions/")
    expect(page.locator("tbody tr").first).to_contain_text("A promotion was paused")


def test_import_says_the_path_of_what_is_wrong(open_page: OpenPage, served: Served) -> None:
    page = open_page(f"/promotions/drafts/{served.facts['draft_id']}/import/", user="marketer", language="en")
    page.locator("#text").fill('[{"id": "a", "effects": [{"type": "points", "add": 5}]}, {"id": "b", "effects": [{}]}]')
    page.locator("main button.btn-primary").click()
    expect(page.locator("#import-error")).to_contain_text("promotions[1].effects[0].type")
    page.locator("#text").fill('{"id": "more-points", "effects": [{"type": "points", "add": 5}]}')
    page.locator("main button.btn-primary").click()
    expect(page.locator("main")).to_contain_text(re.compile("5 extra points"))
