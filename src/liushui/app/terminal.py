"""How commands speak: errors in one clear line with what to do, tables, and JSON for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Annotated, Any

import typer
from django.db import OperationalError, ProgrammingError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from liushui.kernel.errors import LiushuiError
from liushui.kernel.money import format_minor

out = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
err = Console(stderr=True, highlight=False)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of a table.")]


def command(app: typer.Typer, *names: str, examples: Sequence[str] = ()) -> Callable[[Callable[..., Any]], Any]:
    """Register a command with its examples; a named error becomes one red line, what to do, and exit code 1."""

    def decorate(function: Callable[..., Any]) -> Any:
        @wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except LiushuiError as error:
                fail(f"{error.title}: {error.detail}", remedy=error.remedy)
            except (OperationalError, ProgrammingError) as error:
                fail(f"The database refused: {error}".strip(), remedy="Run `liushui migrate`, then `liushui doctor`.")

        epilog = "Examples:\n\n" + "\n\n".join(f"  {example}" for example in examples) if examples else None
        return app.command(*names, epilog=epilog)(guarded)

    return decorate


def fail(text: str, *, remedy: str | None = None) -> None:
    """End the command with exit code 1."""
    err.print(f"[bold red]{escape(text)}[/]", soft_wrap=True)
    if remedy:
        err.print(escape(remedy), soft_wrap=True)
    raise typer.Exit(1)


def print_json(value: Any) -> None:
    """JSON on standard output; what JSON lacks as text."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def table(
    *, columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "", right: Iterable[int] = ()
) -> None:
    """A table; `right` names the columns of figures."""
    shown = Table(title=title or None, title_justify="left", box=None, header_style="bold", pad_edge=False)
    figures = set(right)
    for index, column in enumerate(columns):
        shown.add_column(column, justify="right" if index in figures else "left")
    for row in rows:
        shown.add_row(*(escape(str(cell)) for cell in row))
    out.print(shown)


def amount(minor: int, currency: str) -> str:
    """An amount for people who read a terminal: 1,234.56 CNY."""
    whole, _, fraction = format_minor(minor, currency).partition(".")
    return f"{int(whole):,}" + (f".{fraction}" if fraction else "") + f" {currency}"
