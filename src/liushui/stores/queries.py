"""Reads of the places, kept in process for a few seconds."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from liushui.stores.contracts import Chain, Region, Store, Workstation
from liushui.stores.domain.directory import Directory
from liushui.stores.errors import UnknownPlace
from liushui.stores.models import ChainRow, DirectoryState, RegionRow, StoreRow, WorkstationRow

TRUSTED_SECONDS = 2.0


@dataclass(slots=True)
class _Kept:
    block: object | None  # the outermost transaction it was read in; None when it was read outside of any
    token: UUID | None
    checked_at: float
    directory: Directory


_lock = threading.Lock()
_shared: _Kept | None = None
_own = threading.local()


def directory() -> Directory:
    """All places. Other processes' writes show within TRUSTED_SECONDS, this process's own at once.

    What is read inside a transaction may be rolled back, so it is kept for that transaction alone; what was read before
    it began is good in it too, unless it changes places itself.
    """
    global _shared
    block = _block()
    kept: _Kept | None = _shared if block is None else getattr(_own, "kept", None)
    now = time.monotonic()
    if block is not None and (kept is None or kept.block is not block) and getattr(_own, "changed", None) is not block:
        shared = _shared
        if shared is not None and now - shared.checked_at < TRUSTED_SECONDS:
            return shared.directory
    if kept is not None and kept.block is block:
        if now - kept.checked_at < TRUSTED_SECONDS:
            return kept.directory
        if kept.token == _token():
            kept.checked_at = now
            return kept.directory
    kept = _Kept(block=block, token=_token(), checked_at=now, directory=_load())
    if block is None:
        with _lock:
            _shared = kept
    else:
        _own.kept = kept
    return kept.directory


def forget_directory() -> None:
    """Drop what this process keeps; the next question reads the tables."""
    global _shared
    with _lock:
        _shared = None
    _own.kept = None
    _own.changed = _block()


def workstations(*, store_id: int) -> tuple[Workstation, ...]:
    """The workstations of a store in order of their codes."""
    return tuple(
        Workstation(id=row.id, store_id=row.store_id, code=row.code, name=row.name, kind=row.kind)
        for row in WorkstationRow.objects.filter(store_id=store_id).order_by("code")
    )


def store(*, store_id: int) -> Store:
    """One store; raises UnknownPlace."""
    try:
        return directory().by_id[store_id]
    except KeyError:
        raise UnknownPlace(f"There is no store {store_id}") from None


def _block() -> object | None:
    return connection.atomic_blocks[0] if connection.atomic_blocks else None


def _token() -> UUID | None:
    return DirectoryState.objects.filter(id=1).values_list("token", flat=True).first()


def _load() -> Directory:
    # Stores before regions before chains: what is made meanwhile is then at most a parent whose children are not there.
    stores = tuple(map(store_of, StoreRow.objects.order_by("chain__code", "code")))
    regions = tuple(map(region_of, RegionRow.objects.order_by("chain__code", "code")))
    return Directory(chains=tuple(map(chain_of, ChainRow.objects.order_by("code"))), regions=regions, stores=stores)


def chain_of(row: ChainRow) -> Chain:
    """A chain as others see it."""
    return Chain(
        id=row.id,
        code=row.code,
        name_zh=row.name_zh,
        name_en=row.name_en,
        currency=row.currency,
        weighed_patterns=tuple(row.weighed_patterns),
    )


def region_of(row: RegionRow) -> Region:
    """A region as others see it."""
    return Region(id=row.id, chain_id=row.chain_id, code=row.code, name_zh=row.name_zh, name_en=row.name_en)


def store_of(row: StoreRow) -> Store:
    """A store as others see it."""
    return Store(
        id=row.id,
        chain_id=row.chain_id,
        region_id=row.region_id,
        code=row.code,
        name_zh=row.name_zh,
        name_en=row.name_en,
        time_zone=row.time_zone,
        currency=row.currency,
        day_starts_at=row.day_starts_at,
        gln=row.gln,
        uscc=row.uscc,
        is_open=row.is_open,
    )
