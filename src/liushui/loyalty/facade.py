"""The door of loyalty: what other modules may ask. Members, tiers, points and stored value."""

from __future__ import annotations

from liushui.loyalty.programme_live import live_programme

__all__ = ["live_programme"]
