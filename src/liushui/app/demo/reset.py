"""Takes the demo chain away again. Sales are never deleted row by row, so this drops the database it has to itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from liushui.app.demo.accounts import forget_accounts
from liushui.app.demo.chain import CHAIN_CODE
from liushui.catalog import facade as catalog
from liushui.kernel.errors import Conflict
from liushui.orders import facade as orders
from liushui.orders.contracts import SaleQuery
from liushui.runtime import staff
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores


class NotOnlyDemo(Conflict):
    """The database holds more than the demo chain."""

    type = "not-only-demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What would be removed."""

    database: str
    stores: int
    items: int
    sales: int
    members: int


def contents() -> Contents | None:
    """What the database holds; None when there is no chain. Raises NotOnlyDemo when another chain is in it."""
    chains = stores.chains()
    if not chains:
        return None
    others = [chain.code for chain in chains if chain.code != CHAIN_CODE]
    if others:
        raise NotOnlyDemo(
            f"This database also holds {', '.join(others)}",
            remedy="Sales are never deleted. Keep a demo in a data folder of its own: LIUSHUI_DATA_DIR=… liushui demo",
        )
    places = stores.stores()
    totals = orders.list_totals(query=SaleQuery(store_ids=frozenset(store.id for store in places)))
    found = catalog.search_items(chain_ids=[chain.id for chain in chains], text="", limit=1, offset=0)
    return Contents(
        database=str(connection.settings_dict["NAME"]),
        stores=len(places),
        items=found.total,
        sales=sum(total.sales for total in totals),
        members=len(staff.staff(principal=system_principal(name="demo"))),
    )


def clear_everything(*, folder: Path) -> None:
    """Drop all tables and make them anew, empty."""
    contents()
    if connection.vendor == "sqlite":
        path = Path(str(connection.settings_dict["NAME"]))
        connection.close()
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    else:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
    call_command("migrate", interactive=False, verbosity=0)
    stores.forget()
    forget_accounts(folder=folder)
