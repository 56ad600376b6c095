"""Two chains for access tests: chain 1 with region 10 (stores 100, 101) and 20 (store 200), chain 2 with store 300."""

from __future__ import annotations

from collections.abc import Iterable

from liushui.runtime.access import Grant, Principal

STORES = ((1, 10, 100), (1, 10, 101), (1, 20, 200), (2, 30, 300))


def expand(grants: Iterable[Grant]) -> frozenset[int]:
    """What the stores module would say."""
    held = tuple(grants)
    return frozenset(
        store
        for chain, region, store in STORES
        if any(
            grant.chain_id == chain and grant.region_id in (None, region) and grant.store_id in (None, store)
            for grant in held
        )
    )


def principal(*grants: Grant, subject: str = "staff:1", scopes: frozenset[str] | None = None) -> Principal:
    """Someone with these grants."""
    return Principal(subject=subject, name="Someone", grants=grants, scopes=scopes)


CHAIN_ADMIN = Grant(role="it_admin", chain_id=1)
REGION_ADMIN = Grant(role="it_admin", chain_id=1, region_id=10)
STORE_ADMIN = Grant(role="it_admin", chain_id=1, store_id=100)
