"""Commands that let people and machines in."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated

import typer
from django.utils import timezone

from liushui.app.commands_serving import require_migrated
from liushui.app.terminal import JsonOption, command, out, print_json, table
from liushui.kernel.errors import InvalidValue, NotFound
from liushui.runtime import api_clients, grants, staff
from liushui.runtime.access import Grant, Principal
from liushui.runtime.grants import STAFF_ROLES, system_principal
from liushui.runtime.staff import StaffView
from liushui.stores import facade as stores

app = typer.Typer()

ChainOption = Annotated[str, typer.Option(help="Chain code; may be left out while there is one chain.")]
RegionOption = Annotated[str, typer.Option(help="Region code: the role holds in this region only.")]
StoreOption = Annotated[str, typer.Option(help="Store code: the role holds in this store only.")]


@command(
    app,
    "create-staff",
    examples=(
        "liushui create-staff li.na --name 李娜 --role it_admin",
        "liushui create-staff wang.wei --name 王伟 --role store_manager --store S001",
    ),
)
def create_staff(
    username: Annotated[str, typer.Argument(help="What the person signs in with.")],
    role: Annotated[list[str], typer.Option(help=f"One or more of: {', '.join(sorted(STAFF_ROLES))}.")],
    name: Annotated[str, typer.Option(help="The person's name; empty takes the user name.")] = "",
    chain: ChainOption = "",
    region: RegionOption = "",
    store: StoreOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make a log-in with its roles; the password is shown once."""
    require_migrated()
    _, password = staff.create_staff(
        username=username,
        display_name=name or username,
        grants=[grant_for(role=each, chain=chain, region=region, store=store) for each in role],
        principal=system_principal(name="command line"),
        must_change=True,
    )
    if as_json:
        print_json({"username": username, "password": password})
    else:
        out.print(f"{username} may sign in with the password [bold]{password}[/], which is not shown again.")
        out.print("Another one has to be chosen at the first sign-in.")


@command(
    app,
    "grant",
    examples=(
        "liushui grant li.na --role finance --chain online-retail",
        "liushui grant wang.wei --role store_manager --store S002 --until 2027-01-31",
    ),
)
def grant(
    username: Annotated[str, typer.Argument(help="Somebody who has a log-in already.")],
    role: Annotated[list[str], typer.Option(help=f"One or more of: {', '.join(sorted(STAFF_ROLES))}.")],
    chain: ChainOption = "",
    region: RegionOption = "",
    store: StoreOption = "",
    until: Annotated[str, typer.Option(help="The last day on which the role holds, such as 2027-01-31.")] = "",
) -> None:
    """Give somebody a further role, such as in a chain that an import has made; the same role gets the new end."""
    require_migrated()
    principal = system_principal(name="command line")
    found, expires_at = member(username, principal=principal), _end_of(until)
    for each in role:
        given = grant_for(role=each, chain=chain, region=region, store=store)
        grants.grant(subject=grants.staff_subject(found.id), grant=given, granted_by=principal, expires_at=expires_at)
    out.print(f"{username} now holds {', '.join(role)} there{f' until {until}' if until else ''}.")


@command(app, "unlock", examples=("liushui unlock li.na",))
def unlock(username: Annotated[str, typer.Argument(help="Who is locked out after wrong passwords or codes.")]) -> None:
    """Let somebody sign in again who is locked out after wrong passwords or codes."""
    require_migrated()
    principal = system_principal(name="command line")
    if staff.unlock(user_id=member(username, principal=principal).id, principal=principal):
        out.print(f"{username} may try again.")
    else:
        out.print(f"{username} was not locked.")


def member(username: str, *, principal: Principal) -> StaffView:
    """The log-in of this name; raises NotFound."""
    found = next((member for member in staff.staff(principal=principal) if member.username == username), None)
    if found is None:
        raise NotFound(f"There is no log-in {username!r}", remedy="`liushui create-staff` makes one.")
    return found


def _end_of(until: str) -> datetime | None:
    """The moment after this day, in the console's time zone; None for no day."""
    if not until:
        return None
    try:
        day = date.fromisoformat(until)
    except ValueError as error:
        raise InvalidValue(f"{until!r} is not a day", pointer="/until", remedy="Write it as 2027-01-31.") from error
    return datetime.combine(day + timedelta(days=1), time(), timezone.get_default_timezone())


@command(
    app,
    "create-client",
    examples=(
        "liushui create-client 'Web shop' --source webshop --scope sale.write",
        "liushui create-client 'Tills S001' --source tills-s001 --scope sale.write --scope catalog.read --store S001",
    ),
)
def create_client(
    name: Annotated[str, typer.Argument(help="What people call this system.")],
    source: Annotated[str, typer.Option(help="The name that its sales carry for ever, such as webshop.")],
    scope: Annotated[list[str], typer.Option(help=f"One or more of: {', '.join(api_clients.machine_scopes())}.")],
    chain: ChainOption = "",
    region: RegionOption = "",
    store: StoreOption = "",
    as_json: JsonOption = False,
) -> None:
    """Register a system that speaks to the API; the secret is shown once."""
    require_migrated()
    client_id, secret = api_clients.create_client(
        name=name,
        source=source,
        grants=[grant_for(role="integration", chain=chain, region=region, store=store)],
        scopes=scope,
        principal=system_principal(name="command line"),
    )
    if as_json:
        print_json({"client_id": client_id, "client_secret": secret})
    else:
        out.print(f"client_id     [bold]{client_id}[/]\nclient_secret [bold]{secret}[/]   (not shown again)")


def grant_for(*, role: str, chain: str, region: str, store: str) -> Grant:
    """A role in the place that these codes name; raises InvalidValue for a code that is not known."""
    chains = {known.code: known for known in stores.chains()}
    if not chain and len(chains) == 1:
        chain = next(iter(chains))
    if chain not in chains:
        raise InvalidValue(f"There is no chain {chain!r}", remedy=f"Known: {', '.join(sorted(chains)) or 'none yet'}.")
    chain_id, region_id, store_id = chains[chain].id, None, None
    if region:
        regions = {known.code: known.id for known in stores.regions() if known.chain_id == chain_id}
        if region not in regions:
            raise InvalidValue(f"There is no region {region!r}", remedy=f"Known: {', '.join(sorted(regions))}.")
        region_id = regions[region]
    if store:
        found = stores.stores_by_code().get((chain, store))
        if found is None:
            raise InvalidValue(f"There is no store {store!r} in {chain}", remedy="`liushui stores` lists them.")
        store_id = found.id
    return Grant(role=role, chain_id=chain_id, region_id=region_id, store_id=store_id)


@command(app, "stores", examples=("liushui stores", "liushui stores --json"))
def list_stores(as_json: JsonOption = False) -> None:
    """List the stores with their codes."""
    require_migrated()
    chains = {chain.id: chain.code for chain in stores.chains()}
    regions = {region.id: region.code for region in stores.regions()}
    rows = [
        (
            chains[store.chain_id],
            regions.get(store.region_id, ""),
            store.code,
            store.name_zh,
            store.name_en,
            store.time_zone,
        )
        for store in stores.stores()
    ]
    columns = ("chain", "region", "store", "name_zh", "name_en", "time_zone")
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        table(columns=columns, rows=rows)
