"""API clients: machines with a secret, apps in which people sign in (PKCE), till apps that are enrolled by a code.

Each sends sales under its own source name. A machine is managed by those who manage every place of its roles, an app
or a till app by those who manage access in the whole of its chain.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from oauth2_provider.models import AccessToken, Application

from liushui.kernel.errors import Conflict, InvalidValue, NotAllowed, NotFound
from liushui.runtime import audit, believed, enrolment
from liushui.runtime.access import CAPABILITIES, ROLES, Grant, Principal
from liushui.runtime.grants import MACHINE_ROLES, client_subject, grant, grants_of, manages_all, only_chain
from liushui.runtime.models import ApiClient

SOURCE_NAME = re.compile(r"\A[a-z0-9][a-z0-9._-]{0,63}\Z", re.ASCII)
STAFF_ONLY_SCOPES = frozenset({"access.manage"})  # machines manage no access
KINDS = ("machine", "app", "till")
# What an app may not do in anybody's name: it needs the person, not a token of his.
IN_PERSON_SCOPES = frozenset({"access.manage", "till.use", "till.approve", "till.enrol"})
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientView:
    """An API client as it is listed; the secret is not known to us either."""

    client_id: str
    kind: str  # one of KINDS
    name: str
    source: str
    chain_id: int | None  # app, till
    scopes: tuple[str, ...]
    grants: tuple[Grant, ...]
    redirect_uris: tuple[str, ...]  # app
    created_at: datetime
    rotated_at: datetime | None
    revoked_at: datetime | None


def machine_scopes() -> tuple[str, ...]:
    """Scopes that a client can be registered for."""
    given = frozenset[str]().union(*(ROLES[role] for role in MACHINE_ROLES)) - STAFF_ONLY_SCOPES
    return tuple(scope for scope in CAPABILITIES if scope in given)


def app_scopes() -> tuple[str, ...]:
    """Scopes that an app can be registered for; of them a person's own rights give what they give."""
    return tuple(scope for scope in CAPABILITIES if scope not in IN_PERSON_SCOPES)


def scopes_for(kind: str) -> tuple[str, ...]:
    """Scopes that a client of this kind can be registered for."""
    return {"machine": machine_scopes(), "app": app_scopes(), "till": enrolment.TILL_SCOPES}[kind]


def create_client(
    *, name: str, source: str, grants: Collection[Grant], scopes: Collection[str], principal: Principal
) -> tuple[str, str]:
    """Register a client; returns its id and its secret, which is hashed here and never seen again.

    Raises NotAllowed when the principal does not manage access in every place granted, InvalidValue for a scope or
    source name that cannot be, Conflict when the source name is or was another client's.
    """
    principal.require("access.manage")
    _check_names(name=name, source=source)
    _check_scopes(scopes, kind="machine")
    if not grants:
        raise InvalidValue("A client needs a role in some place", pointer="/grants")
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


def create_app(
    *,
    name: str,
    source: str,
    chain_id: int,
    scopes: Collection[str],
    redirect_uris: Collection[str],
    principal: Principal,
) -> str:
    """Register an app in which people of a chain sign in; returns its id. It is public: PKCE takes a secret's place.

    Raises NotAllowed unless the principal manages access in the whole chain, InvalidValue, Conflict.
    """
    _check_names(name=name, source=source)
    _check_scopes(scopes, kind="app")
    addresses = _checked_addresses(redirect_uris)
    return _create_public(
        kind="app", name=name, source=source, chain_id=chain_id, scopes=scopes, addresses=addresses, principal=principal
    )


def create_till_app(*, name: str, source: str, chain_id: int, principal: Principal) -> str:
    """Register a native till app, enrolled by a code as browsers are; returns its id. Raises as `create_app`."""
    _check_names(name=name, source=source)
    scopes = enrolment.TILL_SCOPES
    return _create_public(
        kind="till", name=name, source=source, chain_id=chain_id, scopes=scopes, addresses=(), principal=principal
    )


