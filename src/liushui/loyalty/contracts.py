"""What others see of loyalty. Members, tiers, points and stored value."""

from __future__ import annotations
