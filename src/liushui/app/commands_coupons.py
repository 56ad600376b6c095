"""Commands of coupons: making batches, handing codes out, and how they stand."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from django.conf import settings

from liushui.app.commands_people import grant_for
from liushui.app.commands_serving import require_migrated
from liushui.app.terminal import JsonOption, command, fail, out, print_json, table
from liushui.kernel.errors import InvalidValue
from liushui.promotions import facade as promotions
from liushui.promotions.contracts import CouponBatch, NewBatch
from liushui.runtime.export import Column, write_table
from liushui.runtime.grants import system_principal

app = typer.Typer(help="Coupon batches and their codes.", no_args_is_help=True)

ChainOption = Annotated[str, typer.Option(help="Chain code; may be left out while there is one chain.")]
BatchArgument = Annotated[str, typer.Argument(help="The batch's code, as promotions name it.")]
FromOption = Annotated[str, typer.Option("--from", help="When it becomes valid, 2026-12-01 or 2026-12-01T10:00.")]
UntilOption = Annotated[str, typer.Option("--until", help="When it ends; that instant is not included.")]
_COLUMNS = (Column(title="number", kind="integer"), Column(title="code"))


class BatchKind(StrEnum):
    """What its codes are."""

    unique = "unique"
    shared = "shared"
    member = "member"


@app.callback()
def coupons() -> None:
    """Coupon batches and their codes."""


@command(
    app,
    "create",
    examples=(
        "liushui coupons create SPRING --name 春季券 --size 1000000 --until 2027-06-01",
        "liushui coupons create OPENING --name 开业券 --kind shared --code OPEN-10 --uses 5000 --uses-per-member 1",
        "liushui coupons create BIRTHDAY --name 生日券 --kind member --size 200000",
    ),
)
def create(
    batch: BatchArgument,
    name: Annotated[str, typer.Option(help="Its Chinese name.")],
    name_en: Annotated[str, typer.Option(help="Its English name; empty takes the Chinese one.")] = "",
    kind: Annotated[BatchKind, typer.Option(help="Single codes, one shared code, or codes of members.")] = (
        BatchKind.unique
    ),
    size: Annotated[int, typer.Option(help="Codes that may be handed out; a shared batch has one.")] = 1,
    code: Annotated[str, typer.Option(help="The shared code.")] = "",
    uses: Annotated[int, typer.Option(help="Uses of the shared code in all; 0 has no end.")] = 0,
    uses_per_member: Annotated[int, typer.Option(help="Uses of the shared code by each member; 0 has no end.")] = 0,
    valid_from: FromOption = "",
    valid_until: UntilOption = "",
    chain: ChainOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make a batch. No code is made yet: `coupons export` hands them out."""
    require_migrated()
    new = NewBatch(
        chain_id=_chain_id(chain),
        code=batch,
        name_zh=name,
        name_en=name_en,
        kind=kind.value,
        size=size,
        shared_code=code,
        uses_max=uses or None,
        uses_per_member_max=uses_per_member or None,
        valid_from=_instant(valid_from),
        valid_until=_instant(valid_until),
    )
    made = promotions.make_batch(batch=new, principal=_principal(), now=datetime.now(UTC))
    _show([made], as_json=as_json)


@command(
    app,
    "import",
    examples=("liushui coupons import OLD codes.csv --name 旧券 --until 2027-01-01",),
)
def import_codes(
    batch: BatchArgument,
    path: Annotated[Path, typer.Argument(help="CSV or Excel with a column code or 券码.", exists=True, dir_okay=False)],
    name: Annotated[str, typer.Option(help="Its Chinese name.")],
    name_en: Annotated[str, typer.Option(help="Its English name; empty takes the Chinese one.")] = "",
    valid_from: FromOption = "",
    valid_until: UntilOption = "",
    chain: ChainOption = "",
    as_json: JsonOption = False,
) -> None:
    """Take over codes that others made, each for one use. Wrong rows are told; exit code 1 when there are any."""
    require_migrated()
    new = NewBatch(
        chain_id=_chain_id(chain), code=batch, name_zh=name, name_en=name_en, kind="unique",
        valid_from=_instant(valid_from), valid_until=_instant(valid_until),
    )  # fmt: skip
    done = promotions.import_codes(batch=new, path=path, principal=_principal(), now=datetime.now(UTC))
    if as_json:
        print_json(asdict(done))
    else:
        out.print(f"{done.added:,} brought in, {done.known:,} were there, {done.wrong:,} not taken")
        for fault in done.faults[:20]:
            out.print(f"  line {fault.line}: {fault.reason.replace('_', ' ')}")
    if done.wrong:
        raise typer.Exit(1)


