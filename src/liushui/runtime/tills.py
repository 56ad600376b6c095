"""Enrolled tills and the operators signed in at them: two secrets in two cookies, of which only the SHA-256 is kept.

What the database said of a till or an operator is believed for `LIUSHUI_TOKEN_CACHE_SECONDS`, so that most requests of
a till ask it nothing; a till, session, account, right or PIN that was taken away works nowhere once they are over.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from liushui.kernel.errors import Conflict, InvalidValue, NotFound
from liushui.kernel.ids import new_id
from liushui.runtime import audit, believed
from liushui.runtime.access import ROLES, Grant, Principal, expand_grants
from liushui.runtime.believed import Believed, digest_of
from liushui.runtime.grants import held_grants, staff_subject
from liushui.runtime.models import StaffUser, TillDevice, TillSession

# What a PIN can do at most: the rights of the shop floor, in the store of the till. The rest needs the console.
TILL_CAPABILITIES = frozenset(
    {"till.use", "till.approve", "sale.read", "sale.void", "store.read", "catalog.read", "shift.read", "day.close"}
)
_SEEN_EVERY = timedelta(seconds=60)
_NAME_MAX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """An enrolled till."""

    id: UUID
    workstation_id: int
    workstation_code: str
    store_id: int
    chain_id: int
    name: str
    enrolled_by: str
    enrolled_by_name: str
    enrolled_at: datetime
    last_seen_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Who is signed in at a till. `is_locked` asks for the PIN again: nobody touched the till for long."""

    session_id: UUID
    device_id: UUID
    user_id: int
    username: str
    display_name: str
    principal: Principal
    expires_at: datetime
    is_locked: bool


@dataclass(frozen=True, slots=True)
class _Seen:
    """An operator as the database had it, and until when (monotonic seconds) a touch need not be written again."""

    operator: Operator
    touched_until: float


_devices: Believed[Device] = Believed()
_operators: Believed[_Seen] = Believed()


def enrol(
    *,
    workstation_id: int,
    workstation_code: str,
    store_id: int,
    chain_id: int,
    name: str,
    principal: Principal,
    now: datetime,
) -> tuple[Device, str]:
    """Make a device the till of a workstation; returns it with its secret, which is never seen again.

    A workstation has one till: the one before ends, as by `revoke_device`. Raises NotAllowed unless the principal
    holds till.enrol in the store, InvalidValue for a name that cannot be.
    """
    principal.require_store("till.enrol", store_id=store_id)
    text = name.strip()
    if not 0 < len(text) <= _NAME_MAX:
        raise InvalidValue(f"A till needs a name of at most {_NAME_MAX} characters", pointer="/name")
    secret = secrets.token_urlsafe(32)
    try:
        with transaction.atomic():
            for before in TillDevice.objects.filter(workstation_id=workstation_id, revoked_at=None):
                _end_device(before, principal=principal, now=now)
            row = TillDevice.objects.create(
                id=new_id(),
                workstation_id=workstation_id,
                workstation_code=workstation_code,
                store_id=store_id,
                chain_id=chain_id,
                name=text,
                credential_sha256=digest_of(secret),
                enrolled_by=principal.subject,
                enrolled_by_name=principal.name,
                enrolled_at=now,
            )
            audit.record(
                principal=principal, action="till.enrol", target=f"till:{row.id}", chain_id=chain_id,
                store_id=store_id, after={"name": text, "workstation": workstation_code},
            )  # fmt: skip
    except IntegrityError as error:
        raise Conflict("Somebody else enrols a till for this workstation just now", remedy="Look again.") from error
    believed.forget_all()
    return _device(row), secret


def revoke_device(*, device_id: UUID, principal: Principal, now: datetime) -> None:
    """Take a till out of use, with the operator signed in at it; afterwards nothing happens.

    Raises NotFound for one outside the stores in which the principal holds till.enrol.
    """
    row = TillDevice.objects.filter(id=device_id, store_id__in=principal.stores("till.enrol")).first()
    if row is None:
        raise NotFound("There is no such till")
    with transaction.atomic():
        _end_device(row, principal=principal, now=now)
    believed.forget_all()


def _end_device(row: TillDevice, *, principal: Principal, now: datetime) -> None:
    changed = TillDevice.objects.filter(id=row.id, revoked_at=None).update(revoked_at=now, revoked_by=principal.subject)
    TillSession.objects.filter(device_id=row.id, ended_at=None).update(ended_at=now)
    if changed:
        audit.record(
            principal=principal, action="till.revoke", target=f"till:{row.id}", chain_id=row.chain_id,
            store_id=row.store_id, before={"name": row.name, "workstation": row.workstation_code},
        )  # fmt: skip


def devices(*, store_ids: Collection[int], revoked: bool = False) -> tuple[Device, ...]:
    """Tills of these stores by workstation; with `revoked` those that were taken out of use too, last."""
    rows = TillDevice.objects.filter(store_id__in=store_ids)
    if not revoked:
        rows = rows.filter(revoked_at=None)
    found = sorted(rows, key=lambda row: (row.revoked_at is not None, row.store_id, row.workstation_code, row.id))
    return tuple(_device(row) for row in found)


def device_of(*, credential: str, now: datetime) -> Device | None:
    """The till that holds this secret; None for one that is unknown or revoked."""
    if not credential:
        return None
    digest, moment = digest_of(credential), time.monotonic()
    found = _devices.get(digest=digest, now=moment)
    if found is not None:
        return found
    row = TillDevice.objects.filter(credential_sha256=digest, revoked_at=None).first()
    if row is None:
        return None
    unseen = Q(last_seen_at=None) | Q(last_seen_at__lt=now - _SEEN_EVERY)
    if row.last_seen_at is None or row.last_seen_at < now - _SEEN_EVERY:
        TillDevice.objects.filter(unseen, id=row.id, revoked_at=None).update(last_seen_at=now)
    device = _device(row)
    _devices.put(digest=digest, thing=device, until=moment + settings.LIUSHUI.token_cache_seconds)
    return device


