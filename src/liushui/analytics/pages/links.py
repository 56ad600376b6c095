"""Where the receipts behind a figure are listed."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django.urls import reverse


def receipts_url(parameters: Mapping[str, str]) -> str:
    """The list of receipts with these filters, as orders' page reads them; voided ones only when `status` says so."""
    chosen = {name: value for name, value in {"status": "completed", **parameters}.items() if value}
    return f"{reverse('orders:sales')}?{urlencode(chosen)}"
