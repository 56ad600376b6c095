"""Members, a programme with a draft and a dry run, a correction and somebody's data of each chain, for the matrix."""

from __future__ import annotations

from dataclasses import replace

from tests.support.member_world import member_world

from liushui.loyalty.models import ProgrammeRow
from liushui.runtime.grants import system_principal
from liushui.stores.contracts import Store

_made: dict[tuple[int, int], dict[str, str]] = {}


def member_things(store: Store) -> dict[str, str]:
    """Ids of what the chain has; for the second store of a chain they are the same."""
    found = ProgrammeRow.objects.filter(chain_id=store.chain_id).values_list("id", flat=True).first()
    if found is not None and (store.chain_id, found) in _made:
        return _made[store.chain_id, found]
    maker = system_principal(name="access matrix")
    made = member_world(store=store, maker=maker, checker=replace(maker, subject="system:checker"), asker=maker)
    _made[store.chain_id, made.programme_id] = made.facts()
    return made.facts()
