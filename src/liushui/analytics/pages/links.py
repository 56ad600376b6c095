"""Where the receipts behind a figure are listed."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

RECEIPTS = "/orders/"  # of the orders module, whose page reads the same names of parameters


def receipts_url(parameters: Mapping[str, str]) -> str:
    """The list of receipts with these filters; empty ones are left out."""
    chosen = {name: value for name, value in parameters.items() if value}
    return f"{RECEIPTS}?{urlencode(chosen)}" if chosen else RECEIPTS
