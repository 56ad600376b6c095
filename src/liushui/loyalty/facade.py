"""The door of loyalty: what other modules may ask. Members, tiers, points and stored value."""

from __future__ import annotations

__all__: list[str] = []
