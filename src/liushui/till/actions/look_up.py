"""Find an item by name, pinyin or code, with its price in this store."""

from __future__ import annotations

from datetime import datetime

from liushui.catalog import facade as catalog
from liushui.stores import facade as stores
from liushui.till.contracts import Look, Till

LIMIT_MAX = 100


def look_up(*, till: Till, text: str, now: datetime, limit: int = 20) -> tuple[Look, ...]:
    """Active items that the text finds, best first; none for an empty text."""
    wanted = text.strip()[:100]
    if not wanted:
        return ()
    page = catalog.search_items(
        chain_ids={till.chain_id}, text=wanted, is_active=True, limit=max(1, min(limit, LIMIT_MAX)), offset=0
    )
    store = stores.store(store_id=till.store_id)
    prices = catalog.prices_in_force(items=page.items, store=store, at=now)
    return tuple(
        Look(
            item_id=item.id,
            sku=item.sku,
            gtin=item.gtin,
            name_zh=item.name_zh,
            name_en=item.name_en,
            unit=item.unit,
            is_weighed=item.weighed,
            unit_price_minor=prices.get(item.id),
        )
        for item in page.items
    )
