"""Events in: what a crash left reserved is committed once its sale is known, and given back when the sale is voided."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
import structlog

from liushui.promotions import facade
from liushui.promotions.domain.uses import order_key
from liushui.promotions.errors import ReservationConflict
from liushui.runtime.events import Consumer, Event

_logger = structlog.get_logger(__name__)

# The events of the module of orders, which stands beside this one: their names and data are agreed, not imported.
SALE_COMPLETED = "liushui.sale.completed.v1"
SALE_VOIDED = "liushui.sale.voided.v1"


class SaleNews(msgspec.Struct, frozen=True):
    """The part of a sale's event that is needed here."""

    sale_id: UUID
    source: str
    source_id: str


_decoder = msgspec.json.Decoder(SaleNews)


def _settle_uses(events: Sequence[Event]) -> None:
    news = [(event, _decoder.decode(event.data)) for event in events]
    keys = [order_key(source=sale.source, source_id=sale.source_id) for _event, sale in news]
    open_keys = facade.unsettled(order_keys=keys)  # most sales hold nothing, or have committed by themselves
    for (event, sale), key in zip(news, keys, strict=True):
        if event.type == SALE_VOIDED:
            facade.return_uses(order_key=key, now=event.time)
        elif key in open_keys:
            try:
                facade.commit(order_key=key, sale_id=sale.sale_id, now=event.time)
            except ReservationConflict as error:  # told to people by the log; the events behind it must not wait
                _logger.error("uses_not_committed", order_key=key, sale_id=str(sale.sale_id), detail=error.detail)


CONSUMERS: tuple[Consumer, ...] = (
    Consumer(name="promotions", types=frozenset({SALE_COMPLETED, SALE_VOIDED}), apply=_settle_uses),
)
