"""What people call the units that a chain sells in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

UNITS: Mapping[str, Any] = {
    "piece": _("piece"),
    "kg": _("kg"),
    "g": _("g"),
    "bag": _("bag"),
    "box": _("box"),
    "bottle": _("bottle"),
    "pack": _("pack"),
}


def unit_name(unit: str) -> str:
    """The unit in the reader's language; one that the chain named itself stays as it is."""
    return str(UNITS.get(unit, unit))
