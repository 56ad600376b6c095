"""The door of portal: what other modules may ask. The shopper's own pages."""

from __future__ import annotations

__all__: list[str] = []
