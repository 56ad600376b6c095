"""The commands that ask no database, alone: what start.py imports for them."""

from __future__ import annotations

import typer

from liushui.app import commands_promotions

cli = typer.Typer(
    name="liushui",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@cli.callback()
def liushui() -> None:
    """Liushui 流水: the consumption-management platform a retail chain runs itself."""


cli.add_typer(commands_promotions.app, name="promotions")
