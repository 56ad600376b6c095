"""What a rulebook asks of past receipts beyond what is always read: it costs time, so it is found out first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Flag, auto

from liushui.promotions.contracts import Combined, Condition, Leaf, Rulebook


class Needs(Flag):
    """What must be read besides."""

    NOTHING = 0
    ORDERS_BEFORE = auto()  # how many purchases a customer had made
    PAYMENT_METHOD = auto()


_LEAVES = {
    "nth_order": Needs.ORDERS_BEFORE,
    "first_order": Needs.ORDERS_BEFORE,
    "payment_method_in": Needs.PAYMENT_METHOD,
}


def needs_of(rulebook: Rulebook) -> Needs:
    """What the conditions of a rulebook ask for."""
    found = Needs.NOTHING
    for promotion in rulebook.promotions:
        for leaf in _leaves(promotion.when):
            found |= _LEAVES.get(leaf.type, Needs.NOTHING)
    return found


def _leaves(conditions: Iterable[Condition]) -> Iterator[Leaf]:
    for condition in conditions:
        if isinstance(condition, Combined):
            yield from _leaves(condition.parts)
        else:
            yield condition
