"""Machines at the API: which scopes a client may ask for, and whose token a request carries (RFC 6749, RFC 6750)."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
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
from liushui.runtime.grants import client_subject, held_grants
from liushui.runtime.models import ApiClient

TOKEN_URL = "/oauth/token/"  # noqa: S105
_CACHE_MAX = 10_000  # tokens in use at one time; beyond it the oldest is asked for again


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


@dataclass(frozen=True, slots=True)
class _Checked:
    """A token that the database knew: whose it is, and until when (monotonic seconds) that is believed unasked."""

    principal: Principal
    believed_until: float


class TokenCache:
    """Tokens checked in the last seconds, by their SHA-256, so that a leaked memory dump holds no token."""

    def __init__(self) -> None:
        self._checked: dict[bytes, _Checked] = {}
        self._lock = threading.Lock()

    def get(self, *, digest: bytes, now: float) -> Principal | None:
        """The principal of a token checked lately; None when it must be asked for."""
        found = self._checked.get(digest)
        return found.principal if found is not None and now < found.believed_until else None

    def put(self, *, digest: bytes, principal: Principal, believed_until: float) -> None:
        """Remember; the oldest is forgotten when there are too many."""
        with self._lock:
            self._checked.pop(digest, None)
            while len(self._checked) >= _CACHE_MAX:
                del self._checked[next(iter(self._checked))]
            self._checked[digest] = _Checked(principal, believed_until)

    def clear(self) -> None:
        """Forget all: a revocation in this process works at once, in the others when their seconds are over."""
        with self._lock:
            self._checked.clear()


tokens = TokenCache()


class Bearer(AuthBase):
    """Authentication of an API operation: a token with this capability as scope, of a client whose role has it.

    Sets `request.auth` to a Principal with `source`. 401 for a missing, unknown or expired token, 403 for a scope or
    role that is missing. A hit in the cache costs microseconds; a revocation is felt everywhere within
    `LIUSHUI_TOKEN_CACHE_SECONDS`.
    """

    openapi_type = "oauth2"
    openapi_flows = {"clientCredentials": {"tokenUrl": TOKEN_URL, "scopes": CAPABILITIES}}  # noqa: RUF012

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
    digest, now = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest(), time.monotonic()
    principal = tokens.get(digest=digest, now=now)
    if principal is None:
        principal = _ask_database(digest, now=now, address=address)
    return principal if principal.address == address else replace(principal, address=address)


def _ask_database(digest: bytes, *, now: float, address: str) -> Principal:
    """Three queries: the token, its client, the client's grants."""
    row = (
        AccessToken.objects.filter(token_checksum=digest.hex())
        .values_list("application__client_id", "scope", "expires")
        .first()
    )
    left = (row[2] - datetime.now(UTC)).total_seconds() if row is not None else 0.0
    client = ApiClient.objects.filter(client_id=row[0], revoked_at=None).first() if row is not None else None
    if row is None or client is None or left <= 0:
        raise TokenRefused(
            "The access token is unknown, expired or revoked",
            challenge='Bearer realm="liushui", error="invalid_token", '
            'error_description="The access token is unknown, expired or revoked"',
        )
    principal = machine_principal(client=client, scopes=row[1].split(), address=address)
    believed = min(float(settings.LIUSHUI.token_cache_seconds), left)
    tokens.put(digest=digest, principal=principal, believed_until=now + believed)
    return principal


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


def _require_scope(principal: Principal, capability: str) -> None:
    if principal.scopes is not None and capability not in principal.scopes:
        raise ScopeMissing(
            f"The access token does not carry the scope {capability!r}",
            capability=capability,
            remedy="Ask for a token with that scope; the client must be registered for it.",
        )
    if not principal.may(capability):
        raise ScopeMissing(
            f"The client holds no role with the right {capability!r}",
            capability=capability,
            remedy="Give the client a role that has it, under Settings, API clients.",
        )
