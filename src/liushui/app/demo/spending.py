"""How members of the demo pay with what they have, and what comes back: always the same, by the receipt's number."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from liushui.app.demo.people import VALUE_EVERY
from liushui.app.demo.pricing import tenders_for
from liushui.checkout.contracts import (
    CompleteSale,
    LineCommand,
    OriginalLine,
    ReturnReason,
    ReturnTerms,
    Tender,
)
from liushui.loyalty.contracts import Member

_POINTS_SHARE, _VALUE_SHARE = 5, 30  # per cent: of members' receipts; of those of members with stored value
_TOTAL_MIN_MINOR, _VALUE_MAX_MINOR = 2_000, 15_000
_RETURN_ONE_IN = 250
_RETURN_MAX_MINOR = 8_000
_REASONS = ("quality", "unwanted", "wrong_item", "expired", "price")
_CONDITIONS = ("sealed", "opened", "damaged")


def of_member(sale: CompleteSale, members: Mapping[str, Member]) -> CompleteSale:
    """The receipt with the number of its member in place of the generator's mark; some pay with points or value."""
    if not members:
        return sale
    member = members.get(sale.customer)
    if member is None:  # fewer members than the generator has
        return replace(sale, customer="")
    return _paid_with_value(replace(sale, customer=member.number), mark=sale.customer)


def paid_otherwise(sale: CompleteSale) -> CompleteSale:
    """The receipt of somebody who had not enough: all of it paid as the rest was."""
    money = [tender for tender in sale.tenders if tender.type not in ("points", "stored_value")]
    total = sum(tender.amount_minor for tender in sale.tenders)
    paid = tenders_for(money, total) if money else (Tender(type="cash", method="cash", amount_minor=total),)
    return replace(sale, account="", tenders=paid)


def brought_back(sale: CompleteSale, *, sale_id: UUID, until: datetime) -> CompleteSale | None:
    """A receipt by which one thing of a sale comes back a day later; None for nearly all."""
    draw = zlib.crc32(sale.source_id.encode())
    at = sale.completed_at + timedelta(days=1)
    if draw % _RETURN_ONE_IN != 5 or at > until or sale.lines[0].units <= 0:
        return None
    if not 0 < (sale.lines[0].amount_minor or 0) <= _RETURN_MAX_MINOR:
        return None
    why = ReturnReason(
        line_number=1, reason=_REASONS[draw // 256 % len(_REASONS)], condition=_CONDITIONS[draw // 2048 % 3]
    )
    return CompleteSale(
        source=sale.source,
        source_id=f"{sale.source_id}-R",
        chain=sale.chain,
        store=sale.store,
        completed_at=at,
        lines=(LineCommand(code="", units=-1, original=OriginalLine(sale_id=sale_id, line_number=1)),),
        channel="pos",
        workstation="T1",
        operator=f"{sale.store}-01",
        receipt_number=f"{sale.receipt_number}R",
        customer=sale.customer,
        returns=ReturnTerms(reasons=(why,)),
    )


def _paid_with_value(sale: CompleteSale, *, mark: str) -> CompleteSale:
    total = sum(line.amount_minor or 0 for line in sale.lines)
    draw = zlib.crc32(f"value {sale.source_id}".encode()) % 100
    if total < _TOTAL_MIN_MINOR or any(line.units < 0 for line in sale.lines):
        return sale
    if draw < _POINTS_SHARE:
        amount, kind = min(total // 2, 1_000) // 100 * 100, "points"
    elif int(mark[-4:]) % VALUE_EVERY == 0 and draw < _POINTS_SHARE + _VALUE_SHARE:
        amount, kind = min(total, _VALUE_MAX_MINOR), "stored_value"
    else:
        return sale
    rest = tenders_for(sale.tenders, total - amount) if total > amount else ()
    return replace(sale, account=sale.customer, tenders=(Tender(type=kind, amount_minor=amount), *rest))