def _create_public(
    *,
    kind: str,
    name: str,
    source: str,
    chain_id: int,
    scopes: Collection[str],
    addresses: tuple[str, ...],
    principal: Principal,
) -> str:
    if chain_id not in principal.whole_chains("access.manage"):
        raise NotAllowed("This needs the right 'access.manage' in the whole chain")
    client_id = f"liushui-{secrets.token_hex(8)}"
    grant_type = Application.GRANT_AUTHORIZATION_CODE if kind == "app" else Application.GRANT_DEVICE_CODE
    try:
        with transaction.atomic():
            Application.objects.create(
                client_id=client_id,
                name=name,
                client_type=Application.CLIENT_PUBLIC,
                authorization_grant_type=grant_type,
                redirect_uris=" ".join(addresses),
            )
            ApiClient.objects.create(
                client_id=client_id,
                kind=kind,
                chain_id=chain_id,
                name=name.strip(),
                source=source,
                scopes=sorted(scopes),
                created_by=principal.subject,
            )
            audit.record(
                principal=principal, action="client.create", target=client_subject(client_id), chain_id=chain_id,
                after={"name": name, "kind": kind, "scopes": sorted(scopes), "redirect_uris": list(addresses)},
            )  # fmt: skip
    except IntegrityError as error:
        raise Conflict(f"The source name {source!r} belongs to another client", pointer="/source") from error
    return client_id


def change_client(
    *, client_id: str, scopes: Collection[str], redirect_uris: Collection[str] | None = None, principal: Principal
) -> None:
    """Other scopes, and for an app other addresses. A token that is out has of its scopes those that are left."""
    row, held = _managed(client_id, principal, alive=True)
    _check_scopes(scopes, kind=row.kind)
    addresses = _checked_addresses(redirect_uris) if row.kind == "app" and redirect_uris is not None else None
    with transaction.atomic():
        _change_alive(client_id, scopes=sorted(scopes))
        application = Application.objects.get(client_id=client_id)
        before = {"scopes": list(row.scopes), "redirect_uris": application.redirect_uris.split()}
        after = before | {"scopes": sorted(scopes)}
        if addresses is not None:
            Application.objects.filter(client_id=client_id).update(redirect_uris=" ".join(addresses))
            after["redirect_uris"] = list(addresses)
        if after != before:
            audit.record(
                principal=principal, action="client.change", target=client_subject(client_id),
                chain_id=row.chain_id or only_chain(held), before=before, after=after,
            )  # fmt: skip
    believed.forget_all()


def rotate_secret(*, client_id: str, principal: Principal) -> str:
    """A new secret; the old one and every token got with it end. Returns the secret, never seen again."""
    row, held = _managed(client_id, principal, alive=True)
    if row.kind != "machine":
        raise Conflict("Only a machine has a secret")
    secret, now = secrets.token_urlsafe(32), datetime.now(UTC)
    with transaction.atomic():
        _change_alive(client_id, rotated_at=now)
        application = Application.objects.get(client_id=client_id)
        application.client_secret = secret
        application.save(update_fields=["client_secret", "updated"])
        AccessToken.objects.filter(application=application).delete()
        audit.record(
            principal=principal, action="client.rotate", target=client_subject(client_id), chain_id=only_chain(held)
        )
    believed.forget_all()
    return secret


def revoke_client(*, client_id: str, principal: Principal) -> None:
    """End a client for ever, with its secret and tokens. Its source name stays taken, since sales carry it."""
    row, held = _managed(client_id, principal, alive=True)
    with transaction.atomic():
        _change_alive(client_id, revoked_at=datetime.now(UTC))
        Application.objects.filter(client_id=client_id).delete()  # with all its tokens
        audit.record(
            principal=principal,
            action="client.revoke",
            target=client_subject(client_id),
            chain_id=row.chain_id or only_chain(held),
            before={"name": row.name, "source": row.source},
        )
    believed.forget_all()


