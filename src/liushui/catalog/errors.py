"""Named errors of the catalogue."""

from __future__ import annotations

from liushui.kernel.errors import Conflict, InvalidValue, NotFound


class InvalidItem(InvalidValue):
    """A value of the item is not of the form that its field takes."""

    type = "invalid-item"


class InvalidPrice(InvalidValue):
    """A value of the price is not of the form that its field takes."""

    type = "invalid-price"


class InvalidPattern(InvalidValue):
    """The pattern of a weighed-goods barcode cannot be read."""

    type = "invalid-weighed-pattern"


class UnknownItem(NotFound):
    """There is no such item, or it is not yours to see."""

    type = "unknown-item"


class UnknownCategory(InvalidValue):
    """The category tree has no such category."""

    type = "unknown-category"


class ItemConflict(Conflict):
    """Another item already has this number."""

    type = "item-conflict"


class UnknownImport(NotFound):
    """There is no such import, or it is not yours to see."""

    type = "unknown-import"
