"""Past receipts as baskets (decision 0138).

A line's list price is its regular amount over its units, rounded down: what is lost so is told. Category, brand, tags,
floor price and whether an item may be discounted are those of today's catalogue; an item that it lacks keeps the
receipt's category. Weighed goods have no floor here.
Of a customer the number is known, and how many purchases he had made before; a tier only if one is assumed. Coupon
codes and gifts of that day are not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from liushui.catalog.contracts import Goods
from liushui.orders.contracts import PastLine, PastSale
from liushui.promotions.contracts import Basket, Chunk, Head, Line, Member, Trial

CHUNK_RECEIPTS = 100


class Place(NamedTuple):
    """A store as baskets name it."""

    code: str
    region: str
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What all receipts of a backtest share."""

    goods: Mapping[str, Goods]  # by SKU
    places: Mapping[int, Place]  # by store id
    member_tier: str = ""
    floors_in: str = ""  # the currency that floor prices are in


@dataclass(slots=True, kw_only=True)
class LeftOut:
    """What of the receipts is in no basket."""

    lines_without_units: int = 0
    sales_empty: int = 0  # nothing but such lines
    rounded_minor: int = 0  # of regular amounts, by list prices rounded down

    def bought(self, sale: PastSale) -> int:
        """What the receipt is worth as a basket; what is left out of it is counted. 0 lines: sales_empty."""
        worth = kept = 0
        for line in sale.lines:
            if line.units < 1:
                self.lines_without_units += 1
                continue
            kept += 1
            price = unit_price(line) * line.units
            worth += price
            self.rounded_minor += max(0, line.regular_minor) - price
        self.sales_empty += not kept
        return worth if kept else -1


def chunks(batches: Iterable[Sequence[PastSale]], left_out: LeftOut) -> Iterator[Chunk]:
    """Receipts in the order they come, some hundred at a time."""
    for batch in batches:
        heads, sales = [], []
        for sale in batch:
            worth = left_out.bought(sale)
            if worth >= 0:
                heads.append(Head(sale.customer or None, worth))
                sales.append(sale)
        for start in range(0, len(sales), CHUNK_RECEIPTS):
            yield Chunk(heads[start : start + CHUNK_RECEIPTS], sales[start : start + CHUNK_RECEIPTS])


def trials(payload: Sequence[PastSale], shared: Shelf, /) -> list[Trial]:
    """The receipts of a chunk as baskets."""
    return [trial(sale, shared) for sale in payload]


def trial(sale: PastSale, shelf: Shelf) -> Trial:
    """One receipt as a basket."""
    place = shelf.places[sale.store_id]
    has_floors = sale.currency == shelf.floors_in
    lines = [line for line in sale.lines if line.units >= 1]
    member = None
    if sale.customer:
        member = Member(id=sale.customer, tier=shelf.member_tier or None, completed_orders=sale.orders_before)
    basket = Basket(
        currency=sale.currency,
        lines=tuple(_line(line, shelf.goods.get(line.sku), has_floors) for line in lines),
        channel=sale.channel,
        store=place.code,
        region=place.region,
        at=sale.completed_at.astimezone(ZoneInfo(place.time_zone)),
        payment_method=sale.method or None,
        member=member,
    )
    return Trial(
        receipt=str(sale.id),
        day=sale.business_date.isoformat(),
        basket=basket,
        costs=tuple(line.cost_minor for line in lines),
        tax_bp=tuple(line.tax_rate_bp for line in lines),
        paid=sum(line.amount_minor for line in lines),
    )


def _line(line: PastLine, goods: Goods | None, has_floors: bool) -> Line:
    return Line(
        id=str(line.line_number),
        sku=line.sku,
        unit_price=unit_price(line),
        quantity=line.units,
        category=goods.category if goods else line.category,
        brand=goods.brand if goods else "",
        discountable=goods.discountable if goods else True,
        tags=goods.tags if goods else (),
        floor_unit_price=goods.floor_unit_price if goods and has_floors else 0,
    )


def unit_price(line: PastLine) -> int:
    """The list price of one unit, rounded down."""
    return max(0, line.regular_minor) // line.units
