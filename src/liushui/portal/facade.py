"""The door of portal: what other modules may ask. The shopper's own pages."""

from __future__ import annotations

from liushui.portal.sessions import forget_old

__all__ = ["forget_old"]
