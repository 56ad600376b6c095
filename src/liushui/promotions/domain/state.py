"""A basket on the counter, and what is left of its prices while promotions are applied one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace

from liushui.promotions.domain.allocation import even_cuts, scaled_cuts
from liushui.promotions.domain.basket import Basket, Line
from liushui.promotions.domain.rulebook import Scope
from liushui.promotions.domain.units import USED, Run, joined, plain


class Shared:
    """A line that loses an amount evenly over all of its units: which unit loses what is worked out when asked.

    `amounts` are what it was to lose first, and what ceilings and budgets brought that down to.
    """

    __slots__ = ("amounts", "before")

    def __init__(self, before: Runs, amounts: Sequence[int]) -> None:
        self.before = before
        self.amounts = amounts

    def runs(self) -> tuple[Run, ...]:
        """The line's runs afterwards."""
        before = self.before if type(self.before) is tuple else self.before.runs()  # type: ignore[union-attr]
        cuts = even_cuts(self.amounts[0], before)
        for amount in self.amounts[1:]:
            cuts = scaled_cuts(amount, cuts)
        after = [(run[0] - cut, run[1], run[2], run[3], run[4], run[5] & ~USED) for run, cut in cuts]
        return tuple(after) if len(after) == 1 else joined(after)


Runs = tuple[Run, ...] | Shared


class State:
    """Remaining values: units of each line (`runs`) and their sum, shipping charges, and the total payable. Never
    changed in place: a promotion applied makes another State that shares what it did not touch."""

    __slots__ = ("lines", "shipping", "sums", "total")

    def __init__(self, lines: list[Runs], sums: list[int], shipping: list[int], total: int) -> None:
        self.lines = lines
        self.sums = sums
        self.shipping = shipping
        self.total = total

    def runs(self, index: int) -> tuple[Run, ...]:
        """The units of a line."""
        found = self.lines[index]
        if type(found) is not tuple:
            found = self.lines[index] = found.runs()  # type: ignore[union-attr]
        return found


class Counter:
    """A basket made ready: list prices, quantities, floors, and which lines each scope means."""

    __slots__ = (
        "_by_node",
        "_for_conditions",
        "_for_effects",
        "_unfloored",
        "basket",
        "floors",
        "lines",
        "prices",
        "quantities",
        "start",
    )

    def __init__(self, basket: Basket) -> None:
        self.basket = basket
        self.lines: Sequence[Line] = basket.lines
        self.prices = [line.unit_price for line in basket.lines]
        self.quantities = [line.quantity for line in basket.lines]
        self.floors = [line.floor_unit_price * line.quantity for line in basket.lines]
        sums = [line.unit_price * line.quantity for line in basket.lines]
        shipping = [each.amount for each in basket.shipping]
        self.start = State(
            lines=[(plain(line.unit_price, 0, line.quantity),) for line in basket.lines],
            sums=sums,
            shipping=shipping,
            total=sum(sums) + sum(shipping),
        )
        self._unfloored: Counter | None = None
        self._by_node: dict[str, list[int]] | None = None
        self._for_effects: dict[int, list[int]] = {}
        self._for_conditions: dict[int, list[int]] = {}

    def without_floors(self) -> Counter:
        """The same, with nothing that a line must not fall below."""
        if not any(self.floors):
            return self
        if self._unfloored is None:
            self._unfloored = copy(self)
            self._unfloored.floors = [0] * len(self.floors)
        return self._unfloored

    def effect_lines(self, scope: CompiledScope) -> list[int]:
        """Lines whose units an effect with this scope may touch."""
        found = self._for_effects.get(scope.number)
        if found is None:
            lines = self.lines
            found = [index for index in self.condition_lines(scope) if lines[index].discountable]
            self._for_effects[scope.number] = found
        return found

    def condition_lines(self, scope: CompiledScope) -> list[int]:
        """Lines that a condition with this scope looks at."""
        found = self._for_conditions.get(scope.number)
        if found is None:
            found = self._named(scope)
        if found is None:
            matches = scope.matches
            found = [index for index, line in enumerate(self.lines) if not line.gift and matches(line)]
        self._for_conditions[scope.number] = found
        return found

    def _named(self, scope: CompiledScope) -> list[int] | None:
        """The lines of a scope that names a few categories and nothing else; None for any other scope."""
        categories = scope.categories
        if categories is None:
            return None
        if self._by_node is None:
            self._by_node = {}
            for index, line in enumerate(self.lines):
                if not line.gift:
                    for node in nodes(line.category):
                        self._by_node.setdefault(node, []).append(index)
        if len(categories) == 1:
            return list(self._by_node.get(categories[0], ()))
        return sorted({index for node in categories for index in self._by_node.get(node, ())})


class CompiledScope:
    """A scope with a number of its own within a rulebook, so that what it means in a basket is found out once."""

    __slots__ = ("categories", "is_everything", "number", "scope", "untouched")

    def __init__(self, scope: Scope, number: int) -> None:
        self.scope = scope
        self.number = number
        self.untouched = scope.not_already_discounted
        only = (
            scope.category_in is not None and replace(scope, category_in=None, not_already_discounted=False) == Scope()
        )
        self.categories = (
            sorted(scope.category_in) if only and scope.category_in and len(scope.category_in) <= NAMED_MAX else None
        )
        self.is_everything = scope == Scope() or scope == Scope(not_already_discounted=True)

    def matches(self, line: Line) -> bool:
        """Whether a line is meant; `not_already_discounted` is about units and looked at elsewhere."""
        if self.is_everything:
            return True
        scope = self.scope
        if scope.sku_in is not None and line.sku not in scope.sku_in:
            return False
        if scope.sku_not_in is not None and line.sku in scope.sku_not_in:
            return False
        if scope.brand_in is not None and line.brand not in scope.brand_in:
            return False
        if scope.tag_in is not None and scope.tag_in.isdisjoint(line.tags):
            return False
        if scope.unit_price_min is not None and line.unit_price < scope.unit_price_min:
            return False
        if scope.unit_price_max is not None and line.unit_price > scope.unit_price_max:
            return False
        if scope.category_in is not None and scope.category_in.isdisjoint(nodes(line.category)):
            return False
        return scope.category_not_in is None or scope.category_not_in.isdisjoint(nodes(line.category))


def nodes(path: str) -> tuple[str, ...]:
    """A category and all above it: food/snacks/chips, food/snacks, food."""
    found = _nodes.get(path)
    if found is None:
        parts = path.split("/")
        found = tuple("/".join(parts[:length]) for length in range(len(parts), 0, -1)) if path else ()
        if len(_nodes) < NODES_KEPT:
            _nodes[path] = found
    return found


NODES_KEPT = 100_000
NAMED_MAX = 8  # categories that a scope names, to be looked up one by one
_nodes: dict[str, tuple[str, ...]] = {}
