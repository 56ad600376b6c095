"""Named errors of loyalty."""

from __future__ import annotations
