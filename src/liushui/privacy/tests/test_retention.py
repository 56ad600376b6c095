"""Each field goes when its time is over, counted from the last sign of life; the rest of the person stays."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from liushui.privacy import facade
from liushui.privacy.models import RateRow, SubjectRow
from liushui.privacy.tests.conftest import NOW, PHONE
from liushui.runtime.models import AuditEntry

pytestmark = pytest.mark.django_db


def left(person: UUID) -> list[str]:
    return sorted(facade.own_data(subject_id=person))


def test_fields_go_one_after_another(person: UUID) -> None:
    for days, kept in (
        (365, ["birthday", "email", "name", "phone", "plate"]),
        (366, ["birthday", "email", "name", "phone"]),
        (731, ["name", "phone"]),
        (1096, []),
    ):
        facade.apply_retention(now=NOW + timedelta(days=days))
        assert left(person) == kept, days
    assert facade.find_subjects(chain_id=1, field="phone", value=PHONE) == ()
    assert facade.subject(subject_id=person).state == "active"
    lines = AuditEntry.objects.filter(action="privacy.retention").order_by("id").values_list("target", "after")
    assert list(lines) == [
        (f"field:subject.{name}", {"values": 1}) for name in ("plate", "birthday", "email", "name", "phone")
    ]


def test_a_sign_of_life_begins_the_count_anew(person: UUID) -> None:
    later = NOW + timedelta(days=300)
    assert facade.touch_subjects(subject_ids=[person], now=later) == 1
    assert facade.touch_subjects(subject_ids=[person], now=later + timedelta(hours=23)) == 0
    facade.apply_retention(now=NOW + timedelta(days=366))
    assert "plate" in left(person)
    assert SubjectRow.objects.get(id=person).seen_at == later


def test_windows_of_rates_are_forgotten(person: UUID) -> None:
    assert facade.take_turn(key="x:1", limit=1, seconds=60, now=NOW)
    assert not facade.take_turn(key="x:1", limit=1, seconds=60, now=NOW)
    assert facade.take_turn(key="x:1", limit=1, seconds=60, now=NOW + timedelta(seconds=60))
    facade.apply_retention(now=NOW + timedelta(minutes=5))
    assert RateRow.objects.count() == 0
