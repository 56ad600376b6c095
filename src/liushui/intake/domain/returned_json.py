"""Goods that come back, as a sale states them: read strictly, and written back for whoever has to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple
from uuid import UUID

from msgspec import Meta, Struct

from liushui.checkout.contracts import CompleteSale, OriginalLine, ReturnPart, ReturnReason, ReturnTerms

_Code = Annotated[str, Meta(min_length=1, max_length=64)]
_Place = Annotated[int, Meta(ge=0, le=1_000_000)]


class OriginalIn(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The line of a recorded sale that comes back. `units` names which of its units, 0 is the first, where they were
    paid differently."""

    sale_id: UUID
    line: Annotated[int, Meta(ge=1, le=1_000_000)]
    units: Annotated[list[_Place], Meta(max_length=1000)] = []


class PartIn(Struct, forbid_unknown_fields=True):
    """Units of a returned line that come back for another reason or in another condition than the rest of it: all the
    parts of a line are fewer than it has."""

    units: Annotated[int, Meta(ge=1, le=1_000_000_000_000)]
    reason: _Code | None = None
    condition: _Code | None = None


class Said(NamedTuple):
    """What a sale states of a line that may come back."""

    original: OriginalIn | None
    reason: str
    condition: str
    parts: Sequence[PartIn]


def original_of(stated: OriginalIn | None) -> OriginalLine | None:
    """The original as checkout takes it."""
    if stated is None:
        return None
    return OriginalLine(sale_id=stated.sale_id, line_number=stated.line, unit_positions=tuple(stated.units))


def terms_of(lines: Sequence[Said], *, approval: UUID | None) -> ReturnTerms | None:
    """The terms of a sale of whose lines this is said; None where nothing comes back that we are to look up."""
    if approval is None and not any(said.original is not None or said.reason for said in lines):
        return None
    return ReturnTerms(
        reasons=tuple(
            ReturnReason(
                line_number=number,
                reason=said.reason,
                condition=said.condition,
                parts=tuple(
                    ReturnPart(units=part.units, reason=part.reason or "", condition=part.condition or "")
                    for part in said.parts
                ),
            )
            for number, said in enumerate(lines, start=1)
            if said.reason or said.condition or said.parts
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
        if each.parts:
            document["parts"] = [_part_json(part) for part in each.parts]
    return {"approval": str(terms.approval_id)} if terms is not None and terms.approval_id is not None else {}


def _part_json(part: ReturnPart) -> dict[str, object]:
    said = {"reason": part.reason, "condition": part.condition}
    return {"units": part.units} | {name: code for name, code in said.items() if code}
