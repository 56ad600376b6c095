"""Who holds which role where: read once a request, changed only by those who manage access in that place."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from liushui.kernel.errors import Conflict, InvalidValue, NotAllowed, NotFound
from liushui.runtime import audit, believed
from liushui.runtime.access import (
    ROLES,
    Grant,
    Principal,
    RoleConflict,
    SystemPrincipal,
    expand_grants,
    role_conflict,
)
from liushui.runtime.models import GrantRow, StaffUser

STAFF_ROLES = frozenset(ROLES) - {"integration"}
MACHINE_ROLES = frozenset(ROLES) - {"it_admin", "cashier", "store_manager"}  # a machine manages no people
# Roles that watch over, or hand out, what others may do: only those who manage access in the whole chain give them.
CHAIN_GIVEN_ROLES = frozenset({"it_admin", "auditor", "regulator"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldGrant:
    """A grant with who gave it when, and until when it holds; None: until it is taken away."""

    grant: Grant
    granted_by: str  # a subject
    granted_at: datetime
    expires_at: datetime | None

    def is_expired(self, *, now: datetime) -> bool:
        """Whether it gives nothing any more."""
        return self.expires_at is not None and self.expires_at <= now


class ConflictingDuties(NotAllowed):
    """These roles are not held by one person."""

    type = "conflicting-duties"


def staff_subject(user_id: int) -> str:
    """The name under which a member of staff holds grants and appears in the audit log."""
    return f"staff:{user_id}"


def client_subject(client_id: str) -> str:
    """The name under which an API client holds grants and appears in the audit log."""
    return f"client:{client_id}"


def staff_principal(user: StaffUser, *, address: str = "") -> Principal:
    """The member of staff with present grants: one query. `web.principal_of` keeps it for the request."""
    subject = staff_subject(user.pk)
    return Principal(subject=subject, name=user.display_name, grants=held_grants(subject=subject), address=address)


def system_principal(*, name: str) -> Principal:
    """The operator at the command line: every capability everywhere. Never made from anything a request says."""
    return SystemPrincipal(subject="system", name=name, grants=())


def held_grants(*, subject: str, now: datetime | None = None) -> tuple[Grant, ...]:
    """Grants of one subject that hold now; a role that no longer exists gives nothing."""
    return grants_of(subjects=[subject], now=now).get(subject, ())


def grants_of(*, subjects: Collection[str], now: datetime | None = None) -> dict[str, tuple[Grant, ...]]:
    """Grants of several subjects that hold now, in one query."""
    holds = Q(expires_at=None) | Q(expires_at__gt=now or datetime.now(UTC))
    return {
        subject: tuple(held.grant for held in of_subject)
        for subject, of_subject in _by_subject(GrantRow.objects.filter(holds, subject__in=subjects)).items()
    }


def kept_grants(*, subjects: Collection[str]) -> dict[str, tuple[HeldGrant, ...]]:
    """Grants of several subjects with those that have expired, in one query: for lists, and for who is in whose charge,
    which must not change by itself when the last role of an account ends."""
    return _by_subject(GrantRow.objects.filter(subject__in=subjects))


def _by_subject(rows: QuerySet[GrantRow]) -> dict[str, tuple[HeldGrant, ...]]:
    found: dict[str, list[HeldGrant]] = {}
    for row in rows.order_by("chain_id", "region_id", "store_id", "role"):
        if row.role in ROLES:
            found.setdefault(row.subject, []).append(
                HeldGrant(
                    grant=_grant_of(row), granted_by=row.granted_by, granted_at=row.granted_at,
                    expires_at=row.expires_at,
                )
            )  # fmt: skip
    return {subject: tuple(grants) for subject, grants in found.items()}


def may_give(*, principal: Principal, grant: Grant) -> bool:
    """Whether this principal manages access in the whole of the place that the grant names, and may give its role."""
    if grant.chain_id in principal.whole_chains("access.manage"):
        return True
    if grant.role in CHAIN_GIVEN_ROLES or grant.covers_chain():
        return False
    if grant.store_id is not None:
        return grant.store_id in principal.stores("access.manage")
    managed = principal.grants_with("access.manage")
    return any(held.region_id == grant.region_id and held.chain_id == grant.chain_id for held in managed)


def manages_all(*, principal: Principal, grants: Collection[Grant]) -> bool:
    """Whether the principal manages every place in which someone holds a role, and so may act on the whole account."""
    if isinstance(principal, SystemPrincipal):
        return True
    return bool(grants) and all(may_give(principal=principal, grant=held) for held in grants)


def only_chain(grants: Collection[Grant]) -> int | None:
    """The chain that all of these are in, for the audit log; None when there are several."""
    chains = {held.chain_id for held in grants}
    return chains.pop() if len(chains) == 1 else None


def grant(*, subject: str, grant: Grant, granted_by: Principal, expires_at: datetime | None = None) -> None:
    """Give a role in a place, until `expires_at` if there is one. A role that is held there gets the new end.

    Raises NotAllowed to those who don't manage access there and to anyone for himself, InvalidValue for a role that
    this kind of subject cannot hold or an end that has passed, Conflict when it is held just so already,
    ConflictingDuties for a role that must not meet another that is held there.
    """
    now = datetime.now(UTC)
    _check_change(subject=subject, grant=grant, changed_by=granted_by)
    _check_role(subject=subject, role=grant.role)
    if expires_at is not None and expires_at <= now:
        raise InvalidValue("The end lies in the past", pointer="/until", remedy="Give a later day, or none.")
    conflicts = duty_conflicts(subject=subject, grant=grant, now=now)
    refused = [conflict for conflict in conflicts if conflict.is_refused]
    if refused and not isinstance(granted_by, SystemPrincipal):
        roles = " + ".join(sorted(refused[0].roles))
        raise ConflictingDuties(
            f"{roles}: {refused[0].why}",
            pointer="/role",
            remedy="Give it to somebody else, or take the other away.",
        )
    try:
        with transaction.atomic():
            before = _write_grant(subject, grant, granted_by=granted_by, expires_at=expires_at, now=now)
            audit.record(
                principal=granted_by,
                action="access.grant" if before is None else "access.extend",
                target=subject,
                chain_id=grant.chain_id,
                store_id=grant.store_id,
                before=before,
                after=_words(grant) | _end_words(expires_at) | _conflict_words(conflicts),
            )
    except IntegrityError as error:
        raise Conflict("That role is held there already", pointer="/role") from error


def duty_conflicts(*, subject: str, grant: Grant, now: datetime) -> tuple[RoleConflict, ...]:
    """Declared conflicts between this role and those that a member of staff holds in the same stores."""
    if not subject.startswith("staff:"):
        return ()
    found = [
        conflict
        for held in held_grants(subject=subject, now=now)
        if (conflict := role_conflict(held.role, grant.role)) is not None and _meet(held, grant)
    ]
    return tuple(dict.fromkeys(found))


def met_conflicts(held: Collection[HeldGrant], *, now: datetime) -> tuple[RoleConflict, ...]:
    """Declared conflicts among the grants of one person that hold now."""
    holding = [one.grant for one in held if not one.is_expired(now=now)]
    found = [
        conflict
        for one, other in combinations(holding, 2)
        if (conflict := role_conflict(one.role, other.role)) is not None and _meet(one, other)
    ]
    return tuple(dict.fromkeys(found))


def _meet(one: Grant, other: Grant) -> bool:
    """Whether two grants reach a store in common, or a whole chain does, with the stores it will have."""
    if one.chain_id != other.chain_id:
        return False
    if one.covers_chain() or other.covers_chain():
        return True
    return not expand_grants([one]).isdisjoint(expand_grants([other]))


def _write_grant(
    subject: str, grant: Grant, *, granted_by: Principal, expires_at: datetime | None, now: datetime
) -> dict[str, Any] | None:
    """Make the row, or give the one there is its new end; returns what stood there before, if anything."""
    same = GrantRow.objects.filter(subject=subject, **_columns(grant))
    ends = [end.isoformat() if end else None for end in same.values_list("expires_at", flat=True)]
    values = {"granted_by": granted_by.subject, "granted_at": now, "expires_at": expires_at}
    if same.exclude(expires_at=expires_at).update(**values):
        return _words(grant) | {"expires_at": ends[0]}
    GrantRow.objects.create(subject=subject, **_columns(grant), **values)
    return None


def revoke(*, subject: str, grant: Grant, revoked_by: Principal) -> None:
    """Take a role in a place away again. Raises NotAllowed as `grant` does, NotFound when it is not held, Conflict for
    the last one: an account without a place would be in nobody's charge; end the account instead."""
    _check_change(subject=subject, grant=grant, changed_by=revoked_by)
    with transaction.atomic():
        if not GrantRow.objects.filter(subject=subject).exclude(**_columns(grant)).exists():
            raise Conflict(
                "The last role is not taken away", remedy="Give another role first, or end the account or client."
            )
        deleted, _ = GrantRow.objects.filter(subject=subject, **_columns(grant)).delete()
        if deleted == 0:
            raise NotFound(f"{subject} does not hold the role {grant.role!r} there")
        audit.record(
            principal=revoked_by,
            action="access.revoke",
            target=subject,
            chain_id=grant.chain_id,
            store_id=grant.store_id,
            before=_words(grant),
        )
    believed.forget_all()


