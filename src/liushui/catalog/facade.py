"""The door of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from liushui.catalog.actions import change_category as _change_category
from liushui.catalog.actions import change_item as _change_item
from liushui.catalog.actions import open_import as _open_import
from liushui.catalog.actions import run_import as _run_import
from liushui.catalog.actions import save_categories as _save_categories
from liushui.catalog.actions import save_items as _save_items
from liushui.catalog.actions import save_prices as _save_prices
from liushui.catalog.contracts import (
    Basket,
    Category,
    Goods,
    ImportPreview,
    ImportView,
    Item,
    NewCategory,
    NewItem,
    NewPrice,
    Price,
    PricedItem,
    RowFault,
    Saved,
    SearchPage,
)
from liushui.catalog.queries import baskets as _baskets
from liushui.catalog.queries import imports as _imports
from liushui.catalog.queries import items as _items
from liushui.catalog.queries import search as _search
from liushui.catalog.queries.kept_items import KeptItems as KeptItems
from liushui.runtime.access import Principal
from liushui.runtime.places import StorePlace


def find_items(*, chain_id: int, codes: Collection[str]) -> dict[str, Item]:
    """Items by the codes asked for: a SKU, else a GTIN of any length. One query; unknown codes are absent."""
    return _items.find_items(chain_id=chain_id, codes=codes)


def price_items(*, store: StorePlace, codes: Collection[str], at: datetime) -> dict[str, PricedItem]:
    """Items by the codes asked for as the store sells them at that instant; scales' barcodes are read. Two queries."""
    return _baskets.price_baskets(baskets=[Basket(store=store, at=at, codes=codes)])[0]


def price_baskets(*, baskets: Sequence[Basket], kept: KeptItems | None = None) -> list[dict[str, PricedItem]]:
    """What price_items answers, for several stores and instants at once: two queries a chain, however many baskets.

    Who prices batch after batch may keep items between them: a change of an item is then seen seconds later.
    """
    return _baskets.price_baskets(baskets=baskets, kept=kept)


def item(*, item_id: int, chain_ids: Collection[int]) -> Item:
    """One item of these chains; raises UnknownItem."""
    return _items.item(item_id=item_id, chain_ids=chain_ids)


def goods(*, chain_id: int) -> list[Goods]:
    """Every item of a chain, also those no longer sold, as far as promotions ask. One query."""
    return _items.goods(chain_id=chain_id)


def prices(*, item_id: int) -> tuple[Price, ...]:
    """Every price an item has, had or will have, by place, the latest start first."""
    return _items.prices(item_id=item_id)


def search_items(
    *,
    chain_ids: Collection[int],
    text: str,
    category: str = "",
    tag: str = "",
    is_active: bool | None = None,
    sort: str = "",
    limit: int,
    offset: int,
) -> SearchPage:
    """A page of the items that a text finds by code, name or pinyin, best first; all items for an empty text."""
    return _search.search_items(
        chain_ids=chain_ids,
        text=text,
        category=category,
        tag=tag,
        is_active=is_active,
        sort=sort,
        limit=limit,
        offset=offset,
    )


def categories(*, chain_ids: Collection[int]) -> tuple[Category, ...]:
    """The categories of these chains, each parent before its children."""
    return _items.categories(chain_ids=chain_ids)


def category_names(*, chain_ids: Collection[int]) -> dict[str, tuple[str, str]]:
    """(Chinese, English) names of categories by path."""
    return {node.path: (node.name_zh, node.name_en) for node in _items.categories(chain_ids=chain_ids)}


def brands(*, chain_id: int, text: str = "", limit: int) -> tuple[str, ...]:
    """Brands of the items that a chain sells, those whose name holds the text, by name."""
    return _items.brands(chain_id=chain_id, text=text, limit=limit)


def tags(*, chain_id: int, text: str = "", limit: int) -> tuple[tuple[str, int], ...]:
    """(tag, how many items carry it) of the items that a chain sells, those that hold the text, by tag."""
    return _items.tags(chain_id=chain_id, text=text, limit=limit)


def save_items(*, items: Sequence[NewItem]) -> Saved:
    """List items, or bring those under these (chain, SKU) to these values. Missing categories are made."""
    return _save_items.save_items(items=items)


