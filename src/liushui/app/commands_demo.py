"""Commands of the demo chain: everything at once, or load, live day, log-ins and clearing on their own."""

from __future__ import annotations

import os
import signal
import threading
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from django.conf import settings
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from liushui.app.commands_serving import migrate_database, require_migrated, server_part, worker_part
from liushui.app.demo import reset
from liushui.app.demo.accounts import Accounts, ensure_accounts, keep_for_trying, read_accounts
from liushui.app.demo.chain import CHAIN_CODE, demo_stores
from liushui.app.serve import Part, Supervisor, free_port
from liushui.app.terminal import command, fail, out, table
from liushui.kernel.errors import NotFound
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores

app = typer.Typer(help="The demo chain: 20 supermarkets, 5,000 items, 90 days of sales, and a day that goes on.")

TicketsOption = Annotated[float, typer.Option(help="Receipts an average store makes on a weekday.", min=0.1)]
DaysOption = Annotated[int, typer.Option(help="Days of history, today included.", min=1, max=800)]
MembersOption = Annotated[int, typer.Option(help="Members of the chain.", min=1, max=2000)]
RateOption = Annotated[float, typer.Option(help="Live sales a second, on average over the opening hours.", min=0.001)]
TICKETS, DAYS, MEMBERS, RATE = 12.0, 90, 2000, 0.2


