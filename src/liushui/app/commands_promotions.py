"""Commands that price baskets and refund returns by a rulebook, one JSON document a line. None asks a database.

They start without Django's set-up (start.py), so that a script may call them for a single line.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from liushui.app.terminal import command, fail
from liushui.kernel.errors import LiushuiError
from liushui.promotions.contracts import PriceLines, RefundLines, answered, lint_document

app = typer.Typer(help="Price baskets, refund returns, look over rulebooks.", no_args_is_help=True)

LinesArgument = Annotated[
    Path | None,
    typer.Argument(help="JSON lines; standard input when left out or -.", metavar="FILE", dir_okay=False),
]
RulebookOption = Annotated[
    Path | None,
    typer.Option("--rulebook", "-r", help="The rulebook of all lines, compiled once.", exists=True, dir_okay=False),
]


class Explain(StrEnum):
    """Which promotions an answer tells of."""

    all = "all"
    touching = "touching"


@app.callback()
def promotions() -> None:
    """Price baskets, refund returns, look over rulebooks."""


@command(
    app,
    "price",
    examples=(
        "liushui promotions price --rulebook rulebook.json baskets.jsonl > answers.jsonl",
        'echo \'{"rulebook": {…}, "basket": {…}}\' | liushui promotions price',
        "liushui promotions price -r rulebook.json --explain touching < baskets.jsonl",
    ),
)
def price(
    lines: LinesArgument = None,
    rulebook: RulebookOption = None,
    explain: Annotated[
        Explain, typer.Option(help="Tell of all promotions, or of those that may touch the basket.")
    ] = Explain.all,
    node_limit: Annotated[int, typer.Option(help="Work of the search for the best set, in nodes.", min=0)] = 20_000,
) -> None:
    """Price baskets: a line is {"rulebook": …, "basket": …}, or with --rulebook a basket; each gives its answer.

    A line that is wrong gives {"error": …} in its place, and the exit code is 1 at the end. Empty lines are passed
    over.
    """
    pricing = PriceLines(rulebook=_read(rulebook), explain=explain.value, node_limit=node_limit)
    answer_lines(pricing.answer, lines)


@command(
    app,
    "refund",
    examples=(
        "liushui promotions refund --rulebook rulebook.json returns.jsonl",
        'echo \'{"answer": {…}, "returned": {"1": 2}, "rulebook": {…}}\' | liushui promotions refund',
    ),
)
def refund(lines: LinesArgument = None, rulebook: RulebookOption = None) -> None:
    """What comes back for returned units, one JSON document a line.

    {"answer": …, "returned": {line: n}, "already": {line: n}, "rulebook": …} gives {"refund": …, "lines": {line: …}}.
    Optional beside them: "units" and "already_units" name units by position, {line: [0, …]}; "basket" is the basket
    of that day, and "already_refunded" {line: amount} what has come back, both for promotions that are clawed back.
    """
    answer_lines(RefundLines(rulebook=_read(rulebook)).answer, lines)


@command(
    app,
    "lint",
    examples=(
        "liushui promotions lint rulebook.json",
        "liushui promotions lint rulebook.json --at 2026-12-01T00:00:00+08:00 --max-discount 40",
    ),
)
def lint(
    path: Annotated[Path, typer.Argument(help="The rulebook, as JSON.", metavar="FILE", exists=True, dir_okay=False)],
    at: Annotated[
        str, typer.Option(help="From when it is to hold, in the shops' offset; now when left out.", metavar="INSTANT")
    ] = "",
    max_discount: Annotated[
        int, typer.Option(help="Percent of the list value from which discounts together are too deep.", min=1, max=100)
    ] = 50,
) -> None:
    """Look a rulebook over: one finding a line, gravest first, each with the basket that shows it.

    The exit code is 1 when a finding would stop publishing, or the file is no rulebook.
    """
    try:
        findings, may_be_published = lint_document(
            path.read_bytes(), at=_instant(at), max_discount_bp=max_discount * 100
        )
    except LiushuiError as error:
        findings, may_be_published = [{"error": error.problem()}], False
    for finding in findings:
        print(json.dumps(finding, ensure_ascii=False, separators=(",", ":")))
    if not may_be_published:
        raise typer.Exit(1)


def _instant(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text) if text else datetime.now(UTC).astimezone()
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        fail(f"{text!r} is no date and time with an offset.", remedy="Write 2026-12-01T00:00:00+08:00.")
    assert read is not None  # nosec B101  # for the type checker
    return read


def answer_lines(answer: Callable[[bytes], dict[str, Any]], path: Path | None) -> None:
    """Answer every line of a file or of standard input, each at once; exit code 1 when one was wrong."""
    wrong = 0
    try:
        with _opened(path) as source:
            for number, line in enumerate(source, 1):
                if line.strip():
                    text, is_right = answered(answer, line, number=number)
                    wrong += not is_right
                    sys.stdout.write(text + "\n")
                    sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has enough
        sys.stderr.close()
        raise typer.Exit(1) from None
    if wrong:
        raise typer.Exit(1)


def _read(path: Path | None) -> bytes | None:
    return None if path is None else path.read_bytes()


def _opened(path: Path | None) -> Any:
    if path is None or str(path) == "-":
        source: BinaryIO = sys.stdin.buffer
        return nullcontext(source)
    try:
        return path.open("rb")
    except OSError as error:
        return fail(f"{path} cannot be read: {error.strerror}")
