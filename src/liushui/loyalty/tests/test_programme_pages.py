"""Pages of the programme: rules edited by clicks, said in both languages, tried, checked, reviewed, published."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.support.member_world import PROGRAMME

from liushui.loyalty import facade
from liushui.loyalty.domain.programme_checks import check
from liushui.loyalty.domain.programme_json import read_programme, write_programme
from liushui.loyalty.domain.programme_sentence import Vocabulary, say_earn_row
from liushui.loyalty.pages.programme_form import change_form, form_of_document, read_form
from liushui.loyalty.tests.office import Office, make_office, text_of
from liushui.runtime.grants import staff_principal

WORDS = Vocabulary(
    currency="CNY",
    tiers={"silver": ("银卡", "Silver"), "gold": ("金卡", "Gold")},
    categories={"fresh": ("生鲜", "Fresh food")},
    channels={"web": ("网店", "the web shop")},
)
RICH: dict[str, Any] = {
    **PROGRAMME,
    "earning": {
        "match": "best",
        "tenders_without_points": ["gift_card", "points"],
        "rows": [
            {
                "tiers": ["gold", "silver"], "categories": ["fresh"], "channels": ["web"], "weekdays": [6, 7],
                "month_days": [8, 18], "hours": [["19:00", "22:00"]], "points": 2, "per_minor": 1_000,
                "multiplier_bp": 15_000,
            },
            {"categories": ["drinks/spirits"], "points": 0, "per_minor": 100},
            {"points": 1, "per_minor": 100},
        ],
    },
    "validity": {"kind": "year_end", "years": 1},
    "anniversary": {"window": "day", "points": 0, "multiplier_bp": 30_000},
}  # fmt: skip


@pytest.fixture
def office(db: None) -> Office:
    return make_office()


@pytest.mark.parametrize("document", [PROGRAMME, RICH])
def test_a_programme_that_goes_through_the_form_comes_out_the_same(document: dict[str, Any]) -> None:
    normal = write_programme(read_programme(document))
    assert read_form(form_of_document(normal, "CNY"), "CNY").document == normal


def test_a_row_is_said_in_both_languages() -> None:
    first, second, third = (say_earn_row(row, WORDS) for row in read_programme(RICH).earn_rows)
    assert first.zh == "金卡、银卡会员在周末且每月 8、18 日 19:00–22:00 在网店购买生鲜，每 ¥10 积 2 分，1.5 倍。"
    assert first.en == (
        "Gold or Silver members earn 2 points per ¥10 on Fresh food at the web shop at weekends on day 8 or 18 of the"
        " month from 19:00 to 22:00, times 1.5."
    )
    assert second.zh == "所有会员购买drinks/spirits，不积分。"
    assert second.en == "All members earn nothing on drinks/spirits."
    assert third.zh == "所有会员购买任何商品，每 ¥1 积 1 分。"
    assert third.en == "All members earn 1 point per ¥1."


def test_rows_are_added_copied_moved_and_removed() -> None:
    form = form_of_document(write_programme(read_programme(PROGRAMME)), "CNY")

    def rows() -> list[str]:
        return [row.get("tiers", "") for row in form.tables["earn"]]

    assert rows() == ["gold", ""]
    assert change_form(form, "down:earn.0") == "earn.1"
    assert rows() == ["", "gold"]
    assert change_form(form, "copy:earn.1") == "earn.2"
    assert change_form(form, "add:earn") == "earn.3"
    assert change_form(form, "remove:earn.0") == "earn.0"
    assert rows() == ["gold", "gold", ""]
    for nonsense in ("remove:earn.9", "up:nothing.0", "", "add:plain", "remove:earn.-1", "explode:earn.0"):
        change_form(form, nonsense)
    assert rows() == ["gold", "gold", ""]


def posted(document: dict[str, Any], **changes: str) -> dict[str, Any]:
    """The fields that the page would send."""
    form = form_of_document(write_programme(read_programme(document)), "CNY")
    fields: dict[str, Any] = dict(form.plain)
    fields["tenders_without_points"] = form.plain["tenders_without_points"].split("\n")
    for table, rows in form.tables.items():
        for at, row in enumerate(rows):
            fields |= {f"{table}.{at}.{column}": value for column, value in row.items()}
    return fields | changes


def test_rules_are_saved_by_the_form_alone(office: Office) -> None:
    browser, draft_id = office.browser("marketer"), office.made.draft_id
    address = f"/loyalty/drafts/{draft_id}/rules/"
    before = facade.programme_draft(draft_id=draft_id, principal=_principal(office, "marketer"))
    answer = browser.post(address, posted(RICH, revision=str(before.revision)))
    assert answer.status_code == 302
    after = facade.programme_draft(draft_id=draft_id, principal=_principal(office, "marketer"))
    assert json.loads(after.document) == write_programme(read_programme(RICH))
    stale = browser.post(address, posted(PROGRAMME, revision=str(before.revision)))
    assert stale.status_code == 422
    assert "Somebody else has changed this draft" in text_of(stale)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("earn.0.per_minor", "a lot", "“a lot” is not an amount."),
        ("earn.0.per_minor", "0", "This must be more than 0."),
        ("earn.0.hours", "25:00-26:00", "is not a span of hours"),
        ("earn.0.month_days", "32", "A whole number from 1 to 31 is wanted."),
        ("earn.0.tiers", "bronze", "There is no such tier in the table of tiers."),
        ("earn.0.multiplier_bp", "101", "This is too small or too large."),
        ("levels.1.spend_minor", "50", "This must be more than the tier before it takes."),
        ("levels.0.name_zh", " ", "Give the name."),
        ("window_months", "0", "A whole number from 1 to 120 is wanted."),
        ("redemption.max_share_bp", "150", "This is too small or too large."),
    ],
)
def test_what_is_wrong_is_told_by_its_field_and_nothing_is_saved(
    office: Office, name: str, value: str, words: str
) -> None:
    browser, draft_id = office.browser("marketer"), office.made.draft_id
    before = facade.programme_draft(draft_id=draft_id, principal=_principal(office, "marketer"))
    answer = browser.post(f"/loyalty/drafts/{draft_id}/rules/", posted(PROGRAMME, **{name: value}))
    page = text_of(answer)
    assert answer.status_code == 422
    assert words in page
    assert f'<a href="#{name.replace(".", "-")}">' in page
    assert facade.programme_draft(draft_id=draft_id, principal=_principal(office, "marketer")) == before


@pytest.mark.parametrize(
    ("tier", "at", "birthday", "points"),
    [
        ("gold", "2026-11-28T12:00", "", 200),  # a Saturday: twice
        ("gold", "2026-11-27T12:00", "", 100),
        ("silver", "2026-11-28T12:00", "", 100),
        ("gold", "2026-11-28T12:00", "on", 450),  # four times, and 50 with the first purchase
    ],
)
def test_a_sale_is_tried_beside_the_rules(office: Office, tier: str, at: str, birthday: str, points: int) -> None:
    fields = posted(PROGRAMME) | {"try.tier": tier, "try.amount": "100", "try.at": at, "try.channel": "pos"}
    if birthday:
        fields["try.birthday"] = birthday
    page = text_of(office.browser("marketer").post(f"/loyalty/drafts/{office.made.draft_id}/rules/preview/", fields))
    assert f'data-points="{points}"' in page
    assert "Gold members earn 1 point per ¥1 at weekends, times 2." in page
    assert "金卡会员在周末购买任何商品，每 ¥1 积 1 分，2 倍。" in page
    assert "Nothing to say against it." in page


def test_checks_name_rows_that_never_count_and_tiers_that_earn_less() -> None:
    rows = [
        {"points": 1, "per_minor": 100},
        {"tiers": ["gold"], "points": 2, "per_minor": 100},
        {"categories": ["fresh"], "points": 30, "per_minor": 100},
    ]
    found = check(read_programme({**PROGRAMME, "earning": {**PROGRAMME["earning"], "rows": rows}}))
    assert [(each.code, each.place, each.other) for each in found] == [
        ("unreachable", "earn.1", "1"), ("unreachable", "earn.2", "1"), ("dear", "earn.2", ""),
    ]  # fmt: skip
    assert found[2].basis_points == 3000
    rows = [{"tiers": ["gold"], "points": 1, "per_minor": 200}, {"points": 1, "per_minor": 100}]
    found = check(read_programme({**PROGRAMME, "earning": {**PROGRAMME["earning"], "rows": rows}}))
    assert [(each.code, each.place, each.other) for each in found] == [("tier_earns_less", "levels.1", "silver")]
    found = check(read_programme({**PROGRAMME, "earning": {**PROGRAMME["earning"], "rows": []}}))
    assert [each.code for each in found] == ["nobody"]


def test_a_draft_goes_through_review_to_a_version(office: Office) -> None:
    ma, fei, draft_id = office.browser("marketer"), office.browser("finance"), office.made.draft_id
    address = f"/loyalty/drafts/{draft_id}/"
    page = text_of(ma.get(address))
    assert "Silver takes ¥100 within 12 months" in page  # as it was
    assert "Silver takes ¥200 within 12 months" in page  # as it will be
    assert ma.post(address, {"do": "submit", "reason": " "}).status_code == 422
    for wrong, said in (("", "Give a date and a time."), ("2020-01-01T10:00", "This time is over.")):
        answer = ma.post(address, {"do": "submit", "reason": "raise the bar", "start": "at", "starts_at": wrong})
        assert (answer.status_code, said in answer.content.decode()) == (422, True), wrong
    assert ma.post(address, {"do": "submit", "reason": "raise the bar"}).status_code == 302
    assert "You handed this in yourself" in text_of(ma.get(address))
    assert fei.post(address, {"do": "reject", "reason": ""}).status_code == 422
    published = fei.post(address, {"do": "approve"})
    assert published.status_code == 302
    assert published["Location"].startswith("/loyalty/versions/")
    version = text_of(fei.get(published["Location"]))
    assert "Version 2" in version
    assert "Silver takes ¥200 within 12 months" in version
    back = ma.post(f"/loyalty/versions/{office.made.programme_id}/")
    assert back.status_code == 302
    again = text_of(ma.get(back["Location"]))
    assert "As version 1" in again
    assert "Silver takes ¥100 within 12 months" in again


def test_json_goes_out_and_comes_in(office: Office) -> None:
    browser, draft_id = office.browser("marketer"), office.made.draft_id
    answer = browser.get(f"/loyalty/versions/{office.made.programme_id}/export/")
    assert answer["Content-Disposition"] == 'attachment; filename="programme-version-1.json"'
    assert json.loads(answer.content) == write_programme(read_programme(PROGRAMME))
    wrong = browser.post(f"/loyalty/drafts/{draft_id}/import/", {"text": '{"format": 1}'})
    assert wrong.status_code == 422
    done = browser.post(f"/loyalty/drafts/{draft_id}/import/", {"text": answer.content.decode()})
    assert done.status_code == 302
    assert "Nothing yet." in text_of(browser.get(done["Location"]))


def test_a_dry_run_is_queued_and_its_page_tells_who_would_move(office: Office) -> None:
    browser = office.browser("marketer")
    started = browser.post(f"/loyalty/drafts/{office.made.draft_id}/dry-run/")
    assert started.status_code == 302
    assert started["Location"].startswith("/loyalty/dry-runs/")
    page = text_of(browser.get(f"/loyalty/dry-runs/{office.made.dry_run_id}/"))
    assert "¥15.00" in page  # 1,500 points at a fen each
    assert "Nobody." in page
    refused = office.browser("store_manager").post(f"/loyalty/drafts/{office.made.draft_id}/dry-run/")
    assert refused.status_code == 403


def test_a_dry_run_is_stopped_from_its_page(office: Office) -> None:
    browser = office.browser("marketer")
    address = browser.post(f"/loyalty/drafts/{office.made.draft_id}/dry-run/")["Location"]
    assert "Stop this dry run?" in text_of(browser.get(address))
    assert "Stop this dry run?" not in text_of(office.browser("store_manager").get(address))
    assert office.browser("store_manager").post(address, {"do": "cancel"}).status_code == 403
    assert browser.post(address, {"do": "cancel"}).status_code == 302
    page = text_of(browser.get(address))
    assert "This dry run was cancelled; its figures were not kept." in page
    assert "Stop this dry run?" not in page
    assert browser.get(f"{address}progress/")["HX-Refresh"] == "true"


def test_who_stops_a_dry_run_that_is_done_is_told_so(office: Office) -> None:
    browser, address = office.browser("marketer"), f"/loyalty/dry-runs/{office.made.dry_run_id}/"
    browser.post(address, {"do": "cancel"})
    page = text_of(browser.get(address))
    assert "The dry run was done before it could be stopped." in page
    tiers = page[page.index("By the draft") :].split("</table>")[0]
    assert [tiers.index(name) for name in ("None", "Silver", "Gold")] == sorted(
        tiers.index(name) for name in ("None", "Silver", "Gold")
    )


def test_a_version_to_come_is_cancelled_from_its_page_by_who_may_approve(office: Office) -> None:
    ma, fei, draft_id = office.browser("marketer"), office.browser("finance"), office.made.draft_id
    draft = f"/loyalty/drafts/{draft_id}/"
    june = f"{datetime.now(UTC).year + 1}-06-01T04:00"
    ma.post(draft, {"do": "submit", "reason": "raise the bar", "start": "at", "starts_at": june})
    address = fei.post(draft, {"do": "approve"})["Location"]
    assert "Cancel it before it starts" not in text_of(ma.get(address))
    assert ma.post(address, {"do": "cancel", "reason": "x"}).status_code == 403
    wrong = fei.post(address, {"do": "cancel", "reason": " "})
    assert wrong.status_code == 422
    assert "Give a reason of 1 to 400 characters" in text_of(wrong)
    assert fei.post(address, {"do": "cancel", "reason": "not this year"}).status_code == 302
    page = text_of(office.browser("finance", "zh-hans").get(address))
    assert "已取消" in page
    assert "not this year" in page
    assert f'href="{draft}"' in page
    again = text_of(ma.get(draft))
    assert "Hand in for review" in again
    assert "was cancelled before it started. The draft can be handed in anew." in again
    assert "Silver takes ¥200 within 12 months" in again
    assert fei.post(address, {"do": "cancel", "reason": "again"}).status_code == 302  # one's own is answered as before
    late = fei.post(f"/loyalty/versions/{office.made.programme_id}/", {"do": "cancel", "reason": "late"})
    assert late.status_code == 422


def _principal(office: Office, role: str) -> Any:
    return staff_principal(office.people(role))
