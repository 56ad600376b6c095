"""Items kept for a short while by somebody who prices one batch of baskets after the other."""

from __future__ import annotations

import time
from collections.abc import Collection

from liushui.catalog.contracts import Item
from liushui.catalog.queries.items import find_items

_SECONDS_MAX = 5.0  # as long as the directory of stores is believed (docs/decisions/0041)
_CODES_MAX = 50_000


class KeptItems:
    """What find_items answered in the last seconds, so that an import reads its best sellers once and not for every
    batch. A change of an item is seen after five seconds at the latest, a new item at once. For one thread."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], Item] = {}
        self._since = time.monotonic()

    def find(self, *, chain_id: int, codes: Collection[str]) -> dict[str, Item]:
        """As find_items: items by the codes asked for; one query, or none when all are at hand."""
        if time.monotonic() - self._since > _SECONDS_MAX or len(self._known) > _CODES_MAX:
            self._known.clear()
            self._since = time.monotonic()
        known = self._known
        found = {code: item for code in codes if (item := known.get((chain_id, code))) is not None}
        missing = [code for code in codes if code not in found]
        fresh = find_items(chain_id=chain_id, codes=missing)
        known.update({(chain_id, code): item for code, item in fresh.items()})
        return found | fresh
