"""`liushui`: everything one does with the system from a terminal."""

from __future__ import annotations

import typer

from liushui.app import (
    bootstrap,  # noqa: F401  # first: the commands import models
    commands_backtest,  # noqa: F401  # adds its command to those of promotions
    commands_backup,
    commands_catalog,
    commands_coupons,
    commands_demo,
    commands_doctor,
    commands_gift_cards,
    commands_intake,
    commands_loyalty,
    commands_payments,
    commands_people,
    commands_places,
    commands_privacy,
    commands_promotions,
    commands_reports,
    commands_serving,
)

cli = typer.Typer(
    name="liushui",
    help="Liushui 流水: the consumption-management platform a retail chain runs itself.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _commands in (
    *(commands_serving, commands_reports, commands_people, commands_places, commands_doctor),
    *(commands_backup,),
):
    cli.registered_commands += _commands.app.registered_commands
cli.registered_commands += commands_payments.serving.registered_commands
cli.add_typer(commands_intake.app, name="intake")
cli.add_typer(commands_payments.app, name="payments")
cli.add_typer(commands_catalog.app, name="catalog")
cli.add_typer(commands_promotions.app, name="promotions")
cli.add_typer(commands_coupons.app, name="coupons")
cli.add_typer(commands_privacy.app, name="privacy")
cli.add_typer(commands_loyalty.app, name="loyalty")
cli.add_typer(commands_gift_cards.app, name="gift-cards")
cli.add_typer(commands_demo.app, name="demo")


def main() -> None:
    """Entry point of the `liushui` script."""
    cli()


if __name__ == "__main__":
    main()
