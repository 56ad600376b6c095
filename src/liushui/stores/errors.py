"""Named errors of the stores module."""

from __future__ import annotations

from liushui.kernel.errors import Conflict, InvalidValue, NotFound


class UnknownPlace(NotFound):
    """There is no such chain, region or store, or it is not yours to see."""

    type = "unknown-place"


class InvalidStore(InvalidValue):
    """A value of the store is not of the form that its field takes."""

    type = "invalid-store"


class StoreConflict(Conflict):
    """Another store already has this code or number."""

    type = "store-conflict"
