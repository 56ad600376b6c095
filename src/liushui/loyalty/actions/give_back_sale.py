"""Give back all that a sale with returned lines owes: asked by who recorded it, and again by its event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog

from liushui.kernel.errors import LiushuiError
from liushui.loyalty.actions.give_back import give_back
from liushui.orders.contracts import GiveBack

_logger = structlog.get_logger(__name__)


def give_back_sale(
    *, order_key: str, sale_id: UUID, store_id: int, give_backs: Sequence[GiveBack], now: datetime
) -> bool:
    """Each original's points and value, by one `give_back` of its own; whether all of it is back. Safe to repeat.

    Raises nothing that people could mend: what is refused is told by the log, and the sale stands.
    """
    is_back = True
    for original in dict.fromkeys(each.of_order_key for each in give_backs):
        parts = [each for each in give_backs if each.of_order_key == original]
        of_member = [each for each in parts if each.kind != "gift_card"]
        cards: dict[str, int] = {}
        for each in parts:
            if each.kind == "gift_card":
                cards[each.reference] = cards.get(each.reference, 0) + each.amount_minor
        try:
            give_back(
                order_key=order_key,
                of_order_key=original,
                points=sum(each.points for each in of_member),
                principal_minor=sum(each.principal_minor for each in of_member),
                gift_minor=sum(each.gift_minor for each in of_member),
                gift_cards=cards,
                sale_id=sale_id,
                store_id=store_id,
                now=now,
            )
        except LiushuiError as error:
            is_back = False
            _logger.error("value_not_given_back", order_key=order_key, of_order_key=original, detail=error.detail)
    return is_back
