"""Wrong tries are counted before they are judged, for one name from one address, and forgotten after a while."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from axes.models import AccessAttempt
from django.http import HttpRequest
from django.test import RequestFactory

from liushui.kernel.errors import NotAllowed
from liushui.runtime import access, lockout
from liushui.runtime.access import Grant
from liushui.runtime.models import AuditEntry
from liushui.runtime.staff import create_staff, unlock
from liushui.runtime.tests.access_world import CHAIN_ADMIN, expand, principal

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ADMIN = principal(CHAIN_ADMIN, subject="staff:900")


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_expander", expand)


def request(address: str = "10.0.0.1", agent: str = "A", **headers: str) -> HttpRequest:
    return RequestFactory(REMOTE_ADDR=address, HTTP_USER_AGENT=agent, **headers).post("/sign-in/")


def guess(*, times: int, username: str = "li", address: str = "10.0.0.1", now: datetime = NOW, agent: str = "A") -> int:
    for _time in range(times):
        tries = lockout.count_try(request=request(address, agent), username=username, now=now)
    return tries


def is_locked(*, username: str = "li", address: str = "10.0.0.1", now: datetime = NOW) -> bool:
    one = request(address)
    try:
        lockout.count_try(request=one, username=username, now=now)
    except lockout.TooManyTries:
        return True
    lockout.take_back(request=one, username=username)
    return False


def test_the_sixth_try_is_not_judged() -> None:
    assert guess(times=5) == 5
    assert is_locked()
    with pytest.raises(lockout.TooManyTries):
        guess(times=1)
    assert AccessAttempt.objects.get().failures_since_start == 5


def test_other_names_and_other_addresses_are_not_locked() -> None:
    guess(times=5)
    assert not is_locked(username="wang")
    assert not is_locked(address="10.0.0.2")


def test_another_browser_at_the_same_address_is_no_way_around() -> None:
    guess(times=3, agent="A")
    assert guess(times=2, agent="B") == 5
    assert is_locked()


def test_a_header_that_names_another_address_is_not_believed() -> None:
    for number in range(5):
        one = request(HTTP_X_FORWARDED_FOR=f"192.0.2.{number}", HTTP_FORWARDED=f"for=192.0.2.{number}")
        lockout.count_try(request=one, username="li", now=NOW)
    assert is_locked()


def test_the_lock_ends_fifteen_minutes_after_the_last_counted_try() -> None:
    guess(times=5)
    assert is_locked(now=NOW + timedelta(minutes=14, seconds=59))  # trying meanwhile does not lengthen it
    assert not is_locked(now=NOW + timedelta(minutes=15, seconds=1))


def test_a_right_try_takes_back_itself_and_none_of_the_wrong_ones() -> None:
    guess(times=4)
    one = request()
    assert lockout.count_try(request=one, username="li", now=NOW) == 5
    lockout.take_back(request=one, username="li")
    assert guess(times=1) == 5
    assert is_locked()


def test_a_lock_is_written_down_once() -> None:
    grants = (Grant(role="cashier", chain_id=1),)
    for tries in range(1, 6):
        lockout.note_lock(tries=tries, username="li", user_id=7, grants=grants, address="10.0.0.1")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject, entry.target, entry.chain_id) == ("staff.lock", "nobody", "staff:7", 1)
    assert (entry.address, entry.after) == ("10.0.0.1", {"username": "li", "tries": 5, "minutes": 15})


def test_who_manages_the_account_unlocks_it_and_nobody_does_so_for_himself() -> None:
    user_id, _password = create_staff(
        username="li", display_name="Li", grants=[Grant(role="it_admin", chain_id=1)], principal=ADMIN
    )
    guess(times=5)
    guess(times=5, address="10.0.0.2")
    assert lockout.locked_usernames(now=NOW) == {"li"}
    with pytest.raises(NotAllowed):
        unlock(user_id=user_id, principal=principal(CHAIN_ADMIN, subject=f"staff:{user_id}"))
    assert unlock(user_id=user_id, principal=ADMIN)
    assert lockout.locked_usernames(now=NOW) == frozenset()
    assert not unlock(user_id=user_id, principal=ADMIN)
    assert not is_locked()
    assert not is_locked(address="10.0.0.2")
    assert AuditEntry.objects.filter(action="staff.unlock").count() == 1


def test_what_was_typed_is_not_kept() -> None:
    one = RequestFactory(REMOTE_ADDR="10.0.0.1").post(
        "/sign-in/", {"username": "li", "password": "hidden-word", "code": "123456", "recovery": "abcde-fghij"}
    )
    lockout.count_try(request=one, username="li", now=NOW)
    kept = AccessAttempt.objects.get().post_data
    assert "hidden-word" not in kept
    assert "123456" not in kept
    assert "abcde" not in kept