def sign_in(*, device: Device, user: StaffUser, now: datetime) -> str:
    """Begin an operator's session at a till; whoever was signed in there is out. Returns the cookie's value.

    Call it for somebody whom `operators.identify` has just answered for this device's store.
    """
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        TillSession.objects.filter(device_id=device.id, ended_at=None).update(ended_at=now)
        TillSession.objects.create(
            id=new_id(),
            device_id=device.id,
            user_id=user.pk,
            token_sha256=digest_of(token),
            begun_at=now,
            touched_at=now,
            expires_at=now + timedelta(hours=settings.LIUSHUI.till_session_hours),
        )
        audit.record(
            principal=at_store(user, store_id=device.store_id, chain_id=device.chain_id), action="till.sign_in",
            target=f"till:{device.id}", chain_id=device.chain_id, store_id=device.store_id,
        )  # fmt: skip
    _operators.clear()
    return token


def sign_out(*, token: str, now: datetime) -> None:
    """End an operator's session; afterwards nothing happens."""
    TillSession.objects.filter(token_sha256=digest_of(token), ended_at=None).update(ended_at=now)
    _operators.clear()


def end_sessions_of(*, user_id: int, now: datetime) -> None:
    """Sign a person out of every till; call it in the transaction that takes PIN or badge away."""
    TillSession.objects.filter(user_id=user_id, ended_at=None).update(ended_at=now)


def operator_of(*, token: str, device: Device, now: datetime, touch: bool = True) -> Operator | None:
    """Who is signed in at this till by this cookie; None when nobody is.

    `touch` False is for pages that ask by themselves: it does not count as somebody standing there.
    """
    if not token:
        return None
    digest, moment = digest_of(token), time.monotonic()
    seen = _operators.get(digest=digest, now=moment)
    if (
        seen is not None
        and seen.operator.device_id == device.id
        and seen.operator.expires_at > now
        and (not touch or moment < seen.touched_until)
    ):
        return seen.operator
    return _ask_database(digest, device=device, now=now, moment=moment, touch=touch)


def unlock(*, token: str, device: Device, user: StaffUser, now: datetime) -> bool:
    """Go on with a session that is locked, for its own operator who has just shown the PIN; False for any other."""
    changed = TillSession.objects.filter(
        token_sha256=digest_of(token), device_id=device.id, user_id=user.pk, ended_at=None, expires_at__gt=now
    ).update(touched_at=now)
    _operators.clear()
    return bool(changed)


def recent_operators(*, device: Device, limit: int = 8) -> tuple[tuple[str, str], ...]:
    """(user name, name) of those who were signed in at this till last, the latest first."""
    rows = (
        TillSession.objects.filter(device_id=device.id, user__is_active=True)
        .order_by("-id")
        .values_list("user__username", "user__display_name")[:50]
    )
    return tuple(dict.fromkeys(rows))[:limit]


def at_store(user: StaffUser, *, store_id: int, chain_id: int, address: str = "") -> Principal:
    """The person as at a till of this store: the roles held there, there alone, and of their rights those of the shop
    floor. A PIN of four digits opens no more."""
    subject = staff_subject(user.pk)
    here = [held for held in held_grants(subject=subject) if store_id in expand_grants([held])]
    grants = {held.role: Grant(role=held.role, chain_id=chain_id, store_id=store_id) for held in here}
    scopes = frozenset().union(*(ROLES[role] for role in grants)) & TILL_CAPABILITIES
    return Principal(
        subject=subject,
        name=user.display_name,
        grants=tuple(grants.values()),
        scopes=scopes,
        address=address,
    )


def _ask_database(digest: str, *, device: Device, now: datetime, moment: float, touch: bool) -> Operator | None:
    """Session, then rights; and the touch, unless it stood untouched for so long that it is locked."""
    row = (
        TillSession.objects.select_related("user")
        .filter(token_sha256=digest, device_id=device.id, ended_at=None, expires_at__gt=now, user__is_active=True)
        .first()
    )
    if row is None:
        return None
    principal = at_store(row.user, store_id=device.store_id, chain_id=device.chain_id)
    if not principal.may("till.use") and not principal.may("till.approve"):
        return None
    locked = row.touched_at <= now - timedelta(minutes=settings.LIUSHUI.till_idle_minutes)
    operator = Operator(
        session_id=row.id,
        device_id=device.id,
        user_id=row.user_id,
        username=row.user.username,
        display_name=row.user.display_name,
        principal=principal,
        expires_at=row.expires_at,
        is_locked=locked,
    )
    if locked:
        return operator  # asked again each time, so that the unlocking is seen at once in every process
    believed_for = settings.LIUSHUI.token_cache_seconds
    touched = moment
    if touch:
        TillSession.objects.filter(id=row.id, ended_at=None, touched_at__lt=now).update(touched_at=now)
        touched += believed_for
    _operators.put(digest=digest, thing=_Seen(operator, touched), until=moment + believed_for)
    return operator


def with_address(operator: Operator, *, address: str) -> Operator:
    """The operator as speaking from this address, for the audit log."""
    return replace(operator, principal=replace(operator.principal, address=address))


def _device(row: TillDevice) -> Device:
    return Device(**{name: getattr(row, name) for name in Device.__dataclass_fields__})
