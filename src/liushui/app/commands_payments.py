"""Commands about payments: the sandbox provider, comparing a day's bill, finding out what is unknown."""

from __future__ import annotations

import signal
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from types import FrameType
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from django.conf import settings

from liushui.app.commands_serving import require_migrated
from liushui.app.serve import check_port
from liushui.app.terminal import JsonOption, amount, command, fail, out, print_json, table
from liushui.payments import facade as payments
from liushui.payments import tasks
from liushui.runtime.grants import system_principal

app = typer.Typer(help="Payments through providers: bills and unknown results.", no_args_is_help=True)
serving = typer.Typer()


@command(
    serving,
    "sandbox-pay",
    examples=(
        "liushui sandbox-pay",
        "liushui sandbox-pay --port 8300 --by-amount     # amounts ending in .81 to .97 misbehave",
        "LIUSHUI_SANDBOX_PAY_URL=http://127.0.0.1:8300 liushui serve",
    ),
)
def sandbox_pay(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8300,
    public_url: Annotated[str, typer.Option(help="Address that phones reach it by; empty: host and port.")] = "",
    by_amount: Annotated[bool, typer.Option("--by-amount", help="Let the cents of an amount choose a fault.")] = False,
    bills_of_today: Annotated[
        bool, typer.Option("--bills-of-today", help="Give out the bill of a day that is not over.")
    ] = False,
) -> None:
    """Run a payment provider that moves no money: for trying out, for tests, for demonstrations."""
    check_port(host=host, port=port)
    server = tasks.sandbox_server(
        host=host,
        port=port,
        public_url=public_url.rstrip("/"),
        by_amount=by_amount,
        bills_of_today=bills_of_today,
    )
    signal.signal(signal.SIGTERM, _end)
    out.print(f"The sandbox pays at [bold]http://{host}:{port}/wallet/[/]   (Ctrl+C stops it)")
    try:
        tasks.serve_sandbox(server)
    except (KeyboardInterrupt, SystemExit):
        out.print("Stopped.")


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


@command(
    app,
    "reconcile",
    examples=("liushui payments reconcile", "liushui payments reconcile --date 2026-11-21 --provider sandbox"),
)
def reconcile(
    day: Annotated[str, typer.Option("--date", help="The bill's day, 2026-11-21; empty: yesterday.")] = "",
    provider: Annotated[str, typer.Option(help="A provider's name; empty: all that are set up.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Compare a day's bills with our records; what differs becomes a case. Exit code 1 when a case is open."""
    require_migrated()
    bill_date = _day(day)
    results = [
        payments.reconcile(
            provider=name,
            bill_date=bill_date,
            now=datetime.now(UTC),
            principal=system_principal(name="command line"),
        )
        for name in ((provider,) if provider else payments.provider_names())
    ]
    if not results:
        fail("No payment provider is set up.", remedy="Set LIUSHUI_SANDBOX_PAY_URL; see docs/guides/sandbox-pay.md.")
    if as_json:
        print_json([asdict(result) for result in results])
    else:
        table(
            columns=("Provider", "Day", "Lines", "Matched", "Ours", "Theirs", "Cases", "Open"),
            rows=(
                (
                    result.provider,
                    result.bill_date,
                    result.lines,
                    result.matched,
                    amount(result.ours_minor, result.currency),
                    amount(result.theirs_minor, result.currency),
                    len(result.cases),
                    sum(case.state == "open" for case in result.cases),
                )
                for result in results
            ),
            right=range(2, 8),
        )
    if any(case.state == "open" for result in results for case in result.cases):
        raise typer.Exit(1)


@command(app, "resolve", examples=("liushui payments resolve",))
def resolve() -> None:
    """Ask providers now about every payment and refund that is due; the worker does so by itself."""
    require_migrated()
    total = 0
    while asked := payments.resolve_unknown(now=datetime.now(UTC)):
        total += asked
    out.print(f"Asked about {total}.")


def _day(text: str) -> date:
    if not text:
        return datetime.now(ZoneInfo(settings.TIME_ZONE)).date() - timedelta(days=1)
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{text!r} is not a day", remedy="Write it as 2026-11-21.")
        raise
