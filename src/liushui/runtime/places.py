"""What modules beside `stores` may know of chains, regions and stores: the stores module says so once at start.

Modules on one step never import each other, yet prices are by place and weighed-goods barcodes by chain. They ask
here; the answer is the stores module's own cached directory, behind structural types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class ChainPlace(Protocol):
    """A chain, as far as others need it."""

    @property
    def id(self) -> int: ...
    @property
    def code(self) -> str: ...
    @property
    def name_zh(self) -> str: ...
    @property
    def name_en(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def weighed_patterns(self) -> tuple[str, ...]: ...


class RegionPlace(Protocol):
    """A region, as far as others need it."""

    @property
    def id(self) -> int: ...
    @property
    def chain_id(self) -> int: ...
    @property
    def code(self) -> str: ...
    @property
    def name_zh(self) -> str: ...
    @property
    def name_en(self) -> str: ...


class StorePlace(Protocol):
    """A store, as far as others need it."""

    @property
    def id(self) -> int: ...
    @property
    def chain_id(self) -> int: ...
    @property
    def region_id(self) -> int: ...
    @property
    def code(self) -> str: ...
    @property
    def name_zh(self) -> str: ...
    @property
    def name_en(self) -> str: ...
    @property
    def time_zone(self) -> str: ...
    @property
    def currency(self) -> str: ...


class ChosenPlace(Protocol):
    """What the chain, region and store of a URL query came to."""

    @property
    def chain(self) -> ChainPlace | None: ...
    @property
    def region(self) -> RegionPlace | None: ...
    @property
    def store(self) -> StorePlace | None: ...
    @property
    def store_ids(self) -> frozenset[int]: ...
    @property
    def currency(self) -> str: ...


class Directory(Protocol):
    """The small, cached lists; stores.facade is one."""

    def chains(self) -> Sequence[ChainPlace]: ...
    def regions(self) -> Sequence[RegionPlace]: ...
    def stores(self) -> Sequence[StorePlace]: ...
    def place(self, *, query: Mapping[str, str], allowed: frozenset[int]) -> ChosenPlace: ...


_directory: Directory | None = None


def set_directory(directory: Directory) -> None:
    """Tell who knows the places."""
    global _directory
    _directory = directory


def directory() -> Directory:
    """Who knows the places; raises LookupError in a process without the stores module."""
    if _directory is None:
        raise LookupError("no module has said which places there are")
    return _directory
