"""Only those who manage access in a place give and take roles there, never for themselves, and it is written down."""

from __future__ import annotations

import pytest

from liushui.kernel.errors import Conflict, InvalidValue, NotAllowed, NotFound
from liushui.runtime import access
from liushui.runtime.access import Grant, Principal
from liushui.runtime.grants import grant, held_grants, revoke, staff_principal, system_principal
from liushui.runtime.models import AuditEntry, GrantRow, StaffUser
from liushui.runtime.tests.access_world import CHAIN_ADMIN, REGION_ADMIN, STORE_ADMIN, expand, principal

pytestmark = pytest.mark.django_db
CASHIER_100 = Grant(role="cashier", chain_id=1, store_id=100)


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_expander", expand)


def test_a_role_given_is_held_and_written_in_the_audit_log() -> None:
    grant(subject="staff:7", grant=CASHIER_100, granted_by=principal(CHAIN_ADMIN))

    assert held_grants(subject="staff:7") == (CASHIER_100,)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject, entry.target) == ("access.grant", "staff:1", "staff:7")
    assert (entry.chain_id, entry.store_id) == (1, 100)
    assert entry.after == {"role": "cashier", "chain_id": 1, "store_id": 100}


@pytest.mark.parametrize(
    ("held", "given"),
    [
        (CHAIN_ADMIN, Grant(role="finance", chain_id=1)),
        (CHAIN_ADMIN, Grant(role="it_admin", chain_id=1)),
        (CHAIN_ADMIN, Grant(role="auditor", chain_id=1, region_id=10)),
        (REGION_ADMIN, Grant(role="store_manager", chain_id=1, region_id=10)),
        (REGION_ADMIN, Grant(role="cashier", chain_id=1, store_id=101)),
        (STORE_ADMIN, CASHIER_100),
    ],
)
def test_who_manages_a_place_gives_roles_in_it(held: Grant, given: Grant) -> None:
    grant(subject="staff:7", grant=given, granted_by=principal(held))
    assert held_grants(subject="staff:7") == (given,)


@pytest.mark.parametrize(
    ("held", "given"),
    [
        (CHAIN_ADMIN, Grant(role="cashier", chain_id=2, store_id=300)),  # another chain
        (CHAIN_ADMIN, Grant(role="cashier", chain_id=2)),
        (REGION_ADMIN, Grant(role="cashier", chain_id=1, store_id=200)),  # another region
        (REGION_ADMIN, Grant(role="cashier", chain_id=1, region_id=20)),
        (REGION_ADMIN, Grant(role="cashier", chain_id=1)),  # wider than his own place
        (REGION_ADMIN, Grant(role="it_admin", chain_id=1, region_id=10)),  # only the whole chain's admin makes admins
        (REGION_ADMIN, Grant(role="auditor", chain_id=1, region_id=10)),
        (STORE_ADMIN, Grant(role="cashier", chain_id=1, store_id=101)),
        (STORE_ADMIN, Grant(role="cashier", chain_id=1, region_id=10)),
        (Grant(role="finance", chain_id=1), CASHIER_100),  # a role without access.manage
        (Grant(role="store_manager", chain_id=1, store_id=100), CASHIER_100),
    ],
)
def test_who_does_not_manage_a_place_gives_nothing_there(held: Grant, given: Grant) -> None:
    with pytest.raises(NotAllowed):
        grant(subject="staff:7", grant=given, granted_by=principal(held))
    assert not GrantRow.objects.exists()
    assert not AuditEntry.objects.exists()


def test_nobody_gives_himself_a_role_or_takes_one_from_himself() -> None:
    admin = principal(CHAIN_ADMIN, subject="staff:7")
    with pytest.raises(NotAllowed, match="his own roles"):
        grant(subject="staff:7", grant=CASHIER_100, granted_by=admin)
    with pytest.raises(NotAllowed, match="his own roles"):
        revoke(subject="staff:7", grant=CHAIN_ADMIN, revoked_by=admin)


def test_the_same_role_in_the_same_place_is_given_once() -> None:
    admin = principal(CHAIN_ADMIN)
    grant(subject="staff:7", grant=Grant(role="finance", chain_id=1), granted_by=admin)
    with pytest.raises(Conflict, match="held there already"):
        grant(subject="staff:7", grant=Grant(role="finance", chain_id=1), granted_by=admin)
    assert GrantRow.objects.count() == 1
    assert AuditEntry.objects.count() == 1