def save_prices(*, prices: Sequence[NewPrice]) -> Saved:
    """Set prices; one with the same item, place and start is replaced."""
    return _save_prices.save_prices(prices=prices)


def save_categories(*, categories: Sequence[NewCategory]) -> Saved:
    """Add nodes to the category tree, or give known ones new names. Missing parents are made."""
    return _save_categories.save_categories(categories=categories)


def change_item(*, item: NewItem, is_active: bool = True, must_be_new: bool = False, principal: Principal) -> Item:
    """List or change one item as somebody who may; audited. The category must exist."""
    return _change_item.change_item(item=item, is_active=is_active, must_be_new=must_be_new, principal=principal)


def set_price(*, price: NewPrice, principal: Principal) -> Price:
    """Set one price as somebody who may wherever it applies; audited."""
    return _change_item.set_price(price=price, principal=principal)


def import_items(
    *,
    path: Path,
    chain_id: int,
    kind: str = "items",
    principal: Principal,
    now: datetime,
    on_progress: Callable[[int, int], None] | None = None,
) -> ImportView:
    """Import a file of items or prices here and now: what the console does in the background."""
    run = open_import(path=path, file_name=path.name, kind=kind, chain_id=chain_id, principal=principal, now=now)
    start_import(run_id=run.id, principal=principal)
    return run_import(run_id=run.id, on_progress=on_progress)


def open_import(
    *, path: Path, file_name: str, kind: str, chain_id: int, principal: Principal, now: datetime
) -> ImportView:
    """Take a copy of a file of items or prices and open an import of it, which waits for start_import."""
    return _open_import.open_import(
        path=path, file_name=file_name, kind=kind, chain_id=chain_id, principal=principal, now=now
    )


def preview_import(*, run_id: UUID, chain_ids: frozenset[int]) -> ImportPreview:
    """How the first rows of an opened import would be."""
    return _open_import.preview_import(run_id=run_id, chain_ids=chain_ids)


def start_import(*, run_id: UUID, principal: Principal) -> ImportView:
    """Say that an opened import may run; the caller then runs it or queues tasks.run_import."""
    return _open_import.start_import(run_id=run_id, principal=principal)


def run_import(*, run_id: UUID, on_progress: Callable[[int, int], None] | None = None) -> ImportView:
    """Run a started import to its end."""
    return _run_import.run_import(run_id=run_id, on_progress=on_progress)


def cancel_import(*, run_id: UUID, principal: Principal) -> None:
    """Stop an import after the rows in hand."""
    _open_import.cancel_import(run_id=run_id, principal=principal)


def import_run(*, run_id: UUID, chain_ids: Collection[int]) -> ImportView:
    """One import; raises UnknownImport."""
    return _imports.import_run(run_id=run_id, chain_ids=chain_ids)


def import_runs(*, chain_ids: Collection[int], limit: int, offset: int) -> tuple[tuple[ImportView, ...], int]:
    """(a page of imports, the latest first; how many there are)."""
    return _imports.import_runs(chain_ids=chain_ids, limit=limit, offset=offset)


def import_faults(*, run_id: UUID, limit: int | None = None) -> Iterator[RowFault]:
    """The rows that an import put aside, in the order of the file."""
    return _imports.faults(run_id=run_id, limit=limit)


def change_category(*, category: NewCategory, principal: Principal) -> None:
    """Add a category or rename one as somebody who may; audited."""
    _change_category.change_category(category=category, principal=principal)


def items_per_category(*, chain_ids: Collection[int]) -> dict[tuple[int, str], int]:
    """How many active items hang directly on each (chain, category path)."""
    return _items.items_per_category(chain_ids=chain_ids)


def prices_in_force(*, items: Collection[Item], store: StorePlace | None, at: datetime) -> dict[int, int]:
    """Unit prices by item id: in one store, or as the chain as a whole asks. Items without a price are absent."""
    if store is None:
        return _items.chain_prices(items=items, at=at)
    priced = price_items(store=store, codes={item.sku for item in items if item.chain_id == store.chain_id}, at=at)
    return {each.item.id: each.unit_price_minor for each in priced.values() if each.unit_price_minor is not None}
