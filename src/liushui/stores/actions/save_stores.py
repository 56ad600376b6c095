"""Use case: stores are set up, or brought to these values, many at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.db.models import Q

from liushui.stores.actions.change_directory import directory_change
from liushui.stores.contracts import NewStore, Store
from liushui.stores.domain.checks import checked_store
from liushui.stores.errors import StoreConflict, UnknownPlace
from liushui.stores.models import RegionRow, StoreRow
from liushui.stores.queries import store_of

FIELDS = ("region", "name_zh", "name_en", "time_zone", "currency", "day_starts_at", "gln", "uscc")


def save_stores(*, stores: Sequence[NewStore]) -> tuple[Store, ...]:
    """The stores under these codes, in the order given; new ones are open. Whether a known one is open stays.

    Raises UnknownPlace for an unknown chain or region, InvalidStore for a value, StoreConflict for a code given
    twice or a GLN that another store has.
    """
    checked = [checked_store(store) for store in stores]
    keys = Counter((store.chain_code, store.code) for store in checked)
    for (_, code), times in keys.items():
        if times > 1:
            raise StoreConflict(f"Store {code!r} is given {times} times")
    regions = _regions(checked)
    rows = [
        StoreRow(
            chain_id=region.chain_id,
            region=region,
            code=store.code,
            name_zh=store.name_zh,
            name_en=store.name_en,
            time_zone=store.time_zone,
            currency=store.currency,
            day_starts_at=store.day_starts_at,
            gln=store.gln,
            uscc=store.uscc,
        )
        for store, region in zip(checked, regions, strict=True)
    ]
    with directory_change():
        StoreRow.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["chain", "code"], update_fields=list(FIELDS)
        )
    places = {
        (row.chain_id, row.code): store_of(row)
        for row in StoreRow.objects.filter(chain_id__in={row.chain_id for row in rows})
    }
    return tuple(places[row.chain_id, row.code] for row in rows)


def _regions(stores: Sequence[NewStore]) -> list[RegionRow]:
    wanted = {(store.chain_code, store.region_code) for store in stores}
    condition = Q(pk__in=[])
    for chain_code, region_code in wanted:
        condition |= Q(chain__code=chain_code, code=region_code)
    known = {(row.chain.code, row.code): row for row in RegionRow.objects.select_related("chain").filter(condition)}
    for chain_code, region_code in sorted(wanted - known.keys()):
        raise UnknownPlace(
            f"Chain {chain_code!r} has no region {region_code!r}",
            pointer="/region_code",
            remedy="Set the region up first.",
        )
    return [known[store.chain_code, store.region_code] for store in stores]