def test_people_and_machines_hold_different_roles() -> None:
    admin = principal(CHAIN_ADMIN)
    for subject, role in (("staff:7", "integration"), ("client:x", "it_admin"), ("client:x", "cashier")):
        with pytest.raises(InvalidValue, match="is not for"):
            grant(subject=subject, grant=Grant(role=role, chain_id=1), granted_by=admin)
    with pytest.raises(InvalidValue, match="neither staff nor an API client"):
        grant(subject="system", grant=CASHIER_100, granted_by=admin)


def test_a_role_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidValue, match="'emperor' is not for staff"):
        grant(subject="staff:7", grant=Grant(role="emperor", chain_id=1), granted_by=principal(CHAIN_ADMIN))


def test_a_role_taken_away_is_gone_at_once_and_written_down() -> None:
    admin = principal(CHAIN_ADMIN)
    grant(subject="staff:7", grant=CASHIER_100, granted_by=admin)
    grant(subject="staff:7", grant=Grant(role="finance", chain_id=1), granted_by=admin)

    revoke(subject="staff:7", grant=CASHIER_100, revoked_by=admin)

    assert held_grants(subject="staff:7") == (Grant(role="finance", chain_id=1),)
    entry = AuditEntry.objects.get(action="access.revoke")
    assert (entry.before, entry.after) == ({"role": "cashier", "chain_id": 1, "store_id": 100}, None)


def test_a_role_that_is_not_held_cannot_be_taken_away() -> None:
    admin = principal(CHAIN_ADMIN)
    grant(subject="staff:7", grant=Grant(role="finance", chain_id=1), granted_by=admin)
    with pytest.raises(NotFound):
        revoke(subject="staff:7", grant=CASHIER_100, revoked_by=admin)


def test_the_last_role_stays_so_that_an_account_is_always_in_somebodys_charge() -> None:
    admin = principal(CHAIN_ADMIN)
    grant(subject="staff:7", grant=CASHIER_100, granted_by=admin)
    with pytest.raises(Conflict, match="last role"):
        revoke(subject="staff:7", grant=CASHIER_100, revoked_by=admin)
    assert held_grants(subject="staff:7") == (CASHIER_100,)


def test_a_region_admin_takes_nothing_away_that_he_could_not_give() -> None:
    grant(subject="staff:7", grant=CASHIER_100, granted_by=principal(CHAIN_ADMIN))
    grant(subject="staff:7", grant=Grant(role="finance", chain_id=1), granted_by=principal(CHAIN_ADMIN))
    with pytest.raises(NotAllowed):
        revoke(subject="staff:7", grant=Grant(role="finance", chain_id=1), revoked_by=principal(REGION_ADMIN))


def test_the_operator_gives_the_first_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_every_chain", lambda: frozenset({1, 2}))
    grant(subject="staff:7", grant=Grant(role="it_admin", chain_id=2), granted_by=system_principal(name="set-up"))
    assert held_grants(subject="staff:7") == (Grant(role="it_admin", chain_id=2),)


def test_a_member_of_staff_is_read_with_all_grants_in_one_query(django_assert_num_queries) -> None:
    user = StaffUser.objects.create_user(username="li", password="correct horse", display_name="Li")
    for role in ("cashier", "finance", "marketer"):
        grant(
            subject=f"staff:{user.pk}",
            grant=Grant(role=role, chain_id=1),
            granted_by=principal(CHAIN_ADMIN, subject="staff:900"),
        )
    with django_assert_num_queries(1):
        found: Principal = staff_principal(user, address="10.0.0.9")
    assert (found.subject, found.name, found.address, len(found.grants)) == (f"staff:{user.pk}", "Li", "10.0.0.9", 3)


def test_a_row_with_a_role_that_no_longer_exists_gives_nothing() -> None:
    GrantRow.objects.create(
        subject="staff:7", role="janitor", chain_id=1, granted_by="system", granted_at="2026-01-01T00:00:00Z"
    )
    assert held_grants(subject="staff:7") == ()
