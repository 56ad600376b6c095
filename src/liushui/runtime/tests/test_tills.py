"""A till and its operator hold a secret each; what is taken away from them works nowhere half a minute later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings

from liushui.kernel.errors import InvalidValue, NotAllowed, NotFound
from liushui.runtime import access, believed, operators, tills
from liushui.runtime.access import Grant
from liushui.runtime.grants import grant, revoke, staff_subject
from liushui.runtime.models import AuditEntry, StaffUser, TillDevice, TillSession
from liushui.runtime.staff import set_active
from liushui.runtime.tests.access_world import CHAIN_ADMIN, STORE_ADMIN, expand, principal
from liushui.runtime.tills import Device

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MANAGER = principal(Grant(role="store_manager", chain_id=1, store_id=100), subject="staff:900")
ADMIN = principal(CHAIN_ADMIN, subject="staff:901")


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_expander", expand)
    believed.forget_all()


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The process's clock, to be moved."""
    clock = [1000.0]
    monkeypatch.setattr(tills.time, "monotonic", lambda: clock[0])
    return clock


def make_till(*, workstation_id: int = 7, store_id: int = 100, now: datetime = NOW) -> tuple[Device, str]:
    return tills.enrol(
        workstation_id=workstation_id,
        workstation_code="T1",
        store_id=store_id,
        chain_id=1,
        name="Till 1",
        principal=ADMIN,
        now=now,
    )


def make_cashier(username: str = "mei", *, store_id: int = 100, role: str = "cashier") -> StaffUser:
    user = StaffUser.objects.create(username=username, display_name=username.title())
    grant(subject=staff_subject(user.pk), grant=Grant(role=role, chain_id=1, store_id=store_id), granted_by=ADMIN)
    return user


def test_a_till_is_known_by_its_secret_of_which_only_the_hash_is_kept() -> None:
    device, secret = make_till()
    assert tills.device_of(credential=secret, now=NOW) == device
    assert tills.device_of(credential="", now=NOW) is None
    assert tills.device_of(credential=secret + "x", now=NOW) is None
    assert secret not in repr(list(TillDevice.objects.values()))
    assert secret not in repr(list(AuditEntry.objects.values()))
    assert secret not in repr(tills._devices._things)
    assert (device.workstation_code, device.store_id, device.enrolled_by) == ("T1", 100, "staff:901")


def test_only_who_may_enrol_tills_in_that_store_does() -> None:
    for speaker in (principal(Grant(role="cashier", chain_id=1)), principal(Grant(role="store_manager", chain_id=2))):
        with pytest.raises(NotAllowed):
            tills.enrol(
                workstation_id=7, workstation_code="T1", store_id=100, chain_id=1, name="T", principal=speaker, now=NOW
            )
    with pytest.raises(InvalidValue):
        tills.enrol(
            workstation_id=7, workstation_code="T1", store_id=100, chain_id=1, name=" ", principal=ADMIN, now=NOW
        )
    assert not TillDevice.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_workstation_has_one_till_and_the_new_one_ends_the_old_one() -> None:
    old, old_secret = make_till()
    token = tills.sign_in(device=old, user=make_cashier(), now=NOW)
    new, new_secret = make_till()
    assert tills.device_of(credential=old_secret, now=NOW) is None
    assert tills.device_of(credential=new_secret, now=NOW) == new
    assert tills.operator_of(token=token, device=new, now=NOW) is None
    assert TillSession.objects.get().ended_at == NOW
    assert [view.id for view in tills.devices(store_ids={100})] == [new.id]
    assert [view.id for view in tills.devices(store_ids={100}, revoked=True)] == [new.id, old.id]
    assert tills.devices(store_ids={101}) == ()