@command(
    app,
    "export",
    examples=(
        "liushui coupons export SPRING codes.csv",
        "liushui coupons export SPRING --count 5000 --key leaflet-17 > codes.csv",
        "liushui coupons export SPRING codes.csv --key leaflet-17 --again   # the same 5,000 once more",
    ),
)
def export(
    batch: BatchArgument,
    path: Annotated[Path | None, typer.Argument(help="A .csv or .xlsx file; left out: CSV to the output.")] = (None),
    count: Annotated[int, typer.Option(help="How many codes; 0 takes all that are left.")] = 0,
    key: Annotated[str, typer.Option(help="A name for this handing out; the same name hands out nothing new.")] = "",
    again: Annotated[bool, typer.Option("--again", help="Write codes that were handed out under that key.")] = False,
    chain: ChainOption = "",
) -> None:
    """Hand codes out into a file: made while they are written, and kept nowhere else."""
    require_migrated()
    now = datetime.now(UTC)
    if again and not key:
        fail("Say which handing out is meant.", remedy="Name its --key; `coupons status` lists them.")
    if path is not None:  # first of all: what cannot be written is not handed out
        path.touch(mode=0o600)
        path.chmod(0o600)
    issue = promotions.issue_codes(
        chain_id=_chain_id(chain),
        batch=batch,
        count=count or None,
        key=f"command:{key or now.isoformat()}",
        principal=_principal(),
        now=now,
    )
    if issue.is_repeat and not again:
        fail("These codes were handed out before.", remedy="Say --again if they shall be written once more.")
    begun = time.perf_counter()
    pieces = promotions.issued_csv(issue=issue, titles=("number", "code"))
    if path is None:
        sys.stdout.writelines(pieces)
        return
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
    else:
        write_table(path=path, columns=_COLUMNS, rows=promotions.issued_codes(issue=issue))
    out.print(f"{issue.count:,} codes in {path} ({time.perf_counter() - begun:.1f} s). They are not kept elsewhere.")


@command(app, "status", examples=("liushui coupons status", "liushui coupons status SPRING --json"))
def status(
    batch: Annotated[str, typer.Argument(help="A batch's code; left out: all batches.")] = "",
    chain: ChainOption = "",
    as_json: JsonOption = False,
) -> None:
    """How batches stand: handed out, held by orders, used, left."""
    require_migrated()
    chain_id = _chain_id(chain)
    if not batch:
        _show(promotions.coupon_batches(chain_ids=[chain_id]), as_json=as_json)
        return
    _show([promotions.coupon_batch(chain_id=chain_id, code=batch)], as_json=as_json)
    issues = promotions.coupon_issues(chain_id=chain_id, batch=batch)
    if issues and not as_json:
        table(
            columns=("handed out", "by", "key", "first", "codes"),
            rows=(
                (each.issued_at, each.issued_by_name, each.key.removeprefix("command:"), each.first_serial, each.count)
                for each in issues
            ),
            right=(3, 4),
        )


@command(app, "check", examples=("liushui coupons check 2224-FDN4-8E3Q-3UVC", "liushui coupons check OPEN-10 --json"))
def check(
    code: Annotated[str, typer.Argument(help="A code as it is printed.")],
    chain: ChainOption = "",
    as_json: JsonOption = False,
) -> None:
    """How one code stands: free, reserved, used or void."""
    require_migrated()
    found = promotions.coupon_state(chain_id=_chain_id(chain), code=code)
    if as_json:
        print_json(asdict(found))
        return
    out.print(f"[bold]{found.state}[/]: number {found.serial} of {found.batch} ({found.kind}, {found.batch_status})")
    for name, value in (("member", found.member_id), ("order", found.order_key), ("sale", found.sale_id)):
        if value:
            out.print(f"  {name}: {value}")


@command(
    app,
    "void",
    examples=(
        "liushui coupons void SPRING --reason misprint",
        "liushui coupons void --code 2224-FDN4-8E3Q-3UVC --reason lost",
    ),
)
def void(
    batch: Annotated[str, typer.Argument(help="A batch's code; left out with --code.")] = "",
    code: Annotated[str, typer.Option(help="One code only.")] = "",
    reason: Annotated[str, typer.Option(help="Why; it stays in the audit log.")] = "",
    chain: ChainOption = "",
) -> None:
    """Take a batch, or one code, out of use for good."""
    require_migrated()
    chain_id, now = _chain_id(chain), datetime.now(UTC)
    if bool(batch) == bool(code):
        fail("Name a batch, or a code with --code.")
    if code:
        number = promotions.void_code(chain_id=chain_id, code=code, reason=reason, principal=_principal(), now=now)
        out.print(f"Number {number} cannot be used any more.")
        return
    promotions.void_batch(chain_id=chain_id, batch=batch, reason=reason, principal=_principal(), now=now)
    out.print(f"No code of {batch} can be used any more.")


def _show(batches: Any, *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(batch) | {"shared_code": batch.shared_code or None} for batch in batches])
        return
    now = datetime.now(UTC)
    table(
        columns=("batch", "name", "kind", "state", "handed out", "held", "used", "voided", "left"),
        rows=(_row(batch, now) for batch in batches),
        right=range(4, 9),
    )


def _row(batch: CouponBatch, now: datetime) -> tuple[object, ...]:
    left = "no end" if batch.left is None else f"{batch.left:,}"
    return (
        batch.code, batch.name_zh, batch.kind, batch.state(now=now).replace("_", " "),
        f"{batch.issued:,} of {batch.size:,}", f"{batch.reserved:,}", f"{batch.used:,}", f"{batch.voided:,}", left,
    )  # fmt: skip


def _principal() -> Any:
    return system_principal(name="command line")


def _chain_id(chain: str) -> int:
    return grant_for(role="marketer", chain=chain, region="", store="").chain_id


def _instant(text: str) -> datetime | None:
    """A local day or time, in the installation's zone unless it says another."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidValue(f"{text!r} is not a time", remedy="Write 2026-12-01 or 2026-12-01T10:00.") from error
    return at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(settings.TIME_ZONE))
