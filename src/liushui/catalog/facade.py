"""The door of the catalogue."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from liushui.catalog.actions import save_categories as _save_categories
from liushui.catalog.actions import save_items as _save_items
from liushui.catalog.actions import save_prices as _save_prices
from liushui.catalog.contracts import (
    Basket,
    Category,
    Item,
    NewCategory,
    NewItem,
    NewPrice,
    Price,
    PricedItem,
    Saved,
    SearchPage,
)
from liushui.catalog.queries import baskets as _baskets
from liushui.catalog.queries import items as _items
from liushui.catalog.queries import search as _search
from liushui.runtime.places import StorePlace


def find_items(*, chain_id: int, codes: Collection[str]) -> dict[str, Item]:
    """Items by the codes asked for: a SKU, else a GTIN of any length. One query; unknown codes are absent."""
    return _items.find_items(chain_id=chain_id, codes=codes)


def price_items(*, store: StorePlace, codes: Collection[str], at: datetime) -> dict[str, PricedItem]:
    """Items by the codes asked for as the store sells them at that instant; scales' barcodes are read. Two queries."""
    return _baskets.price_baskets(baskets=[Basket(store=store, at=at, codes=codes)])[0]


def price_baskets(*, baskets: Sequence[Basket]) -> list[dict[str, PricedItem]]:
    """What price_items answers, for several stores and instants at once: two queries a chain, however many baskets."""
    return _baskets.price_baskets(baskets=baskets)


def item(*, item_id: int, chain_ids: Collection[int]) -> Item:
    """One item of these chains; raises UnknownItem."""
    return _items.item(item_id=item_id, chain_ids=chain_ids)


def prices(*, item_id: int) -> tuple[Price, ...]:
    """Every price an item has, had or will have, by place, the latest start first."""
    return _items.prices(item_id=item_id)


def search_items(
    *,
    chain_ids: Collection[int],
    text: str,
    category: str = "",
    is_active: bool | None = None,
    sort: str = "",
    limit: int,
    offset: int,
) -> SearchPage:
    """A page of the items that a text finds by code, name or pinyin, best first; all items for an empty text."""
    return _search.search_items(
        chain_ids=chain_ids, text=text, category=category, is_active=is_active, sort=sort, limit=limit, offset=offset
    )


def categories(*, chain_ids: Collection[int]) -> tuple[Category, ...]:
    """The categories of these chains, each parent before its children."""
    return _items.categories(chain_ids=chain_ids)


def category_names(*, chain_ids: Collection[int]) -> dict[str, tuple[str, str]]:
    """(Chinese, English) names of categories by path."""
    return {node.path: (node.name_zh, node.name_en) for node in _items.categories(chain_ids=chain_ids)}


def save_items(*, items: Sequence[NewItem]) -> Saved:
    """List items, or bring those under these (chain, SKU) to these values. Missing categories are made."""
    return _save_items.save_items(items=items)


def save_prices(*, prices: Sequence[NewPrice]) -> Saved:
    """Set prices; one with the same item, place and start is replaced."""
    return _save_prices.save_prices(prices=prices)


def save_categories(*, categories: Sequence[NewCategory]) -> Saved:
    """Add nodes to the category tree, or give known ones new names. Missing parents are made."""
    return _save_categories.save_categories(categories=categories)
