"""What pages of members say when something is wrong, and in which words."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from liushui.loyalty.tests.office import Office, make_office, text_of
from liushui.privacy import facade as privacy
from liushui.runtime import approvals
from liushui.runtime.grants import staff_principal


@pytest.fixture
def office(db: None) -> Office:
    return make_office()


def test_an_error_is_told_in_the_readers_language_only(office: Office) -> None:
    address = f"/members/{UUID(int=7)}/"
    detail = "There is no such member, or he is not yours to see"
    assert detail in text_of(office.browser("store_manager").get(address))
    answer = office.browser("store_manager", "zh-hans").get(address)
    assert answer.status_code == 404
    assert detail not in text_of(answer)
    assert "不存在，或您无权查看" in text_of(answer)


def test_a_wrong_card_number_is_told_in_words(office: Office) -> None:
    answer = office.browser("store_manager").post(
        f"/members/{office.made.member.id}/card/", {"card": "A B\u0000", "do": "add"}
    )
    assert answer.status_code == 422
    assert "A card's number has 1 to 32 letters and digits" in text_of(answer)


def test_who_comes_to_a_deed_without_a_form_is_led_to_the_page_it_stands_on(office: Office) -> None:
    browser, member = office.browser("store_manager"), f"/members/{office.made.member.id}/"
    for deed in ("reveal", "correct", "consent", "card"):
        answer = browser.get(f"{member}{deed}/")
        assert (answer.status_code, answer["Location"]) == (302, member)
    assert browser.put(f"{member}card/").status_code == 405
    subject = f"/privacy/requests/{office.made.member.subject_id}/"
    for deed in ("export", "erase"):
        assert office.browser("it_admin").get(f"{subject}{deed}/")["Location"] == subject


def test_a_correction_of_points_is_no_amount_of_money(office: Office) -> None:
    form = {"kind": "points", "amount": "7", "reason": "missed at the till"}
    office.browser("store_manager").post(f"/members/{office.made.member.id}/adjust/", form)
    waiting = approvals.waiting(principal=staff_principal(office.people("finance")), now=datetime.now(UTC))
    [asked] = [one for one in waiting if one.reason == "missed at the till"]
    assert (asked.amount_minor, asked.payload["points"]) == (None, 7)


def test_the_proof_of_an_erasure_is_in_words_and_whole(office: Office) -> None:
    ids, browser = office.made.facts(), office.browser("it_admin", "zh-hans")
    page = text_of(browser.get(f"/privacy/requests/{ids['erased_subject_id']}/"))
    proof = privacy.proof(subject_id=UUID(ids["erased_subject_id"]))
    assert proof is not None
    for words in ("手机号", "会员资料", f">{proof.sha256}<", f">{proof.key_sha256}<"):
        assert words in page, words
    for code in ("subject.phone", ">loyalty<", f">{proof.requested_by}<", proof.steps["loyalty"][:19]):
        assert code not in page, code
