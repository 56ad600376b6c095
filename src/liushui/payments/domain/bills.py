"""Daily bills: reading the file, and comparing it with our records line by line.

The file is CSV (RFC 4180, UTF-8) with the columns of COLUMNS: one line a trade or refund, amounts as whole minor units,
times in ISO 8601 with offset. Its last line is a total: kind `total`, the number of lines, paid less refunded.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from liushui.payments.providers.port import BillLine

COLUMNS = (
    *("kind", "time", "trade_id", "out_trade_no", "refund_id", "out_refund_no"),
    *("amount_minor", "currency", "method"),
)


class BillMalformed(Exception):
    """The file is not a bill of this form, or it is cut off: its total does not agree with its lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OurRecord:
    """A payment or refund of ours that took place on the bill's day, or that the bill names."""

    kind: str  # trade | refund
    out_no: str  # out_trade_no or out_refund_no
    amount_minor: int
    currency: str
    moved_money: bool  # paid, or refund done: what a bill must show
    is_of_the_day: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that the two sides say differently."""

    kind: str  # one of contracts.CASE_KINDS
    out_no: str
    line: BillLine | None
    record: OurRecord | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What comparing came to; sums are paid less refunded."""

    matched: int
    ours_minor: int
    theirs_minor: int
    differences: tuple[Difference, ...]


def read_bill(text: str) -> tuple[BillLine, ...]:
    """The lines of a bill; raises BillMalformed."""
    reader = csv.DictReader(io.StringIO(text))
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise BillMalformed("the head of the file is not that of a bill")
    lines: list[BillLine] = []
    total: tuple[int, int] | None = None
    try:
        for row in reader:
            if total is not None:
                raise BillMalformed("there are lines after the total")
            if row["kind"] == "total":
                total = (int(row["trade_id"]), int(row["amount_minor"]))
            else:
                lines.append(_line(row))
    except (ValueError, KeyError, TypeError) as error:
        raise BillMalformed(f"line {reader.line_num} cannot be read") from error
    if total != (len(lines), sum(_signed(line.kind, line.amount_minor) for line in lines)):
        raise BillMalformed("the total does not agree with the lines")
    return tuple(lines)


def _line(row: Mapping[str, str]) -> BillLine:
    if row["kind"] not in ("trade", "refund"):
        raise ValueError(row["kind"])
    amount_minor = int(row["amount_minor"])
    if amount_minor < 0:
        raise ValueError("amounts of a bill are positive")
    return BillLine(
        kind=row["kind"],
        out_trade_no=row["out_trade_no"],
        trade_id=row["trade_id"],
        out_refund_no=row["out_refund_no"],
        refund_id=row["refund_id"],
        amount_minor=amount_minor,
        currency=row["currency"],
        at=datetime.fromisoformat(row["time"]),
    )


def compare(*, lines: Iterable[BillLine], records: Iterable[OurRecord]) -> Comparison:
    """Match by our own numbers; whatever one side alone has, or both have differently, is a Difference."""
    ours = {(record.kind, record.out_no): record for record in records}
    seen: set[tuple[str, str]] = set()
    differences: list[Difference] = []
    matched = theirs_minor = 0
    for line in lines:
        key = (line.kind, line.out_trade_no if line.kind == "trade" else line.out_refund_no)
        theirs_minor += _signed(line.kind, line.amount_minor)
        record = ours.get(key)
        kind = _difference(line, record, is_repeated=key in seen)
        seen.add(key)
        if kind:
            differences.append(Difference(kind=kind, out_no=key[1], line=line, record=record))
        else:
            matched += 1
    for key, record in ours.items():
        if key not in seen and record.moved_money and record.is_of_the_day:
            kind = "missing_there" if record.kind == "trade" else "refund_missing_there"
            differences.append(Difference(kind=kind, out_no=key[1], line=None, record=record))
    ours_minor = sum(
        _signed(record.kind, record.amount_minor)
        for key, record in ours.items()
        if record.moved_money and (record.is_of_the_day or key in seen)
    )
    return Comparison(matched=matched, ours_minor=ours_minor, theirs_minor=theirs_minor, differences=tuple(differences))


def _difference(line: BillLine, record: OurRecord | None, *, is_repeated: bool) -> str:
    """The kind of difference; empty when the line is as we have it."""
    if record is None or is_repeated:
        return "missing_here" if line.kind == "trade" else "refund_missing_here"
    if (line.amount_minor, line.currency) != (record.amount_minor, record.currency):
        return "amount_differs"
    return "" if record.moved_money else "state_differs"


def _signed(kind: str, amount_minor: int) -> int:
    return amount_minor if kind == "trade" else -amount_minor
