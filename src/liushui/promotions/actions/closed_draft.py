"""The refusal of what is done to a draft that is no longer open."""

from __future__ import annotations

from liushui.promotions.errors import DraftClosed
from liushui.promotions.models import DraftRow

_SAID = {"open": "open", "in_review": "in review", "published": "published", "discarded": "discarded"}


def draft_closed(row: DraftRow) -> DraftClosed:
    """The error that says in which state the draft is."""
    return DraftClosed(f"Draft {row.name!r} is {_SAID[row.state]}", context={"state": row.state})
