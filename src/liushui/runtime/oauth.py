"""Machines and apps at the API: which scopes a client may ask for, whose token a request carries (RFC 6749, 6750)."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja.security.base import AuthBase
from oauth2_provider.models import AccessToken
from oauth2_provider.scopes import BaseScopes

from liushui.kernel.errors import NotAllowed, NotSignedIn
from liushui.runtime import row_security
from liushui.runtime.access import CAPABILITIES, Principal
from liushui.runtime.believed import Believed, digest_of
from liushui.runtime.grants import client_subject, held_grants, staff_principal
from liushui.runtime.models import ApiClient, StaffUser

TOKEN_URL = "/oauth/token/"  # noqa: S105  # nosec B105  # a name, no password
AUTHORIZE_URL = "/oauth/authorize/"


class TokenRefused(NotSignedIn):
    """The access token is missing, unknown or expired."""

    def __init__(self, detail: str, *, challenge: str) -> None:
        super().__init__(detail, remedy=f"Get a token from {TOKEN_URL} and send it as 'Authorization: Bearer …'.")
        self.challenge = challenge


class ScopeMissing(NotAllowed):
    """The access token does not carry the scope that this needs, or its client lacks the role."""

    def __init__(self, detail: str, *, capability: str, remedy: str) -> None:
        super().__init__(detail, remedy=remedy, context={"scope": capability})
        self.challenge = f'Bearer realm="liushui", error="insufficient_scope", scope="{capability}"'


class CapabilityScopes(BaseScopes):  # type: ignore[misc]  # untyped there
    """Scopes are the capabilities; a client is given those it was registered with and no other."""

    def get_all_scopes(self) -> dict[str, str]:
        return dict(CAPABILITIES)

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        if application is None:
            return []
        registered = ApiClient.objects.filter(client_id=application.client_id, revoked_at=None).values_list("scopes")
        return [scope for (scopes,) in registered for scope in scopes if scope in CAPABILITIES]

    def get_default_scopes(self, application: Any = None, *args: Any, **kwargs: Any) -> list[str]:
        return self.get_available_scopes(application=application)


tokens: Believed[Principal] = Believed()


class Bearer(AuthBase):
    """Authentication of an API operation: a token with this capability as scope, of somebody whose role has it.

    Sets `request.auth` to a Principal with `source`. 401 for a missing, unknown or expired token, 403 for a scope or
    role that is missing. A hit in the cache costs microseconds; a revocation is felt everywhere within
    `LIUSHUI_TOKEN_CACHE_SECONDS`.
    """

    openapi_type = "oauth2"
    openapi_flows = {  # noqa: RUF012
        "clientCredentials": {"tokenUrl": TOKEN_URL, "scopes": CAPABILITIES},
        "authorizationCode": {
            "authorizationUrl": AUTHORIZE_URL,
            "tokenUrl": TOKEN_URL,
            "refreshUrl": TOKEN_URL,
            "scopes": CAPABILITIES,
        },
    }

    def __init__(self, capability: str) -> None:
        super().__init__()
        if capability not in CAPABILITIES:
            raise ValueError(f"no such capability: {capability}")
        self.capability = capability

    def __call__(self, request: HttpRequest) -> Principal:
        principal = _principal_of_token(_token_of(request), address=str(request.META.get("REMOTE_ADDR", "")))
        _require_scope(principal, self.capability)
        row_security.enter(principal)
        return principal


def _token_of(request: HttpRequest) -> str:
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenRefused("This needs an access token", challenge='Bearer realm="liushui"')
    return str(token.strip())


def _principal_of_token(token: str, *, address: str) -> Principal:
    digest, now = digest_of(token), time.monotonic()
    principal = tokens.get(digest=digest, now=now)
    if principal is None:
        principal = _ask_database(digest, now=now, address=address)
    return principal if principal.address == address else replace(principal, address=address)


def _ask_database(digest: str, *, now: float, address: str) -> Principal:
    """Three queries: the token, its client, the client's grants; one more for a person's token."""
    row = (
        AccessToken.objects.filter(token_checksum=digest)
        .values_list("application__client_id", "scope", "expires", "user_id")
        .first()
    )
    left = (row[2] - datetime.now(UTC)).total_seconds() if row is not None else 0.0
    client = ApiClient.objects.filter(client_id=row[0], revoked_at=None).first() if row is not None else None
    principal = _speaker(client, row[1].split(), user_id=row[3], address=address) if client is not None else None
    if principal is None or left <= 0:
        raise TokenRefused(
            "The access token is unknown, expired or revoked",
            challenge='Bearer realm="liushui", error="invalid_token", '
            'error_description="The access token is unknown, expired or revoked"',
        )
    believed = min(float(settings.LIUSHUI.token_cache_seconds), left)
    tokens.put(digest=digest, thing=principal, until=now + believed)
    return principal


def _speaker(client: ApiClient, scopes: list[str], *, user_id: int | None, address: str) -> Principal | None:
    """Whose word a token is: a machine's own, or through an app a person's; a till's is for its enrolment only."""
    if client.kind == "machine" and user_id is None:
        return machine_principal(client=client, scopes=scopes, address=address)
    if client.kind != "app" or user_id is None:
        return None
    user = StaffUser.objects.filter(pk=user_id, is_active=True).first()
    return person_principal(client=client, user=user, scopes=scopes, address=address) if user is not None else None


def machine_principal(*, client: ApiClient, scopes: Iterable[str], address: str) -> Principal:
    """An API client as a principal: its grants, narrowed to the scopes of its token that it is still registered for."""
    subject = client_subject(client.client_id)
    return Principal(
        subject=subject,
        name=client.name,
        grants=held_grants(subject=subject),
        scopes=frozenset(scopes) & frozenset(client.scopes),
        source=client.source,
        address=address,
    )


def person_principal(*, client: ApiClient, user: StaffUser, scopes: Iterable[str], address: str) -> Principal:
    """Somebody through an app: the person's grants in the app's chain, narrowed to what was consented to and to what
    the app is still registered for."""
    person = staff_principal(user, address=address)
    return replace(
        person,
        grants=tuple(held for held in person.grants if held.chain_id == client.chain_id),
        scopes=frozenset(scopes) & frozenset(client.scopes),
        source=client.source,
    )


def _require_scope(principal: Principal, capability: str) -> None:
    if principal.scopes is not None and capability not in principal.scopes:
        raise ScopeMissing(
            f"The access token does not carry the scope {capability!r}",
            capability=capability,
            remedy="Ask for a token with that scope; the client must be registered for it.",
        )
    if not principal.may(capability):
        who = "The client" if principal.subject.startswith("client:") else principal.name
        raise ScopeMissing(
            f"{who} holds no role with the right {capability!r}",
            capability=capability,
            remedy="Give a role that has it, under Settings, API clients or Staff.",
        )
