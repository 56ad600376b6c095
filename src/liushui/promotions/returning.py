"""What comes back of a sale that was priced here: the pinned version by its digest, the engine says the rest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from liushui.promotions.domain.basket_json import read_basket
from liushui.promotions.domain.refund import Refund, claws_back, refund
from liushui.promotions.domain.refund_lines import paid_lines
from liushui.promotions.live import published_rulebook


def paid_units(*, answer: str) -> dict[str, tuple[int, ...]]:
    """What was paid for each unit of each line of a stored answer, in the order of the units."""
    return {line.id: line.units for line in paid_lines(json.loads(answer)).values()}


def refund_sale(
    *,
    chain_id: int,
    digest: str,
    answer: str,
    basket: str,
    returned: Mapping[str, int],
    already: Mapping[str, int],
    units: Mapping[str, Sequence[int]],
    already_units: Mapping[str, Sequence[int]],
    already_refunded: Mapping[str, int],
) -> Refund:
    """The refund of `returned` units by line of a stored answer, when `already_refunded` came back for `already` units.

    What came back is believed: a return that was voided in between leaves no fen too many or too few. The discounts of
    a sale whose version this chain never published are kept. Raises InvalidReturn.
    """
    stored: dict[str, Any] = json.loads(answer)
    book = published_rulebook(chain_id=chain_id, digest=digest)
    rulebook = book.rulebook if book is not None else None
    if book is None:
        stored = {**stored, "promotions": []}
    found = refund(
        answer=stored,
        returned=returned,
        already=already,
        rulebook=rulebook,
        basket=read_basket(basket),
        units=units,
        already_units=already_units,
        already_refunded=already_refunded,
        compiled=book.compiled if book is not None else None,
    )
    if claws_back(stored, rulebook):
        return found
    before = refund(answer=stored, returned=already, already={}, rulebook=rulebook, units=already_units)
    paid = {line.id: line.paid for line in paid_lines(stored).values()}
    lines = {
        line_id: min(
            max(0, amount + before.lines.get(line_id, 0) - already_refunded.get(line_id, 0)),
            paid[line_id] - already_refunded.get(line_id, 0),
        )
        for line_id, amount in found.lines.items()
    }
    return Refund(refund=sum(lines.values()), lines=lines)