def clients(*, principal: Principal) -> tuple[ClientView, ...]:
    """The clients that the principal manages: machines with a role where he manages access, apps of his chains."""
    principal.require("access.manage")
    rows = list(ApiClient.objects.order_by("revoked_at", "name"))
    held = grants_of(subjects=[client_subject(row.client_id) for row in rows])
    addresses = dict(Application.objects.values_list("client_id", "redirect_uris"))
    managed = [row for row in rows if _is_managed(row, held.get(client_subject(row.client_id), ()), principal)]
    return tuple(
        _view(row, held.get(client_subject(row.client_id), ()), addresses.get(row.client_id, "")) for row in managed
    )


def client(*, client_id: str, principal: Principal) -> ClientView:
    """One client; raises NotFound for one that the principal does not manage."""
    row, held = _managed(client_id, principal)
    application = Application.objects.filter(client_id=client_id).first()
    return _view(row, held, application.redirect_uris if application is not None else "")


def _is_managed(row: ApiClient, held: tuple[Grant, ...], principal: Principal) -> bool:
    if row.kind == "machine":
        return manages_all(principal=principal, grants=held)
    return row.chain_id in principal.whole_chains("access.manage")


def _managed(client_id: str, principal: Principal, *, alive: bool = False) -> tuple[ApiClient, tuple[Grant, ...]]:
    principal.require("access.manage")
    row = ApiClient.objects.filter(client_id=client_id).first()
    held = grants_of(subjects=[client_subject(client_id)]).get(client_subject(client_id), ())
    if row is None or not _is_managed(row, held, principal):
        raise NotFound(f"There is no API client {client_id!r}")
    if alive and row.revoked_at is not None:
        raise _revoked()
    return row, held


def _change_alive(client_id: str, **values: object) -> None:
    """The first statement of a change: one that another person has revoked since it was read is changed no more."""
    if not ApiClient.objects.filter(client_id=client_id, revoked_at=None).update(**values):
        raise _revoked()


def _revoked() -> Conflict:
    return Conflict("This client has been revoked", remedy="Make a new client.")


def _check_names(*, name: str, source: str) -> None:
    if not name.strip() or len(name) > 128:
        raise InvalidValue("A client needs a name of at most 128 characters", pointer="/name")
    if not SOURCE_NAME.fullmatch(source):
        raise InvalidValue(
            f"{source!r} is not a source name",
            pointer="/source",
            remedy="Use up to 64 small letters, digits, dots, hyphens and underscores, such as 'webshop'.",
        )


def _check_scopes(scopes: Collection[str], *, kind: str) -> None:
    unknown = sorted(set(scopes) - set(scopes_for(kind)))
    if unknown or not scopes:
        raise InvalidValue(
            f"No client can have the scopes {unknown}" if unknown else "A client needs a scope", pointer="/scopes"
        )


def _checked_addresses(redirect_uris: Collection[str]) -> tuple[str, ...]:
    """Where people come back to: https, or http on the machine itself; no wildcard, no fragment, no user in it."""
    addresses = tuple(dict.fromkeys(address.strip() for address in redirect_uris if address.strip()))
    for address in addresses:
        try:
            parts = urlsplit(address)
            local = parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS
            good = bool(parts.hostname) and (parts.scheme == "https" or local) and parts.port != 0
        except ValueError:  # a port that is no number, a bracket that is not closed
            good = False
        if not good or any(sign in address for sign in "#*@\\") or any(not " " < sign < "\x7f" for sign in address):
            raise InvalidValue(
                f"{address!r} is no address to come back to",
                pointer="/redirect_uris",
                remedy="Give https://…, or http://localhost:port/… for an app on the person's own machine.",
            )
    if not addresses:
        raise InvalidValue("An app needs an address to come back to", pointer="/redirect_uris")
    return addresses


def _view(row: ApiClient, held: tuple[Grant, ...], redirect_uris: str) -> ClientView:
    return ClientView(
        client_id=row.client_id,
        kind=row.kind,
        chain_id=row.chain_id,
        redirect_uris=tuple(redirect_uris.split()),
        name=row.name,
        source=row.source,
        scopes=tuple(row.scopes),
        grants=held,
        created_at=row.created_at,
        rotated_at=row.rotated_at,
        revoked_at=row.revoked_at,
    )