def test_a_checked_till_and_operator_cost_no_query(django_assert_num_queries: Any, moment: list[float]) -> None:
    device, secret = make_till()
    token = tills.sign_in(device=device, user=make_cashier(), now=NOW)
    tills.device_of(credential=secret, now=NOW)
    tills.operator_of(token=token, device=device, now=NOW)
    with django_assert_num_queries(0):
        assert tills.device_of(credential=secret, now=NOW) == device
        operator = tills.operator_of(token=token, device=device, now=NOW)
    assert operator is not None
    assert (operator.username, operator.is_locked) == ("mei", False)
    moment[0] += settings.LIUSHUI.token_cache_seconds
    with django_assert_num_queries(4):  # till, session, rights, touch
        tills.device_of(credential=secret, now=NOW + timedelta(seconds=30))
        tills.operator_of(token=token, device=device, now=NOW + timedelta(seconds=30))


def test_an_operator_is_one_of_his_store_alone_and_of_the_shop_floor_alone() -> None:
    user = make_cashier("boss", role="store_manager")
    grant(subject=staff_subject(user.pk), grant=Grant(role="store_manager", chain_id=1, region_id=20), granted_by=ADMIN)
    device, _secret = make_till()
    operator = tills.operator_of(token=tills.sign_in(device=device, user=user, now=NOW), device=device, now=NOW)
    assert operator is not None
    speaker = operator.principal
    assert speaker.stores("till.use") == speaker.stores("till.approve") == {100}
    assert not speaker.may("report.export")
    assert not speaker.may("till.enrol")
    assert not speaker.whole_chains("day.close")


def test_a_session_is_good_at_its_own_till_alone() -> None:
    first, _ = make_till()
    second, _ = make_till(workstation_id=8)
    token = tills.sign_in(device=first, user=make_cashier(), now=NOW)
    assert tills.operator_of(token=token, device=first, now=NOW) is not None
    assert tills.operator_of(token=token, device=second, now=NOW) is None
    assert tills.operator_of(token=token + "x", device=first, now=NOW) is None


def test_a_session_ends_after_its_hours_and_at_the_next_sign_in() -> None:
    device, _ = make_till()
    mei, lin = make_cashier("mei"), make_cashier("lin")
    token = tills.sign_in(device=device, user=mei, now=NOW)
    last = NOW + timedelta(hours=settings.LIUSHUI.till_session_hours)
    TillSession.objects.update(touched_at=last)
    assert tills.operator_of(token=token, device=device, now=last - timedelta(seconds=1)) is not None
    assert tills.operator_of(token=token, device=device, now=last) is None
    token = tills.sign_in(device=device, user=mei, now=NOW)
    other = tills.sign_in(device=device, user=lin, now=NOW)
    assert tills.operator_of(token=token, device=device, now=NOW) is None
    assert tills.operator_of(token=other, device=device, now=NOW) is not None
    assert tills.recent_operators(device=device) == (("lin", "Lin"), ("mei", "Mei"))
    tills.sign_out(token=other, now=NOW)
    assert tills.operator_of(token=other, device=device, now=NOW) is None


def _revoke_till(device: Device, user: StaffUser) -> None:
    tills.revoke_device(device_id=device.id, principal=MANAGER, now=NOW)


def _end_account(device: Device, user: StaffUser) -> None:
    set_active(user_id=user.pk, is_active=False, principal=principal(STORE_ADMIN, subject="staff:902"))


def _take_role(device: Device, user: StaffUser) -> None:
    subject = staff_subject(user.pk)
    grant(subject=subject, grant=Grant(role="cashier", chain_id=1, store_id=101), granted_by=ADMIN)
    revoke(subject=subject, grant=Grant(role="cashier", chain_id=1, store_id=100), revoked_by=ADMIN)


def _clear_pin(device: Device, user: StaffUser) -> None:
    StaffUser.objects.filter(pk=user.pk).update(is_active=True)
    end_first = Grant(role="cashier", chain_id=1, store_id=100)
    assert end_first
    operators.clear(user_id=user.pk, principal=MANAGER, now=NOW)


