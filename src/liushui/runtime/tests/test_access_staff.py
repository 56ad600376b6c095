"""Accounts: made with a role and a password shown once; ended accounts are out at once; only one's own people."""

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate

from liushui.kernel.errors import Conflict, InvalidValue, NotAllowed, NotFound
from liushui.runtime import access
from liushui.runtime.access import Grant
from liushui.runtime.grants import grant, held_grants
from liushui.runtime.models import AuditEntry, StaffUser
from liushui.runtime.staff import create_staff, reset_password, set_active, staff, staff_member
from liushui.runtime.tests.access_world import CHAIN_ADMIN, REGION_ADMIN, expand, principal

pytestmark = pytest.mark.django_db
ADMIN = principal(CHAIN_ADMIN, subject="staff:900")
REGIONAL = principal(REGION_ADMIN, subject="staff:901")
CASHIER_100 = Grant(role="cashier", chain_id=1, store_id=100)
CASHIER_200 = Grant(role="cashier", chain_id=1, store_id=200)


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_expander", expand)


def hire(username: str = "wang", *grants: Grant) -> tuple[int, str]:
    return create_staff(username=username, display_name="王芳", grants=grants or (CASHIER_100,), principal=ADMIN)


def test_a_new_account_has_its_role_and_signs_in_with_the_password_shown() -> None:
    user_id, password = hire()
    assert len(password) == 19
    user = authenticate(username="wang", password=password)
    assert user is not None
    assert user.pk == user_id
    assert held_grants(subject=f"staff:{user_id}") == (CASHIER_100,)
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == ["staff.create", "access.grant"]
    assert password not in repr(list(AuditEntry.objects.values()))


def test_an_account_in_a_place_that_one_does_not_manage_is_not_made_at_all() -> None:
    with pytest.raises(NotAllowed):
        create_staff(username="wang", display_name="王芳", grants=[CASHIER_200], principal=REGIONAL)
    assert not StaffUser.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_user_name_is_taken_once() -> None:
    hire()
    with pytest.raises(Conflict, match="'wang' is taken"):
        hire()


@pytest.mark.parametrize("username", ["", "two words", "x" * 65, "<script>"])
def test_a_user_name_has_plain_characters(username: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        hire(username)
    assert refused.value.pointer == "/username"


def test_an_ended_account_does_not_sign_in_until_it_is_opened_again() -> None:
    user_id, password = hire()
    set_active(user_id=user_id, is_active=False, principal=ADMIN)
    assert authenticate(username="wang", password=password) is None
    set_active(user_id=user_id, is_active=True, principal=ADMIN)
    assert authenticate(username="wang", password=password) is not None
    entry = AuditEntry.objects.get(action="staff.deactivate")
    assert (entry.before, entry.after) == ({"is_active": True}, {"is_active": False})


def test_a_new_password_ends_the_old_one() -> None:
    user_id, old = hire()
    new = reset_password(user_id=user_id, principal=ADMIN)
    assert authenticate(username="wang", password=old) is None
    assert authenticate(username="wang", password=new) is not None


def test_nobody_ends_his_own_account() -> None:
    user_id, _password = hire("wang", Grant(role="it_admin", chain_id=1))
    himself = principal(CHAIN_ADMIN, subject=f"staff:{user_id}")
    with pytest.raises(NotAllowed, match="his own account"):
        set_active(user_id=user_id, is_active=False, principal=himself)


def test_a_region_admin_sees_the_people_of_his_region_only() -> None:
    here, _ = hire("here", CASHIER_100)
    there, _ = hire("there", CASHIER_200)
    assert [view.username for view in staff(principal=REGIONAL)] == ["here"]
    assert staff_member(user_id=here, principal=REGIONAL).manageable
    with pytest.raises(NotFound):
        staff_member(user_id=there, principal=REGIONAL)
    with pytest.raises(NotFound):
        reset_password(user_id=there, principal=REGIONAL)


def test_who_also_works_elsewhere_is_seen_but_not_touched_by_a_region_admin() -> None:
    user_id, password = hire("both", CASHIER_100, CASHIER_200)
    assert not staff_member(user_id=user_id, principal=REGIONAL).manageable
    with pytest.raises(NotAllowed, match="also works in places"):
        reset_password(user_id=user_id, principal=REGIONAL)
    assert authenticate(username="both", password=password) is not None


def test_an_admin_of_the_whole_chain_cannot_be_taken_over_by_a_region_admin() -> None:
    boss, _ = hire("boss", Grant(role="it_admin", chain_id=1))
    with pytest.raises(NotFound):
        reset_password(user_id=boss, principal=REGIONAL)


def test_the_list_takes_three_queries_however_many_there_are(django_assert_num_queries) -> None:
    for number in range(5):
        hire(f"user{number}")
    grant(subject="staff:4", grant=Grant(role="finance", chain_id=1), granted_by=ADMIN)
    with django_assert_num_queries(3):
        assert len(staff(principal=ADMIN)) == 5
