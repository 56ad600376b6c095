"""Commands of gift cards: issuing batches, taking their codes out once, blocking and asking to unblock."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid5

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from liushui.app.commands_people import grant_for
from liushui.app.commands_serving import require_migrated
from liushui.app.terminal import JsonOption, amount, command, err, fail, out, print_json, table
from liushui.kernel.errors import LiushuiError
from liushui.kernel.ids import new_id
from liushui.kernel.money import exponent, parse_minor
from liushui.loyalty import facade as loyalty
from liushui.loyalty.contracts import CardBatchBlock, GiftCardBatch
from liushui.runtime.access import Principal
from liushui.runtime.export import Column, write_table
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores

app = typer.Typer(help="Gift cards: batches, their codes, blocking.", no_args_is_help=True)

ChainOption = Annotated[str, typer.Option(help="Chain code; may be left out while there is one chain.")]
ReasonOption = Annotated[str, typer.Option(help="Why; it stays in the audit log. No personal data.")]
BatchOption = Annotated[UUID | None, typer.Option("--batch", help="A whole batch, by the id that `status` shows.")]
NumberArgument = Annotated[str, typer.Argument(help="A card's printed number; left out with --batch.")]
_KEYS = UUID("0b0f8a52-64d7-5b0c-9f6e-7d6e4f1f6c3a")  # the space of ids that --key makes
_SECONDS = 0.5  # of work between two looks at the progress


@app.callback()
def gift_cards() -> None:
    """Gift cards: batches, their codes, blocking."""


@command(
    app,
    "issue",
    examples=(
        "liushui gift-cards issue --count 500 --amount 100 --note 春节 cards.csv",
        "liushui gift-cards issue --count 20000 --key spring-2027     # sent again, it issues nothing more",
    ),
)
def issue(
    count: Annotated[int, typer.Option(help="How many cards, up to 100,000.")],
    path: Annotated[Path | None, typer.Argument(help="A .csv or .xlsx file for the codes; left out: later.")] = None,
    face: Annotated[str, typer.Option("--amount", help="What a card is sold for; left out: whatever is paid.")] = "",
    note: Annotated[str, typer.Option(help="What the cards are for. No personal data.")] = "",
    key: Annotated[str, typer.Option(help="Your own name of this batch; the same name issues nothing more.")] = "",
    chain: ChainOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make cards without money on them, which tills sell. Stopped or killed, the worker makes the rest."""
    require_migrated()
    chain_id = _chain_id(chain)
    if path is not None:
        _prepare(path)
    currency = next(each.currency for each in stores.chains() if each.id == chain_id)
    batch = loyalty.start_gift_card_batch(
        batch_id=uuid5(_KEYS, f"{chain_id}:{key}") if key else new_id(), chain_id=chain_id, count=count, note=note,
        face_minor=parse_minor(face, currency) if face else None, principal=_principal(), now=datetime.now(UTC),
    )  # fmt: skip
    with _progress(quiet=as_json) as progress:
        task = progress.add_task("cards", total=batch.card_count, completed=batch.made_count)
        while batch.state == "making":
            loyalty.make_gift_cards(now=datetime.now(UTC), seconds_max=_SECONDS)
            batch = loyalty.gift_card_batch(batch_id=batch.id, chain_ids=[chain_id])
            progress.update(task, completed=batch.made_count)
    if path is not None:
        batch = _write_codes(batch, path)
    _show([batch], as_json=as_json)


@command(app, "codes", examples=("liushui gift-cards codes 0199c1f0-… cards.csv",))
def codes(
    batch: Annotated[UUID, typer.Argument(help="The batch's id, as `status` shows it.")],
    path: Annotated[Path, typer.Argument(help="A .csv or .xlsx file.")],
    chain: ChainOption = "",
) -> None:
    """Take the codes of a batch out into a file: once, and for ten minutes again should it break off."""
    require_migrated()
    found = loyalty.gift_card_batch(batch_id=batch, chain_ids=[_chain_id(chain)])
    _prepare(path)
    _write_codes(found, path)


@command(app, "status", examples=("liushui gift-cards status", "liushui gift-cards status G01234567890 --json"))
def status(
    number: Annotated[str, typer.Argument(help="A card's printed number; left out: the last batches.")] = "",
    chain: ChainOption = "",
    as_json: JsonOption = False,
) -> None:
    """The last batches, or one card."""
    require_migrated()
    chain_id = _chain_id(chain)
    if not number:
        _show(loyalty.gift_card_batches(chain_id=chain_id), as_json=as_json)
        return
    card = loyalty.gift_card_by_number(chain_id=chain_id, number=number)
    if as_json:
        print_json(asdict(card))
        return
    out.print(f"[bold]{card.number}[/]: {card.state}, {amount(card.balance_minor, card.currency)} {card.currency}")


