"""Named errors of portal."""

from __future__ import annotations
