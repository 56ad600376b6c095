"""Badge and PIN open a till to those who work there, to nobody who guesses, and nothing else to anyone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from liushui.kernel.errors import Conflict, InvalidValue, NotAllowed, NotFound
from liushui.runtime import access, believed, operators, tills
from liushui.runtime.access import Grant, Principal
from liushui.runtime.client_secrets import PinHasher
from liushui.runtime.grants import grant, staff_subject
from liushui.runtime.models import AuditEntry, OperatorCredential, StaffUser
from liushui.runtime.operators import OperatorLocked, OperatorRefused, TrivialPin
from liushui.runtime.staff import set_active
from liushui.runtime.tests.access_world import CHAIN_ADMIN, expand, principal

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MANAGER = principal(Grant(role="store_manager", chain_id=1, store_id=100), subject="staff:900")
ADMIN = principal(CHAIN_ADMIN, subject="staff:901")
PIN = "4711"


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_expander", expand)
    believed.forget_all()


def make_person(username: str, *places: int, role: str = "cashier") -> StaffUser:
    user = StaffUser.objects.create(username=username, display_name=username.title())
    for store_id in places or (100,):
        held = Grant(role=role, chain_id=1, store_id=store_id)
        grant(subject=staff_subject(user.pk), grant=held, granted_by=ADMIN)
    return user


@pytest.fixture
def mei() -> StaffUser:
    user = make_person("mei")
    operators.set_pin(user_id=user.pk, pin=PIN, principal=MANAGER, now=NOW)
    return user


def show(
    username: str = "mei", pin: str = PIN, *, badge: str = "", store_id: int = 100, now: datetime = NOW
) -> StaffUser:
    return operators.identify(store_id=store_id, username=username, pin=pin, badge=badge, now=now, address="10.0.0.7")


def failures() -> int:
    return OperatorCredential.objects.get().failures


def test_a_cashier_is_known_by_user_name_and_pin(mei: StaffUser) -> None:
    assert show() == mei
    assert failures() == 0


def test_a_pin_is_kept_hashed_and_mixed_with_the_key_of_the_installation(mei: StaffUser, settings: Any) -> None:
    kept = OperatorCredential.objects.get().pin_hash
    assert kept.startswith(f"pin${PinHasher.iterations}$")  # how many in earnest: tests/security/test_password_cost.py
    assert PIN not in kept
    settings.SECRET_KEY = "another installation"
    with pytest.raises(OperatorRefused):
        show()


@pytest.mark.parametrize("pin", ["123", "123456789", "12a4", "", "１２３４", "47 11"])
def test_a_pin_is_four_to_eight_digits(pin: str) -> None:
    user = make_person("lin")
    with pytest.raises(InvalidValue, match="4 to 8 digits"):
        operators.set_pin(user_id=user.pk, pin=pin, principal=MANAGER, now=NOW)
    assert not OperatorCredential.objects.exists()


@pytest.mark.parametrize(
    "pin", ["1111", "000000", "1234", "4321", "6789", "7890", "1212", "123123", "47114711", "2580", "1988", "2026"]
)
def test_a_pin_that_is_tried_first_is_refused(pin: str) -> None:
    with pytest.raises(TrivialPin):
        operators.set_pin(user_id=make_person("lin").pk, pin=pin, principal=MANAGER, now=NOW)


@pytest.mark.parametrize("pin", ["4711", "9035", "19883", "120934"])
def test_an_ordinary_pin_is_taken(pin: str) -> None:
    assert not operators.is_trivial(pin)


def test_every_refusal_sounds_the_same(mei: StaffUser) -> None:
    make_person("nobody-yet")
    elsewhere = make_person("far", 200)
    operators.set_pin(user_id=elsewhere.pk, pin=PIN, principal=ADMIN, now=NOW)
    said = set()
    for username, pin, badge in (
        ("mei", "4712", ""),
        ("mei", "", ""),
        ("unknown", PIN, ""),
        ("", "", ""),
        ("nobody-yet", PIN, ""),
        ("nobody-yet", "", ""),
        ("far", PIN, ""),
        ("", "", operators.new_badge()),
        ("a\x00b", PIN, ""),
    ):
        with pytest.raises(OperatorRefused) as refused:
            show(username, pin, badge=badge)
        said.add((refused.value.detail, refused.value.status, refused.value.type))
    assert said == {("User name, PIN or badge is wrong, or it is not for this till", 401, "operator-refused")}


def test_every_refusal_costs_one_hash(mei: StaffUser, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    check = operators.check_password
    monkeypatch.setattr(operators, "check_password", lambda pin, kept: hashed.append(kept) or check(pin, kept))
    operators._unknown_pin()
    for username, badge in (("mei", ""), ("unknown", ""), ("", operators.new_badge())):
        with pytest.raises(OperatorRefused):
            show(username, "0001", badge=badge)
    OperatorCredential.objects.update(locked_until=NOW + timedelta(minutes=1))
    with pytest.raises(OperatorLocked):
        show()
    assert len(hashed) == 4
    assert {kept.split("$")[1] for kept in hashed} == {str(PinHasher.iterations)}


def test_who_is_out_or_works_elsewhere_is_refused(mei: StaffUser) -> None:
    with pytest.raises(OperatorRefused):
        show(store_id=101)
    with pytest.raises(OperatorRefused):
        show(store_id=300)
    set_active(user_id=mei.pk, is_active=False, principal=ADMIN)
    with pytest.raises(OperatorRefused):
        show()


def test_five_wrong_pins_make_a_pause_that_the_right_one_does_not_end(mei: StaffUser) -> None:
    for _ in range(4):
        with pytest.raises(OperatorRefused) as refused:
            show(pin="0000")
        assert not isinstance(refused.value, OperatorLocked)
    with pytest.raises(OperatorRefused):
        show(pin="0000")
    for pin in ("0000", PIN):
        with pytest.raises(OperatorLocked) as locked:
            show(pin=pin, now=NOW + timedelta(minutes=14, seconds=59))
        assert locked.value.context["locked_until"] == (NOW + timedelta(minutes=15)).isoformat()
    assert failures() == 5
    assert show(now=NOW + timedelta(minutes=15)) == mei
    assert failures() == 0


def test_pauses_grow_with_every_five_wrong_pins(mei: StaffUser) -> None:
    now, minutes = NOW, []
    for _ in range(9):
        for _ in range(5):
            with pytest.raises(OperatorRefused):
                show(pin="0000", now=now)
            row = OperatorCredential.objects.get()
            if row.locked_until is not None:
                break
        assert row.locked_until is not None
        minutes.append(int((row.locked_until - now).total_seconds()) // 60)
        now = row.locked_until
    assert minutes == [15, 30, 60, 120, 240, 480, 1440, 1440, 1440]


def test_a_right_pin_forgives_the_wrong_ones_before_it(mei: StaffUser) -> None:
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(OperatorRefused):
                show(pin="0000")
        assert show() == mei
    assert failures() == 0


def test_an_attempt_is_charged_before_it_is_checked(mei: StaffUser, monkeypatch: pytest.MonkeyPatch) -> None:
    charged: list[int] = []
    check = operators.check_password

    def noting(pin: str, kept: str) -> bool:
        charged.append(failures())
        return check(pin, kept)

    monkeypatch.setattr(operators, "check_password", noting)
    show()
    assert charged == [1]


def test_a_badge_opens_the_till_alone_unless_the_pin_is_asked_for_too(mei: StaffUser, settings: Any) -> None:
    badge = operators.new_badge()
    operators.set_badge(user_id=mei.pk, badge=badge, principal=MANAGER, now=NOW)
    assert len(badge) == 23
    assert badge not in repr(list(OperatorCredential.objects.values()))
    assert show("", "", badge=badge) == mei
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"badge_needs_pin": True})
    with pytest.raises(OperatorRefused):
        show("", "", badge=badge)
    assert show("", PIN, badge=badge) == mei


def test_a_new_badge_ends_the_old_one_and_nobody_shares_one(mei: StaffUser) -> None:
    old, new = operators.new_badge(), operators.new_badge()
    operators.set_badge(user_id=mei.pk, badge=old, principal=MANAGER, now=NOW)
    operators.set_badge(user_id=mei.pk, badge=new, principal=MANAGER, now=NOW)
    with pytest.raises(OperatorRefused):
        show("", "", badge=old)
    with pytest.raises(Conflict):
        operators.set_badge(user_id=make_person("lin").pk, badge=new, principal=MANAGER, now=NOW)
    with pytest.raises(InvalidValue):
        operators.set_badge(user_id=mei.pk, badge="LSB123", principal=MANAGER, now=NOW)
    assert show("", "", badge=new) == mei


def test_what_was_taken_away_opens_nothing(mei: StaffUser) -> None:
    badge = operators.new_badge()
    operators.set_badge(user_id=mei.pk, badge=badge, principal=MANAGER, now=NOW)
    operators.clear(user_id=mei.pk, principal=MANAGER, now=NOW)
    for shown in ({"badge": badge, "username": "", "pin": ""}, {"username": "mei", "pin": PIN}):
        with pytest.raises(OperatorRefused):
            show(**shown)


def test_a_manager_gives_pins_to_his_cashiers_alone(mei: StaffUser) -> None:
    shared, far = make_person("shared", 100, 101), make_person("far", 200)
    with pytest.raises(NotAllowed, match="also works in stores"):
        operators.set_pin(user_id=shared.pk, pin=PIN, principal=MANAGER, now=NOW)
    for user_id in (far.pk, 999_999):
        with pytest.raises(NotFound):
            operators.set_pin(user_id=user_id, pin=PIN, principal=MANAGER, now=NOW)
    outsider = principal(Grant(role="cashier", chain_id=1), subject="staff:950")
    with pytest.raises(NotAllowed, match=r"till\.enrol"):
        operators.set_pin(
            user_id=mei.pk,
            pin=PIN,
            principal=outsider,
            now=NOW,
        )
    operators.set_pin(user_id=shared.pk, pin=PIN, principal=ADMIN, now=NOW)
    assert list(OperatorCredential.objects.order_by("pk").values_list("user__username", flat=True)) == ["mei", "shared"]


def test_nobody_who_approves_gets_his_pin_from_another_who_approves() -> None:
    boss = make_person("boss", role="store_manager")
    for give in (
        lambda by: operators.set_pin(user_id=boss.pk, pin=PIN, principal=by, now=NOW),
        lambda by: operators.set_badge(user_id=boss.pk, badge=operators.new_badge(), principal=by, now=NOW),
    ):
        with pytest.raises(NotAllowed, match="chooses the PIN himself"):
            give(MANAGER)
    operators.set_pin(user_id=boss.pk, pin=PIN, principal=own(boss, role="store_manager"), now=NOW)
    assert show("boss") == boss
    operators.set_pin(user_id=boss.pk, pin="9035", principal=ADMIN, now=NOW)  # approves nothing himself
    assert show("boss", "9035") == boss
    operators.clear(user_id=boss.pk, principal=MANAGER, now=NOW)  # taking away is always safe
    with pytest.raises(OperatorRefused):
        show("boss", "9035")


def own(user: StaffUser, *, role: str = "cashier") -> Principal:
    return principal(Grant(role=role, chain_id=1, store_id=100), subject=staff_subject(user.pk))


def test_a_cashier_changes_his_own_pin_and_gives_himself_no_badge(mei: StaffUser) -> None:
    operators.set_pin(user_id=mei.pk, pin="9035", principal=own(mei), now=NOW)
    assert show(pin="9035") == mei
    with pytest.raises(NotAllowed):
        operators.set_badge(user_id=mei.pk, badge=operators.new_badge(), principal=own(mei), now=NOW)


def test_the_list_shows_who_works_at_ones_tills_and_whom_one_may_give_a_pin(mei: StaffUser) -> None:
    make_person("boss", role="store_manager")
    make_person("far", 200)
    make_person("shared", 100, 101)
    make_person("books", role="finance")
    views = operators.credentials(principal=MANAGER)
    assert [(view.username, view.has_pin, view.may_approve, view.manageable) for view in views] == [
        ("boss", False, True, False),
        ("mei", True, False, True),
        ("shared", False, False, False),
    ]
    assert [view.username for view in operators.credentials(principal=ADMIN) if view.manageable] == [
        "boss",
        "far",
        "mei",
        "shared",
    ]


def test_a_pause_is_ended_by_who_gives_the_pins(mei: StaffUser) -> None:
    for _ in range(5):
        with pytest.raises(OperatorRefused):
            show(pin="0000")
    operators.unlock(user_id=mei.pk, principal=MANAGER, now=NOW)
    operators.unlock(user_id=mei.pk, principal=MANAGER, now=NOW)
    assert show() == mei
    assert AuditEntry.objects.filter(action="operator.unlock").count() == 1


def test_a_checker_is_a_principal_of_that_store_alone() -> None:
    boss = make_person("boss", 100, 101, role="store_manager")
    operators.set_pin(user_id=boss.pk, pin=PIN, principal=ADMIN, now=NOW)
    speaker = operators.checker(
        store_id=100, chain_id=1, username="boss", pin=PIN, badge="", now=NOW, address="10.0.0.7"
    )
    assert (speaker.subject, speaker.name, speaker.address) == (staff_subject(boss.pk), "Boss", "10.0.0.7")
    assert speaker.stores("till.approve") == {100}


def test_what_was_given_refused_and_locked_is_in_the_audit_log_without_the_pin(mei: StaffUser) -> None:
    for _ in range(5):
        with pytest.raises(OperatorRefused):
            show(pin="8350")
    written = AuditEntry.objects.exclude(action="access.grant").order_by("id")
    assert list(written.values_list("subject", "action", "target", "store_id", "address")) == [
        ("staff:900", "operator.pin", staff_subject(mei.pk), 100, ""),
        *[("till", "operator.refused", staff_subject(mei.pk), 100, "10.0.0.7")] * 4,
        ("till", "operator.locked", staff_subject(mei.pk), 100, "10.0.0.7"),
    ]
    kept = repr(list(AuditEntry.objects.values()))
    assert PIN not in kept
    assert "8350" not in kept


def test_a_new_pin_signs_out_whoever_uses_the_old_one(mei: StaffUser) -> None:
    device, _secret = tills.enrol(
        workstation_id=7, workstation_code="T1", store_id=100, chain_id=1, name="T", principal=ADMIN, now=NOW
    )
    token = tills.sign_in(device=device, user=mei, now=NOW)
    assert tills.operator_of(token=token, device=device, now=NOW) is not None
    operators.set_pin(user_id=mei.pk, pin="9035", principal=MANAGER, now=NOW)
    assert tills.operator_of(token=token, device=device, now=NOW) is None
