"""Use case: one item is listed or changed by somebody, and one price is set; both leave a line in the audit log."""

from __future__ import annotations

from dataclasses import asdict

from django.db import transaction

from liushui.catalog.actions.save_items import known_items, taken_gtins, write_items
from liushui.catalog.actions.save_prices import check_places, differences, item_ids, row_of, write_prices
from liushui.catalog.contracts import Item, NewItem, NewPrice, Price
from liushui.catalog.domain.checks import checked_item, checked_price
from liushui.catalog.errors import ItemConflict, UnknownCategory, UnknownItem
from liushui.catalog.models import CategoryRow, ItemRow
from liushui.catalog.queries.items import item_of, price_of
from liushui.kernel.errors import NotAllowed
from liushui.runtime import audit, places
from liushui.runtime.access import Principal


def change_item(*, item: NewItem, is_active: bool = True, must_be_new: bool = False, principal: Principal) -> Item:
    """List the item under this SKU, or bring it to these values; the category must exist.

    Raises NotAllowed without `catalog.write` in the whole chain, InvalidItem, UnknownCategory, ItemConflict.
    """
    require_whole_chain(principal, "catalog.write", item.chain_id)
    wanted = checked_item(item)
    require_categories([wanted])
    known = known_items([wanted]).get((wanted.chain_id, wanted.sku))
    if known is not None and must_be_new:
        raise ItemConflict(f"The chain lists {wanted.sku!r} already", pointer="/sku", remedy="Open that item instead.")
    for (_, gtin), sku in taken_gtins([wanted]).items():
        raise ItemConflict(f"GTIN {gtin} belongs to item {sku!r}", pointer="/gtin", remedy="Correct one of the two.")
    with transaction.atomic():
        before: dict[str, object] | None = asdict(known) if known is not None else None
        if known != wanted:
            write_items(new=[wanted] if known is None else [], changed=[wanted] if known is not None else [])
        row = ItemRow.objects.get(chain_id=wanted.chain_id, sku=wanted.sku)
        if row.is_active != is_active:
            ItemRow.objects.filter(id=row.id).update(is_active=is_active)
        was_active, row.is_active = row.is_active, is_active
        after = {**asdict(wanted), "is_active": is_active}
        if before is not None:
            before["is_active"] = was_active
        if before != after:
            audit.record(
                principal=principal,
                action="item.list" if before is None else "item.change",
                target=f"item:{row.id}",
                chain_id=wanted.chain_id,
                before=before,
                after=after,
            )
    return item_of(row)


def set_price(*, price: NewPrice, principal: Principal) -> Price:
    """Set one price. Raises NotAllowed unless `price.write` is held in every store that it reaches."""
    wanted = checked_price(price)
    check_places([wanted])
    require_price_place(principal, wanted)
    item_id = item_ids(chain_id=wanted.chain_id, skus=[wanted.sku]).get(wanted.sku)
    if item_id is None:
        raise UnknownItem(f"The chain lists no item {wanted.sku!r}", pointer="/sku", remedy="List the item first.")
    row = row_of(wanted, item_id=item_id)
    new, changed = differences([row])
    with transaction.atomic():
        written = write_prices([row])[0]
        if new or changed:
            audit.record(
                principal=principal,
                action="price.set",
                target=f"item:{item_id}",
                chain_id=wanted.chain_id,
                store_id=wanted.store_id,
                after={
                    "amount_minor": wanted.amount_minor,
                    "region_id": wanted.region_id,
                    "store_id": wanted.store_id,
                    "starts_at": wanted.starts_at.isoformat(),
                    "ends_at": wanted.ends_at.isoformat() if wanted.ends_at else None,
                },
            )
    return price_of(written)


def require_whole_chain(principal: Principal, capability: str, chain_id: int) -> None:
    """Raise NotAllowed unless the capability is held in all of the chain."""
    if chain_id not in principal.whole_chains(capability):
        raise NotAllowed(f"This needs the right {capability!r} in the whole chain")


def require_price_place(principal: Principal, price: NewPrice) -> None:
    """Raise NotAllowed unless `price.write` is held wherever the price would apply."""
    if price.chain_id in principal.whole_chains("price.write"):
        return
    allowed = principal.stores("price.write")
    reached = {
        store.id
        for store in places.directory().stores()
        if store.chain_id == price.chain_id
        and price.region_id in (None, store.region_id)
        and price.store_id in (None, store.id)
    }
    if (price.region_id is None and price.store_id is None) or not reached or reached - allowed:
        raise NotAllowed("This needs the right 'price.write' in every store that the price is for")


def unknown_categories(items: list[NewItem]) -> set[tuple[int, str]]:
    """(chain, path) of the categories of these items that do not exist. One query."""
    wanted = {(item.chain_id, item.category) for item in items if item.category}
    if not wanted:
        return set()
    known = CategoryRow.objects.filter(
        chain_id__in={chain_id for chain_id, _ in wanted}, path__in={path for _, path in wanted}
    ).values_list("chain_id", "path")
    return wanted - set(known)


def require_categories(items: list[NewItem]) -> None:
    """Raise UnknownCategory for the first of these items' categories that does not exist."""
    for _, path in sorted(unknown_categories(items)):
        raise UnknownCategory(
            f"There is no category {path!r}",
            pointer="/category",
            remedy="Choose one of the tree, or add it there first.",
        )
