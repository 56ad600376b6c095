"""The door of promotions: what other modules may ask."""

from __future__ import annotations
