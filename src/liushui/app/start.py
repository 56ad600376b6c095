"""Where the `liushui` script begins: commands that need neither settings nor database start without them."""

from __future__ import annotations

import sys
from collections.abc import Sequence

WITHOUT_DATABASE = frozenset({("promotions", "price"), ("promotions", "refund"), ("promotions", "lint")})


def is_light(arguments: Sequence[str]) -> bool:
    """Whether these arguments call a command that asks no database."""
    return tuple(arguments[:2]) in WITHOUT_DATABASE


def main() -> None:
    """Entry point of the `liushui` script."""
    if is_light(sys.argv[1:]):
        from liushui.app import cli_light  # importing the other commands sets Django up, which takes seconds

        cli_light.cli(prog_name="liushui")
        return
    from liushui.app import cli

    cli.main()


if __name__ == "__main__":
    main()
