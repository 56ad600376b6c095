"""Commands about figures: reports on the terminal or as files, and the proof that they are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from liushui.analytics import facade as analytics
from liushui.analytics.contracts import Filter, ReportQuery
from liushui.app.commands_serving import require_migrated
from liushui.app.terminal import JsonOption, command, fail, out, print_json, table
from liushui.kernel.errors import InvalidValue
from liushui.kernel.money import exponent, format_minor
from liushui.runtime.export import Column, write_table
from liushui.stores import facade as stores
from liushui.stores.contracts import Place

app = typer.Typer()


class ReportName(StrEnum):
    """The reports there are."""

    sales = "sales"
    stores = "stores"
    hours = "hours"
    items = "items"
    categories = "categories"
    payments = "payments"
    cashiers = "cashiers"


NameArgument = Annotated[ReportName, typer.Argument(help="Which report.")]
FirstOption = Annotated[
    str, typer.Option("--from", help="First business day, 2026-11-01 or a number of days ago: 0 is today.")
]
LastOption = Annotated[str, typer.Option("--to", help="Last business day; empty takes the first.")]
ChainOption = Annotated[str, typer.Option(help="Chain code.")]
RegionOption = Annotated[str, typer.Option(help="Region code.")]
StoreOption = Annotated[str, typer.Option(help="Store code.")]
ChannelOption = Annotated[str, typer.Option(help="pos, app, web …; empty means all.")]
LimitOption = Annotated[int, typer.Option(help="Rows at most.", min=1, max=100_000)]


@command(
    app,
    "report",
    examples=(
        "liushui report stores",
        "liushui report items --from 6 --to 0 --store S001",
        "liushui report sales --json",
    ),
)
def report(
    name: NameArgument,
    first: FirstOption = "0",
    last: LastOption = "",
    chain: ChainOption = "",
    region: RegionOption = "",
    store: StoreOption = "",
    channel: ChannelOption = "",
    limit: LimitOption = 50,
    as_json: JsonOption = False,
) -> None:
    """Print a report."""
    place, scope = _scope(first, last, chain, region, store, channel)
    found = analytics.report(query=ReportQuery(name=name.value, scope=scope, limit=limit))
    if as_json:
        print_json({"currency": scope.currency, "from": scope.first, "to": scope.last, **asdict(found)})
        return
    shown = found.columns[: max(3, (out.width - 30) // 14)]  # what fits; all of them by --json or export
    rows = [(row.key, row.name_zh or row.name_en, *_cells(shown, row.values, place)) for row in found.rows]
    total = ("", "total", *_cells(shown, found.total, place))
    days = f"{scope.first}" if scope.first == scope.last else f"{scope.first} to {scope.last}"
    table(
        title=f"{name.value}, {days}, {place.currency}, {len(scope.store_ids)} stores",
        columns=("", "", *shown),
        rows=[*rows, total],
        right=range(2, len(shown) + 2),
    )
    if found.row_count > len(found.rows):
        out.print(f"{found.row_count - len(found.rows):,} more rows; see --limit.")


@command(
    app,
    "export",
    examples=(
        "liushui export items items.xlsx --from 29 --to 0",
        "liushui export sales sales.csv --from 2026-01-01 --to 0",
    ),
)
def export(
    name: NameArgument,
    path: Annotated[Path, typer.Argument(help="File to write, ending in .csv or .xlsx.")],
    first: FirstOption = "0",
    last: LastOption = "",
    chain: ChainOption = "",
    region: RegionOption = "",
    store: StoreOption = "",
    channel: ChannelOption = "",
    limit: LimitOption = 100_000,
) -> None:
    """Write a report to a CSV or Excel file."""
    place, scope = _scope(first, last, chain, region, store, channel)
    found = analytics.report(query=ReportQuery(name=name.value, scope=scope, limit=limit))
    columns = [Column(title="key"), Column(title="name_zh"), Column(title="name_en")]
    for key in found.columns:
        unit = analytics.term(key=key).unit
        places = {"money": exponent(place.currency), "basis_points": 4, "thousandths": 3}.get(unit, 0)
        columns.append(Column(title=key, kind="amount" if places else "integer", places=places))
    rows = [(row.key, row.name_zh, row.name_en, *(row.values.get(key) for key in found.columns)) for row in found.rows]
    write_table(path=path, columns=columns, rows=rows)
    out.print(f"{len(rows):,} rows in {path}")


@command(app, "rebuild", examples=("liushui rebuild",))
def rebuild() -> None:
    """Make all figures anew from the recorded sales. Readers see the old ones until it is done; it can be resumed."""
    require_migrated()
    with _counting("Counting sales anew") as progress:
        sales = analytics.rebuild(progress=lambda done: progress.update(progress.task_ids[0], note=f"{done:,}"))
    out.print(f"The figures now hold {sales:,} sales.")


@command(app, "verify", examples=("liushui verify", "liushui verify --json"))
def verify(as_json: JsonOption = False) -> None:
    """Prove that the figures are what the recorded sales add up to, and what a rebuild would give; else exit with 1."""
    require_migrated()
    with _counting("Comparing", quietly=as_json) as progress:
        found = analytics.verify(progress=lambda done: progress.update(progress.task_ids[0], note=f"{done:,}"))
    if as_json:
        print_json(asdict(found))
    else:
        out.print(
            f"{found.sales:,} sales and {found.rows:,} rows of figures compared in {found.seconds_ms / 1000:.1f} s."
        )
        if found.pending:
            out.print(f"{found.pending:,} sales are recorded and not counted yet; the worker does that.")
    if not found.is_exact:
        for difference in found.differences:
            out.print(str(difference))
        fail(f"{found.difference_count} differences.", remedy="Run `liushui rebuild`, then `liushui verify` again.")
    elif not as_json:
        out.print("Kept up to date = rebuilt = straight from the orders.")


def _scope(first: str, last: str, chain: str, region: str, store: str, channel: str) -> tuple[Place, Filter]:
    require_migrated()
    query = {"chain": chain, "region": region, "store": store}
    everywhere = frozenset(known.id for known in stores.stores())
    place = stores.place(query={name: code for name, code in query.items() if code}, allowed=everywhere)
    now = datetime.now(UTC)
    here = [known for known in stores.stores() if known.id in place.store_ids]
    today = max((known.business_date(now) for known in here), default=now.date())
    start = _day(first, today)
    end = _day(last, today) if last else start
    if end < start:
        raise InvalidValue(f"The last day, {end}, is before the first, {start}")
    return place, Filter(store_ids=place.store_ids, currency=place.currency, first=start, last=end, channel=channel)


def _day(text: str, today: date) -> date:
    if text.isdecimal() and len(text) < 6:
        return today - timedelta(days=int(text))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidValue(f"{text!r} is not a day", remedy="Write 2026-11-22, or a number of days ago.") from None


def _cells(keys: Sequence[str], values: Mapping[str, int | None], place: Place) -> list[str]:
    return [_cell(values.get(key), analytics.term(key=key).unit, place.currency) for key in keys]


def _cell(value: int | None, unit: str, currency: str) -> str:
    if value is None:
        return "–"
    if unit == "money":
        return format_minor(value, currency)
    if unit == "basis_points":
        return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d} %"
    if unit == "thousandths":
        return f"{value // 1000}.{value % 1000:03d}"
    return f"{value:,}"


def _counting(what: str, *, quietly: bool = False) -> Progress:
    progress = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.fields[note]}"), TimeElapsedColumn(),
        console=out, transient=True, disable=quietly,
    )  # fmt: skip
    progress.add_task(what, total=None, note="")
    return progress
