"""A day at head office with members, in both languages: found, looked at in clear, corrected; the rules by clicks."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import LANGUAGES, OpenPage, Served, assert_no_sideways_scroll, axe_violations
from tests.support.member_world import PHONE

WORDS = {
    "zh-hans": {
        "nobody": "没有找到这位会员。",
        "clear": "明文显示 60 秒",
        "asked": "已提交，由另一人在“审批”中决定。",
        "added": "所有会员在周末购买生鲜，每 ¥1 积 5 分，2 倍。",
        "earns": "1,000 积分",
        "saved": "已存入草稿。",
        "never": "永远不会生效",
        "slip": "这不是礼品卡卡号：应为 G 加 11 位数字，请检查有无输错。",
        "blocked": "已冻结，这张卡不能再消费。",
    },
    "en": {
        "nobody": "Nobody is found by that.",
        "clear": "Shown in clear for 60 seconds.",
        "asked": "Asked for. Another person decides it under Approvals.",
        "added": "All members earn 5 points per ¥1 on Fresh food at weekends, times 2.",
        "earns": "1,000 points",
        "saved": "Saved in the draft.",
        "never": "never counts",
        "slip": "This is not the number of a gift card: G and eleven digits. Look for a slip.",
        "blocked": "The card is blocked: nothing of it can be spent.",
    },
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_member_is_found_shown_in_clear_and_hidden_again(open_page: OpenPage, served: Served, language: str) -> None:
    words, member = WORDS[language], f"/members/{served.facts['member_id']}/"
    page = open_page("/members/", user="manager", language=language)
    page.fill("#find-text", "13012341234")
    page.keyboard.press("Enter")
    expect(page.locator("#find-error")).to_have_text(words["nobody"])
    page.fill("#find-text", PHONE)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{member}")
    personal = page.locator("#personal")
    expect(personal).to_contain_text("138****5678")
    personal.locator("summary").first.click()
    page.fill("#reveal-reason", "asks for a receipt")
    page.keyboard.press("Enter")
    expect(personal).to_contain_text("+8613812345678")
    expect(personal).to_contain_text(words["clear"])
    assert axe_violations(page) == []
    personal.locator("[hx-target='#personal']").click()
    expect(personal).to_contain_text("138****5678")
    expect(personal).not_to_contain_text("+8613812345678")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_correction_is_asked_for_on_a_phone_and_decided_by_another_person(
    open_page: OpenPage, served: Served, language: str
) -> None:
    address = f"/members/{served.facts['twin_id']}/adjust/"
    page = open_page(address, user="manager", language=language, width=360)
    assert_no_sideways_scroll(page)
    page.fill("#amount", "30")
    page.fill("#reason", f"missed at the till ({language})")
    page.locator("form .btn-primary").click()
    page.wait_for_url(f"**/members/{served.facts['twin_id']}/")
    expect(page.locator("main")).to_contain_text(WORDS[language]["asked"])
    other = open_page("/approvals/", user="finance", language=language)
    other.get_by_text(f"missed at the till ({language})").first.wait_for()
    other.locator("main").get_by_role("row").filter(has_text=f"({language})").get_by_role("link").first.click()
    other.locator("button[value=approve]").click()
    other.wait_for_url("**/approvals/")
    expect(other.locator("main")).not_to_contain_text(f"missed at the till ({language})")


@pytest.mark.parametrize("language", LANGUAGES)
def test_rules_are_written_by_clicks_said_and_tried_at_once(open_page: OpenPage, served: Served, language: str) -> None:
    words = WORDS[language]
    page = open_page(f"/loyalty/drafts/{served.facts['programme_draft_id']}/rules/", user="marketer", language=language)
    expect(page.locator("[data-points]")).to_have_attribute("data-points", "200")
    count = page.locator("[id^=earn-][id$=-points]").count()
    page.locator("button[value='add:earn']").click()
    row = f"#earn-{count}"
    expect(page.locator(f"{row}[open]")).to_be_visible()
    page.fill(f"{row}-points", "5")
    page.fill(f"{row}-multiplier_bp", "2")
    for day in ("6", "7"):
        page.locator(f"input[name='earn.{count}.weekdays'][value='{day}']").dispatch_event("click")
    page.fill(f"{row}-categories", "fresh")
    page.locator(f"{row}-categories-hits [data-code='fresh']").click()
    expect(page.locator(f"#say-earn-{count}")).to_contain_text(words["added"])
    expect(page.locator("#preview")).to_contain_text(words["never"])  # a row above takes all of it
    for at in range(count, 0, -1):
        page.locator(f"button[value='up:earn.{at}']").click()
        expect(page.locator(f"#earn-{at - 1}-points")).to_have_value("5")
    page.fill("#try-category", "fresh")
    page.locator("#try-category-hits [data-code='fresh']").click()
    expect(page.locator("[data-points]")).to_have_attribute("data-points", "1000")
    expect(page.locator("#tried")).to_contain_text(words["earns"])
    assert axe_violations(page) == []
    page.locator("button[value=save].btn-primary").click()
    expect(page.locator("main")).to_contain_text(words["saved"])
    expect(page.locator("#earn-0-points")).to_have_value("5")
    page.locator("#earn-0 > summary").click()
    page.locator("button[value='remove:earn.0']").click()
    expect(page.locator("#earn-0-points")).to_have_value("1")
    page.locator("button[value=save].btn-primary").click()
    page.wait_for_load_state("networkidle")
    expect(page.locator("[id^=earn-][id$=-points]")).to_have_count(count)


@pytest.mark.parametrize("language", LANGUAGES)
def test_gift_cards_are_issued_on_a_phone_taken_out_as_a_sheet_and_one_is_blocked(
    open_page: OpenPage, served: Served, language: str
) -> None:
    words = WORDS[language]
    page = open_page("/members/gift-cards/batches/new/", user="finance", language=language, width=390)
    page.fill("#id_count", "4")
    page.fill("#id_amount", "50")
    page.fill("#id_note", f"story {language}")
    page.locator("form.form .btn-primary").click()
    expect(page.locator("h1")).to_have_text(f"story {language}")
    expect(page.locator(".tile-main .tile-value")).to_have_text("4")
    batch = page.url
    page.locator("button[value=sheet]").click()
    expect(page.locator(".card-print svg")).to_have_count(4)
    number = page.locator(".card-print span").last.inner_text()
    assert_no_sideways_scroll(page)
    assert axe_violations(page) == []
    page.goto(batch)
    expect(page.get_by_role("link", name=number)).to_be_visible()
    page.goto("/members/gift-cards/")
    page.fill("#number", number[:-1])
    page.keyboard.press("Enter")
    expect(page.locator("#number-error")).to_have_text(words["slip"])
    expect(page.locator("#number")).to_have_value(number[:-1])
    page.fill("#number", number.lower())
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(number)
    page.fill("#block-reason", "stolen from the parcel")
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("button[value=block]").click()
    expect(page.locator("body")).to_contain_text(words["blocked"])
    expect(page.locator("#unblock-reason")).to_be_visible()
    assert_no_sideways_scroll(page)
    assert axe_violations(page) == []
