"""Pages of members: the list, one member, what people do there, and what nobody sees."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from tests.support.member_world import CARD, PHONE, SECOND_PHONE
from tests.support.sign_in import sign_in

from liushui.loyalty import facade
from liushui.loyalty.lists import Booking
from liushui.loyalty.tests.office import Office, make_office, text_of
from liushui.orders.contracts import SalePage
from liushui.privacy import facade as privacy
from liushui.runtime import approvals
from liushui.runtime.access import Grant
from liushui.runtime.grants import grant, staff_principal, system_principal
from liushui.runtime.models import AuditEntry, StaffUser
from liushui.stores import facade as stores


@pytest.fixture
def office(db: None) -> Office:
    return make_office()


def test_every_page_answers(office: Office) -> None:
    ids = office.made.facts()
    manager, marketer, finance, it = (office.browser(r) for r in ("store_manager", "marketer", "finance", "it_admin"))
    for browser, path in (
        (manager, "/members/"), (manager, "/members/new/"), (finance, "/members/liability/"),
        (manager, "/members/tiers/"),
        (manager, f"/members/{ids['member_id']}/"), (manager, f"/members/{ids['member_id']}/personal/"),
        (manager, f"/members/{ids['member_id']}/merge/"), (manager, f"/members/{ids['member_id']}/adjust/"),
        (finance, f"/members/corrections/{ids['adjustment_id']}/"), (marketer, "/loyalty/"),
        (marketer, f"/loyalty/versions/{ids['programme_id']}/"),
        (marketer, f"/loyalty/drafts/{ids['programme_draft_id']}/"),
        (marketer, f"/loyalty/drafts/{ids['programme_draft_id']}/rules/"),
        (marketer, f"/loyalty/drafts/{ids['programme_draft_id']}/import/"),
        (marketer, f"/loyalty/drafts/{ids['programme_draft_id']}/export/"),
        (marketer, f"/loyalty/versions/{ids['programme_id']}/export/"),
        (marketer, "/loyalty/find/?source=categories&q=a"), (marketer, f"/loyalty/dry-runs/{ids['dry_run_id']}/"),
        (marketer, f"/loyalty/dry-runs/{ids['dry_run_id']}/progress/"),
        (marketer, f"/loyalty/dry-runs/{ids['dry_run_id']}/export/"), (it, "/privacy/requests/"),
        (it, f"/privacy/requests/{ids['subject_id']}/"), (it, f"/privacy/requests/{ids['erased_subject_id']}/"),
        (it, "/privacy/erasures/"), (it, "/privacy/notices/"), (finance, "/members/liability/?what=principal&by=store"),
    ):  # fmt: skip
        for language in ("zh-hans", "en"):
            browser.cookies["liushui_language"] = language
            assert (path, browser.get(path).status_code) == (path, 200)


def test_the_list_shows_members_masked_with_what_they_have(office: Office) -> None:
    page = text_of(office.browser("store_manager").get("/members/"))
    row = page[page.index(office.made.member.number) :]
    row = row[: row.index("</tr>")]
    assert "张**" in row
    assert "138****5678" in row
    assert "1,200" in row
    assert "¥550.00" in row  # 500 paid in and 50 on top
    assert "Renmin Road" in row
    assert PHONE not in page
    assert "张三丰" not in page


@pytest.mark.parametrize("text", [PHONE, "+86 138 1234 5678", CARD, "number"])
def test_a_member_is_found_by_phone_card_or_number_and_no_address_holds_it(office: Office, text: str) -> None:
    sought = office.made.member.number if text == "number" else text
    answer = office.browser("store_manager").post("/members/", {"text": sought})
    assert (answer.status_code, answer["Location"]) == (302, f"/members/{office.made.member.id}/")


def test_who_is_not_found_is_told_beside_the_field_and_not_repeated(office: Office) -> None:
    answer = office.browser("store_manager").post("/members/", {"text": "13012341234"})
    assert answer.status_code == 422
    assert "Nobody is found by that." in text_of(answer)
    assert "13012341234" not in text_of(answer)


def test_filters_narrow_the_list(office: Office) -> None:
    browser = office.browser("store_manager")

    def numbers(query: str) -> set[str]:
        page = text_of(browser.get(f"/members/?{query}"))
        everybody = {office.made.member.number, office.made.twin.number}
        return {number for number in everybody if number in page}

    both = {office.made.member.number, office.made.twin.number}
    assert numbers("home=S1") == both
    assert numbers("tier=gold") == set()
    assert numbers("joined_to=2020-01-01") == set()
    assert numbers("joined_from=2020-01-01&status=active") == both
    assert "No member fits these filters" in text_of(browser.get("/members/?tier=gold"))
    assert "Erased" in text_of(browser.get("/members/?status=erased"))


def test_pages_of_the_list_hold_each_member_once(office: Office, settings: Any) -> None:
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"page_rows": 1})
    browser = office.browser("store_manager")
    seen, address = [], "/members/?status=all"
    for _page in range(5):
        page = text_of(browser.get(address))
        seen += [part.split("/")[0] for part in page.split('data-href="/members/')[1:]]
        more = page[page.index('class="pager"') :].split('href="')
        if not any("after=" in link for link in more):
            break
        address = "/members/" + next(link for link in more if "after=" in link).split('"')[0]
    assert len(seen) == 3
    assert {str(office.made.member.id), str(office.made.twin.id)} < set(seen)


def test_the_file_holds_masked_data_and_exact_balances(office: Office) -> None:
    answer = office.browser("store_manager").get("/members/export/?format=csv")
    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    head, *rows = csv.reader(io.StringIO(body))
    assert head == [
        "Member number", "Name", "Phone", "Tier", "Status", "Home store", "Joined", "Last purchase", "Points",
        "Principal", "Gift part",
    ]  # fmt: skip
    by_number = {row[0]: row for row in rows}
    mine = by_number[office.made.member.number]
    assert mine[1:3] == ["张**", "138****5678"]
    assert mine[4:6] + mine[7:] == ["Active", "Renmin Road", "", "1200", "500.00", "50.00"]
    assert PHONE not in body


def test_a_member_page_shows_balances_tier_expiry_cards_and_consents(office: Office) -> None:
    page = text_of(office.browser("store_manager").get(f"/members/{office.made.member.id}/"))
    for words in (
        "1,200 expire on ", "¥550.00", "¥500.00", "¥50.00", "No tier yet", "To Silver", "¥100.00", CARD, "Marketing",
        "+120 points", "Topped up", "Correction", "Consent given: Profiling",
    ):  # fmt: skip
        assert words in page, words
    assert PHONE not in page
    assert "1990-05-21" not in page


def test_data_in_clear_needs_a_reason_and_is_written_down(office: Office) -> None:
    browser, address = office.browser("store_manager"), f"/members/{office.made.member.id}/reveal/"
    refused = browser.post(address, {"reason": " "})
    assert refused.status_code == 422
    assert PHONE not in text_of(refused)
    shown = browser.post(address, {"reason": "calls about a refund"})
    page = text_of(shown)
    assert (shown.status_code, shown["Cache-Control"]) == (200, "no-store")
    for words in ("+8613812345678", "张三丰", "1990-05-21", "Shown in clear for 60 seconds"):
        assert words in page, words
    assert f'hx-get="/members/{office.made.member.id}/personal/"' in page
    assert 'hx-trigger="load delay:60s"' in page
    hidden = text_of(browser.get(f"/members/{office.made.member.id}/personal/"))
    assert "138****5678" in hidden
    assert PHONE not in hidden
    [line] = AuditEntry.objects.filter(action="subject.reveal")
    assert line.reason == "calls about a refund"
    assert PHONE not in str(line.after)


def test_stale_proof_is_asked_for_before_anything_is_shown(office: Office) -> None:
    browser = office.browser("store_manager")
    session = browser.session
    session["liushui_verified_at"] = 0
    session.save()
    answer = browser.post(f"/members/{office.made.member.id}/reveal/", {"reason": "calls about a refund"})
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/verify/")
    assert not AuditEntry.objects.filter(action="subject.reveal").exists()


def test_a_marketer_sees_no_way_to_reveal_or_change(office: Office) -> None:
    page = text_of(office.browser("marketer").get(f"/members/{office.made.member.id}/"))
    assert "Show in clear" not in page
    assert "Correct the data" not in page
    answer = office.browser("marketer").post(f"/members/{office.made.member.id}/reveal/", {"reason": "curious"})
    assert answer.status_code == 403


def test_a_wrong_phone_is_corrected_and_found_afterwards(office: Office) -> None:
    browser, address = office.browser("store_manager"), f"/members/{office.made.member.id}/correct/"
    wrong = browser.post(address, {"phone": "12345", "reason": "typing error"})
    assert wrong.status_code == 422
    assert "This is no mobile number." in text_of(wrong)
    taken = browser.post(address, {"phone": SECOND_PHONE, "reason": "typing error"})
    assert taken.status_code == 422
    nothing = browser.post(address, {"reason": "typing error"})
    assert "Fill in at least one field." in text_of(nothing)
    assert browser.post(address, {"phone": "13612345678", "reason": "typing error"}).status_code == 302
    chain_id = office.store.chain_id
    found = facade.find_member(chain_id=chain_id, text="13612345678")
    assert found is not None
    assert found.id == office.made.member.id
    assert facade.find_member(chain_id=chain_id, text=PHONE) is None


def test_a_consent_is_withdrawn_and_given_again_on_behalf(office: Office) -> None:
    browser, address = office.browser("store_manager"), f"/members/{office.made.member.id}/consent/"
    subject_id = office.made.member.subject_id
    assert subject_id is not None
    said = {"purpose": "marketing", "channel": "console"}
    browser.post(address, {**said, "do": "withdraw"})
    assert not privacy.has_consent(subject_id=subject_id, purpose="marketing")
    browser.post(address, {**said, "do": "give", "notice_version": "1"})
    assert privacy.has_consent(subject_id=subject_id, purpose="marketing")
    last = privacy.consents(subject_id=subject_id)["marketing"]
    assert (last.is_given, last.notice_version, last.channel) == (True, "1", "console")
    assert AuditEntry.objects.filter(action__in=("consent.give", "consent.withdraw")).count() == 2
    browser.post(address, {**said, "do": "give", "notice_version": "none"})
    assert privacy.consents(subject_id=subject_id)["marketing"] == last


def test_a_blocked_card_finds_nobody_until_it_is_unblocked(office: Office) -> None:
    browser, address = office.browser("store_manager"), f"/members/{office.made.member.id}/card/"
    browser.post(address, {"card": CARD, "do": "block"})
    assert facade.find_member(chain_id=office.store.chain_id, text=CARD) is None
    assert "Blocked" in text_of(browser.get(f"/members/{office.made.member.id}/"))
    browser.post(address, {"card": CARD, "do": "unblock"})
    found = facade.find_member(chain_id=office.store.chain_id, text=CARD)
    assert found is not None
    taken = browser.post(f"/members/{office.made.twin.id}/card/", {"card": CARD, "do": "add"})
    assert taken.status_code == 409
    assert "This card belongs to another member" in text_of(taken)


def test_a_merge_is_looked_at_first_and_then_done(office: Office) -> None:
    browser, keep, drop = office.browser("store_manager"), office.made.member, office.made.twin
    address = f"/members/{keep.id}/merge/"
    assert browser.post(address, {"do": "find", "text": PHONE}).status_code == 422  # himself
    found = browser.post(address, {"do": "find", "text": SECOND_PHONE})
    assert found["Location"] == f"{address}?with={drop.id}"
    preview = text_of(browser.get(found["Location"]))
    for words in ("1,200", "1,500", "300", keep.number, drop.number, "139****5678"):
        assert words in preview, words
    assert facade.balances(member_id=keep.id).points == 1200
    browser.post(address, {"do": "merge", "drop": str(drop.id), "reason": "one person"})
    assert facade.balances(member_id=keep.id).points == 1500
    gone = facade.member(member_id=drop.id)
    assert gone is not None
    assert (gone.status, gone.merged_into) == ("merged", keep.id)
    assert "This member was merged." in text_of(browser.get(f"/members/{drop.id}/"))


def test_a_correction_is_asked_for_once_and_booked_after_another_person_approved(office: Office) -> None:
    manager, finance, member = office.browser("store_manager"), office.browser("finance"), office.made.member
    address = f"/members/{member.id}/adjust/"
    wrong = manager.post(address, {"kind": "points", "amount": "1.5", "reason": "missed"})
    assert wrong.status_code == 422
    assert "A whole number from 1 to 1,000,000,000 is wanted." in text_of(wrong)
    form = {
        "kind": "gift", "direction": "take", "amount": "12.50", "reason": "given twice",
        "request_id": "01980000-0000-7000-8000-000000000001",
    }  # fmt: skip
    assert manager.post(address, form).status_code == 302
    assert manager.post(address, form).status_code == 302  # the same form sent twice
    page = text_of(manager.get(f"/members/{member.id}/"))
    assert page.count("Gift part -¥12.50") == 1
    correction = "/members/corrections/01980000-0000-7000-8000-000000000001/"
    assert "¥37.50" in text_of(finance.get(correction))
    [asked] = [one for one in approvals.waiting(principal=staff_principal(office.people("finance")), now=_now())
               if one.reason == "given twice"]  # fmt: skip
    assert correction in text_of(finance.get(f"/approvals/{asked.id}/"))
    finance.post(f"/approvals/{asked.id}/", {"do": "approve"})
    facade.settle_adjustments(now=_now())
    assert facade.balances(member_id=member.id).gift_minor == 3750
    assert "Booked" in text_of(finance.get(correction))


def test_somebody_is_taken_in_once(office: Office) -> None:
    browser = office.browser("store_manager")
    form = {"phone": "13500001111", "name": "赵六", "home": "S1", "consent": ["membership:1"],
            "member_id": "01980000-0000-7000-8000-000000000002"}  # fmt: skip
    without = browser.post("/members/new/", {**form, "consent": []})
    assert without.status_code == 422
    assert "Nobody becomes a member without agreeing to membership." in text_of(without)
    joined = browser.post("/members/new/", form)
    assert joined["Location"] == "/members/01980000-0000-7000-8000-000000000002/"
    again = browser.post("/members/new/", {**form, "member_id": ""})
    assert again["Location"] == joined["Location"]
    assert "This phone belongs to a member already" in text_of(browser.get(again["Location"]))


def test_the_liability_ties_day_by_day_and_to_the_accounts(office: Office) -> None:
    finance = office.browser("finance")
    page = text_of(finance.get("/members/liability/"))
    assert "The closing figures are what all accounts together hold at this moment." in page
    assert "does not add up" not in page
    for what, by, row in (
        ("points", "day", ["0", "0", "0", "0", "0", "0", "1500", "0", "1500"]),
        ("principal", "store", ["0.00", "500.00", "0.00", "0.00", "0.00", "0.00", "0.00", "0.00", "500.00"]),
        ("gift", "store", ["0.00", "50.00", "0.00", "0.00", "0.00", "0.00", "0.00", "0.00", "50.00"]),
    ):
        answer = finance.get(f"/members/liability/export/?what={what}&by={by}&format=csv")
        body = b"".join(answer.streaming_content).decode("utf-8-sig")
        [_head, line] = csv.reader(io.StringIO(body))
        assert line[1:] == row, what


def test_a_manager_of_one_store_sees_that_store_alone(office: Office) -> None:
    user = StaffUser(username="one", display_name="One")
    user.set_unusable_password()
    user.save()
    grant(
        subject=f"staff:{user.pk}", granted_by=system_principal(name="tests"),
        grant=Grant(role="store_manager", chain_id=office.store.chain_id, store_id=office.store.id),
    )  # fmt: skip
    client = sign_in(Client(), user)
    client.cookies["liushui_language"] = "en"
    page = text_of(client.get("/members/liability/"))
    assert "1 store " in page
    assert "all accounts together" not in page  # corrections belong to no store


def test_bookings_lead_to_the_receipts_that_the_reader_may_open(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = next(each for each in stores.stores() if each.code == "S1")
    booking = Booking(
        kind="spend", at=_now(), points=0, principal_minor=-800, gift_minor=-200, store_id=store.id,
        sale_id=UUID(int=7), lot_until=None, reason="",
    )  # fmt: skip
    monkeypatch.setattr("liushui.loyalty.pages.history.entries_before", lambda **asked: [booking])
    address = f"/members/{office.made.member.id}/"
    seen = text_of(office.browser("store_manager").get(address))
    assert f'href="/orders/{UUID(int=7)}/"' in seen
    assert "of which gift part -¥2.00" in seen
    assert f"/orders/{UUID(int=7)}/" not in text_of(office.browser("marketer").get(address))


def test_a_coupon_that_is_free_is_valid_and_one_that_was_used_is_used(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Batch:
        name_zh, name_en, valid_until = "新客券", "New customers", None

    codes = [(Batch, "2222-FREE", True), (Batch, "2222-GONE", False)]
    monkeypatch.setattr("liushui.promotions.facade.member_codes", lambda **_asked: codes)
    page = text_of(office.browser("store_manager").get(f"/members/{office.made.member.id}/"))
    rows = {code: page[page.index(code) :].split("</tr>")[0] for _batch, code, _is_free in codes}
    assert ["Valid" in rows[code] for code in rows] == [True, False]
    assert ["Used" in rows[code] for code in rows] == [False, True]


def test_purchases_of_an_early_morning_stand_on_the_page_before_them(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(
        "liushui.orders.facade.sales", lambda *, query: asked.append(query) or SalePage(sales=(), next_cursor="")
    )
    # 07:30 on the 23rd in Shanghai: the business day of what was bought at 07:00 is the 23rd, not the 22nd of UTC
    address = f"/members/{office.made.member.id}/?tab=purchases&before=2026-11-22T23:30:00%2B00:00"
    assert office.browser("store_manager").get(address).status_code == 200
    assert [query.last for query in asked] == [date(2026, 11, 23)]


@pytest.mark.parametrize("before", ["9999-12-31T23:59:59%2B00:00", "0001-01-01T00:00:00%2B14:00", "2026-11-22", "x"])
def test_an_instant_that_cannot_be_is_the_first_page(office: Office, before: str) -> None:
    answer = office.browser("store_manager").get(f"/members/{office.made.member.id}/?before={before}")
    assert answer.status_code == 200
    assert "Topped up" in text_of(answer)


def test_tiers_are_counted_by_home_store(office: Office) -> None:
    answer = office.browser("store_manager").get("/members/tiers/export/?format=csv")
    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(body))) == [
        ["Home store", "None", "Silver", "Gold", "Total"], ["Renmin Road", "2", "0", "0", "2"],
    ]  # fmt: skip


def _now() -> datetime:
    return datetime.now(UTC)
