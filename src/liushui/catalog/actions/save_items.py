"""Use case: items are listed, or brought to new values, many at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields

from django.db import IntegrityError, connection, transaction

from liushui.catalog.actions.save_categories import add_missing
from liushui.catalog.contracts import NewItem, Saved
from liushui.catalog.domain.checks import checked_item
from liushui.catalog.domain.search_text import search_keys
from liushui.catalog.domain.tags import column_of, tags_of
from liushui.catalog.errors import ItemConflict
from liushui.catalog.models import ItemRow
from liushui.catalog.queries.items import one_of
from liushui.runtime.bulk import insert_rows

CHUNK = 5000  # rows a transaction, so that others get their turn to write
VALUES = tuple(field.name for field in fields(NewItem))
KEYS = ("sku_key", "gtin_key", "name_key", "name_en_key", "initials", "pinyin", "grams")
COLUMNS = (*VALUES, *KEYS, "is_active")


def save_items(*, items: Sequence[NewItem]) -> Saved:
    """Bring the items under these (chain, SKU) to these values; what is new is listed, what is the same is left.

    Categories that do not exist are made, named by their codes. Whether a known item is active stays. Each chunk
    is one transaction; saving again what was saved changes nothing. Raises InvalidItem for a value, ItemConflict for
    a GTIN that another item has.
    """
    wanted = {(item.chain_id, item.sku): item for item in map(checked_item, items)}
    add_missing(paths={(item.chain_id, item.category) for item in wanted.values() if item.category})
    new = changed = 0
    batch = list(wanted.values())
    for start in range(0, len(batch), CHUNK):
        fresh, differing = differences(batch[start : start + CHUNK])
        write_items(new=fresh, changed=differing)
        new, changed = new + len(fresh), changed + len(differing)
    if new or changed:
        tidy_search_index()
    return Saved(new=new, changed=changed, unchanged=len(batch) - new - changed)


def known_items(items: Sequence[NewItem]) -> dict[tuple[int, str], NewItem]:
    """What is on record under the (chain, SKU) of these items. One query."""
    rows = ItemRow.objects.filter(
        chain_id__in={item.chain_id for item in items}, sku__in=one_of({item.sku for item in items})
    ).values(*VALUES)
    return {(row["chain_id"], row["sku"]): NewItem(**{**row, "tags": tags_of(row["tags"])}) for row in rows}


def differences(items: Sequence[NewItem]) -> tuple[list[NewItem], list[NewItem]]:
    """(new, changed) among checked items."""
    known = known_items(items)
    new = [item for item in items if (item.chain_id, item.sku) not in known]
    changed = [item for item in items if known.get((item.chain_id, item.sku), item) != item]
    return new, changed


def taken_gtins(items: Sequence[NewItem]) -> dict[tuple[int, str], str]:
    """The SKU of another item, by (chain, GTIN), for those GTINs of checked items that would then stand twice."""
    wanted = {(item.chain_id, item.gtin): item.sku for item in items if item.gtin}
    rows = ItemRow.objects.filter(
        chain_id__in={chain_id for chain_id, _ in wanted}, gtin__in=one_of({gtin for _, gtin in wanted})
    ).values_list("chain_id", "gtin", "sku")
    return {(chain_id, gtin): sku for chain_id, gtin, sku in rows if wanted.get((chain_id, gtin), sku) != sku}


def values_of(item: NewItem) -> tuple[object, ...]:
    """The row of a checked item in the order of COLUMNS, with what it is searched by."""
    keys = search_keys(sku=item.sku, gtin=item.gtin, name_zh=item.name_zh, name_en=item.name_en)
    values = (column_of(item.tags) if name == "tags" else getattr(item, name) for name in VALUES)
    return (*values, *(getattr(keys, name) for name in KEYS), True)


def write_items(*, new: Sequence[NewItem], changed: Sequence[NewItem]) -> None:
    """Write checked items in one transaction, the new ones past the ORM; raises ItemConflict."""
    items = [*new, *changed]
    if not items:
        return
    _refuse_doubles(items)
    for (_, gtin), sku in taken_gtins(items).items():
        raise ItemConflict(f"GTIN {gtin} belongs to item {sku!r}", pointer="/gtin", remedy="Correct one of the two.")
    try:
        with transaction.atomic():
            insert_rows(table=ItemRow._meta.db_table, columns=COLUMNS, rows=[values_of(item) for item in new])
            ItemRow.objects.bulk_create(
                [ItemRow(**dict(zip(COLUMNS, values_of(item), strict=True))) for item in changed],
                update_conflicts=True,
                unique_fields=["chain_id", "sku"],
                update_fields=[name for name in (*VALUES, *KEYS) if name not in ("chain_id", "sku")],
            )
    except IntegrityError as error:
        raise ItemConflict("A GTIN of these items belongs to another item", pointer="/gtin") from error


def tidy_search_index() -> None:
    """Enter what was just written into PostgreSQL's index of grams: one by one it costs several times as much, and
    until it is done every search reads the list of what waits. Call it after the last chunk; on SQLite it is nothing.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT gin_clean_pending_list('item_by_grams')")


def _refuse_doubles(items: Iterable[NewItem]) -> None:
    seen: dict[tuple[int, str], str] = {}
    for item in items:
        other = seen.setdefault((item.chain_id, item.gtin), item.sku) if item.gtin else item.sku
        if other != item.sku:
            raise ItemConflict(f"GTIN {item.gtin} is given for {other!r} and {item.sku!r}", pointer="/gtin")