def _check_change(*, subject: str, grant: Grant, changed_by: Principal) -> None:
    if subject == changed_by.subject:
        raise NotAllowed("Nobody changes his own roles", remedy="Ask another person who manages access.")
    if not may_give(principal=changed_by, grant=grant):
        raise NotAllowed(
            f"You don't manage the role {grant.role!r} in that place",
            remedy="Ask someone who manages access for the whole chain.",
        )
    if not isinstance(changed_by, SystemPrincipal) and not expand_grants([grant]) <= changed_by.stores("access.manage"):
        raise NotAllowed("That place reaches beyond the stores in which you manage access")


def _check_role(*, subject: str, role: str) -> None:
    kind = subject.partition(":")[0]
    allowed = {"staff": STAFF_ROLES, "client": MACHINE_ROLES}.get(kind)
    if allowed is None:
        raise InvalidValue(f"{subject!r} is neither staff nor an API client")
    if role not in allowed:
        raise InvalidValue(f"The role {role!r} is not for {kind}", pointer="/role")


def _grant_of(row: GrantRow) -> Grant:
    return Grant(role=row.role, chain_id=row.chain_id, region_id=row.region_id, store_id=row.store_id)


def _columns(grant: Grant) -> dict[str, Any]:
    return {"role": grant.role, "chain_id": grant.chain_id, "region_id": grant.region_id, "store_id": grant.store_id}


def _words(grant: Grant) -> dict[str, Any]:
    return {key: value for key, value in _columns(grant).items() if value is not None}


def _end_words(expires_at: datetime | None) -> dict[str, str]:
    return {"expires_at": expires_at.isoformat()} if expires_at else {}


def _conflict_words(conflicts: Collection[RoleConflict]) -> dict[str, str]:
    pairs = sorted(" + ".join(sorted(conflict.roles)) for conflict in conflicts)
    return {"conflicting_duties": ", ".join(pairs)} if pairs else {}
