"""Events in: sales that were completed or voided are counted."""

from __future__ import annotations

from collections.abc import Sequence

from liushui.analytics import facade
from liushui.orders import facade as orders
from liushui.orders.contracts import SALE_COMPLETED, SALE_VOIDED
from liushui.runtime.events import Consumer, Event


def _count_sales(events: Sequence[Event]) -> None:
    facade.apply_sales(
        completed=[orders.decode_fact(event.data) for event in events if event.type == SALE_COMPLETED],
        voided=[orders.decode_fact(event.data) for event in events if event.type == SALE_VOIDED],
    )


CONSUMERS: tuple[Consumer, ...] = (
    Consumer(name="analytics", types=frozenset({SALE_COMPLETED, SALE_VOIDED}), apply=_count_sales),
)
