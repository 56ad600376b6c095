"""The door of the stores module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from liushui.runtime.access import Grant, Principal
from liushui.stores import queries
from liushui.stores.actions import change_store as _change_store
from liushui.stores.actions import save_chain as _save_chain
from liushui.stores.actions import save_region as _save_region
from liushui.stores.actions import save_stores as _save_stores
from liushui.stores.actions import save_workstations as _save_workstations
from liushui.stores.contracts import Chain, NewStore, NewWorkstation, Place, Region, Store, Workstation
from liushui.stores.domain.directory import choose, covered


def chains() -> tuple[Chain, ...]:
    """Every chain, by code; kept in process for seconds."""
    return queries.directory().chains


def regions() -> tuple[Region, ...]:
    """Every region, by chain and code; kept in process for seconds."""
    return queries.directory().regions


def stores() -> tuple[Store, ...]:
    """Every store, open or closed, by chain and code; kept in process for seconds."""
    return queries.directory().stores


def store(*, store_id: int) -> Store:
    """One store; raises UnknownPlace."""
    return queries.store(store_id=store_id)


def stores_by_code() -> Mapping[tuple[str, str], Store]:
    """Every store by (chain code, store code)."""
    return queries.directory().by_code


def workstations(*, store_id: int) -> tuple[Workstation, ...]:
    """The workstations of a store, by code."""
    return queries.workstations(store_id=store_id)


def expand_grants(grants: Iterable[Grant]) -> frozenset[int]:
    """Ids of the stores that any of these grants covers."""
    return covered(queries.directory(), grants)


def place(*, query: Mapping[str, str], allowed: frozenset[int]) -> Place:
    """The place that `chain`, `region`, `store` and `currency` of a URL query name, within the allowed stores.

    Raises UnknownPlace for a code under which there is nothing that the allowed stores belong to.
    """
    return choose(queries.directory(), query=query, allowed=allowed)


def forget() -> None:
    """Drop the lists kept in this process; for tests and after tables were changed by other means."""
    queries.forget_directory()


def save_chain(*, code: str, name_zh: str, name_en: str, currency: str, weighed_patterns: Sequence[str] = ()) -> Chain:
    """Set a chain up, or bring the one under this code to these values."""
    return _save_chain.save_chain(
        code=code, name_zh=name_zh, name_en=name_en, currency=currency, weighed_patterns=weighed_patterns
    )


def save_region(*, chain_code: str, code: str, name_zh: str, name_en: str) -> Region:
    """Set a region up, or give the one under this code these names."""
    return _save_region.save_region(chain_code=chain_code, code=code, name_zh=name_zh, name_en=name_en)


def save_stores(*, stores: Sequence[NewStore]) -> tuple[Store, ...]:
    """Set stores up, or bring those under these codes to these values; answers in the order given."""
    return _save_stores.save_stores(stores=stores)


def save_workstations(*, workstations: Sequence[NewWorkstation]) -> tuple[Workstation, ...]:
    """Set workstations up, or bring those under these codes to these values; answers in the order given."""
    return _save_workstations.save_workstations(workstations=workstations)


def visible_store(*, store_id: int, principal: Principal) -> Store:
    """A store that the principal may see; raises UnknownPlace."""
    return _change_store.visible_store(store_id, principal, "store.read")


def open_store(*, store: NewStore, principal: Principal) -> Store:
    """Set up a new store as somebody who may; audited."""
    return _change_store.open_store(store=store, principal=principal)


def change_store(*, store_id: int, store: NewStore, is_open: bool, principal: Principal) -> Store:
    """Change a store as somebody who may; audited. Its chain and code stay."""
    return _change_store.change_store(store_id=store_id, store=store, is_open=is_open, principal=principal)


def change_workstation(*, store_id: int, code: str, name: str, kind: str, principal: Principal) -> Workstation:
    """Set up or rename a workstation as somebody who may; audited."""
    return _change_store.change_workstation(store_id=store_id, code=code, name=name, kind=kind, principal=principal)
