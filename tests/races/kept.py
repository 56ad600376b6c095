"""What the product keeps in memory for a second or two, forgotten: the next deed reads it, as a new process does."""

from __future__ import annotations

from liushui.loyalty import programme_live
from liushui.promotions import facade as promotions
from liushui.returns import policies
from liushui.runtime import believed
from liushui.stores import facade as stores


def forget() -> None:
    """All of it. What is kept for good, by an id whose content never changes, stays."""
    stores.forget()
    promotions.forget()
    programme_live.forget()
    policies.forget()
    believed.forget_all()
