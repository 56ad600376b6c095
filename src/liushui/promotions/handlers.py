"""Events in: what a crash left reserved is committed once its sale is known, and given back when the sale is voided;
what promotions took off is counted."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
import structlog

from liushui.promotions import facade
from liushui.promotions.domain.uses import SoldWith, order_key
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


class DiscountNews(msgspec.Struct, frozen=True):
    """A part of a line's discount: which promotion, or code of another system, gave it."""

    code: str
    amount_minor: int


class LineNews(msgspec.Struct, frozen=True):
    """The part of a line that is needed here."""

    discounts: tuple[DiscountNews, ...] = ()


class LinesNews(msgspec.Struct, frozen=True):
    """The part of a sale's event that says what was taken off."""

    chain_id: int
    lines: tuple[LineNews, ...]

    def amounts(self) -> dict[str, int]:
        """What each code took off the whole sale."""
        found: dict[str, int] = {}
        for line in self.lines:
            for part in line.discounts:
                if part.code:
                    found[part.code] = found.get(part.code, 0) + part.amount_minor
        return found


_lines_decoder = msgspec.json.Decoder(LinesNews)


def _count_costs(events: Sequence[Event]) -> None:
    news = [(event, _lines_decoder.decode(event.data)) for event in events]
    facade.count_costs(
        sales=[
            SoldWith(
                chain_id=sale.chain_id,
                amounts=sale.amounts(),
                sign=-1 if event.type == SALE_VOIDED else 1,
            )
            for event, sale in news
        ]
    )


CONSUMERS: tuple[Consumer, ...] = (
    Consumer(name="promotions", types=frozenset({SALE_COMPLETED, SALE_VOIDED}), apply=_settle_uses),
    Consumer(name="promotion-costs", types=frozenset({SALE_COMPLETED, SALE_VOIDED}), apply=_count_costs),
)
