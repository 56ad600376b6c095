"""Commands of the catalogue."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from liushui.app.commands_people import grant_for
from liushui.app.commands_serving import require_migrated
from liushui.app.terminal import JsonOption, command, fail, out, print_json
from liushui.catalog import facade as catalog
from liushui.runtime.grants import system_principal

app = typer.Typer(help="Items and prices.", no_args_is_help=True)


class ImportKind(StrEnum):
    """What a file holds."""

    items = "items"
    prices = "prices"


@app.callback()
def catalogue() -> None:
    """Items and prices."""


@command(
    app,
    "import",
    examples=(
        "liushui catalog import items.xlsx",
        "liushui catalog import prices.csv --kind prices --chain liushui-mart",
    ),
)
def import_file(
    path: Annotated[Path, typer.Argument(help="CSV or Excel file.", exists=True, dir_okay=False)],
    kind: Annotated[ImportKind, typer.Option(help="What the file holds.")] = ImportKind.items,
    chain: Annotated[str, typer.Option(help="Chain code; may be left out while there is one chain.")] = "",
    as_json: JsonOption = False,
) -> None:
    """List the items of a file, or bring known ones to its values; or set prices. Wrong rows are not taken."""
    require_migrated()
    chain_id = grant_for(role="marketer", chain=chain, region="", store="").chain_id
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=out, disable=as_json) as progress:
        task = progress.add_task(path.name, total=None)
        run = catalog.import_items(
            path=path,
            chain_id=chain_id,
            kind=kind.value,
            principal=system_principal(name="command line"),
            now=datetime.now(UTC),
            on_progress=lambda done, total: progress.update(task, completed=done, total=total or None),
        )
    if as_json:
        print_json(asdict(run))
    else:
        out.print(
            f"{run.rows_new:,} new, {run.rows_changed:,} changed, "
            f"{run.rows_unchanged:,} unchanged, {run.rows_wrong:,} wrong"
        )
    if run.rows_wrong or run.failure:
        fail(
            run.failure or f"{run.rows_wrong:,} rows were not taken.", remedy=f"/catalog/imports/{run.id}/ lists them."
        )
