"""Look up everything that the lines of a batch name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import Item, PricedItem
from liushui.checkout.contracts import CompleteSale
from liushui.stores.contracts import Store


@dataclass(frozen=True, slots=True)
class Lookup:
    """Items by chain and code, and prices by store, instant and code; kept for one batch only."""

    items: Mapping[int, Mapping[str, Item]]
    prices: Mapping[tuple[int, datetime], Mapping[str, PricedItem]]

    def prices_for(self, store: Store, at: datetime) -> Mapping[str, PricedItem]:
        """Prices of the codes that were looked up for a store at an instant."""
        return self.prices.get((store.id, at), {})


def look_up_items(sales: Sequence[tuple[CompleteSale, Store]]) -> Lookup:
    """Items of all lines by one query a chain; prices where a line states no amount or a code is no item's own."""
    codes: dict[int, set[str]] = {}
    for command, store in sales:
        codes.setdefault(store.chain_id, set()).update([line.code for line in command.lines])
    items = {
        chain_id: catalog.find_items(chain_id=chain_id, codes=chain_codes) for chain_id, chain_codes in codes.items()
    }
    wanted: dict[tuple[int, datetime], tuple[Store, set[str]]] = {}
    for command, store in sales:
        known = items[store.chain_id]
        needed = {line.code for line in command.lines if line.amount_minor is None or line.code not in known}
        if needed:
            wanted.setdefault((store.id, command.completed_at), (store, set()))[1].update(needed)
    prices = {key: catalog.price_items(store=store, codes=needed, at=key[1]) for key, (store, needed) in wanted.items()}
    return Lookup(items, prices)
