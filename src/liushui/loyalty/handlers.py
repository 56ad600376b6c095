"""Events in: sales earn points and lift tiers, returns and voids take back, what a crash left of holds is settled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import structlog

from liushui.kernel.errors import LiushuiError
from liushui.loyalty import facade
from liushui.loyalty.contracts import Hold, HoldTerms
from liushui.loyalty.domain.spends import spends_of, sums_of
from liushui.orders import facade as orders
from liushui.orders.contracts import SALE_COMPLETED, SALE_VOIDED, SaleFact
from liushui.promotions.contracts import order_key
from liushui.runtime.events import Consumer, Event

_logger = structlog.get_logger(__name__)


def _earn(events: Sequence[Event]) -> None:
    facade.earn_sales(
        sales=[(orders.decode_fact(event.data), event.type == SALE_VOIDED) for event in events],
        now=datetime.now(UTC),
    )


def _settle_value(events: Sequence[Event]) -> None:
    """Post what an order still holds once its sale is known, give back what its returns owe, undo what is voided."""
    facts = [(event, orders.decode_fact(event.data)) for event in events]
    keys = [order_key(source=fact.source, source_id=fact.source_id) for _event, fact in facts]
    open_keys = facade.unsettled(order_keys=keys)  # most sales hold nothing, or have posted by themselves
    for (event, fact), key in zip(facts, keys, strict=True):
        if event.type == SALE_VOIDED:
            facade.reverse(order_key=key, now=event.time)
            continue
        if key in open_keys:
            try:
                facade.post(order_key=key, sale_id=fact.sale_id, now=event.time, terms=_other_terms(fact, key))
            except LiushuiError as error:  # told to people by the log; the events behind it must not wait
                _logger.error("value_not_posted", sale_id=str(fact.sale_id), detail=error.detail)
        if fact.give_backs:
            facade.give_back_sale(
                order_key=key, sale_id=fact.sale_id, store_id=fact.store_id, give_backs=fact.give_backs, now=event.time
            )


def _other_terms(fact: SaleFact, key: str) -> HoldTerms | None:
    """What the sale spends, where its order holds or held something else: two processes sent it, one recorded it."""
    spends = spends_of(fact.tenders)
    held = facade.hold_of(order_key=key)
    if held is None or _pays(held) == sums_of(spends):
        return None
    found = facade.members_by_number(chain_id=fact.chain_id, numbers=[fact.customer] if fact.customer else [])
    member = found.get(fact.customer)
    return HoldTerms(
        chain_id=fact.chain_id, member_id=member.id if member else None, spends=spends, currency=fact.currency
    )


def _pays(held: Hold) -> dict[tuple[str, str], int]:
    amounts = {
        ("points", ""): held.points_minor,
        ("stored_value", ""): held.principal_minor + held.gift_minor,
        **{("gift_card", card.number): card.amount_minor for card in held.gift_cards},
    }
    return {key: amount for key, amount in amounts.items() if amount}


def _note_purchases(events: Sequence[Event]) -> None:
    facade.note_purchases(sales=[orders.decode_fact(event.data) for event in events])


CONSUMERS: tuple[Consumer, ...] = (
    Consumer(name="loyalty-value", types=frozenset({SALE_COMPLETED, SALE_VOIDED}), apply=_settle_value),
    Consumer(name="loyalty-points", types=frozenset({SALE_COMPLETED, SALE_VOIDED}), apply=_earn),
    Consumer(name="loyalty-seen", types=frozenset({SALE_COMPLETED}), apply=_note_purchases),
)
