"""Items as a store sells them at an instant."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from liushui.catalog.contracts import Item, PricedItem
from liushui.catalog.domain.prices import price_at
from liushui.catalog.domain.weighed import WeighedCode, read_weighed
from liushui.catalog.queries.items import find_items, prices_of_items
from liushui.kernel.money import exponent, round_half_up
from liushui.runtime import places
from liushui.runtime.places import StorePlace

GRAMS_PER_KILOGRAM = 1000


def price_items(*, store: StorePlace, codes: Collection[str], at: datetime) -> dict[str, PricedItem]:
    """Items by the codes asked for, with the price in force there and then; two queries, however many codes.

    A code is a SKU, a GTIN, or a barcode that a scale printed. Prices of the chain and of regions are in the chain's
    currency; a store that sells in another has only prices of its own. Unknown codes are absent.
    """
    chain = next(chain for chain in places.directory().chains() if chain.id == store.chain_id)
    weighed = {
        code: read
        for code in codes
        if (read := read_weighed(code, patterns=chain.weighed_patterns, currency_exponent=exponent(store.currency)))
    }
    wanted = {*codes, *(item_code for read in weighed.values() for item_code in read.codes)}
    items = find_items(chain_id=store.chain_id, codes=wanted)
    if not items:
        return {}
    one_currency = chain.currency == store.currency
    prices = prices_of_items(
        item_ids={item.id for item in items.values()},
        chain_id=chain.id if one_currency else None,
        region_id=store.region_id if one_currency else None,
        store_id=store.id,
        at=at,
    )
    amounts = {item_id: price_at(dated, at=at) for item_id, dated in prices.items()}
    found: dict[str, PricedItem] = {}
    for code in codes:
        read = None if code in items else weighed.get(code)
        item = next((items[c] for c in (read.codes if read else (code,)) if c in items), None)
        if item is not None:
            price = amounts.get(item.id)
            found[code] = priced_item(item, price.amount_minor if price else None, read)
    return found


def priced_item(item: Item, unit_price_minor: int | None, read: WeighedCode | None) -> PricedItem:
    """An item at its price, with what a scale's barcode says when one was read."""
    if read is None:
        return PricedItem(item=item, unit_price_minor=unit_price_minor)
    extended = read.amount_minor
    if extended is None and read.grams is not None and unit_price_minor is not None:
        extended = round_half_up(unit_price_minor * read.grams, GRAMS_PER_KILOGRAM)
    return PricedItem(
        item=item,
        unit_price_minor=unit_price_minor,
        units=read.units,
        measure_value=read.grams,
        measure_unit="g" if read.grams is not None else None,
        extended_minor=extended,
    )
