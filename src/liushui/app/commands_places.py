"""Commands that set a chain up: create-chain, create-region. Its stores are opened in the console."""

from __future__ import annotations

from typing import Annotated

import typer

from liushui.app.commands_serving import require_migrated
from liushui.app.terminal import command, out
from liushui.kernel.errors import Conflict, NotFound
from liushui.stores import facade as stores

app = typer.Typer()
NameOption = Annotated[str, typer.Option(help="Its Chinese name; empty takes the code.")]
EnglishOption = Annotated[str, typer.Option(help="Its English name; empty takes the Chinese one.")]


class ChainThere(Conflict):
    """There is a chain of this code already."""

    type = "chain-there"


@command(
    app,
    "create-chain",
    examples=(
        "liushui create-chain haolin --name 好邻 --name-en Haolin --region east",
        "liushui create-chain corner --name Corner --currency GBP --pattern 2pppppwwwwwwc",
    ),
)
def create_chain(
    code: Annotated[str, typer.Argument(help="What it is called in files and addresses, such as haolin.")],
    name: NameOption = "",
    name_en: EnglishOption = "",
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "CNY",
    region: Annotated[str, typer.Option(help="Code of its first region.")] = "main",
    pattern: Annotated[
        list[str] | None, typer.Option(help="Barcode of its scales, such as 2pppppwwwwwwc; may be given several times.")
    ] = None,
) -> None:
    """Set up a chain with its first region: the beginning of everything."""
    require_migrated()
    if any(chain.code == code for chain in stores.chains()):
        raise ChainThere(f"{code!r} is there", remedy="Give another code.")
    made = stores.save_chain(
        code=code,
        name_zh=name or code,
        name_en=name_en or name or code,
        currency=currency,
        weighed_patterns=pattern or (),
    )
    stores.save_region(chain_code=code, code=region, name_zh=region, name_en=region)
    out.print(f"Chain [bold]{made.code}[/] with the region {region}, in {made.currency}. Now let somebody in:")
    out.print(f"  liushui create-staff li.na --name 李娜 --role it_admin --chain {made.code}")


@command(app, "create-region", examples=("liushui create-region east --name 华东 --name-en East",))
def create_region(
    code: Annotated[str, typer.Argument(help="What it is called in files and addresses.")],
    name: NameOption = "",
    name_en: EnglishOption = "",
    chain: Annotated[str, typer.Option(help="Chain code; may be left out while there is one chain.")] = "",
) -> None:
    """Add a region to a chain, or give the one under this code these names."""
    require_migrated()
    codes = [known.code for known in stores.chains()]
    if chain not in codes and (chain or len(codes) != 1):
        raise NotFound(f"There is no chain {chain!r}", remedy=f"--chain is one of {', '.join(codes) or 'none yet'}.")
    made = stores.save_region(
        chain_code=chain or codes[0], code=code, name_zh=name or code, name_en=name_en or name or code
    )
    out.print(f"Region [bold]{made.code}[/], {made.name_zh} / {made.name_en}.")
