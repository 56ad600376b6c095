"""Roles that end by themselves, and roles that one person should not hold together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from liushui.kernel.errors import Conflict, InvalidValue
from liushui.runtime import access
from liushui.runtime.access import CONFLICTS, ROLES, Grant, role_conflict
from liushui.runtime.grants import (
    ConflictingDuties,
    duty_conflicts,
    grant,
    held_grants,
    kept_grants,
    met_conflicts,
    staff_principal,
    system_principal,
)
from liushui.runtime.models import AuditEntry, GrantRow, StaffUser
from liushui.runtime.staff import create_staff, staff_member
from liushui.runtime.tests.access_world import CHAIN_ADMIN, expand, principal

pytestmark = pytest.mark.django_db
ADMIN = principal(CHAIN_ADMIN, subject="staff:900")
CASHIER_100 = Grant(role="cashier", chain_id=1, store_id=100)
FINANCE = Grant(role="finance", chain_id=1)


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_expander", expand)
    monkeypatch.setattr(access, "_every_chain", lambda: frozenset({1, 2}))


def test_a_role_gives_nothing_from_its_end_on() -> None:
    end = datetime.now(UTC) + timedelta(days=1)
    grant(subject="staff:7", grant=CASHIER_100, granted_by=ADMIN, expires_at=end)
    assert held_grants(subject="staff:7", now=end - timedelta(seconds=1)) == (CASHIER_100,)
    assert held_grants(subject="staff:7", now=end) == ()
    [kept] = kept_grants(subjects=["staff:7"])["staff:7"]
    assert (kept.grant, kept.granted_by, kept.expires_at) == (CASHIER_100, "staff:900", end)
    assert kept.is_expired(now=end)
    assert not kept.is_expired(now=end - timedelta(seconds=1))
    assert AuditEntry.objects.get().after["expires_at"] == end.isoformat()


def test_the_next_request_of_somebody_whose_role_has_ended_may_nothing() -> None:
    user = StaffUser.objects.create_user(username="li", password="correct horse")
    grant(subject=f"staff:{user.pk}", grant=CASHIER_100, granted_by=ADMIN, expires_at=datetime.now(UTC) + timedelta(1))
    assert staff_principal(user).may("till.use")
    GrantRow.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))  # a day later
    assert not staff_principal(user).may("till.use")


def test_the_same_role_again_gets_the_new_end() -> None:
    soon, later = datetime.now(UTC) + timedelta(days=1), datetime.now(UTC) + timedelta(days=9)
    grant(subject="staff:7", grant=CASHIER_100, granted_by=ADMIN, expires_at=soon)
    grant(subject="staff:7", grant=CASHIER_100, granted_by=ADMIN, expires_at=later)
    with pytest.raises(Conflict):
        grant(subject="staff:7", grant=CASHIER_100, granted_by=ADMIN, expires_at=later)
    grant(subject="staff:7", grant=CASHIER_100, granted_by=ADMIN)
    assert [row.expires_at for row in GrantRow.objects.all()] == [None]
    changes = AuditEntry.objects.filter(action="access.extend").order_by("id")
    assert [(one.before, one.after) for one in changes] == [
        ({"expires_at": soon.isoformat()}, {"expires_at": later.isoformat()}),
        ({"expires_at": later.isoformat()}, {}),
    ]


def test_a_role_that_has_ended_is_given_again() -> None:
    grant(subject="staff:7", grant=CASHIER_100, granted_by=ADMIN, expires_at=datetime.now(UTC) + timedelta(days=1))
    GrantRow.objects.update(expires_at=datetime.now(UTC) - timedelta(days=1))
    grant(subject="staff:7", grant=CASHIER_100, granted_by=ADMIN)
    assert held_grants(subject="staff:7") == (CASHIER_100,)


def test_an_end_in_the_past_is_refused() -> None:
    with pytest.raises(InvalidValue, match="in the past"):
        grant(subject="staff:7", grant=CASHIER_100, granted_by=ADMIN, expires_at=datetime.now(UTC))
    assert not GrantRow.objects.exists()


def test_an_account_whose_every_role_has_ended_stays_in_somebodys_charge() -> None:
    user_id, _password = create_staff(username="li", display_name="Li", grants=[CASHIER_100], principal=ADMIN)
    GrantRow.objects.update(expires_at=datetime.now(UTC) - timedelta(days=1))
    assert held_grants(subject=f"staff:{user_id}") == ()
    assert staff_member(user_id=user_id, principal=ADMIN).manageable


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        (CASHIER_100, Grant(role="auditor", chain_id=1)),
        (Grant(role="auditor", chain_id=1), FINANCE),
        (FINANCE, Grant(role="it_admin", chain_id=1)),
        (Grant(role="regulator", chain_id=1), CASHIER_100),
    ],
)
def test_roles_that_must_not_meet_are_refused(held: Grant, wanted: Grant) -> None:
    grant(subject="staff:7", grant=held, granted_by=ADMIN)
    with pytest.raises(ConflictingDuties):
        grant(subject="staff:7", grant=wanted, granted_by=ADMIN)
    assert held_grants(subject="staff:7") == (held,)
    assert AuditEntry.objects.count() == 1


def test_roles_that_should_not_meet_are_given_and_the_audit_log_says_so() -> None:
    grant(subject="staff:7", grant=CASHIER_100, granted_by=ADMIN)
    grant(subject="staff:7", grant=FINANCE, granted_by=ADMIN)
    entry = AuditEntry.objects.order_by("-id").first()
    assert entry is not None
    assert entry.after["conflicting_duties"] == "cashier + finance"
    [conflict] = met_conflicts(kept_grants(subjects=["staff:7"])["staff:7"], now=datetime.now(UTC))
    assert conflict.roles == {"cashier", "finance"}


def test_in_places_that_have_no_store_in_common_duties_do_not_conflict() -> None:
    grant(subject="staff:7", grant=CASHIER_100, granted_by=ADMIN)
    grant(subject="staff:7", grant=Grant(role="auditor", chain_id=1, region_id=20), granted_by=ADMIN)
    assert duty_conflicts(subject="staff:7", grant=Grant(role="auditor", chain_id=2), now=datetime.now(UTC)) == ()


def test_a_role_that_has_ended_conflicts_with_nothing() -> None:
    grant(subject="staff:7", grant=CASHIER_100, granted_by=ADMIN)
    GrantRow.objects.update(expires_at=datetime.now(UTC) - timedelta(days=1))
    grant(subject="staff:7", grant=Grant(role="auditor", chain_id=1), granted_by=ADMIN)
    assert held_grants(subject="staff:7") == (Grant(role="auditor", chain_id=1),)


def test_the_operator_of_the_machine_may_and_it_is_written_down() -> None:
    owner = system_principal(name="set-up")
    grant(subject="staff:7", grant=FINANCE, granted_by=owner)
    grant(subject="staff:7", grant=Grant(role="it_admin", chain_id=1), granted_by=owner)
    entry = AuditEntry.objects.order_by("-id").first()
    assert entry is not None
    assert entry.after["conflicting_duties"] == "finance + it_admin"


def test_the_table_of_conflicts_names_roles_that_exist_and_no_pair_twice() -> None:
    assert all(conflict.roles <= set(ROLES) and len(conflict.roles) == 2 for conflict in CONFLICTS)
    assert len({conflict.roles for conflict in CONFLICTS}) == len(CONFLICTS)
    assert role_conflict("marketer", "cashier") is None
