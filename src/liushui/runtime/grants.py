"""Who holds which role where: read once a request, changed only by those who manage access in that place."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, transaction

from liushui.kernel.errors import Conflict, InvalidValue, NotAllowed, NotFound
from liushui.runtime import audit
from liushui.runtime.access import ROLES, Grant, Principal, SystemPrincipal, expand_grants
from liushui.runtime.models import GrantRow, StaffUser

STAFF_ROLES = frozenset(ROLES) - {"integration"}
MACHINE_ROLES = frozenset(ROLES) - {"it_admin", "cashier", "store_manager"}  # a machine manages no people
# Roles that watch over, or hand out, what others may do: only those who manage access in the whole chain give them.
CHAIN_GIVEN_ROLES = frozenset({"it_admin", "auditor", "regulator"})


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


def held_grants(*, subject: str) -> tuple[Grant, ...]:
    """Grants of one subject; a role that no longer exists gives nothing."""
    return grants_of(subjects=[subject]).get(subject, ())


def grants_of(*, subjects: Collection[str]) -> dict[str, tuple[Grant, ...]]:
    """Grants of several subjects in one query."""
    rows = GrantRow.objects.filter(subject__in=subjects).order_by("chain_id", "region_id", "store_id", "role")
    found: dict[str, list[Grant]] = {}
    for row in rows:
        if row.role in ROLES:
            found.setdefault(row.subject, []).append(_grant_of(row))
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


def grant(*, subject: str, grant: Grant, granted_by: Principal) -> None:
    """Give a role in a place. Raises NotAllowed to those who don't manage access there and to anyone for himself,
    InvalidValue for a role that this kind of subject cannot hold, Conflict when it is held already."""
    _check_change(subject=subject, grant=grant, changed_by=granted_by)
    _check_role(subject=subject, role=grant.role)
    try:
        with transaction.atomic():
            GrantRow.objects.create(
                subject=subject,
                **_columns(grant),
                granted_by=granted_by.subject,
                granted_at=datetime.now(UTC),
            )
            audit.record(
                principal=granted_by,
                action="access.grant",
                target=subject,
                chain_id=grant.chain_id,
                store_id=grant.store_id,
                after=_words(grant),
            )
    except IntegrityError as error:
        raise Conflict("That role is held there already", pointer="/role") from error


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
