"""Events in: lines that came back are listed with their reasons; coupons of sales that came back whole are restored."""

from __future__ import annotations

from collections.abc import Sequence

from liushui.orders import facade as orders
from liushui.orders.contracts import SALE_COMPLETED, SALE_VOIDED, SaleFact
from liushui.returns import facade
from liushui.runtime.events import Consumer, Event

_A_LINE_CAME_BACK = b'"is_return":true'  # most sales have none, and are not read further


def _returning(events: Sequence[Event], type_: str) -> list[tuple[Event, SaleFact]]:
    found = [event for event in events if event.type == type_ and _A_LINE_CAME_BACK in event.data]
    return [(event, orders.decode_fact(event.data)) for event in found]


def _list_returns(events: Sequence[Event]) -> None:
    completed = [fact for _event, fact in _returning(events, SALE_COMPLETED)]
    voided = [fact.sale_id for _event, fact in _returning(events, SALE_VOIDED)]
    if completed or voided:
        facade.apply_returns(completed=completed, voided=voided)


def _restore_uses(events: Sequence[Event]) -> None:
    for event in events:
        if _A_LINE_CAME_BACK not in event.data:
            continue
        fact = orders.decode_fact(event.data)
        sales = {line.original.sale_id for line in fact.lines if line.original is not None}
        originals = [(fact.chain_id, each) for each in sorted(sales)]
        if event.type == SALE_COMPLETED:
            facade.restore_uses(originals=originals, now=event.time)
        else:
            facade.take_uses_again(originals=originals, now=event.time)


CONSUMERS: tuple[Consumer, ...] = (
    Consumer(name="returns", types=frozenset({SALE_COMPLETED, SALE_VOIDED}), apply=_list_returns),
    Consumer(name="returns-uses", types=frozenset({SALE_COMPLETED, SALE_VOIDED}), apply=_restore_uses),
)
