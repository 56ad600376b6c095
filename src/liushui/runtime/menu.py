"""Entries of the console's menu: each module says its own, the app gathers them, the shell shows what one may open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuEntry:
    """A link in the left menu. `section` is one of SECTIONS; `title` may be a lazy translation."""

    section: str
    title: Any
    url_name: str
    capability: str | None
    position: int = 0


SECTIONS = ("home", "approvals", "catalog", "members", "marketing", "orders", "stock", "reports", "settings", "help")
