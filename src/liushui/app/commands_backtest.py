"""`liushui promotions backtest`: two rulebooks on receipts of the past, from the database or from a file of baskets."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from liushui.app.commands_promotions import app
from liushui.app.commands_serving import require_migrated
from liushui.app.terminal import JsonOption, amount, command, err, fail, out, print_json, table
from liushui.kernel.errors import InvalidValue, LiushuiError
from liushui.orders import facade as orders
from liushui.promotions import facade as promotions
from liushui.promotions.contracts import HelperDied, Rulebook, as_read, chunks_of_lines
from liushui.stores import facade as stores
from liushui.trials import facade as trials

HONEST = "A backtest prices past baskets again. It does not predict what shoppers would have bought under other prices."
_NONE = Rulebook(version="none", promotions=())
OnProgress = Callable[[int], bool]


@command(
    app,
    "backtest",
    examples=(
        "liushui promotions backtest --draft draft.json --from 2026-10-01 --to 2026-10-31",
        "liushui promotions backtest --draft draft.json --live live.json --from 2026-10-01 --to 2026-10-31 --workers 2",
        "liushui promotions backtest --draft draft.json --baskets baskets.jsonl --json",
    ),
)
def backtest(
    draft: Annotated[Path, typer.Option(help="The rulebook to try, as JSON.", exists=True, dir_okay=False)],
    live: Annotated[
        Path | None,
        typer.Option(
            help="What it is compared with; the version in force when left out, with --baskets no promotions.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    first: Annotated[str, typer.Option("--from", help="First business day.", metavar="DAY")] = "",
    last: Annotated[str, typer.Option("--to", help="Last business day.", metavar="DAY")] = "",
    store: Annotated[
        list[str] | None, typer.Option(help="Code of a store; may be said often. All when left out.")
    ] = None,
    chain: Annotated[str, typer.Option(help="Code of the chain, where there are several.")] = "",
    member_tier: Annotated[str, typer.Option(help="The tier that members count as.", metavar="TIER")] = "",
    baskets: Annotated[
        Path | None,
        typer.Option(
            help="JSON lines of baskets in the order of time, instead of receipts.", exists=True, dir_okay=False
        ),
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes; 0 is one a core.", min=0, max=256)] = 0,
    as_json: JsonOption = False,
) -> None:
    """Price receipts of the past under a draft and beside it under the live version, and say what each would have cost.

    In the order of time, with limits and budgets used up as they would have been. It predicts no behaviour.
    """
    tried, processes = _rulebook(draft), workers or os.cpu_count() or 1
    compared = _rulebook(live) if live else None
    if baskets is not None:
        currency, figures = "", _on_baskets(baskets, compared or _NONE, tried, processes)
    else:
        require_migrated()
        currency, figures = _on_receipts(
            tried, compared, chain=chain, codes=store or [], days=(_day(first, "--from"), _day(last, "--to")),
            member_tier=member_tier, processes=processes,
        )  # fmt: skip
    print_json(figures) if as_json else _print(figures, currency)


def _on_baskets(path: Path, live: Rulebook, draft: Rulebook, processes: int) -> dict[str, Any]:
    with path.open("rb") as lines, _progress(None) as tell:
        try:
            figures = promotions.backtest(
                live=live, draft=draft, chunks=chunks_of_lines(lines), load=as_read, processes=processes,
                on_progress=tell,
            )  # fmt: skip
        except HelperDied as error:
            fail("A process that prices receipts has ended.", remedy=str(error).strip().splitlines()[-1])
    assert figures is not None  # nosec B101  # nobody stops it
    return figures


def _on_receipts(
    draft: Rulebook, live: Rulebook | None, *, chain: str, codes: list[str], days: tuple[date, date], member_tier: str,
    processes: int,
) -> tuple[str, dict[str, Any]]:  # fmt: skip
    chains = [each for each in stores.chains() if chain in ("", each.code)]
    if len(chains) != 1:
        raise InvalidValue("Which chain is meant is not said", remedy="Give --chain CODE.")
    [found] = chains
    known = {each.code: each.id for each in stores.stores() if each.chain_id == found.id}
    for code in codes:
        if code not in known:
            raise InvalidValue(f"There is no store {code!r} in {found.code}", remedy="`liushui stores` lists them.")
    if live is None:
        published = promotions.live_rulebook(chain_id=found.id, at=datetime.now(UTC))
        live = published.rulebook if published else _NONE
    ids = frozenset(known[code] for code in codes or known)
    totals = orders.past_totals(store_ids=ids, first=days[0], last=days[1])
    if len(totals.currencies) > 1:
        raise InvalidValue(
            f"There are receipts in {', '.join(totals.currencies)}", remedy="Name stores of one currency."
        )
    with _progress(totals.sales) as tell:
        figures = trials.try_on_receipts(
            live=live, draft=draft, chain_id=found.id, store_ids=ids, first=days[0], last=days[1],
            member_tier=member_tier, processes=processes, on_progress=tell,
        )  # fmt: skip
    assert figures is not None  # nosec B101  # nobody stops it
    return (totals.currencies or (found.currency,))[0], figures


def _rulebook(path: Path) -> Rulebook:
    try:
        return Rulebook.from_json(path.read_bytes())
    except LiushuiError as error:
        where = f" at {error.pointer}" if error.pointer else ""
        fail(f"{path}{where}: {error.detail}", remedy=error.remedy)
        raise


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidValue(f"{option} {text!r} is no day", remedy="Write it as 2026-11-22.") from None


@contextmanager
def _progress(total: int | None) -> Any:
    """A bar on standard error, so that standard output can be read by scripts."""
    columns = (TextColumn("Receipts"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("", total=total)

        def tell(done: int) -> bool:
            progress.update(task, completed=done)
            return True

        yield tell


def _print(figures: dict[str, Any], currency: str) -> None:
    live, draft = figures["live"], figures["draft"]

    def money(minor: int | None) -> str:
        return "–" if minor is None else amount(minor, currency) if currency else f"{minor:,}"

    def each(side: dict[str, Any]) -> int | None:
        return side["given"] // figures["receipts"] if figures["receipts"] else None

    rows = [
        ("discount", money(live["given"]), money(draft["given"])),
        ("discount per receipt", money(each(live)), money(each(draft))),
        ("receipts with a promotion", f"{live['receipts_touched']:,}", f"{draft['receipts_touched']:,}"),
        ("members with a promotion", f"{live['members_touched']:,}", f"{draft['members_touched']:,}"),
        ("margin where cost is known", money(live["margin"]), money(draft["margin"])),
        ("not proven best", f"{live['receipts_not_proven']:,}", f"{draft['receipts_not_proven']:,}"),
    ]
    table(title=f"{figures['receipts']:,} receipts", columns=("", "live", "draft"), rows=rows, right=(1, 2))
    changed = figures["changed"]
    for word in ("cheaper", "dearer"):
        out.print(f"{word}: {changed[word]['receipts']:,} receipts, {money(changed[word]['amount'])}")
    table(
        columns=("promotion", "against live", "amount live", "amount draft", "displaced"),
        rows=[
            (row["id"], row["state"], *(money((row[side] or {}).get("amount")) for side in ("live", "draft")),
             f"{row['displaced']['receipts']:,}")
            for row in figures["promotions"]
        ],
        right=(2, 3, 4),
    )  # fmt: skip
    for row in figures["limits"]:
        if row["ran_out_on"]:
            out.print(f"{row['promotion']} ({row['side']}) ran out on {row['ran_out_on']}, {money(row['spent'])} spent")
    out.print(HONEST)
