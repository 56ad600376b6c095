"""Enrolling a till by a code (RFC 8628): the device asks, a manager confirms a workstation, the device exchanges."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from oauth2_provider.models import AccessToken, Application, DeviceGrant

from liushui.kernel.errors import Conflict, LiushuiError, NotFound
from liushui.runtime import audit, tills
from liushui.runtime.access import Principal
from liushui.runtime.believed import digest_of
from liushui.runtime.grants import staff_principal, staff_subject
from liushui.runtime.models import ApiClient, TillEnrolment
from liushui.runtime.tills import Device

BROWSER_TILL = "liushui-till"  # the client that every browser is while it is being enrolled
TILL_SCOPES = ("till.use",)
_WAITING_MAX = 200  # codes asked for from one address within the life of a code


class TooManyCodes(LiushuiError):
    """Too many codes were asked for from this address."""

    status = 429
    type = "too-many-codes"


class CodeUnknown(NotFound):
    """There is no device that waits under this code."""

    type = "code-unknown"


class EnrolmentRefused(Conflict):
    """This enrolment is over: the device has to ask for a new code."""

    type = "enrolment-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A device that waits to be confirmed, as its manager sees it."""

    user_code: str
    address: str
    user_agent: str
    asked_at: datetime
    expires_at: datetime


def ensure_browser_till() -> None:
    """The public client of browsers, made when the first one asks."""
    _client, made = ApiClient.objects.get_or_create(
        client_id=BROWSER_TILL,
        defaults={"name": "Till", "kind": "till", "source": BROWSER_TILL, "scopes": list(TILL_SCOPES)},
    )
    if made or not Application.objects.filter(client_id=BROWSER_TILL).exists():
        Application.objects.get_or_create(
            client_id=BROWSER_TILL,
            defaults={
                "name": "Till",
                "client_type": Application.CLIENT_PUBLIC,
                "authorization_grant_type": Application.GRANT_DEVICE_CODE,
            },
        )


def ask(
    *,
    client_id: str,
    scope: str,
    device_code: str,
    user_code: str,
    seconds: int,
    address: str,
    user_agent: str,
    now: datetime,
) -> None:
    """Write down that a device asks. Raises TooManyCodes."""
    lately = TillEnrolment.objects.filter(address=address, asked_at__gt=now - timedelta(seconds=seconds))
    if lately.count() >= _WAITING_MAX:
        raise TooManyCodes("Wait some minutes")
    digest = digest_of(device_code)
    with transaction.atomic():
        grant = DeviceGrant.objects.create(
            client_id=client_id,
            device_code=digest,
            user_code=user_code,
            scope=scope,
            expires=now + timedelta(seconds=seconds),
        )
        DeviceGrant.objects.filter(pk=grant.pk).update(last_checked=now - timedelta(seconds=seconds))
        TillEnrolment.objects.create(
            device_code_sha256=digest,
            user_code=user_code,
            address=address,
            user_agent=user_agent[:200],
            asked_at=now,
        )


def normal_code(typed: str) -> str:
    """A code as typed, in capitals and with its hyphen."""
    letters = "".join(letter for letter in typed.upper() if letter.isalnum())
    return f"{letters[:4]}-{letters[4:8]}" if len(letters) == 8 else letters[:16]


def waiting(*, user_code: str, now: datetime) -> Waiting:
    """The device that waits under this code; raises CodeUnknown."""
    grant = _pending(user_code, now=now)
    row = TillEnrolment.objects.filter(device_code_sha256=grant.device_code).first() if grant is not None else None
    if grant is None or row is None:
        raise CodeUnknown("No device waits under this code", remedy="Read it again, or ask for a new one at the till.")
    return Waiting(
        user_code=row.user_code,
        address=row.address,
        user_agent=row.user_agent,
        asked_at=row.asked_at,
        expires_at=grant.expires,
    )


