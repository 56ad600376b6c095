"""People are kept sealed, found by a blind index, and seen masked."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from liushui.privacy import facade
from liushui.privacy.errors import DataTaken, InvalidPersonalData, UndeclaredField, UnknownSubject
from liushui.privacy.models import BlindIndexRow, SubjectRow, ValueRow
from liushui.runtime.models import AuditEntry

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
LI = {
    "name": "李小明", "phone": "138 0000 8000", "email": "Zhao@X.cn", "birthday": "1990-05-17", "plate": "京A·12345",
}  # fmt: skip
ID = UUID("01990000-0000-7000-8000-000000000001")

pytestmark = pytest.mark.django_db


def test_a_person_is_seen_masked_and_found_by_phone() -> None:
    subject_id = facade.create_subject(chain_id=1, fields=LI, now=NOW)

    assert facade.masked(subject_ids=[subject_id]) == {
        subject_id: {
            "name": "李**", "phone": "138****8000", "email": "z***@x.cn", "birthday": "****-**-**", "plate": "京A****5",
        }
    }  # fmt: skip
    assert facade.find_subjects(chain_id=1, field="phone", value="+86 13800008000") == (subject_id,)
    assert facade.find_subjects(chain_id=1, field="email", value="zhao@x.cn") == (subject_id,)
    assert facade.find_subjects(chain_id=1, field="phone", value="13800008001") == ()
    assert facade.find_subjects(chain_id=2, field="phone", value="13800008000") == ()


def test_looking_up_and_showing_a_page_are_one_statement_each() -> None:
    ids = [facade.create_subject(chain_id=1, fields={"phone": f"1380000{n:04}"}, now=NOW) for n in range(30)]
    with CaptureQueriesContext(
        connection,
    ) as find:
        facade.find_subjects(chain_id=1, field="phone", value="13800000007")
    with CaptureQueriesContext(connection) as show:
        shown = facade.masked(subject_ids=ids)
    assert (len(find), len(show), len(shown)) == (1, 1, 30)


def test_nothing_stored_holds_the_values() -> None:
    facade.create_subject(chain_id=1, fields=LI, now=NOW)
    stored = b"".join(
        repr(row).encode() + b"".join(bytes(value) for value in row if isinstance(value, (bytes, memoryview)))
        for model in (SubjectRow, ValueRow, BlindIndexRow)
        for row in model.objects.values_list()
    )
    for secret in ("13800008000", "李小明", "zhao@x.cn", "1990-05-17", "京A12345"):
        assert secret.encode() not in stored


def test_the_same_id_again_is_the_same_person_with_the_first_values() -> None:
    first = facade.create_subject(chain_id=1, fields={"phone": "13800008000"}, subject_id=ID, now=NOW)
    again = facade.create_subject(chain_id=1, fields={"phone": "13900009000"}, subject_id=ID, now=NOW)
    assert first == again == ID
    assert SubjectRow.objects.count() == 1
    assert facade.find_subjects(chain_id=1, field="phone", value="13900009000") == ()
    with pytest.raises(UnknownSubject):
        facade.create_subject(chain_id=2, fields={"phone": "13900009000"}, subject_id=ID, now=NOW)


def test_who_has_a_unique_phone_already_is_the_answer() -> None:
    first = facade.create_subject(chain_id=1, fields=LI, unique=("phone",), now=NOW)
    second = facade.create_subject(chain_id=1, fields={"phone": "+8613800008000"}, unique=("phone",), now=NOW)
    elsewhere = facade.create_subject(chain_id=2, fields={"phone": "13800008000"}, unique=("phone",), now=NOW)
    assert second == first
    assert elsewhere != first
    assert SubjectRow.objects.count() == 2


def test_a_family_may_share_what_need_not_be_unique() -> None:
    one = facade.create_subject(chain_id=1, fields={"email": "home@x.cn"}, now=NOW)
    two = facade.create_subject(chain_id=1, fields={"email": "home@x.cn"}, now=NOW)
    assert facade.find_subjects(chain_id=1, field="email", value="HOME@x.cn") == tuple(sorted((one, two)))


def test_a_correction_is_found_anew_and_audited_without_values() -> None:
    subject_id = facade.create_subject(chain_id=1, fields=LI, unique=("phone",), now=NOW)
    facade.update_subject(
        subject_id=subject_id, fields={"phone": "13911112222", "plate": ""}, principal=None,
        reason="new number, was 13800008000", now=NOW,
    )  # fmt: skip
    assert facade.find_subjects(chain_id=1, field="phone", value="13800008000") == ()
    assert facade.find_subjects(chain_id=1, field="phone", value="13911112222") == (subject_id,)
    assert "plate" not in facade.masked(subject_ids=[subject_id])[subject_id]
    entry = AuditEntry.objects.get(action="subject.correct")
    assert entry.after == {"changed": ["phone"], "removed": ["plate"]}
    assert entry.reason == "new number, was [hidden]"
    assert entry.subject == f"subject:{subject_id}"


def test_a_unique_phone_stays_unique_when_it_is_corrected() -> None:
    one = facade.create_subject(chain_id=1, fields={"phone": "13800008000"}, unique=("phone",), now=NOW)
    two = facade.create_subject(chain_id=1, fields={"phone": "13800008001"}, unique=("phone",), now=NOW)
    with pytest.raises(DataTaken) as raised:
        facade.update_subject(subject_id=two, fields={"phone": "13800008000"}, principal=None, reason="typo", now=NOW)
    assert "8000" not in str(raised.value.problem())
    assert facade.find_subjects(chain_id=1, field="phone", value="13800008000") == (one,)
    assert facade.find_subjects(chain_id=1, field="phone", value="13800008001") == (two,)


def test_what_is_not_declared_is_not_stored() -> None:
    with pytest.raises(UndeclaredField):
        facade.create_subject(chain_id=1, fields={"shoe_size": "42"}, now=NOW)
    assert SubjectRow.objects.count() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", "1380000800"), ("phone", "12800008000"), ("phone", "138000080001"), ("phone", "one three eight"),
        ("phone", "+0123456789"), ("phone", "+12"), ("email", "zhao"), ("email", "a b@x.cn"), ("email", "zhao@x"),
        ("birthday", "1990-02-30"), ("birthday", "17.5.1990"), ("birthday", "1890-01-01"), ("name", "x" * 65),
        ("name", "a\x00b"), ("plate", "12345"),
    ],
)  # fmt: skip
def test_what_is_no_such_thing_is_refused_without_repeating_it(field: str, value: str) -> None:
    with pytest.raises(InvalidPersonalData) as raised:
        facade.normalise(field=field, value=value)
    assert value not in raised.value.detail
    assert raised.value.pointer == f"/{field}"


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("phone", "１３８-0000-8000", "+8613800008000"), ("phone", "0086 138 0000 8000", "+8613800008000"),
        ("phone", "8613800008000", "+8613800008000"), ("phone", "+49 (151) 1234567", "+491511234567"),
        ("birthday", "02-29", "--02-29"), ("birthday", "--12-31", "--12-31"), ("name", " 李  小明 ", "李 小明"),
        ("plate", "粤 b·d12345", "粤BD12345"),
    ],
)  # fmt: skip
def test_a_value_is_written_in_one_way(field: str, value: str, kept: str) -> None:
    assert facade.normalise(field=field, value=value) == kept


def test_birthdays_come_without_the_year() -> None:
    full = facade.create_subject(chain_id=1, fields={"birthday": "1990-05-17"}, now=NOW)
    short = facade.create_subject(chain_id=1, fields={"birthday": "02-29"}, now=NOW)
    without = facade.create_subject(chain_id=1, fields={"phone": "13800008000"}, now=NOW)
    assert facade.birthday_of(subject_ids=[full, short, without]) == {full: (5, 17), short: (2, 29)}


def test_nobody_is_born_tomorrow() -> None:
    for born in ("2026-03-03", "2030-01-01"):
        with pytest.raises(InvalidPersonalData) as raised:
            facade.create_subject(chain_id=1, fields={"birthday": born}, now=NOW)
        assert (raised.value.pointer, born in raised.value.detail) == ("/birthday", False)
    subject_id = facade.create_subject(chain_id=1, fields={"birthday": "2026-03-01"}, now=NOW)
    with pytest.raises(InvalidPersonalData):
        facade.update_subject(
            subject_id=subject_id, fields={"birthday": "2026-03-03"}, principal=None, reason="typing error", now=NOW
        )
    assert facade.own_data(subject_id=subject_id) == {"birthday": "2026-03-01"}
