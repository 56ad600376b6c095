"""Members on the live day: their numbers on receipts, a few that pay with points, and goods that come back."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import numpy as np

from liushui.app.demo.people import MEMBERS, demo_member, mark
from liushui.app.demo.pricing import tenders_for
from liushui.checkout.contracts import CompleteSale, LineCommand, OriginalLine, ReturnReason, ReturnTerms, Tender
from liushui.loyalty import facade as loyalty

POINTS_SHARE = 0.06  # of members' receipts
POINTS_MINOR = 200
_KEPT = 50  # receipts of this day of which something may come back
_REASONS = ("quality", "unwanted", "wrong_item")


def member_numbers() -> Mapping[str, str]:
    """The numbers of this installation's demo members, by the marks that receipts of the generator carry."""
    ids = {demo_member(index).id: mark(index) for index in range(MEMBERS)}
    return {ids[member.id]: member.number for member in loyalty.members(ids=ids).values() if member.status == "active"}


class LiveMembers:
    """Who buys, and what was bought a while ago. Without numbers nobody is a member, and nothing comes back."""

    def __init__(self, *, numbers: Mapping[str, str], rng: np.random.Generator) -> None:
        self._numbers = numbers
        self._rng = rng
        self._sold: deque[tuple[CompleteSale, UUID]] = deque(maxlen=_KEPT)

    def with_number(self, sale: CompleteSale) -> CompleteSale:
        """The receipt with its member's number; now and then one pays a little with points."""
        number = self._numbers.get(sale.customer, "")
        total = sum(line.amount_minor or 0 for line in sale.lines)
        if not number or total < 2 * POINTS_MINOR or self._rng.random() >= POINTS_SHARE:
            return replace(sale, customer=number)
        rest = tenders_for(sale.tenders, total - POINTS_MINOR)
        points = Tender(type="points", amount_minor=POINTS_MINOR)
        return replace(sale, customer=number, account=number, tenders=(points, *rest))

    def sold(self, sale: CompleteSale, sale_id: UUID) -> None:
        """Remember a receipt that was recorded."""
        if self._numbers and sale.lines[0].units > 0:
            self._sold.append((sale, sale_id))

    def coming_back(self, *, source_id: str, at: datetime) -> CompleteSale | None:
        """A receipt by which the first thing of an earlier one comes back to its store; None: nothing was sold yet."""
        if not self._sold:
            return None
        sale, sale_id = self._sold.popleft()
        reason = _REASONS[int(self._rng.integers(len(_REASONS)))]
        return CompleteSale(
            source=sale.source,
            source_id=source_id,
            chain=sale.chain,
            store=sale.store,
            completed_at=at,
            lines=(LineCommand(code="", units=-1, original=OriginalLine(sale_id=sale_id, line_number=1)),),
            channel="pos",
            workstation="T1",
            operator=f"{sale.store}-01",
            returns=ReturnTerms(reasons=(ReturnReason(line_number=1, reason=reason, condition="sealed"),)),
        )
