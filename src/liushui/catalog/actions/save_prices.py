"""Use case: prices are set, many at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from django.db import transaction

from liushui.catalog.contracts import NewPrice, Saved
from liushui.catalog.domain.checks import checked_price
from liushui.catalog.domain.prices import CHAIN, REGION, STORE
from liushui.catalog.errors import InvalidPrice, UnknownItem
from liushui.catalog.models import ItemRow, PriceRow
from liushui.catalog.queries.items import one_of
from liushui.runtime import places

CHUNK = 5000
Key = tuple[int, int, int, datetime]


def save_prices(*, prices: Sequence[NewPrice]) -> Saved:
    """Set these prices. One that starts at the same instant in the same place for the same item replaces the other.

    Raises InvalidPrice for a value or a place outside the chain, UnknownItem for a SKU that the chain does not list.
    Each chunk is one transaction; setting the same again changes nothing.
    """
    checked = [checked_price(price) for price in prices]
    check_places(checked)
    new = changed = same = 0
    for start in range(0, len(checked), CHUNK):
        rows = rows_of(checked[start : start + CHUNK])
        fresh, differing = differences(rows)
        write_prices([*fresh, *differing])
        new, changed, same = new + len(fresh), changed + len(differing), same + len(rows) - len(fresh) - len(differing)
    return Saved(new=new, changed=changed, unchanged=same)


def write_prices(rows: Sequence[PriceRow]) -> list[PriceRow]:
    """Write prices in one statement; the rows come back with their ids."""
    with transaction.atomic():
        return PriceRow.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["item", "level", "place_id", "starts_at"],
            update_fields=["amount_minor", "ends_at"],
        )


def check_places(prices: Sequence[NewPrice]) -> None:
    """Raise InvalidPrice for a region or store that is not one of the price's chain."""
    directory = places.directory()
    regions = {(region.chain_id, region.id) for region in directory.regions()}
    stores = {(store.chain_id, store.id) for store in directory.stores()}
    for price in prices:
        if price.region_id is not None and (price.chain_id, price.region_id) not in regions:
            raise InvalidPrice(f"The chain has no region {price.region_id}", pointer="/region_id")
        if price.store_id is not None and (price.chain_id, price.store_id) not in stores:
            raise InvalidPrice(f"The chain has no store {price.store_id}", pointer="/store_id")


def rows_of(prices: Sequence[NewPrice]) -> list[PriceRow]:
    """The rows of checked prices, the last of several with one start winning; raises UnknownItem."""
    ids = {
        chain_id: item_ids(chain_id=chain_id, skus={price.sku for price in prices if price.chain_id == chain_id})
        for chain_id in {price.chain_id for price in prices}
    }
    rows: dict[Key, PriceRow] = {}
    for price in prices:
        item_id = ids[price.chain_id].get(price.sku)
        if item_id is None:
            raise UnknownItem(f"The chain lists no item {price.sku!r}", pointer="/sku", remedy="List the item first.")
        row = row_of(price, item_id=item_id)
        rows[key_of(row)] = row
    return list(rows.values())


def item_ids(*, chain_id: int, skus: Collection[str]) -> dict[str, int]:
    """Item ids of a chain by SKU. One query."""
    return dict(ItemRow.objects.filter(chain_id=chain_id, sku__in=one_of(set(skus))).values_list("sku", "id"))


def row_of(price: NewPrice, *, item_id: int) -> PriceRow:
    """The row of one checked price."""
    level, place_id = CHAIN, price.chain_id
    if price.region_id is not None:
        level, place_id = REGION, price.region_id
    if price.store_id is not None:
        level, place_id = STORE, price.store_id
    return PriceRow(
        item_id=item_id,
        level=level,
        place_id=place_id,
        amount_minor=price.amount_minor,
        starts_at=price.starts_at.astimezone(UTC),
        ends_at=price.ends_at.astimezone(UTC) if price.ends_at is not None else None,
    )


def key_of(row: PriceRow) -> Key:
    """What makes a price one: item, place and start."""
    return row.item_id, row.level, row.place_id, row.starts_at


def differences(rows: Sequence[PriceRow]) -> tuple[list[PriceRow], list[PriceRow]]:
    """(new, changed) among these rows. One query."""
    on_record = PriceRow.objects.filter(
        item_id__in=one_of({row.item_id for row in rows}), starts_at__in={row.starts_at for row in rows}
    )
    known = {key_of(row): values_of(row) for row in on_record}
    new = [row for row in rows if key_of(row) not in known]
    changed = [row for row in rows if known.get(key_of(row), values_of(row)) != values_of(row)]
    return new, changed


def values_of(row: PriceRow) -> tuple[int, datetime | None]:
    """What a price says, beside where and from when."""
    return row.amount_minor, row.ends_at
