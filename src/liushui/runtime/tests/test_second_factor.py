"""One-time codes as RFC 6238 has them, each good once; recovery codes; keys that the database alone does not give."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from liushui.kernel.errors import Conflict, InvalidValue, NotAllowed, NotFound
from liushui.runtime import access, sealed, second_factor
from liushui.runtime.access import Grant, Principal
from liushui.runtime.grants import grant
from liushui.runtime.models import AuditEntry, RecoveryCode, SecondFactor, StaffSession, StaffUser
from liushui.runtime.staff import reset_factors
from liushui.runtime.tests.access_world import CHAIN_ADMIN, expand, principal

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 9, 30, 10, tzinfo=UTC)
RFC_KEY = base64.b32encode(b"12345678901234567890").decode()  # the key of RFC 6238, appendix B
CASHIER = Grant(role="cashier", chain_id=1, store_id=100)


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_expander", expand)


@pytest.fixture
def user() -> StaffUser:
    return StaffUser.objects.create_user(username="li", password="correct horse", display_name="Li")


def who(user: StaffUser, *grants: Grant) -> Principal:
    return principal(*(grants or (CASHIER,)), subject=f"staff:{user.pk}")


def add_app(user: StaffUser, *, key: str = RFC_KEY, now: datetime = NOW, by: Principal | None = None) -> None:
    code = second_factor.totp_code(key=key, now=now)
    second_factor.add_totp(user=user, name="Phone", key=key, code=code, principal=by or who(user), now=now)


@pytest.mark.parametrize(
    ("seconds", "code"),  # RFC 6238, appendix B, SHA-1, the last six of its eight digits
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    assert second_factor.totp_code(key=RFC_KEY, now=datetime.fromtimestamp(seconds, UTC)) == code


def test_an_app_is_added_by_a_code_of_it_and_written_down_without_its_key(user: StaffUser) -> None:
    add_app(user)
    [factor] = second_factor.factors(user_id=user.pk)
    assert (factor.kind, factor.name, factor.last_used_at) == ("totp", "Phone", None)
    entry = AuditEntry.objects.get(action="factor.add")
    assert (entry.subject, entry.target, entry.chain_id) == (f"staff:{user.pk}", f"staff:{user.pk}", 1)
    assert entry.after == {"kind": "totp", "name": "Phone"}
    assert RFC_KEY not in repr(list(SecondFactor.objects.values()))


def test_a_wrong_code_adds_nothing(user: StaffUser) -> None:
    with pytest.raises(second_factor.WrongCode):
        second_factor.add_totp(user=user, name="Phone", key=RFC_KEY, code="000000", principal=who(user), now=NOW)
    assert not second_factor.has_factor(user_id=user.pk)
    assert not AuditEntry.objects.exists()


def test_there_is_one_app_an_account(user: StaffUser) -> None:
    add_app(user)
    with pytest.raises(Conflict):
        add_app(user, key=second_factor.new_totp_key())
    assert SecondFactor.objects.count() == 1


def test_a_code_is_good_once_and_so_is_none_before_it(user: StaffUser) -> None:
    add_app(user)
    later = NOW + timedelta(seconds=60)
    code = second_factor.totp_code(key=RFC_KEY, now=later)
    earlier = second_factor.totp_code(key=RFC_KEY, now=NOW + timedelta(seconds=30))
    assert not second_factor.check_totp(user_id=user.pk, code=second_factor.totp_code(key=RFC_KEY, now=NOW), now=NOW)
    assert second_factor.check_totp(user_id=user.pk, code=code, now=later)
    assert not second_factor.check_totp(user_id=user.pk, code=code, now=later)
    assert not second_factor.check_totp(user_id=user.pk, code=earlier, now=later)
    assert second_factor.factors(user_id=user.pk)[0].last_used_at == later


@pytest.mark.parametrize(("late", "right"), [(-30, True), (0, True), (30, True), (-60, False), (60, False)])
def test_a_code_may_be_one_step_early_or_late(user: StaffUser, late: int, right: bool) -> None:
    add_app(user, now=NOW - timedelta(hours=1))
    code = second_factor.totp_code(key=RFC_KEY, now=NOW)
    assert second_factor.check_totp(user_id=user.pk, code=code, now=NOW + timedelta(seconds=late)) is right


@pytest.mark.parametrize("typed", ["", "12345", "１２３４５６", "abcdef", "0" * 500])
def test_what_is_no_code_is_wrong(user: StaffUser, typed: str) -> None:
    add_app(user)
    assert not second_factor.check_totp(user_id=user.pk, code=typed, now=NOW + timedelta(minutes=5))


def test_a_code_with_spaces_is_the_same_code(user: StaffUser) -> None:
    add_app(user)
    later = NOW + timedelta(minutes=5)
    code = second_factor.totp_code(key=RFC_KEY, now=later)
    assert second_factor.check_totp(user_id=user.pk, code=f" {code[:3]} {code[3:]} ", now=later)


def test_the_key_of_a_database_without_its_secret_key_opens_nothing(user: StaffUser, settings: Any) -> None:
    add_app(user)
    later = NOW + timedelta(minutes=5)
    settings.SECRET_KEY = "another"
    code = second_factor.totp_code(key=RFC_KEY, now=later)
    assert not second_factor.check_totp(user_id=user.pk, code=code, now=later)
    settings.SECRET_KEY_FALLBACKS = []


def test_a_new_secret_key_reads_what_the_old_one_sealed_while_that_is_a_fallback(settings: Any) -> None:
    settings.SECRET_KEY = "old"
    text = sealed.seal("word", purpose="test")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", ["old"]
    assert sealed.unseal(text, purpose="test") == "word"
    assert sealed.unseal(text, purpose="another purpose") is None
    assert sealed.unseal(text[:-4] + "AAAA", purpose="test") is None


def test_recovery_codes_are_good_once_for_their_owner(user: StaffUser) -> None:
    other = StaffUser.objects.create_user(username="wang", password="correct horse")
    codes = second_factor.new_recovery_codes(user_id=user.pk, principal=who(user))
    assert len(set(codes)) == 10
    assert {len(code) for code in codes} == {11}
    assert codes[0] not in repr(list(RecoveryCode.objects.values()))
    assert codes[0] not in repr(list(AuditEntry.objects.values()))
    assert not second_factor.use_recovery_code(user_id=other.pk, code=codes[0], now=NOW)
    assert second_factor.use_recovery_code(user_id=user.pk, code=codes[0].upper().replace("-", " "), now=NOW)
    assert not second_factor.use_recovery_code(user_id=user.pk, code=codes[0], now=NOW)
    assert second_factor.recovery_codes_left(user_id=user.pk) == 9


def test_new_recovery_codes_void_the_old_ones(user: StaffUser) -> None:
    old = second_factor.new_recovery_codes(user_id=user.pk, principal=who(user))
    new = second_factor.new_recovery_codes(user_id=user.pk, principal=who(user))
    assert not second_factor.use_recovery_code(user_id=user.pk, code=old[0], now=NOW)
    assert second_factor.use_recovery_code(user_id=user.pk, code=new[0], now=NOW)


def test_the_last_factor_of_someone_who_must_have_one_stays(user: StaffUser, settings: Any) -> None:
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"second_factor": "required"})
    manager = who(user, Grant(role="store_manager", chain_id=1, store_id=100))
    add_app(user)
    [factor] = second_factor.factors(user_id=user.pk)
    with pytest.raises(NotAllowed):
        second_factor.remove(user=user, factor_id=factor.id, principal=manager)
    assert second_factor.has_factor(user_id=user.pk)
    second_factor.remove(user=user, factor_id=factor.id, principal=who(user))  # a cashier need not have one
    assert not second_factor.has_factor(user_id=user.pk)


def test_with_the_last_factor_go_the_recovery_codes(user: StaffUser) -> None:
    add_app(user)
    second_factor.new_recovery_codes(user_id=user.pk, principal=who(user))
    second_factor.remove(user=user, factor_id=second_factor.factors(user_id=user.pk)[0].id, principal=who(user))
    assert second_factor.recovery_codes_left(user_id=user.pk) == 0
    assert AuditEntry.objects.get(action="factor.remove").before == {"kind": "totp", "name": "Phone"}


def test_nobody_removes_another_persons_factor(user: StaffUser) -> None:
    other = StaffUser.objects.create_user(username="wang", password="correct horse")
    add_app(user)
    with pytest.raises(NotFound):
        second_factor.remove(user=other, factor_id=second_factor.factors(user_id=user.pk)[0].id, principal=who(other))
    assert second_factor.has_factor(user_id=user.pk)


@pytest.mark.parametrize(
    ("role", "needed"),
    [
        ("it_admin", True), ("marketer", True), ("finance", True), ("store_manager", True),
        ("cashier", False), ("auditor", False), ("regulator", False),
    ],
)  # fmt: skip
def test_who_may_do_grave_things_needs_a_second_factor_where_it_is_required(
    settings: Any, role: str, needed: bool
) -> None:
    someone = principal(Grant(role=role, chain_id=1))
    assert not second_factor.is_required_for(someone)
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"second_factor": "required"})
    assert second_factor.is_required_for(someone) is needed


def test_an_admin_resets_the_factors_of_somebody_else_and_ends_his_sign_ins(user: StaffUser) -> None:
    grant(subject=f"staff:{user.pk}", grant=CASHIER, granted_by=principal(CHAIN_ADMIN, subject="staff:900"))
    add_app(user)
    second_factor.new_recovery_codes(user_id=user.pk, principal=who(user))
    before = user.get_session_auth_hash()

    reset_factors(user_id=user.pk, principal=principal(CHAIN_ADMIN, subject="staff:900"))

    assert not second_factor.has_factor(user_id=user.pk)
    assert second_factor.recovery_codes_left(user_id=user.pk) == 0
    assert not StaffSession.objects.exists()
    user.refresh_from_db()
    assert user.get_session_auth_hash() != before
    entry = AuditEntry.objects.get(action="factor.reset")
    assert (entry.subject, entry.target, entry.before) == ("staff:900", f"staff:{user.pk}", {"factors": ["Phone"]})


def test_nobody_resets_his_own_factors(user: StaffUser) -> None:
    grant(subject=f"staff:{user.pk}", grant=CHAIN_ADMIN, granted_by=principal(CHAIN_ADMIN, subject="staff:900"))
    add_app(user)
    with pytest.raises(NotAllowed, match="his own account"):
        reset_factors(user_id=user.pk, principal=principal(CHAIN_ADMIN, subject=f"staff:{user.pk}"))
    assert second_factor.has_factor(user_id=user.pk)


def test_a_name_is_needed(user: StaffUser) -> None:
    with pytest.raises(InvalidValue):
        second_factor.checked_name("  ")
    with pytest.raises(InvalidValue):
        second_factor.checked_name("x" * 65)
