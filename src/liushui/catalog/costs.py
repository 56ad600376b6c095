"""Who may know what an item costs the chain: whoever sees its margins or keeps its items, and no till."""

from __future__ import annotations

from liushui.runtime.access import Principal


def chains_with_costs(principal: Principal) -> frozenset[int]:
    """Ids of the chains whose costs this reader may see."""
    return principal.chains("report.read") | principal.chains("catalog.write")
