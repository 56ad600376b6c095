"""Commands that take sales in from files, and that show and replay what waits in quarantine."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from liushui.app.commands_serving import require_migrated
from liushui.app.terminal import JsonOption, command, fail, out, print_json, table
from liushui.intake import facade as intake
from liushui.intake.contracts import ImportPreview, ImportProgress, ImportRun, QuarantineQuery, RetentionReport
from liushui.kernel.money import format_minor
from liushui.runtime.access import Principal
from liushui.runtime.grants import system_principal

app = typer.Typer(help="Take sales in from files; see and replay what waits in quarantine.", no_args_is_help=True)

MappingOption = Annotated[str, typer.Option("--mapping", "-m", help="A mapping's name, or the path of one.")]
ChainOption = Annotated[str, typer.Option(help="Chain code; empty takes the mapping's own.")]
_PHASES = {
    "reading": "Reading",
    "ordering": "Putting documents together",
    "references": "Stores and items",
    "booking": "Booking",
}


def operator() -> Principal:
    """Whoever sits at this terminal: it takes the machine's own rights to run it."""
    return system_principal(name="command line")


@command(
    app,
    "file",
    examples=(
        "liushui intake file sales.csv --mapping my-till.toml --preview",
        "liushui intake file sales.csv --mapping my-till.toml",
        "liushui intake file transactions.parquet --items products.parquet --mapping complete-journey",
        "liushui intake file sales.csv --mapping my-till.toml      # after a crash: goes on where it stopped",
    ),
)
def file(
    path: Annotated[Path, typer.Argument(help="CSV, Excel, JSON Lines or Parquet.", exists=True, dir_okay=False)],
    mapping: MappingOption,
    items: Annotated[
        Path | None, typer.Option(help="Second file with the items, when the mapping reads one.", exists=True)
    ] = None,
    chain: ChainOption = "",
    preview: Annotated[bool, typer.Option("--preview", help="Show the first sales and write nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Record the sales of a file. Repeating it is safe: the same file is one import for ever, and it is resumed."""
    require_migrated()
    chosen = intake.load_mapping(mapping)
    if preview:
        shown = intake.preview_file(path=path, mapping=chosen, chain=chain, items=items)
        print_json(asdict(shown)) if as_json else _print_preview(shown)
        return
    run, is_new = intake.start_import(
        path=path, mapping=chosen, chain=chain, items=items, principal=operator(), now=datetime.now(UTC)
    )
    if not is_new and not as_json:
        out.print("This file was begun or imported before; going on from there.")
    finished = _run_with_progress(run.id, quietly=as_json)
    print_json(asdict(finished)) if as_json else _print_run(finished)
    if finished.reconciliation is None or not finished.reconciliation.is_exact:
        fail("The import does not reconcile.", remedy=f"See it in the console under imports, id {finished.id}.")


@command(app, "mappings", examples=("liushui intake mappings", "liushui intake mappings complete-journey"))
def mappings(name: Annotated[str, typer.Argument(help="Print this mapping.")] = "") -> None:
    """List the mappings known here, or print one as a start for your own."""
    texts = intake.mapping_texts()
    if name:
        if name not in texts:
            fail(f"There is no mapping {name!r}.", remedy=f"Known: {', '.join(sorted(texts))}.")
        print(texts[name])
        return
    for known in sorted(texts):
        out.print(known)


@command(
    app,
    "quarantine",
    examples=("liushui intake quarantine", "liushui intake quarantine --reason unknown-item --replay"),
)
def quarantine(
    reason: Annotated[str, typer.Option(help="Only those refused for this reason, such as unknown-item.")] = "",
    source: Annotated[str, typer.Option(help="Only those of this source.")] = "",
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=1000)] = 50,
    replay: Annotated[bool, typer.Option("--replay", help="Send them again as they are.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the sales that wait to be mended, oldest first, or send them again after the cause was put right."""
    require_migrated()
    principal = operator()
    query = QuarantineQuery(
        store_ids=principal.stores("intake.mend"),
        chain_ids=principal.whole_chains("intake.mend"),
        reason=reason,
        source=source,
        limit=limit,
    )
    if replay:
        ids = intake.quarantine_ids(query=query)
        results = intake.replay_entries(entry_ids=ids, principal=principal, now=datetime.now(UTC))
        booked = sum(result.sale_id is not None for result in results)
        if as_json:
            print_json([asdict(result) for result in results])
        else:
            out.print(f"{booked:,} booked, {len(results) - booked:,} still wait.")
        return
    page = intake.quarantine(query=query)
    if as_json:
        print_json(asdict(page))
        return
    table(
        title=f"{page.total:,} sales wait",
        columns=("received", "source", "id", "store", "reason", "detail"),
        rows=[
            (
                entry.received_at.isoformat(" ", "seconds"),
                entry.source,
                entry.source_id,
                entry.store_code,
                entry.reason,
                entry.detail,
            )
            for entry in page.entries
        ],
    )


@command(app, "retention", examples=("liushui intake retention --dry-run", "liushui intake retention"))
def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is over, and change nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Take away what is past LIUSHUI_RAW_DAYS: request bodies, closed quarantined sales, files of imports.

    The worker does the same every ten minutes. Interrupted, it goes on with what is left.
    """
    require_migrated()
    now = datetime.now(UTC)
    if dry_run:
        found = intake.retention_due(now=now)
    else:
        found = intake.apply_retention(
            now=now, principal=operator(), on_batch=lambda so_far: None if as_json else out.print(_removed(so_far))
        )
    if as_json:
        print_json(asdict(found))
        return
    out.print(f"{'Over' if dry_run else 'Removed'}: {_removed(found)}.", soft_wrap=True)
    if dry_run:
        out.print(
            f"Past their time and still needed: {found.messages_needed:,} request bodies of sales in quarantine, "
            f"{found.files_needed:,} files of imports that are not done or have sales in quarantine.",
            soft_wrap=True,
        )


def _removed(report: RetentionReport) -> str:
    return (
        f"{report.messages:,} request bodies, {report.entries:,} closed quarantined sales, {report.files:,} files of "
        f"imports, {report.strays:,} strays"
    )


def _run_with_progress(import_id: UUID, *, quietly: bool) -> ImportRun:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[pace]}"))
    with Progress(*columns, TimeRemainingColumn(), console=out, disable=quietly) as progress:
        task = progress.add_task("Starting", total=None, pace="")

        def show(now: ImportProgress) -> None:
            progress.update(
                task,
                description=_PHASES.get(now.phase, now.phase),
                completed=now.rows_done,
                total=now.rows_total or None,
                pace=f"{now.rows_per_second:,.0f} rows/s" if now.rows_per_second else "",
            )

        return intake.run_import(import_id=import_id, principal=operator(), on_progress=show)


def _print_preview(shown: ImportPreview) -> None:
    table(
        title=f"{shown.file_name}: {shown.format} {shown.encoding}, first {shown.rows_read:,} rows, {shown.currency}",
        columns=("sale", "store", "at", "lines", "amount", "problem"),
        right=(3, 4),
        rows=[
            (
                document.source_id,
                document.command.store if document.command else "",
                document.command.completed_at.isoformat(" ", "minutes") if document.command else "",
                len(document.command.lines) if document.command else "",
                format_minor(sum(line.amount_minor or 0 for line in document.command.lines), shown.currency)
                if document.command
                else "",
                "; ".join(reason.text for reason in document.reasons),
            )
            for document in shown.documents[:20]
        ],
    )
    for label, values in (
        ("Columns that the mapping does not use", shown.unused_columns),
        ("Stores that are not known", shown.unknown_stores),
        ("Items that the catalogue lacks", shown.unknown_codes),
    ):
        if values:
            out.print(f"{label}: {', '.join(values[:15])}{' …' if len(values) > 15 else ''}")
    out.print("Nothing has been written.")


def _print_run(run: ImportRun) -> None:
    if run.already_imported:
        out.print("This file had been imported already; nothing was changed.")
    if run.reconciliation is not None:
        for line in intake.report_lines(run.reconciliation):
            out.print(line)
