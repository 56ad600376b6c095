"""The door of returns: what other modules may ask. What comes back to a shopper for goods that come back."""

from __future__ import annotations

__all__: list[str] = []
