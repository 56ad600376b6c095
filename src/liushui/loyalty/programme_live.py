"""Which version of a chain's programme is in force: found by business time, kept in process for a second."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from liushui.loyalty.domain.programme import Programme
from liushui.loyalty.domain.programme_json import published
from liushui.loyalty.models import ProgrammeRow

KEPT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Kept:
    read_at: float  # monotonic
    versions: tuple[Programme, ...]  # the highest number first; all that stand, for there are few


_lock = threading.Lock()
_chains: dict[int, _Kept] = {}  # read outside of transactions
_own = threading.local()  # what was read inside a transaction may be rolled back: kept for that transaction alone
_read: dict[int, Programme] = {}  # by id of the version, which never changes
_NONE = Programme()


def live_programme(*, chain_id: int, at: datetime) -> Programme:
    """The rules in force at an instant: the highest number of those that have started and were not cancelled.

    One SQL statement, or none where the chain was asked about less than a second ago. A chain without any gets the
    programme of number 0, in which nothing earns and points pay for nothing.
    """
    for version in _versions(chain_id):
        if version.starts_at is not None and version.starts_at <= at:
            return version
    return _NONE


def forget() -> None:
    """Drop what this process and thread keep; after publishing here, and for tests."""
    with _lock:
        _chains.clear()
        _read.clear()
    _own.kept = None


def _versions(chain_id: int) -> tuple[Programme, ...]:
    block = connection.atomic_blocks[0] if connection.atomic_blocks else None
    chains = _chains if block is None else _of_transaction(block)
    kept, now = chains.get(chain_id), time.monotonic()
    if kept is None or now - kept.read_at >= KEPT_SECONDS:
        kept = chains[chain_id] = _Kept(now, _from_database(chain_id))
    return kept.versions


def _of_transaction(block: object) -> dict[int, _Kept]:
    kept: tuple[object, dict[int, _Kept]] | None = getattr(_own, "kept", None)
    if kept is None or kept[0] is not block:
        kept = _own.kept = (block, {})
    return kept[1]


def _from_database(chain_id: int) -> tuple[Programme, ...]:
    rows = ProgrammeRow.objects.standing(chain_id).order_by("-number")
    return tuple(_programme(row) for row in rows)


def _programme(row: ProgrammeRow) -> Programme:
    found = _read.get(row.id)
    if found is None or found.digest != row.digest:
        found = published(document=row.document, chain_id=row.chain_id, number=row.number, starts_at=row.starts_at)
        if not connection.in_atomic_block:
            _read[row.id] = found
    return found
