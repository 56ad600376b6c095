"""What is asked of another person when goods come back by the API, and whether an approval is for just that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from liushui.checkout.contracts import CompleteSale, LineCommand, refund_target
from liushui.checkout.domain.take_backs import TakenBack
from liushui.orders.contracts import TEXT_MAX, SaleLine
from liushui.returns.contracts import APPROVAL_KIND, ApprovalWhy, LineDetails, ReturnQuote
from liushui.runtime.approvals import Approval
from liushui.runtime.scrub import without_people

_encode = msgspec.json.Encoder().encode


def asked_payload(
    command: CompleteSale, taken: TakenBack, whys: Sequence[ApprovalWhy], *, store_id: int
) -> dict[str, Any]:
    """What an approval keeps of the return it is for: `digest` binds it, all the rest is for whoever decides."""
    details = {each.line_number: each for each in taken.details}
    lines = [*taken.lines.values(), *taken.added]
    return {
        "digest": return_digest(command, taken, store_id=store_id),
        "whys": [{"code": each.code, "found": each.found, "limit": each.limit} for each in whys],
        "receipts": [
            {"sale_id": str(quote.sale_id), "receipt_number": quote.receipt_number, "store_id": quote.store_id}
            for quote in taken.quotes
            if quote.sale_id is not None
        ],
        "lines": [_shown(line, details[line.line_number]) for line in lines],
        "operator": without_people(command.operator, longest=TEXT_MAX["operator"]),
    }


def return_digest(command: CompleteSale, taken: TakenBack, *, store_id: int) -> str:
    """SHA-256 over the store and each line that comes back, with its units and what is said of them, in any order."""
    details = {each.line_number: each for each in taken.details}
    lines = [_bound(command.lines[number - 1], line, details[number]) for number, line in taken.lines.items()]
    return sha256(_encode([store_id, sorted(map(_encode, lines))])).hexdigest()


def approval_problem(
    approval: Approval | None,
    *,
    command: CompleteSale,
    taken: TakenBack,
    whys: Sequence[ApprovalWhy],
    store_id: int,
    sender: str,
    now: datetime,
) -> str:
    """Why an approval does not let this return through, in a word; empty where it does.

    One that was used is good for the very sale that used it, which is answered again: it names no other.
    """
    target = refund_target(source=command.source, source_id=command.source_id)
    if approval is None or approval.kind != APPROVAL_KIND or approval.target != target:
        return "unknown"
    if approval.state != "approved":
        return approval.state_at(now)
    if approval.used_at is None and approval.expires_at <= now:
        return "expired"
    if approval.decided_by == sender:
        return "same_person"
    digest = return_digest(command, taken, store_id=store_id)
    if approval.store_id != store_id or approval.payload.get("digest") != digest:
        return "other_return"
    if (approval.amount_minor or 0) < taken.refund_minor:
        return "larger_refund"
    if not {each.code for each in whys} <= _codes(approval.payload):
        return "other_reasons"
    return ""


def whys_of(quotes: Sequence[ReturnQuote], *, approval_over_minor: int) -> tuple[ApprovalWhy, ...]:
    """Why another person has to agree to what comes back in one ticket: each reason once. Several receipts are added up
    against the limit."""
    found: dict[str, ApprovalWhy] = {}
    for quote in quotes:
        for why in quote.approval_whys:
            known = found.get(why.code)
            found[why.code] = why if known is None or (why.found or 0) > (known.found or 0) else known
    refund_minor = sum(quote.refund_minor for quote in quotes)
    if "over_limit" not in found and len(quotes) > 1 and refund_minor > approval_over_minor:
        found["over_limit"] = ApprovalWhy(code="over_limit", found=refund_minor, limit=approval_over_minor)
    return tuple(found.values())


def _codes(payload: Mapping[str, Any]) -> set[str]:
    return {each["code"] for each in payload.get("whys", ())}


def _bound(stated: LineCommand, line: SaleLine, said: LineDetails) -> list[Any]:
    original = stated.original
    of = [str(original.sale_id), original.line_number, *sorted(original.unit_positions)] if original else [stated.code]
    return [of, line.sku, -line.units, said.reason, said.condition, _parts(said)]


def _shown(line: SaleLine, said: LineDetails) -> dict[str, Any]:
    return {
        "name": line.name, "units": -line.units, "amount_minor": -line.amount_minor, "reason": said.reason,
        "condition": said.condition, "parts": _parts(said),
    }  # fmt: skip


def _parts(said: LineDetails) -> list[list[Any]]:
    return [[part.units, part.reason, part.condition] for part in said.parts]