@pytest.mark.parametrize("take_away", [_revoke_till, _end_account, _take_role, _clear_pin])
def test_what_is_taken_away_elsewhere_ends_here_within_the_believed_seconds(
    take_away: Any, moment: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    device, secret = make_till()
    user = make_cashier()
    token = tills.sign_in(device=device, user=user, now=NOW)
    assert tills.device_of(credential=secret, now=NOW) is not None
    assert tills.operator_of(token=token, device=device, now=NOW) is not None
    with monkeypatch.context() as another_process:
        another_process.setattr(believed, "forget_all", lambda: None)
        another_process.setattr(tills._operators, "clear", lambda: None)
        take_away(device, user)

    moment[0] += settings.LIUSHUI.token_cache_seconds - 0.01
    assert tills.operator_of(token=token, device=device, now=NOW) is not None
    moment[0] += 0.02
    assert tills.operator_of(token=token, device=device, now=NOW) is None
    assert (tills.device_of(credential=secret, now=NOW) is None) == (take_away is _revoke_till)


@pytest.mark.parametrize("take_away", [_revoke_till, _end_account, _take_role, _clear_pin])
def test_what_is_taken_away_in_this_process_ends_at_once(take_away: Any) -> None:
    device, secret = make_till()
    user = make_cashier()
    token = tills.sign_in(device=device, user=user, now=NOW)
    assert tills.device_of(credential=secret, now=NOW) is not None
    assert tills.operator_of(token=token, device=device, now=NOW) is not None
    take_away(device, user)
    assert tills.operator_of(token=token, device=device, now=NOW) is None
    assert (tills.device_of(credential=secret, now=NOW) is None) == (take_away is _revoke_till)


def test_only_who_may_enrol_tills_there_takes_one_out_of_use() -> None:
    device, secret = make_till(store_id=101)
    with pytest.raises(NotFound):
        tills.revoke_device(device_id=device.id, principal=MANAGER, now=NOW)
    assert tills.device_of(credential=secret, now=NOW) is not None
    tills.revoke_device(device_id=device.id, principal=ADMIN, now=NOW)
    tills.revoke_device(device_id=device.id, principal=ADMIN, now=NOW)
    actions = AuditEntry.objects.order_by("id").values_list("action", "store_id")
    assert list(actions) == [("till.enrol", 101), ("till.revoke", 101)]


def test_a_till_that_nobody_touches_locks_and_goes_on_by_the_pin(moment: list[float]) -> None:
    device, _ = make_till()
    mei, lin = make_cashier("mei"), make_cashier("lin")
    token = tills.sign_in(device=device, user=mei, now=NOW)
    late = NOW + timedelta(minutes=settings.LIUSHUI.till_idle_minutes)
    moment[0] += 600

    def locked(now: datetime, *, touch: bool = True) -> bool:
        operator = tills.operator_of(token=token, device=device, now=now, touch=touch)
        assert operator is not None
        return operator.is_locked

    assert locked(late)
    assert locked(late)
    assert not tills.unlock(token=token, device=device, user=lin, now=late)
    assert locked(late)
    assert tills.unlock(token=token, device=device, user=mei, now=late)
    assert not locked(late)


def test_a_page_that_asks_by_itself_keeps_no_till_unlocked(moment: list[float]) -> None:
    device, _ = make_till()
    token = tills.sign_in(device=device, user=make_cashier(), now=NOW)
    seen = []
    for minute in range(1, 13):
        moment[0] += 60
        operator = tills.operator_of(token=token, device=device, now=NOW + timedelta(minutes=minute), touch=False)
        assert operator is not None
        seen.append(operator.is_locked)
    assert seen == [False] * 9 + [True] * 3


def test_a_touch_among_pages_that_ask_by_themselves_is_written_down(moment: list[float]) -> None:
    device, _ = make_till()
    token = tills.sign_in(device=device, user=make_cashier(), now=NOW)
    for minute in range(1, 20):
        moment[0] += 59
        at = NOW + timedelta(minutes=minute)
        tills.operator_of(token=token, device=device, now=at, touch=False)
        moment[0] += 1
        operator = tills.operator_of(token=token, device=device, now=at, touch=minute % 5 == 0)
        assert operator is not None
        assert not operator.is_locked


def test_when_a_till_was_last_seen_is_known_to_the_minute(moment: list[float]) -> None:
    device, secret = make_till()
    for seconds in (0, 40, 80):
        tills.device_of(credential=secret, now=NOW + timedelta(seconds=seconds))
        moment[0] += 40
    assert TillDevice.objects.get(id=device.id).last_seen_at == NOW + timedelta(seconds=80)
