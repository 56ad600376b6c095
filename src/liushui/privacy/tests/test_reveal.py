"""Unmasked data: with the right, a reason and fresh proof; written down first; so often an hour and no more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from liushui.kernel.errors import NotAllowed
from liushui.privacy import facade
from liushui.privacy.errors import ReasonMissing, TooManyReveals, UndeclaredField, UnknownSubject
from liushui.privacy.tests.conftest import NOW, PERSON, staff
from liushui.runtime.models import AuditEntry
from liushui.runtime.step_up import StepUpNeeded

pytestmark = pytest.mark.django_db


def ask(person: UUID, **other: object) -> dict[str, str]:
    given = {
        "subject_id": person, "fields": ["phone", "name"], "reason": "parcel came back", "proved_at": NOW,
        "principal": staff("store_manager"), "now": NOW,
    }  # fmt: skip
    return dict(facade.reveal(**{**given, **other}))


def test_a_look_shows_what_was_asked_for_and_is_written_down(person: UUID) -> None:
    assert ask(person) == {"name": PERSON["name"], "phone": "+8613812345678"}
    entry = AuditEntry.objects.get(action="subject.reveal")
    assert (entry.subject, entry.target, entry.reason) == (
        "staff:store_manager", f"subject:{person}", "parcel came back",
    )  # fmt: skip
    assert (entry.after, entry.chain_id, entry.address) == ({"fields": ["name", "phone"]}, 1, "10.0.0.9")


@pytest.mark.parametrize(
    ("other", "error"),
    [
        ({"principal": staff("marketer")}, NotAllowed),
        ({"principal": staff("store_manager", chain_id=2)}, UnknownSubject),
        ({"proved_at": None}, StepUpNeeded),
        ({"proved_at": NOW - timedelta(seconds=601)}, StepUpNeeded),
        ({"proved_at": NOW + timedelta(hours=1)}, StepUpNeeded),
        ({"reason": " "}, ReasonMissing),
        ({"fields": ["shoe_size"]}, UndeclaredField),
    ],
)
def test_without_right_proof_or_reason_nothing_is_shown(
    person: UUID, other: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        ask(person, **other)
    assert not AuditEntry.objects.filter(action="subject.reveal").exists()


def test_so_many_looks_an_hour(person: UUID, setting: Callable[..., None]) -> None:
    setting(reveals_per_hour=3)
    for _ in range(3):
        ask(person)
    with pytest.raises(TooManyReveals):
        ask(person)
    assert AuditEntry.objects.filter(action="subject.reveal").count() == 3
    ask(person, principal=staff("it_admin"))  # each person for himself
    hour = timedelta(hours=1)
    ask(person, now=NOW + hour, proved_at=NOW + hour)
    setting(reveals_per_hour=0)
    with pytest.raises(TooManyReveals):
        ask(person, now=NOW + 2 * hour, proved_at=NOW + 2 * hour)
