"""Items as stores sell them: for a whole batch of stores and instants at once, or for one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from django.db import connection

from liushui.catalog.contracts import Basket, Item, PricedItem
from liushui.catalog.domain.prices import CHAIN, REGION, STORE, DatedPrice, price_at
from liushui.catalog.domain.weighed import WeighedCode, read_weighed
from liushui.catalog.queries.items import FIELDS, among, asking_for, found_items
from liushui.catalog.queries.kept_items import KeptItems
from liushui.kernel.money import exponent, round_half_up
from liushui.runtime import at_once, places
from liushui.runtime.at_once import Statement
from liushui.runtime.places import ChainPlace, StorePlace

GRAMS_PER_KILOGRAM = 1000
_Places = dict[tuple[int, int], list[DatedPrice]]  # by level and place id


def price_baskets(*, baskets: Sequence[Basket], kept: KeptItems | None = None) -> list[dict[str, PricedItem]]:
    """For each basket the items by its codes, with the price in force there and then; unknown codes are absent.

    A code is a SKU, a GTIN, or a barcode that a scale printed. Prices of the chain and of regions are in the chain's
    currency; a store that sells in another has only prices of its own.

    Two queries for each chain and currency, in one message where there are messages, however many baskets, stores,
    instants and codes. Items that are in `kept` are not read again; prices always are.
    """
    answers: list[dict[str, PricedItem]] = [{} for _ in baskets]
    chains = {chain.id: chain for chain in places.directory().chains()}
    groups: dict[tuple[int, str], list[int]] = {}
    for index, basket in enumerate(baskets):
        groups.setdefault((basket.store.chain_id, basket.store.currency), []).append(index)
    for (chain_id, currency), chosen in groups.items():
        priced = _price(chains[chain_id], currency, [baskets[index] for index in chosen], kept)
        for index, answer in zip(chosen, priced, strict=True):
            answers[index] = answer
    return answers


def _price(
    chain: ChainPlace, currency: str, baskets: Sequence[Basket], kept: KeptItems | None
) -> list[dict[str, PricedItem]]:
    codes = set().union(*(basket.codes for basket in baskets))
    weighed = {
        code: read
        for code in codes
        if (read := read_weighed(code, patterns=chain.weighed_patterns, currency_exponent=exponent(currency)))
    }
    named = {*codes, *(code for read in weighed.values() for code in read.codes)}
    if kept is None and named:
        items = asking_for(", ".join(FIELDS), chain_id=chain.id, codes=named)
        ids = asking_for("id", chain_id=chain.id, codes=named)
        rows, price_rows = at_once.ask_all([items, _asking_for_prices(ids, chain, baskets)])
        found = found_items(rows, codes=named)
    else:
        found = kept.find(chain_id=chain.id, codes=named) if kept is not None else {}
        price_rows = _rows_of({item.id for item in found.values()}, chain, baskets) if found else []
    has_floors = chain.currency == currency
    by_code = {code: match for code in codes if (match := _match(code, found, weighed)) is not None}
    prices = _prices(price_rows)
    everywhere = _everywhere(by_code, prices, chain, currency, baskets)
    spans = _spans(baskets)
    lasting: dict[tuple[int, str], PricedItem] = {}  # by store and code, where the price held for the whole batch
    answers = []
    for basket in baskets:
        store, at = basket.store, basket.at
        answer: dict[str, PricedItem] = {}
        for code in basket.codes:
            priced = everywhere.get(code) or lasting.get((store.id, code))
            if priced is None:
                match = by_code.get(code)
                if match is None:
                    continue
                item, read = match
                around = _around(prices.get(item.id), chain, store)
                price = price_at(around, at=at)
                priced = _priced(item, price.amount_minor if price else None, read, has_floors=has_floors)
                if _hold(around, *spans[store.id]):
                    lasting[store.id, code] = priced
            answer[code] = priced
        answers.append(answer)
    return answers


def _everywhere(
    by_code: Mapping[str, tuple[Item, WeighedCode | None]],
    prices: Mapping[int, _Places],
    chain: ChainPlace,
    currency: str,
    baskets: Sequence[Basket],
) -> dict[str, PricedItem]:
    """The codes whose price is the same for every basket: most have one price in the whole chain, or none at all."""
    first, last = min(basket.at for basket in baskets), max(basket.at for basket in baskets)
    has_floors = chain.currency == currency
    own = {(CHAIN, chain.id)} if has_floors else set()
    same: dict[str, PricedItem] = {}
    for code, (item, read) in by_code.items():
        around = prices.get(item.id)
        if around is None:
            same[code] = _priced(item, None, read, has_floors=has_floors)
            continue
        dated = around.get((CHAIN, chain.id), [])
        if around.keys() <= own and _hold(dated, first, last):
            price = price_at(dated, at=first)
            same[code] = _priced(item, price.amount_minor if price else None, read, has_floors=has_floors)
    return same


def _match(
    code: str, found: Mapping[str, Item], weighed: Mapping[str, WeighedCode]
) -> tuple[Item, WeighedCode | None] | None:
    if code in found:
        return found[code], None
    read = weighed.get(code)
    item = next((found[each] for each in read.codes if each in found), None) if read is not None else None
    return (item, read) if item is not None else None


def _rows_of(item_ids: set[int], chain: ChainPlace, baskets: Sequence[Basket]) -> at_once.Answer:
    if connection.vendor == "postgresql":
        ids = Statement("SELECT unnest(%s::bigint[])", [list(item_ids)])
    else:
        ids = Statement("SELECT value FROM json_each(%s)", [json.dumps(list(item_ids))])
    return at_once.ask(*_asking_for_prices(ids, chain, baskets))


def _asking_for_prices(item_ids: Statement, chain: ChainPlace, baskets: Sequence[Basket]) -> Statement:
    """The prices of the items whose ids a question answers, as far as any of the baskets may meet them."""
    regions_hold, regions = among("place_id", "bigint", {basket.store.region_id for basket in baskets})
    stores_hold, stores = among("place_id", "bigint", {basket.store.id for basket in baskets})
    first, last = min(basket.at for basket in baskets), max(basket.at for basket in baskets)
    stored_first, stored_last = map(connection.ops.adapt_datetimefield_value, (first, last))
    sql = (
        "SELECT item_id, level, place_id, amount_minor, starts_at, ends_at FROM catalog_price "  # noqa: S608  # our own names and marks, values are parameters
        f"WHERE item_id IN ({item_ids.sql}) AND starts_at <= %s AND (ends_at IS NULL OR ends_at > %s) AND "
        f"(level = %s AND place_id = %s OR level = %s AND {regions_hold} OR level = %s AND {stores_hold})"  # nosec B608  # our own names and marks, values are parameters
    )
    values = [stored_last, stored_first, CHAIN, chain.id, REGION, regions, STORE, stores]
    return Statement(sql, [*item_ids.values, *values])


def _prices(rows: at_once.Answer) -> dict[int, _Places]:
    prices: dict[int, _Places] = {}
    for item_id, level, place_id, amount, starts_at, ends_at in rows:
        price = DatedPrice(
            level=level, amount_minor=amount, starts_at=_time(starts_at), ends_at=ends_at and _time(ends_at)
        )
        prices.setdefault(item_id, {}).setdefault((level, place_id), []).append(price)
    return prices


def _time(value: datetime) -> datetime:
    """SQLite keeps times without a zone, in UTC."""
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


def _around(prices: _Places | None, chain: ChainPlace, store: StorePlace) -> list[DatedPrice]:
    """The prices a store may sell at: those of chain and region only where their currency is spent."""
    if prices is None:
        return []
    own = prices.get((STORE, store.id), [])
    if chain.currency != store.currency:
        return own
    return [*prices.get((CHAIN, chain.id), ()), *prices.get((REGION, store.region_id), ()), *own]


def _spans(baskets: Iterable[Basket]) -> dict[int, tuple[datetime, datetime]]:
    spans: dict[int, tuple[datetime, datetime]] = {}
    for basket in baskets:
        first, last = spans.get(basket.store.id, (basket.at, basket.at))
        spans[basket.store.id] = (min(first, basket.at), max(last, basket.at))
    return spans


def _hold(prices: Sequence[DatedPrice], first: datetime, last: datetime) -> bool:
    """Whether none of these prices starts or ends within the span."""
    return all(price.starts_at <= first and (price.ends_at is None or price.ends_at > last) for price in prices)


def _priced(item: Item, unit_price_minor: int | None, read: WeighedCode | None, *, has_floors: bool) -> PricedItem:
    """An item at its price, with what a scale's barcode says when one was read."""
    floor = (item.floor_price_minor or 0) if has_floors else 0
    if read is None:
        return PricedItem(item=item, unit_price_minor=unit_price_minor, floor_unit_price_minor=floor)
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
        floor_unit_price_minor=floor,
    )
