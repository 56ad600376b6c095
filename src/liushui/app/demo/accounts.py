"""Log-ins and the API client of the demo: made for this installation, kept in the data folder for its owner only."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from liushui.kernel.errors import Conflict, NotFound
from liushui.runtime import api_clients, operators, staff
from liushui.runtime.access import Grant, Principal
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain

LIVE_SOURCE = "demo-live"
_FILE = "demo-accounts.json"
_SCOPES = ("sale.read", "sale.write", "store.read", "catalog.read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A demo log-in, one for each role."""

    username: str
    password: str
    display_name: str
    roles: str
    place: str
    pin: str = ""  # at an enrolled till


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """A coupon code to try at the till."""

    code: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Everything that opens the demo chain."""

    logins: tuple[Login, ...]
    client_id: str
    client_secret: str
    coupons: tuple[Coupon, ...] = ()
    shopper_phone: str = ""  # of a made-up member


# user name, shown name, roles, region, store; empty: the whole chain
_PEOPLE = (
    ("boss", "总部 Head office", ("store_manager", "marketer", "finance", "auditor", "it_admin"), "", ""),
    ("manager", "店长 Store manager", ("store_manager",), "", "S001"),
    ("east", "大区经理 Region manager", ("store_manager",), "east", ""),
    ("cashier", "收银员 Cashier", ("cashier",), "", "S001"),
    ("cashier2", "晚班收银员 Evening cashier", ("cashier",), "", "S001"),
    ("marketer", "市场 Marketer", ("marketer",), "", ""),
    ("finance", "财务 Finance", ("finance",), "", ""),
    ("auditor", "审计 Auditor", ("auditor",), "", ""),
    ("regulator", "监管 Regulator", ("regulator",), "", ""),
    ("it", "信息技术 IT", ("it_admin",), "", ""),
)


def ensure_accounts(*, chain: Chain, folder: Path, principal: Principal) -> Accounts:
    """The accounts kept in the data folder; those that are missing there are made, or given a new secret."""
    kept = read_accounts(folder=folder)
    known = {login.username: login for login in kept.logins} if kept else {}
    members = {member.username: member.id for member in staff.staff(principal=principal)}
    logins = tuple(
        known[username]
        if username in known and username in members
        else _login(username, display_name, roles, region, store, chain=chain, members=members, principal=principal)
        for username, display_name, roles, region, store in _PEOPLE
    )
    members = {member.username: member.id for member in staff.staff(principal=principal)}
    logins = tuple(_with_pin(login, members[login.username], principal) for login in logins)
    client = (kept.client_id, kept.client_secret) if kept and _client_lives(kept.client_id, principal) else None
    client_id, secret = client or _client(chain=chain, principal=principal)
    accounts = Accounts(logins=logins, client_id=client_id, client_secret=secret)
    _write(folder / _FILE, accounts)
    return accounts


def read_accounts(*, folder: Path) -> Accounts | None:
    """The accounts kept in the data folder, if there are any."""
    try:
        document = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    logins = tuple(Login(**login) for login in document["logins"])
    coupons = tuple(Coupon(**coupon) for coupon in document.get("coupons", ()))
    return Accounts(
        logins=logins,
        client_id=document["client_id"],
        client_secret=document["client_secret"],
        coupons=coupons,
        shopper_phone=document.get("shopper_phone", ""),
    )


def keep_for_trying(*, accounts: Accounts, coupons: tuple[Coupon, ...], shopper_phone: str, folder: Path) -> Accounts:
    """The accounts with these coupons and the phone of a member to try things with, kept in the data folder."""
    changed = replace(accounts, coupons=coupons, shopper_phone=shopper_phone)
    _write(folder / _FILE, changed)
    return changed


def forget_accounts(*, folder: Path) -> None:
    """Remove the file."""
    (folder / _FILE).unlink(missing_ok=True)


def _with_pin(login: Login, user_id: int, principal: Principal) -> Login:
    """Those who work at tills get a PIN for them."""
    if login.pin or not {"cashier", "store_manager"} & set(login.roles.split(", ")):
        return login
    pin = ""
    while not pin or operators.is_trivial(pin):
        pin = f"{secrets.randbelow(1_000_000):06}"
    operators.set_pin(user_id=user_id, pin=pin, principal=principal, now=datetime.now(UTC))
    return replace(login, pin=pin)


def _login(
    username: str,
    display_name: str,
    roles: tuple[str, ...],
    region: str,
    store: str,
    *,
    chain: Chain,
    members: dict[str, int],
    principal: Principal,
) -> Login:
    region_id = next((row.id for row in stores.regions() if (row.chain_id, row.code) == (chain.id, region)), None)
    store_id = stores.stores_by_code()[chain.code, store].id if store else None
    if username in members:
        password = staff.reset_password(user_id=members[username], principal=principal)
    else:
        grants = [Grant(role=role, chain_id=chain.id, region_id=region_id, store_id=store_id) for role in roles]
        _, password = staff.create_staff(
            username=username, display_name=display_name, grants=grants, principal=principal
        )
    return Login(
        username=username,
        password=password,
        display_name=display_name,
        roles=", ".join(roles),
        place=store or region or "all stores",
    )


def _client_lives(client_id: str, principal: Principal) -> bool:
    try:
        return api_clients.client(client_id=client_id, principal=principal).revoked_at is None
    except NotFound:
        return False


def _client(*, chain: Chain, principal: Principal) -> tuple[str, str]:
    for client in api_clients.clients(principal=principal):
        if client.source == LIVE_SOURCE:
            if client.revoked_at is not None:
                raise Conflict("The demo's API client has been revoked", remedy="`liushui demo --reset` starts anew.")
            return client.client_id, api_clients.rotate_secret(client_id=client.client_id, principal=principal)
    return api_clients.create_client(
        name="Demo tills",
        source=LIVE_SOURCE,
        grants=[Grant(role="integration", chain_id=chain.id)],
        scopes=_SCOPES,
        principal=principal,
    )


def _write(path: Path, accounts: Accounts) -> None:
    text = json.dumps(asdict(accounts), ensure_ascii=False, indent=2)
    new = path.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    new.replace(path)
