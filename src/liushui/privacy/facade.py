"""The door of privacy: what other modules may ask. Personal data: kept encrypted, shown masked, exported and erased on request."""

from __future__ import annotations

__all__: list[str] = []
