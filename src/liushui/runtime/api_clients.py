"""API clients: made with a secret that is shown once, rotated, revoked; each sends sales under its own source name."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import IntegrityError, transaction
from oauth2_provider.models import AccessToken, Application

from liushui.kernel.errors import Conflict, InvalidValue, NotFound
from liushui.runtime import audit, oauth
from liushui.runtime.access import CAPABILITIES, ROLES, Grant, Principal
from liushui.runtime.grants import MACHINE_ROLES, client_subject, grant, grants_of, manages_all, only_chain
from liushui.runtime.models import ApiClient

SOURCE_NAME = re.compile(r"\A[a-z0-9][a-z0-9._-]{0,63}\Z", re.ASCII)
STAFF_ONLY_SCOPES = frozenset({"access.manage"})  # machines manage no access


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientView:
    """An API client as it is listed; the secret is not known to us either."""

    client_id: str
    name: str
    source: str
    scopes: tuple[str, ...]
    grants: tuple[Grant, ...]
    created_at: datetime
    rotated_at: datetime | None
    revoked_at: datetime | None


def machine_scopes() -> tuple[str, ...]:
    """Scopes that a client can be registered for."""
    given = frozenset[str]().union(*(ROLES[role] for role in MACHINE_ROLES)) - STAFF_ONLY_SCOPES
    return tuple(scope for scope in CAPABILITIES if scope in given)


def create_client(
    *, name: str, source: str, grants: Collection[Grant], scopes: Collection[str], principal: Principal
) -> tuple[str, str]:
    """Register a client; returns its id and its secret, which is hashed here and never seen again.

    Raises NotAllowed when the principal does not manage access in every place granted, InvalidValue for a scope or
    source name that cannot be, Conflict when the source name is or was another client's.
    """
    principal.require("access.manage")
    _check_new(name=name, source=source, scopes=scopes, grants=grants)
    client_id, secret = f"liushui-{secrets.token_hex(8)}", secrets.token_urlsafe(32)
    try:
        with transaction.atomic():
            Application.objects.create(
                client_id=client_id,
                client_secret=secret,
                name=name,
                client_type=Application.CLIENT_CONFIDENTIAL,
                authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
            )
            ApiClient.objects.create(
                client_id=client_id,
                name=name.strip(),
                source=source,
                scopes=sorted(scopes),
                created_by=principal.subject,
            )
            audit.record(
                principal=principal,
                action="client.create",
                target=client_subject(client_id),
                chain_id=only_chain(grants),
                after={"name": name, "source": source, "scopes": sorted(scopes)},
            )
            for held in grants:
                grant(subject=client_subject(client_id), grant=held, granted_by=principal)
    except IntegrityError as error:
        raise Conflict(f"The source name {source!r} belongs to another client", pointer="/source") from error
    return client_id, secret


def rotate_secret(*, client_id: str, principal: Principal) -> str:
    """A new secret; the old one and every token got with it end. Returns the secret, never seen again."""
    row, held = _managed(client_id, principal, alive=True)
    secret, now = secrets.token_urlsafe(32), datetime.now(UTC)
    with transaction.atomic():
        application = Application.objects.get(client_id=client_id)
        application.client_secret = secret
        application.save(update_fields=["client_secret", "updated"])
        AccessToken.objects.filter(application=application).delete()
        ApiClient.objects.filter(client_id=row.client_id).update(rotated_at=now)
        audit.record(
            principal=principal, action="client.rotate", target=client_subject(client_id), chain_id=only_chain(held)
        )
    oauth.tokens.clear()
    return secret


def revoke_client(*, client_id: str, principal: Principal) -> None:
    """End a client for ever, with its secret and tokens. Its source name stays taken, since sales carry it."""
    row, held = _managed(client_id, principal, alive=True)
    with transaction.atomic():
        ApiClient.objects.filter(client_id=row.client_id).update(revoked_at=datetime.now(UTC))
        Application.objects.filter(client_id=client_id).delete()  # with all its tokens
        audit.record(
            principal=principal,
            action="client.revoke",
            target=client_subject(client_id),
            chain_id=only_chain(held),
            before={"name": row.name, "source": row.source},
        )
    oauth.tokens.clear()


def clients(*, principal: Principal) -> tuple[ClientView, ...]:
    """The clients that the principal manages: those with a grant in a place where he manages access."""
    principal.require("access.manage")
    rows = list(ApiClient.objects.order_by("revoked_at", "name"))
    held = grants_of(subjects=[client_subject(row.client_id) for row in rows])
    views = [_view(row, held.get(client_subject(row.client_id), ())) for row in rows]
    return tuple(view for view in views if manages_all(principal=principal, grants=view.grants))


def client(*, client_id: str, principal: Principal) -> ClientView:
    """One client; raises NotFound for one that the principal does not manage."""
    return _view(*_managed(client_id, principal))


def _managed(client_id: str, principal: Principal, *, alive: bool = False) -> tuple[ApiClient, tuple[Grant, ...]]:
    principal.require("access.manage")
    row = ApiClient.objects.filter(client_id=client_id).first()
    held = grants_of(subjects=[client_subject(client_id)]).get(client_subject(client_id), ())
    if row is None or not manages_all(principal=principal, grants=held):
        raise NotFound(f"There is no API client {client_id!r}")
    if alive and row.revoked_at is not None:
        raise Conflict("This client has been revoked", remedy="Make a new client.")
    return row, held


def _check_new(*, name: str, source: str, scopes: Collection[str], grants: Collection[Grant]) -> None:
    if not name.strip() or len(name) > 128:
        raise InvalidValue("A client needs a name of at most 128 characters", pointer="/name")
    if not SOURCE_NAME.fullmatch(source):
        raise InvalidValue(
            f"{source!r} is not a source name",
            pointer="/source",
            remedy="Use up to 64 small letters, digits, dots, hyphens and underscores, such as 'webshop'.",
        )
    unknown = sorted(set(scopes) - set(machine_scopes()))
    if unknown or not scopes:
        raise InvalidValue(
            f"No client can have the scopes {unknown}" if unknown else "A client needs a scope", pointer="/scopes"
        )
    if not grants:
        raise InvalidValue("A client needs a role in some place", pointer="/grants")


def _view(row: ApiClient, held: tuple[Grant, ...]) -> ClientView:
    return ClientView(
        client_id=row.client_id,
        name=row.name,
        source=row.source,
        scopes=tuple(row.scopes),
        grants=held,
        created_at=row.created_at,
        rotated_at=row.rotated_at,
        revoked_at=row.revoked_at,
    )
