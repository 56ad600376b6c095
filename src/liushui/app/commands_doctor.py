"""The command that looks the machine over."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from liushui.app.doctor import ADVICE, MISSING, OK, examine
from liushui.app.terminal import JsonOption, command, out, print_json

app = typer.Typer()

_MARKS = {OK: "[green]✓[/]", ADVICE: "[yellow]![/]", MISSING: "[red]✗[/]"}


@command(app, "doctor", examples=("liushui doctor", "liushui doctor --port 80 --json"))
def doctor(
    host: Annotated[str, typer.Option(help="Address that is going to be served.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port that is going to be served.")] = 8000,
    as_json: JsonOption = False,
) -> None:
    """See what is missing on this machine, and how to get it. Exit code 1 when something that is needed is missing."""
    findings = examine(host=host, port=port)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        width = max(len(finding.name) for finding in findings)
        for finding in findings:
            out.print(f"{_MARKS[finding.status]} {escape(finding.name.ljust(width))}  {escape(finding.found)}")
            if finding.remedy:
                out.print(f"  {' ' * width}  [dim]→ {escape(finding.remedy)}[/]")
    if any(finding.status == MISSING for finding in findings):
        raise typer.Exit(1)
