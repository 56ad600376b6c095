"""Goods that come back, as a sale states them: read strictly, and written back for whoever has to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from liushui.checkout.contracts import CompleteSale, OriginalLine, ReturnReason, ReturnTerms

_Place = Annotated[int, Meta(ge=0, le=1_000_000)]


class OriginalIn(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The line of a recorded sale that comes back. `units` names which of its units, 0 is the first, where they were
    paid differently."""

    sale_id: UUID
    line: Annotated[int, Meta(ge=1, le=1_000_000)]
    units: Annotated[list[_Place], Meta(max_length=1000)] = []


def original_of(stated: OriginalIn | None) -> OriginalLine | None:
    """The original as checkout takes it."""
    if stated is None:
        return None
    return OriginalLine(sale_id=stated.sale_id, line_number=stated.line, unit_positions=tuple(stated.units))


def terms_of(lines: Sequence[tuple[OriginalIn | None, str, str]], *, approval: UUID | None) -> ReturnTerms | None:
    """The terms of a sale whose lines have these originals, reasons and conditions; None where nothing comes back that
    we are to look up."""
    if approval is None and not any(original is not None or reason for original, reason, _condition in lines):
        return None
    return ReturnTerms(
        reasons=tuple(
            ReturnReason(line_number=number, reason=reason, condition=condition)
            for number, (_original, reason, condition) in enumerate(lines, start=1)
            if reason or condition
        ),
        approval_id=approval,
    )


def returned_json(command: CompleteSale, written: Sequence[dict[str, object]]) -> dict[str, object]:
    """Add originals, reasons and conditions to lines that are written already; what the sale itself states of it."""
    terms = command.returns
    for line, document in zip(command.lines, written, strict=True):
        if line.original is not None:
            document["original"] = {
                "sale_id": str(line.original.sale_id), "line": line.original.line_number,
            } | ({"units": list(line.original.unit_positions)} if line.original.unit_positions else {})  # fmt: skip
    for each in terms.reasons if terms is not None else ():
        document = written[each.line_number - 1]
        document |= {"reason": each.reason} if each.reason else {}
        document |= {"condition": each.condition} if each.condition else {}
    return {"approval": str(terms.approval_id)} if terms is not None and terms.approval_id is not None else {}