def confirm(
    *,
    user_code: str,
    workstation_id: int,
    workstation_code: str,
    store_id: int,
    chain_id: int,
    name: str,
    user_id: int,
    principal: Principal,
    now: datetime,
) -> None:
    """Let the device become the till of this workstation. Raises NotAllowed, CodeUnknown."""
    principal.require_store("till.enrol", store_id=store_id)
    with transaction.atomic():
        device_code = _decide(user_code, status=DeviceGrant.AUTHORIZED, user_id=user_id, now=now)
        TillEnrolment.objects.filter(device_code_sha256=device_code).update(
            store_id=store_id,
            chain_id=chain_id,
            workstation_id=workstation_id,
            workstation_code=workstation_code,
            name=name,
            confirmed_by=principal.subject,
            confirmed_by_name=principal.name,
            confirmed_at=now,
        )
        audit.record(
            principal=principal, action="till.confirm", target=f"code:{user_code}", chain_id=chain_id,
            store_id=store_id, after={"name": name, "workstation": workstation_code},
        )  # fmt: skip


def deny(*, user_code: str, principal: Principal, now: datetime) -> None:
    """Turn the device away. Raises CodeUnknown."""
    with transaction.atomic():
        _decide(user_code, status=DeviceGrant.DENIED, user_id=None, now=now)
        audit.record(principal=principal, action="till.deny", target=f"code:{user_code}")


def exchange(*, access_token: str, address: str, now: datetime) -> tuple[Device, str]:
    """The till's own secret for the access token that a confirmed device got, once.

    Raises EnrolmentRefused for a token that is unknown, expired or used, and when who confirmed no longer may.
    """
    digest = digest_of(access_token)
    token = AccessToken.objects.select_related("user").filter(token_checksum=digest).first()
    row = TillEnrolment.objects.filter(token_sha256=digest, used_at=None).exclude(confirmed_at=None).first()
    if token is None or row is None or token.expires <= now or token.user is None or not token.user.is_active:
        raise _refused()
    principal = staff_principal(token.user, address=address)
    if row.confirmed_by != staff_subject(token.user.pk) or row.store_id not in principal.stores("till.enrol"):
        raise _refused()
    with transaction.atomic():
        if not TillEnrolment.objects.filter(device_code_sha256=row.device_code_sha256, used_at=None).update(
            used_at=now
        ):
            raise _refused()
        AccessToken.objects.filter(pk=token.pk).delete()
        return tills.enrol(
            workstation_id=row.workstation_id or 0,
            workstation_code=row.workstation_code,
            store_id=row.store_id or 0,
            chain_id=row.chain_id or 0,
            name=row.name,
            principal=principal,
            now=now,
        )


def clean(*, now: datetime | None = None) -> int:
    """Drop codes that nobody confirmed or exchanged within a day; returns how many."""
    day_ago = (now or datetime.now(UTC)) - timedelta(days=1)
    DeviceGrant.objects.filter(expires__lt=day_ago).delete()
    return TillEnrolment.objects.filter(asked_at__lt=day_ago).delete()[0]


def _pending(user_code: str, *, now: datetime) -> DeviceGrant | None:
    return DeviceGrant.objects.filter(
        user_code=user_code, status=DeviceGrant.AUTHORIZATION_PENDING, expires__gt=now
    ).first()


def _decide(user_code: str, *, status: str, user_id: int | None, now: datetime) -> str:
    """One manager decides: the statement changes what still waits. Returns the device code's hash."""
    grant = _pending(user_code, now=now)
    changed = grant is not None and DeviceGrant.objects.filter(
        pk=grant.pk, status=DeviceGrant.AUTHORIZATION_PENDING, expires__gt=now
    ).update(status=status, user_id=user_id)
    if grant is None or not changed:
        raise CodeUnknown("No device waits under this code", remedy="Read it again, or ask for a new one at the till.")
    return str(grant.device_code)


def _refused() -> EnrolmentRefused:
    return EnrolmentRefused(
        "The code was used, has expired or was taken back", remedy="Ask for a new code at the till."
    )
