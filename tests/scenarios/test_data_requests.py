"""Pages of requests about personal data: found, exported, erased with a proof; notices by version."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from django.test import Client
from tests.support.sign_in import sign_in

from liushui.privacy import facade
from liushui.runtime.access import Grant
from liushui.runtime.grants import grant, system_principal
from liushui.runtime.models import AuditEntry, StaffUser
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore

PHONE = "13812345678"
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


@pytest.fixture
def chain_id(db: None) -> int:
    chain = stores.save_chain(code="HM", name_zh="好邻", name_en="Haolin", currency="CNY")
    stores.save_region(chain_code="HM", code="EAST", name_zh="华东", name_en="East")
    stores.save_stores(stores=[NewStore(chain_code="HM", region_code="EAST", code="S1", name_zh="店", name_en="Shop")])
    return chain.id


@pytest.fixture
def browser(chain_id: int) -> Client:
    user = StaffUser(username="ita", display_name="Ita")
    user.set_unusable_password()
    user.save()
    given = Grant(role="it_admin", chain_id=chain_id)
    grant(subject=f"staff:{user.pk}", grant=given, granted_by=system_principal(name="tests"))
    client = sign_in(Client(), user)
    client.cookies["liushui_language"] = "en"
    return client


@pytest.fixture
def person(chain_id: int) -> Any:
    subject_id = facade.create_subject(
        chain_id=chain_id, fields={"phone": PHONE, "name": "张三丰", "email": "zhang@example.cn"}, now=NOW
    )
    facade.give_consent(subject_id=subject_id, purpose="membership", notice_version="1", channel="till", now=NOW)
    return subject_id


def text_of(answer: Any) -> str:
    return unescape(answer.content.decode())


@pytest.mark.parametrize("text", [PHONE, "Zhang@Example.cn"])
def test_a_person_is_found_by_phone_or_e_mail(browser: Client, person: Any, text: str) -> None:
    answer = browser.post("/privacy/requests/", {"text": text})
    assert (answer.status_code, answer["Location"]) == (302, f"/privacy/requests/{person}/")
    page = text_of(browser.get(answer["Location"]))
    for words in ("138****5678", "张**", "z***@example.cn", "1,095", "Membership"):
        assert words in page, words
    assert PHONE not in page


@pytest.mark.parametrize(
    ("text", "words"),
    [("13900000000", "Nothing is kept of anybody with that."), ("nobody", "This is no mobile number")],
)
def test_who_is_not_kept_is_told_so(browser: Client, person: Any, text: str, words: str) -> None:
    answer = browser.post("/privacy/requests/", {"text": text})
    assert answer.status_code == 422
    assert words in text_of(answer)


def test_everything_is_handed_out_with_a_reason(browser: Client, person: Any) -> None:
    address = f"/privacy/requests/{person}/export/"
    assert browser.post(address, {"format": "json"}).status_code == 422
    answer = browser.post(address, {"format": "json", "reason": "asked by letter"})
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Disposition"].endswith('.json"')
    values = {each["field"]: each["value"] for each in json.loads(answer.content)["personal_data"]}
    assert values == {"phone": "+8613812345678", "name": "张三丰", "email": "zhang@example.cn"}
    page = browser.post(address, {"format": "html", "reason": "asked by letter"})
    assert "+8613812345678" in page.content.decode()
    assert [line.reason for line in AuditEntry.objects.filter(action="subject.export")] == ["asked by letter"] * 2


def test_nobody_is_erased_without_the_word_and_a_reason(browser: Client, person: Any) -> None:
    address = f"/privacy/requests/{person}/erase/"
    refused = browser.post(address, {"reason": "asked by letter", "words": "yes"})
    assert refused.status_code == 422
    assert "Type ERASE to confirm. Nothing was erased." in text_of(refused)
    assert browser.post(address, {"words": "ERASE"}).status_code == 422
    assert facade.subject(subject_id=person).state == "active"
    browser.post(address, {"reason": "asked by letter", "words": "注销"})
    assert facade.subject(subject_id=person).state == "erased"
    proof = facade.proof(subject_id=person)
    assert proof is not None
    page = text_of(browser.get(f"/privacy/requests/{person}/"))
    for words in ("Proof of erasure", "asked by letter", proof.sha256, proof.key_sha256, "Mobile number"):
        assert words in page, words
    assert "138****5678" not in page
    assert "1 person agrees to it" not in text_of(browser.get("/privacy/notices/"))
    listed = text_of(browser.get("/privacy/erasures/"))
    assert proof.sha256 in listed
    assert "Done" in listed
    assert browser.post("/privacy/requests/", {"text": PHONE}).status_code == 422


def test_stale_proof_of_identity_is_asked_for_first(browser: Client, person: Any) -> None:
    session = browser.session
    session["liushui_verified_at"] = 0
    session.save()
    for deed, form in (("erase", {"reason": "asked", "words": "ERASE"}), ("export", {"reason": "asked"})):
        answer = browser.post(f"/privacy/requests/{person}/{deed}/", form)
        assert answer["Location"].startswith("/verify/")
    assert facade.subject(subject_id=person).state == "active"


def test_a_notice_is_published_once_and_counts_who_agrees(browser: Client, person: Any, chain_id: int) -> None:
    form = {"purpose": "membership", "version": "2026-11", "text_zh": "新的告知", "text_en": "A new notice"}
    assert "1 person agrees to it" in text_of(browser.get("/privacy/notices/"))
    assert browser.post("/privacy/notices/", {**form, "text_en": " "}).status_code == 422
    assert browser.post("/privacy/notices/", form).status_code == 302
    assert facade.current_notice(chain_id=chain_id, purpose="membership").text_en == "A new notice"
    page = text_of(browser.get("/privacy/notices/"))
    assert "A new notice" in page
    assert "0 people agree to it" in page
    changed = browser.post("/privacy/notices/", {**form, "text_en": "Another text"})
    assert changed.status_code == 422
    assert facade.current_notice(chain_id=chain_id, purpose="membership").text_en == "A new notice"