@command(
    app,
    "block",
    examples=(
        "liushui gift-cards block G01234567890 --reason lost",
        "liushui gift-cards block --batch 0199c1f0-… --reason 'parcel stolen'",
    ),
)
def block(
    reason: ReasonOption,
    number: NumberArgument = "",
    batch: BatchOption = None,
    chain: ChainOption = "",
) -> None:
    """Block one card, or all cards of a batch: nothing of them can be sold or spent. The money stays on them."""
    require_migrated()
    _one_of(number, batch)
    chain_id, now = _chain_id(chain), datetime.now(UTC)
    if batch is None:
        card = loyalty.block_gift_card(
            block_id=new_id(), chain_id=chain_id, number=number, reason=reason, principal=_principal(), now=now
        )
        out.print(f"{card.number} is blocked.")
        return
    loyalty.gift_card_batch(batch_id=batch, chain_ids=[chain_id])
    terms = {"block_id": new_id(), "batch_id": batch, "reason": reason, "principal": _principal(), "now": now}
    with _progress() as progress:
        task, done = progress.add_task("cards"), None
        while done is None or done.state == "running":
            done = loyalty.block_gift_card_batch(**terms, seconds_max=_SECONDS)  # type: ignore[arg-type]  # as named
            terms["block_id"] = done.id  # somebody else's that goes on
            progress.update(task, total=done.places, completed=done.places_done)
    out.print(_blocked(done))


@command(
    app,
    "unblock",
    examples=(
        "liushui gift-cards unblock G01234567890 --reason 'found again'",
        "liushui gift-cards unblock --batch 0199c1f0-… --reason 'parcel came back'",
    ),
)
def unblock(
    reason: ReasonOption,
    number: NumberArgument = "",
    batch: BatchOption = None,
    chain: ChainOption = "",
) -> None:
    """Ask for a card, or a batch, to be opened again: somebody has to approve it under Approvals."""
    require_migrated()
    _one_of(number, batch)
    chain_id, now = _chain_id(chain), datetime.now(UTC)
    if batch is None:
        asked = loyalty.request_gift_card_unblock(
            unblock_id=new_id(), chain_id=chain_id, number=number, reason=reason, principal=_principal(), now=now
        )
    else:
        loyalty.gift_card_batch(batch_id=batch, chain_ids=[chain_id])
        asked = loyalty.request_card_batch_unblock(
            unblock_id=new_id(), batch_id=batch, reason=reason, principal=_principal(), now=now
        )
    out.print(f"Asked for. Somebody approves it under Approvals until {asked.expires_at:%Y-%m-%d %H:%M} UTC.")


def _one_of(number: str, batch: UUID | None) -> None:
    if bool(number) == (batch is not None):
        fail("Name a card by its number, or a batch with --batch.")


def _prepare(path: Path) -> None:
    """Before anything is told: what cannot be written is not told."""
    if path.suffix not in (".csv", ".xlsx"):
        fail(f"{path} is neither .csv nor .xlsx", remedy="Name a file with one of these endings.")
    if path.exists() and path.stat().st_size:
        fail(f"{path} is there already", remedy="Name a new file.")
    path.touch(mode=0o600)
    path.chmod(0o600)


def _write_codes(batch: GiftCardBatch, path: Path) -> GiftCardBatch:
    try:
        told, cards = loyalty.tell_gift_codes(batch_id=batch.id, principal=_principal(), now=datetime.now(UTC))
    except LiushuiError:
        path.unlink()  # empty: nothing was told
        raise
    columns = (
        Column(title="number"), Column(title="code"),
        Column(title="amount", kind="amount", places=exponent(batch.currency)),
    )  # fmt: skip
    write_table(path=path, columns=columns, rows=((card.number, card.printed_code, batch.face_minor) for card in cards))
    err.print(f"{batch.made_count:,} codes in {path}. They are told once: hand the file to the printer, and delete it.")
    return told


def _progress(*, quiet: bool = False) -> Progress:
    bar = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*bar, console=err, disable=quiet, transient=True)


def _show(batches: tuple[GiftCardBatch, ...] | list[GiftCardBatch], *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(each) for each in batches])
        return
    table(
        columns=("batch", "issued", "note", "state", "cards", "amount", "codes taken out", "blocked"),
        rows=(
            (
                each.id, f"{each.issued_at:%Y-%m-%d %H:%M}", each.note, each.state,
                f"{each.made_count:,} of {each.card_count:,}",
                "open" if each.face_minor is None else amount(each.face_minor, each.currency),
                f"{each.told_at:%Y-%m-%d %H:%M} {each.told_by_name}" if each.told_at else "not yet",
                f"{loyalty.blocked_with_batch(batch_id=each.id):,}",
            )
            for each in batches
        ),
        right=(4, 5, 7),
    )  # fmt: skip


def _blocked(done: CardBatchBlock) -> str:
    if done.state == "done":
        return f"The batch is blocked: {done.changed_count:,} cards, besides those that were blocked before."
    return f"This block is {done.state}."


def _principal() -> Principal:
    return system_principal(name="command line")


def _chain_id(chain: str) -> int:
    return grant_for(role="finance", chain=chain, region="", store="").chain_id
