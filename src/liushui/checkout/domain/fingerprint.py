"""The fingerprint of a command: the same for the same sale however often it is sent, another for any other sale."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from hashlib import sha256

import msgspec

from liushui.checkout.contracts import CompleteSale, OriginalLine, ReturnPart

_encode = msgspec.json.Encoder().encode


def body_sha256(command: CompleteSale) -> str:
    """SHA-256 over the command as a JSON array of its values, in this fixed order, the time in UTC.

    `accept_unknown_items` and `is_paid` are not part of the sale and not in it. The form is kept for ever: a field that
    is added later goes to the end, and only when it is not at its default, so that old sales sent again still match.
    """
    body: tuple[object, ...] = (
        command.source,
        command.source_id,
        command.chain,
        command.store,
        command.completed_at.astimezone(UTC),
        command.currency,
        command.channel,
        command.workstation,
        command.operator,
        command.receipt_number,
        command.customer,
        [
            (
                line.code,
                line.units,
                line.amount_minor,
                line.regular_minor,
                [(d.code, d.name, d.amount_minor) for d in line.discounts] if line.discounts else (),
                line.measure_value,
                line.measure_unit,
                line.name,
                line.category,
                line.tax_minor,
                line.cost_minor,
                line.is_return,
                *((True,) if line.is_gift else ()),
                *(("original", *_original(line.original)) if line.original is not None else ()),
            )
            for line in command.lines
        ],
        [(tender.type, tender.amount_minor, tender.method, tender.reference) for tender in command.tenders],
    )
    if command.business_date is not None:
        body += (command.business_date,)
    if command.member is not None or command.codes or command.frozen is not None:
        member, frozen = command.member, command.frozen
        body += (
            "promotions",
            None
            if member is None
            else (
                member.id,
                member.tier,
                sorted(member.groups),
                member.birthday,
                member.completed_orders,
                sorted((name, str(value)) for name, value in member.attributes.items()),
            ),
            command.codes,
            None if frozen is None else (frozen.rulebook_digest, frozen.basket),
        )
    if command.member_id is not None or command.account:
        body += ("account", command.member_id, command.account)
    if command.returns is not None:
        terms = command.returns
        reasons = [
            (each.line_number, each.reason, each.condition, *((_parts(each.parts),) if each.parts else ()))
            for each in terms.reasons
        ]
        body += ("returns", reasons, terms.approval_id, terms.approved_by)
    return sha256(_encode(body)).hexdigest()


def _parts(parts: Sequence[ReturnPart]) -> list[tuple[object, ...]]:
    return [(part.units, part.reason, part.condition) for part in parts]


def _original(original: OriginalLine) -> tuple[object, ...]:
    return (original.sale_id, original.line_number, original.unit_positions)
