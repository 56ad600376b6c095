"""All places at once, and the questions asked of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from liushui.runtime.access import Grant
from liushui.stores.contracts import Chain, Place, Region, Store
from liushui.stores.errors import UnknownPlace

# Only for a place without any store: every other place sells in some currency.
CURRENCY_OF_NOWHERE = "CNY"

P = TypeVar("P", Chain, Region, Store)


@dataclass(frozen=True, kw_only=True)
class Directory:
    """Chains, regions and stores, each in order of their codes."""

    chains: tuple[Chain, ...]
    regions: tuple[Region, ...]
    stores: tuple[Store, ...]

    @cached_property
    def by_id(self) -> Mapping[int, Store]:
        """Stores by id."""
        return {store.id: store for store in self.stores}

    @cached_property
    def by_code(self) -> Mapping[tuple[str, str], Store]:
        """Stores by (chain code, store code)."""
        codes = {chain.id: chain.code for chain in self.chains}
        return {(codes[store.chain_id], store.code): store for store in self.stores}


def covered(directory: Directory, grants: Iterable[Grant]) -> frozenset[int]:
    """Ids of the stores that any of the grants covers."""
    held = tuple(grants)
    return frozenset(
        store.id
        for store in directory.stores
        if any(
            grant.chain_id == store.chain_id
            and grant.region_id in (None, store.region_id)
            and grant.store_id in (None, store.id)
            for grant in held
        )
    )


def choose(directory: Directory, *, query: Mapping[str, str], allowed: frozenset[int]) -> Place:
    """The place that `chain`, `region`, `store` and `currency` of a URL query name, within the allowed stores.

    Raises UnknownPlace for a code that no allowed store stands under, and for one that means places in two chains.
    """
    stores = [store for store in directory.stores if store.id in allowed]
    chain = _one("chain", query, (c for c in directory.chains if any(s.chain_id == c.id for s in stores)))
    if chain is not None:
        stores = [store for store in stores if store.chain_id == chain.id]
    region = _one("region", query, (r for r in directory.regions if any(s.region_id == r.id for s in stores)))
    if region is not None:
        stores = [store for store in stores if store.region_id == region.id]
    store = _one("store", query, stores)
    if store is not None:
        stores = [store]
    currencies = Counter(store.currency for store in stores)
    usual = max(sorted(currencies), key=lambda code: currencies[code], default=CURRENCY_OF_NOWHERE)
    asked = query.get("currency", "")
    return Place(
        chain=chain,
        region=region,
        store=store,
        store_ids=frozenset(store.id for store in stores),
        currency=asked if asked in currencies else usual,
        currencies=tuple(sorted(currencies)),
    )


def _one(kind: str, query: Mapping[str, str], places: Iterable[P]) -> P | None:
    code = query.get(kind, "")
    if not code:
        return None
    found = [place for place in places if place.code == code]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UnknownPlace(f"There is no {kind} {code!r} that you may see", remedy="Choose one from the list.")
    raise UnknownPlace(f"{kind} {code!r} means {len(found)} places", remedy="Add the code of the chain: chain=…")
