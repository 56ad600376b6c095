"""Give back all that a sale with returned lines owes: asked by who recorded it, and again by its event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from liushui.kernel.errors import LiushuiError
from liushui.loyalty import ledger
from liushui.loyalty.actions.give_back import give_back
from liushui.loyalty.actions.merge import carry_over
from liushui.loyalty.ledger import NewEntry
from liushui.loyalty.models import AccountRow
from liushui.orders.contracts import GiveBack

_logger = structlog.get_logger(__name__)


def give_back_sale(
    *, order_key: str, sale_id: UUID, store_id: int, give_backs: Sequence[GiveBack], now: datetime
) -> bool:
    """Each original's points and value, by one `give_back` of its own; whether all of it is back. Safe to repeat.

    Raises nothing that people could mend: what is refused is told by the log, and the sale stands.
    """
    is_back = True
    for member_id in dict.fromkeys(each.credit_to for each in give_backs if each.credit_to is not None):
        amount = sum(each.principal_minor for each in give_backs if each.credit_to == member_id)
        _credit(member_id, amount, order_key=order_key, sale_id=sale_id, store_id=store_id, now=now)
    spent = [each for each in give_backs if each.credit_to is None]
    for original in dict.fromkeys(each.of_order_key for each in spent):
        parts = [each for each in spent if each.of_order_key == original]
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


def _credit(member_id: UUID, amount_minor: int, *, order_key: str, sale_id: UUID, store_id: int, now: datetime) -> None:
    """Money that the chain gives back as stored value: principal, once for each return. A member who was merged
    meanwhile is booked as named, and what was booked follows."""
    account = AccountRow.objects.filter(id=member_id, kind="member").first()
    if account is None:
        _logger.error("value_not_credited", order_key=order_key, member=str(member_id))
        return
    entry = NewEntry(
        account_id=account.id,
        chain_id=account.chain_id,
        kind="give_back",
        cause=f"credit:{order_key}",
        currency=account.currency,
        at=now,
        on_date=ledger.business_date(chain_id=account.chain_id, store_id=store_id, at=now),
        principal_minor=amount_minor,
        store_id=store_id,
        sale_id=sale_id,
        order_key=order_key,
    )
    with transaction.atomic():
        ledger.book([entry])
        carry_over(account_ids=[account.id], now=now)
