"""Erasure destroys the key, tells the others, leaves a proof, and goes on after whatever interrupts it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from liushui.kernel.errors import NotAllowed
from liushui.privacy import facade, queries, registry, vault
from liushui.privacy.contracts import Source
from liushui.privacy.errors import DataUnreadable, UnknownSubject
from liushui.privacy.models import BlindIndexRow, MessageRow, SubjectRow, ValueRow
from liushui.privacy.tests.conftest import NOW, PERSON, PHONE, staff
from liushui.runtime.models import AuditEntry, OutboxEvent

pytestmark = pytest.mark.django_db


class Elsewhere:
    """A module that holds something about people."""

    def __init__(self) -> None:
        self.dropped: list[UUID] = []
        self.is_broken = False

    def export(self, subject_id: UUID) -> Any:
        return {"points": 120, "of": str(subject_id), "cards": ["8801", "8802"]}

    def erase(self, subject_id: UUID, now: datetime) -> None:
        if self.is_broken:
            raise RuntimeError("out of order")
        self.dropped.append(subject_id)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    monkeypatch.setattr(registry, "_sources", {})
    found = Elsewhere()
    facade.register_source(Source(name="points", title="Points", export=found.export, erase=found.erase))
    facade.register_source(Source(name="receipts", title="Receipts", export=lambda _id: [], erase=None))
    yield found


def erase(person: UUID, **other: Any) -> Any:
    given = {"subject_id": person, "reason": "asked for it", "principal": None, "now": NOW} | other
    return facade.erase_subject(**given)


def test_the_masked_number_of_codes_that_went_to_nobody_known_is_gone_too(person: UUID, elsewhere: Elsewhere) -> None:
    for chain_id, to in ((1, PHONE), (1, "13912345679"), (2, PHONE)):
        facade.request_code(chain_id=chain_id, to=to, channel="sms", purpose="sign-in", address="192.0.2.1", now=NOW)
    erase(person)
    kept = MessageRow.objects.order_by("chain_id", "to_masked").values_list("chain_id", "to_masked")
    assert list(kept) == [(1, "139****5679"), (2, facade.mask(field="phone", value=PHONE))]
    facade.apply_retention(now=NOW + timedelta(days=29))
    assert MessageRow.objects.count() == 2
    facade.apply_retention(now=NOW + timedelta(days=31))
    assert MessageRow.objects.count() == 0


def test_the_key_is_destroyed_and_nothing_finds_the_person_again(person: UUID, elsewhere: Elsewhere) -> None:
    wrapped = bytes(SubjectRow.objects.get(id=person).wrapped_key)
    facade.send_message(chain_id=1, subject_id=person, channel="sms", text="x", purpose="service", now=NOW)
    proof = erase(person)

    assert facade.masked(subject_ids=[person]) == {}
    assert facade.find_subjects(chain_id=1, field="phone", value=PHONE) == ()
    assert (ValueRow.objects.count(), BlindIndexRow.objects.count(), MessageRow.objects.count()) == (0, 0, 0)
    row = SubjectRow.objects.get(id=person)
    assert (row.state, row.wrapped_key, row.erased_at) == ("erased", None, NOW)
    assert elsewhere.dropped == [person]

    assert proof.key_sha256 == hashlib.sha256(wrapped).hexdigest()
    assert proof.fields == tuple(f"subject.{name}" for name in sorted(PERSON))
    assert (proof.requested_by, proof.completed_at) == (f"subject:{person}", NOW)
    assert proof.steps == {"points": NOW.isoformat()}
    stated = {
        "subject_id": str(person), "chain_id": "1", "reason": "asked for it", "requested_by": f"subject:{person}",
        "erased_at": NOW.isoformat(), "key_id": proof.key_id, "key_sha256": proof.key_sha256,
        "fields": ",".join(proof.fields),
    }  # fmt: skip
    assert proof.sha256 == vault.sha256(stated)


def test_others_are_told_by_one_event_without_personal_data(person: UUID, elsewhere: Elsewhere) -> None:
    erase(person)
    erase(person, now=NOW + timedelta(days=1))
    event = OutboxEvent.objects.get(type="liushui.subject.erased.v1")
    assert json.loads(bytes(event.data)) == {
        "subject_id": str(person), "chain_id": 1, "erased_at": "2026-03-01T10:00:00Z",
    }  # fmt: skip
    entry = AuditEntry.objects.get(action="subject.erase")
    assert (entry.target, entry.reason) == (f"subject:{person}", "asked for it")


def test_again_answers_the_same_proof(person: UUID, elsewhere: Elsewhere) -> None:
    first = erase(person)
    again = erase(person, reason="another reason", principal=staff("it_admin"), now=NOW + timedelta(days=1))
    assert again == first
    assert elsewhere.dropped == [person]


def test_a_source_that_fails_leaves_the_person_erased_and_is_tried_again(person: UUID, elsewhere: Elsewhere) -> None:
    elsewhere.is_broken = True
    with pytest.raises(RuntimeError):
        erase(person)
    assert facade.subject(subject_id=person).state == "erasing"
    assert facade.masked(subject_ids=[person]) == {}
    assert facade.resume_erasures(now=NOW + timedelta(minutes=1)) == 0

    elsewhere.is_broken = False
    later = NOW + timedelta(minutes=2)
    assert facade.resume_erasures(now=later) == 1
    assert facade.resume_erasures(now=later) == 0
    proof = facade.proof(subject_id=person)
    assert proof is not None
    assert (proof.steps, proof.completed_at) == ({"points": later.isoformat()}, later)
    assert OutboxEvent.objects.filter(type="liushui.subject.erased.v1").count() == 1


def test_a_copy_of_the_rows_opens_nothing_any_more(person: UUID, elsewhere: Elsewhere) -> None:
    """As somebody would try who kept the sealed values of before."""
    kept = list(ValueRow.objects.filter(subject_id=person).values())
    held = SubjectRow.objects.get(id=person)
    erase(person)
    ValueRow.objects.bulk_create(ValueRow(**row) for row in kept)
    assert queries.plain(subject_id=person) == {}
    with pytest.raises(DataUnreadable):
        vault.data_key(subject_id=person, key_id=held.key_id, wrapped=bytes(61))


def test_who_comes_back_with_the_same_phone_is_somebody_new(person: UUID, elsewhere: Elsewhere) -> None:
    erase(person)
    back = facade.create_subject(chain_id=1, fields={"phone": PHONE}, unique=("phone",), now=NOW)
    assert back != person
    assert facade.find_subjects(chain_id=1, field="phone", value=PHONE) == (back,)
    with pytest.raises(UnknownSubject):
        facade.create_subject(chain_id=1, fields={"phone": PHONE}, subject_id=person, now=NOW)
    with pytest.raises(UnknownSubject):
        facade.update_subject(subject_id=person, fields={"name": "x"}, principal=None, reason="typo", now=NOW)


def test_only_who_handles_such_requests_in_the_chain_erases(person: UUID, elsewhere: Elsewhere) -> None:
    for role, chain_id, error in (("store_manager", 1, NotAllowed), ("it_admin", 2, UnknownSubject)):
        with pytest.raises(error):
            erase(person, principal=staff(role, chain_id=chain_id))
    with pytest.raises(UnknownSubject):
        erase(uuid4())
    assert facade.subject(subject_id=person).state == "active"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="freed pages of SQLite's own file")
@pytest.mark.django_db(transaction=True)
def test_the_database_file_does_not_hold_the_key_on_freed_pages(elsewhere: Elsewhere, tmp_path: Any) -> None:
    who = facade.create_subject(chain_id=1, fields=PERSON, now=NOW)
    wrapped = bytes(SubjectRow.objects.get(id=who).wrapped_key)
    sealed = [bytes(row.sealed) for row in ValueRow.objects.filter(subject_id=who)]

    def file() -> bytes:
        with connection.cursor() as cursor:
            cursor.connection.commit() if cursor.connection.in_transaction else None
        return bytes(connection.connection.serialize())

    assert wrapped in file()
    erase(who)
    now = file()
    assert wrapped not in now
    assert not any(value in now for value in sealed)


def test_an_export_has_every_value_of_this_person_and_of_nobody_else(person: UUID, elsewhere: Elsewhere) -> None:
    facade.create_subject(chain_id=1, fields={"phone": "13955556666", "name": "别人"}, now=NOW)
    facade.give_consent(subject_id=person, purpose="marketing", notice_version="1", channel="till", now=NOW)
    document = facade.export_subject(subject_id=person, principal=None, reason="own request", proved_at=None, now=NOW)
    found = json.loads(document.json)
    values = {(each["table"], each["field"]): each["value"] for each in found["personal_data"]}
    assert values == {
        ("subject", "name"): "欧阳若兰", ("subject", "phone"): "+8613812345678",
        ("subject", "email"): "ruolan.ouyang@mail.example", ("subject", "birthday"): "1988-11-23",
        ("subject", "plate"): "沪BD09321",
    }  # fmt: skip
    assert values.keys() == registry.fields(table="subject").keys()
    assert found["consents"] == [
        {"purpose": "marketing", "is_given": True, "notice_version": "1", "channel": "till", "at": NOW.isoformat()}
    ]
    assert found["sources"] == {
        "points": {"points": 120, "of": str(person), "cards": ["8801", "8802"]}, "receipts": [],
    }  # fmt: skip
    page = document.html.decode()
    for shown in (*PERSON.values(), "120", "8802"):
        assert (shown if shown != PHONE else "+8613812345678") in page
    for other in ("13955556666", "别人"):
        assert other not in page
        assert other not in document.json.decode()
    assert AuditEntry.objects.get(action="subject.export").after == {"sources": ["points", "receipts"]}


def test_what_somebody_wrote_into_a_name_is_text_on_the_page(elsewhere: Elsewhere) -> None:
    who = facade.create_subject(chain_id=1, fields={"name": "<script>x()</script>"}, now=NOW)
    document = facade.export_subject(subject_id=who, principal=None, reason="own request", proved_at=None, now=NOW)
    assert "<script>" not in document.html.decode()
