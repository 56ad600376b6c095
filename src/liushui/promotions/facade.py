"""The door of promotions: what other modules may ask."""

from __future__ import annotations

from liushui.promotions.words import explain

__all__ = ["explain"]
