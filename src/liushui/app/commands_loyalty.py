"""Commands of members' points and value: letting points end, checking the ledger, what the chain owes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Annotated

import typer
from django.utils import timezone
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from liushui.app.commands_serving import require_migrated
from liushui.app.terminal import JsonOption, command, err, fail, out, print_json, table
from liushui.loyalty import facade as loyalty
from liushui.loyalty.contracts import ExpiryProgress, Liability
from liushui.stores import facade as stores
from liushui.stores.contracts import Chain

app = typer.Typer(help="Members' points and stored value.", no_args_is_help=True)

ChainOption = Annotated[str, typer.Option(help="Chain code; may be left out while there is one chain.")]
_PARTS = ("opening", "earned", "taken_back", "spent", "given_back", "expired", "adjusted", "merged", "closing")


@app.callback()
def of_loyalty() -> None:
    """Members' points and stored value."""


@command(
    app,
    "expire",
    examples=(
        "liushui loyalty expire                     # what is gone by today; the worker does this by itself",
        "liushui loyalty expire --on 2027-01-01 --json",
    ),
)
def expire(
    on: Annotated[str, typer.Option(help="The day by which points are gone; not after today.")] = "",
    chain: ChainOption = "",
    as_json: JsonOption = False,
) -> None:
    """Take points off every account whose day has come. Stopped or killed, it goes on when it is started again."""
    require_migrated()
    chosen, now = _chain(chain), datetime.now(UTC)
    day = _day(on) if on else timezone.localdate(now)
    if day > timezone.localdate(now):
        fail(f"{day} is not over yet: points end on their day", remedy="Name today or an earlier day.")
    bar = (TextColumn("accounts"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*bar, console=err, disable=as_json, transient=True) as progress:
        task = progress.add_task("accounts", total=None)

        def tell(done: ExpiryProgress) -> None:
            progress.update(task, total=done.accounts_total, completed=done.accounts_done)

        found = loyalty.expire_points(chain_id=chosen.id, on=day, now=now, tell=tell)
    if as_json:
        print_json(asdict(found))
        return
    out.print(
        f"{day}: {found.points_expired:,} points of {found.accounts_expired:,} accounts are gone; "
        f"{found.accounts_done:,} accounts were looked at."
    )


@command(app, "verify", examples=("liushui loyalty verify", "liushui loyalty verify --json"))
def verify(
    chain: ChainOption = "",
    as_json: JsonOption = False,
    anew: Annotated[bool, typer.Option("--anew", help="Make the sums that reports begin from anew first.")] = False,
) -> None:
    """Compare every account with the sum of its entries less what orders hold, and the sums that reports begin from
    with the ledger; exit code 1 when one differs."""
    require_migrated()
    if anew:
        loyalty.forget_balances()
        while loyalty.snapshot_balances(now=datetime.now(UTC)):
            pass
    chain_id = _chain(chain).id if chain else None
    problems, sums = loyalty.verify(chain_id=chain_id), loyalty.verify_balances(chain_id=chain_id)
    if as_json:
        print_json([*(asdict(each) for each in problems), *(asdict(each) for each in sums)])
    elif problems:
        table(
            columns=("account", "what", "stated", "by its entries"),
            rows=[(each.account_id, each.what, each.stated, each.explained) for each in problems],
            right=(2, 3),
        )
    if sums and not as_json:
        table(
            columns=("before", "store", "accounts", "what", "stated", "by the ledger"),
            rows=[
                (each.day, each.store_id or "-", each.account_kind, each.what, each.stated, each.explained)
                for each in sums
            ],
            right=(4, 5),
        )
    if problems:
        fail(f"{len(problems)} balances are not what their entries say")
    if sums:
        fail(
            f"{len(sums)} sums of a month's beginning are not what the ledger says",
            remedy="Run `liushui loyalty verify --anew`.",
        )
    if not as_json:
        out.print("Every account is the sum of its entries, and every sum of a month's beginning that of the ledger.")


@command(
    app,
    "liability",
    examples=("liushui loyalty liability --from 2026-11-01 --to 2026-11-30", "liushui loyalty liability --json"),
)
def liability(
    first: Annotated[str, typer.Option("--from", help="First business day; empty: the first of this month.")] = "",
    last: Annotated[str, typer.Option("--to", help="Last business day; empty: today.")] = "",
    chain: ChainOption = "",
    as_json: JsonOption = False,
) -> None:
    """What the chain owes its members, and how it came to that: each line ties to the ledger."""
    require_migrated()
    now = datetime.now(UTC)
    to = _day(last) if last else timezone.localdate(now)
    since = _day(first) if first else to.replace(day=1)
    found = loyalty.liability(chain_id=_chain(chain).id, first=since, last=to, now=now)
    if as_json:
        print_json(asdict(found))
        return
    _show(found)


def _show(found: Liability) -> None:
    """Amounts stand in minor units, as the ledger has them."""
    table(
        title=f"{found.first} to {found.last}",
        columns=("", *(part.replace("_", " ") for part in _PARTS)),
        rows=[
            (f"{each.what} {each.currency}".strip(), *(f"{getattr(each, part):,}" for part in _PARTS))
            for each in found.movements
        ],
        right=range(1, len(_PARTS) + 1),
    )
    out.print(f"The points are worth {found.points_worth_minor:,} ({found.currency}, minor units) today.")
    if found.negative_accounts:
        out.print(f"{found.negative_accounts:,} accounts are below zero, by {found.negative_points:,} points.")


def _chain(code: str) -> Chain:
    chains = [each for each in stores.chains() if code in ("", each.code)]
    if len(chains) != 1:
        codes = ", ".join(each.code for each in stores.chains())
        fail(f"There is no chain {code!r}" if code else "Name the chain", remedy=f"Chains: {codes or 'none yet'}.")
    return chains[0]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{text!r} is no date", remedy="Write it as 2026-12-31.")
        raise
