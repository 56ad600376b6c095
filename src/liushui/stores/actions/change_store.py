"""Use case: a store is opened or changed by somebody, and its workstations; each leaves a line in the audit log."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db import transaction

from liushui.kernel.errors import NotAllowed
from liushui.runtime import audit
from liushui.runtime.access import Principal
from liushui.stores.actions.change_directory import directory_change
from liushui.stores.actions.save_stores import save_stores
from liushui.stores.actions.save_workstations import save_workstations
from liushui.stores.contracts import NewStore, NewWorkstation, Store, Workstation
from liushui.stores.domain.directory import Directory
from liushui.stores.errors import StoreConflict, UnknownPlace
from liushui.stores.models import StoreRow
from liushui.stores.queries import directory, workstations


def open_store(*, store: NewStore, principal: Principal) -> Store:
    """Set up a store that does not exist yet. Needs `store.write` in the whole chain."""
    places = directory()
    chain = next((chain for chain in places.chains if chain.code == store.chain_code), None)
    if chain is None or chain.id not in principal.whole_chains("store.write"):
        raise NotAllowed("This needs the right 'store.write' in the whole chain")
    if (store.chain_code, store.code) in places.by_code:
        raise StoreConflict(
            f"The chain has a store {store.code!r} already", pointer="/code", remedy="Give another code."
        )
    with transaction.atomic():
        opened = save_stores(stores=[store])[0]
        audit.record(
            principal=principal,
            action="store.open",
            target=f"store:{opened.id}",
            chain_id=chain.id,
            store_id=opened.id,
            after=_values(opened),
        )
    return opened


def change_store(*, store_id: int, store: NewStore, is_open: bool, principal: Principal) -> Store:
    """Bring a store to these values; its chain and code stay. Needs `store.write` there."""
    before = visible_store(store_id, principal, "store.write")
    if store.code != before.code or store.chain_code != _chain_code(directory(), before):
        raise StoreConflict("A store keeps its chain and its code", pointer="/code")
    with directory_change():
        saved = save_stores(stores=[store])[0]
        if saved.is_open != is_open:
            StoreRow.objects.filter(id=store_id).update(is_open=is_open)
        after = {**_values(saved), "is_open": is_open}
        if after != _values(before):
            audit.record(
                principal=principal,
                action="store.change",
                target=f"store:{store_id}",
                chain_id=before.chain_id,
                store_id=store_id,
                before=_values(before),
                after=after,
            )
    return directory().by_id[store_id]


def change_workstation(*, store_id: int, code: str, name: str, kind: str, principal: Principal) -> Workstation:
    """Set a workstation up, or give the one under this code a new name or kind. Needs `store.write` there."""
    store = visible_store(store_id, principal, "store.write")
    known = next((station for station in workstations(store_id=store_id) if station.code == code), None)
    wanted = NewWorkstation(
        chain_code=_chain_code(directory(), store), store_code=store.code, code=code, name=name, kind=kind
    )
    with transaction.atomic():
        saved = save_workstations(workstations=[wanted])[0]
        if saved != known:
            audit.record(
                principal=principal,
                action="store.change",
                target=f"store:{store_id}",
                chain_id=store.chain_id,
                store_id=store_id,
                before={f"workstation {code}": f"{known.name} ({known.kind})"} if known else None,
                after={f"workstation {code}": f"{saved.name} ({saved.kind})"},
            )
    return saved


def visible_store(store_id: int, principal: Principal, capability: str) -> Store:
    """A store that one may see at all; raises UnknownPlace, or NotAllowed when the capability is not held there."""
    store = directory().by_id.get(store_id)
    if store is None or store_id not in principal.stores("store.read") | principal.stores(capability):
        raise UnknownPlace(f"There is no store {store_id} that you may see")
    principal.require_store(capability, store_id=store_id)
    return store


def _chain_code(places: Directory, store: Store) -> str:
    return next(chain.code for chain in places.chains if chain.id == store.chain_id)


def _values(store: Store) -> dict[str, Any]:
    return {**asdict(store), "day_starts_at": store.day_starts_at.isoformat("minutes")}
