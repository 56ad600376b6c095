"""What the lint found comes onto the draft's page, with the basket that shows it, which opens beside the builder."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import SCREENSHOTS, OpenPage, axe_violations


@pytest.mark.parametrize(
    ("language", "title", "fact"),
    [
        ("en", "No end date", "goes on until somebody ends it."),
        ("zh-hans", "没有结束时间", "会一直有效，直到有人结束它。"),
    ],
)
def test_findings_of_a_draft_and_their_basket(open_page: OpenPage, language: str, title: str, fact: str) -> None:
    page = open_page("/promotions/new/", user="marketer", language=language)
    page.locator("#draft").select_option("")
    page.locator("button[value=spend-off]").click()
    page.wait_for_selector("#preview .sentence-main")
    page.locator("button[value=save-and-close]").click()
    finding = page.locator(".finding", has=page.locator("h4", has_text=title)).first
    expect(finding).to_contain_text(fact)
    finding.locator("summary").click()
    expect(finding.locator(".witness tfoot")).to_be_visible()
    assert axe_violations(page) == []
    page.screenshot(path=str(SCREENSHOTS / f"promotion-findings-{language}.png"), full_page=True)
    finding.locator("a.btn").click()
    expect(page.locator("[data-try-lines] li")).to_have_count(1)
    expect(page.locator(".tried-total")).to_be_visible()