@app.callback(
    invoke_without_command=True,
    epilog="Examples:\n\n  liushui demo\n\n  liushui demo --days 400 --tickets 5\n\n  liushui demo --reset",
)
def demo(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; the next free one is taken when it is in use.")] = 8000,
    tickets: TicketsOption = TICKETS,
    days: DaysOption = DAYS,
    rate: RateOption = RATE,
    live: Annotated[bool, typer.Option("--live/--no-live", help="Keep selling while it runs.")] = True,
    reset_first: Annotated[bool, typer.Option("--reset", help="Ask, clear the demo chain, begin anew.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Load what is missing, serve it, and keep selling until Ctrl+C."""
    if context.invoked_subcommand is not None:
        return
    _everything(
        host=host, port=port, tickets=tickets, days=days, rate=rate if live else None, reset_first=reset_first, yes=yes
    )


def _everything(
    *, host: str, port: int, tickets: float, days: int, rate: float | None, reset_first: bool, yes: bool
) -> None:
    if reset_first:
        clear(yes=yes)
    accounts = _load(tickets=tickets, days=days, members=MEMBERS)
    port = free_port(host=host, port=port)
    url = f"http://{host}:{port}"
    wallet_port = free_port(host=host, port=8300)
    wallet = f"http://{host}:{wallet_port}"
    # The product asks people with much power for a second factor; a demo lets them look at it first.
    trying = {
        "LIUSHUI_SANDBOX_PAY_URL": wallet,
        "LIUSHUI_PAYMENT_NOTIFY_URL": url,
        "LIUSHUI_SECOND_FACTOR": "optional",
        "LIUSHUI_DEMO_HINTS": "true",  # no text message goes out: one-time codes stand on the page
    }
    parts = [server_part(host=host, port=port), worker_part()]
    for part in parts:
        part.environment = trying
    parts.append(Part(name="sandbox-pay", arguments=["sandbox-pay", "--host", host, "--port", str(wallet_port)]))
    if rate is not None:
        parts.append(Part(name="live", arguments=["demo", "live", "--url", url, "--rate", str(rate)]))
    if "LIUSHUI_LOG_LEVEL" not in os.environ:
        for part in parts:
            part.environment = {
                **part.environment,
                "LIUSHUI_LOG_LEVEL": "WARNING",
            }  # a line a sale would push the log-ins off the screen
    _print_logins(accounts)
    out.print(f"\nThe demo chain is at [bold]{url}/[/]   (Ctrl+C stops it)")
    out.print(f"A till is at {url}/till/; confirm its code as manager or boss. Its customers pay at {wallet}/wallet/\n")
    out.print(f"Members have their own pages at {url}/my/; any mobile number may join there.\n")
    Supervisor(parts=parts).run()


@command(app, "load", examples=("liushui demo load", "liushui demo load --days 30"))
def load(tickets: TicketsOption = TICKETS, days: DaysOption = DAYS, members: MembersOption = MEMBERS) -> None:
    """Load the demo chain up to this hour, without serving it. What is there already stays as it is."""
    _load(tickets=tickets, days=days, members=members)


@command(app, "live", examples=("liushui demo live --url http://127.0.0.1:8000 --rate 5",))
def live(
    url: Annotated[str, typer.Option(help="Where the chain is served.")] = "http://127.0.0.1:8000",
    rate: RateOption = RATE,
    count: Annotated[int | None, typer.Option(help="End after so many sales.", min=1)] = None,
    seed: Annotated[int | None, typer.Option(help="Make up the same baskets every time.")] = None,
) -> None:
    """Keep sending sales of this instant through the REST API, as the demo's tills."""
    import httpx  # these and NumPy would cost every other command half a second
    import numpy as np

    from liushui.app.demo.assortment import demo_assortment
    from liushui.app.demo.baskets import Baskets
    from liushui.app.demo.live import LiveDay, Tills
    from liushui.app.demo.live import run as run_live
    from liushui.app.demo.live_members import member_numbers

    accounts = read_accounts(folder=settings.LIUSHUI.data_dir)
    if accounts is None:
        raise NotFound("The demo chain is not loaded here", remedy="Run `liushui demo load` first.")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    assortment = demo_assortment()
    day = LiveDay(
        baskets=Baskets(assortment=assortment, tickets=TICKETS),
        items=assortment.items,
        stores=demo_stores(),
        rng=np.random.default_rng(seed),
        numbers=member_numbers(),
    )
    with httpx.Client(base_url=url, timeout=30) as http:
        tills = Tills(http=http, client_id=accounts.client_id, client_secret=accounts.client_secret, stop=stop)
        if not tills.wait_until_ready(seconds=120) and not stop.is_set():
            fail(f"Nothing answers at {url}.", remedy="Start it with `liushui serve`.")
        tally = run_live(tills=tills, day=day, rate=rate, count=count, stop=stop)
    if count is not None:
        out.print(f"{tally.recorded} sales recorded, {tally.refused} refused, {tally.retries} sent again.")


@command(app, "logins", examples=("liushui demo logins",))
def logins() -> None:
    """Show the demo's log-ins again."""
    accounts = read_accounts(folder=settings.LIUSHUI.data_dir)
    if accounts is None:
        raise NotFound("The demo chain is not loaded here", remedy="Run `liushui demo load` first.")
    _print_logins(accounts)


@command(app, "clear", examples=("liushui demo clear", "liushui demo clear --yes"))
def clear(yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False) -> None:
    """Remove the demo chain: the whole database, which must hold nothing else."""
    require_migrated()
    contents = reset.contents()
    if contents is None:
        out.print("There is no demo chain here.")
        return
    out.print(
        f"This removes {contents.stores} stores, {contents.items} items, {contents.sales} receipts "
        f"and {contents.members} log-ins from {contents.database}. Stop the server and the worker first."
    )
    if not yes:
        typer.confirm("Remove them?", abort=True)
    reset.clear_everything(folder=settings.LIUSHUI.data_dir)
    out.print("The demo chain is gone.")


def _load(*, tickets: float, days: int, members: int) -> Accounts:
    from liushui.app.demo.assortment import demo_assortment  # loads NumPy, as above
    from liushui.app.demo.baskets import Baskets
    from liushui.app.demo.load import load_catalogue, load_places, load_sales
    from liushui.app.demo.members import load_members, load_programme
    from liushui.app.demo.people import shopper_phone
    from liushui.app.demo.promotions import load_backtest, load_promotions
    from liushui.app.demo.tills import load_tills

    migrate_database(quietly=True)
    principal = system_principal(name="demo")
    assortment, places = demo_assortment(), demo_stores()
    if any(chain.code != CHAIN_CODE for chain in stores.chains()):
        out.print("[yellow]This database also holds another chain; the demo is loaded beside it.[/]")
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeElapsedColumn())
    with Progress(*columns, console=out, transient=False) as progress:
        task = progress.add_task("Stores and items", total=days + 1, note="")
        chain = load_places(demo_stores=places)
        load_catalogue(chain=chain, assortment=assortment)
        accounts = ensure_accounts(chain=chain, folder=settings.LIUSHUI.data_dir, principal=principal)
        coupons = load_promotions(chain=chain, now=datetime.now(UTC))
        load_programme(chain=chain, now=datetime.now(UTC))
        known = load_members(
            chain=chain,
            count=members,
            first=datetime.now(UTC).date() - timedelta(days=days),
            now=datetime.now(UTC),
            progress=lambda done: progress.update(task, description="Members", note=f"{done:,}"),
        )
        loaded = load_sales(
            baskets=Baskets(assortment=assortment, tickets=tickets),
            demo_stores=places,
            days=days,
            now=datetime.now(UTC),
            principal=principal,
            members=known,
            progress=lambda day, sales: progress.update(
                task, description=f"Sales of {day}", advance=1, note=f"{sales:,} receipts"
            ),
            adding_up=lambda sales: progress.update(task, description="Adding up", note=f"{sales:,} receipts"),
        )
        progress.update(
            task,
            description="Demo chain",
            completed=days + 1,
            note=f"{loaded.sales:,} receipts of {loaded.lines:,} lines",
        )
    load_backtest(chain=chain, now=datetime.now(UTC))
    accounts = keep_for_trying(
        accounts=accounts, coupons=coupons, shopper_phone=shopper_phone(), folder=settings.LIUSHUI.data_dir
    )
    load_tills(items=assortment.items, now=datetime.now(UTC))
    return accounts


def _print_logins(accounts: Accounts) -> None:
    table(
        title="Log-ins, made for this installation (liushui demo logins)",
        columns=("user name", "password", "PIN at tills", "roles", "where"),
        rows=[(login.username, login.password, login.pin, login.roles, login.place) for login in accounts.logins],
    )
    if accounts.coupons:
        out.print(f"Coupons to try at a till: {', '.join(coupon.code for coupon in accounts.coupons)}")
    if accounts.shopper_phone:
        out.print(f"A member for tills and for the shopper's pages at /my/: {accounts.shopper_phone}")
    out.print("marketer drafts promotions and finance approves them; one draft waits for its review.")
