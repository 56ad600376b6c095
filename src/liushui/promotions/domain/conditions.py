"""Whether a promotion's conditions hold, and if not, which one fails and by how much.

A condition is compiled to a Check: a function of the counter and the state at the promotion's turn. What looks at list
prices, the member, the time or the place is the same in every state and is asked once (`fixed`).
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from liushui.promotions.domain.basket import Member
from liushui.promotions.domain.rulebook import Combined, Condition, Leaf
from liushui.promotions.domain.state import CompiledScope, Counter, State
from liushui.promotions.domain.units import number

ScopeOf = Callable[[Any], CompiledScope]
NUMERIC = frozenset(
    {
        "subtotal_at_least",
        "discounted_subtotal_at_least",
        "quantity_at_least",
        "line_quantity_at_least",
        "distinct_skus_at_least",
    }
)


@dataclass(frozen=True, slots=True)
class Failure:
    """The first leaf that fails: its JSON path within the promotion, its type, what there is and what is needed."""

    path: str
    type: str
    have: Any
    need: Any


class Check:
    """One condition ready to be asked. `falls` says that it never begins to hold as prices come down."""

    __slots__ = ("falls", "fixed", "leaf", "negated", "op", "parts", "path", "scope")

    def __init__(self, condition: Condition, path: str, scope_of: ScopeOf, *, negated: bool = False) -> None:
        self.path = path
        self.negated = negated
        self.leaf: Leaf | None = None
        self.scope: CompiledScope | None = None
        self.parts: tuple[Check, ...] = ()
        self.op = ""
        if isinstance(condition, Combined):
            self.op = condition.op
            inner = negated != (condition.op == "not")
            self.parts = tuple(
                Check(
                    part,
                    f"{path}.not" if condition.op == "not" else f"{path}.{condition.op}[{index}]",
                    scope_of,
                    negated=inner,
                )
                for index, part in enumerate(condition.parts)
            )
            self.fixed: bool = all(part.fixed for part in self.parts)
            self.falls: bool = all(part.falls for part in self.parts)
            return
        self.leaf = condition
        self.scope = scope_of(condition.scope)
        self.fixed = condition.type != "discounted_subtotal_at_least" and not self.scope.untouched
        self.falls = self.fixed or not negated

    def holds(self, counter: Counter, state: State) -> bool:
        """Whether it holds now."""
        if self.leaf is None:
            if self.op == "all":
                return all(part.holds(counter, state) for part in self.parts)
            if self.op == "any":
                return any(part.holds(counter, state) for part in self.parts)
            return not self.parts[0].holds(counter, state)
        return LEAF_CHECKS[self.leaf.type](self.leaf, self.scope, counter, state)[0]

    def scopes(self) -> list[CompiledScope]:
        """The scopes of its leaves that depend on what was applied before."""
        if self.leaf is not None:
            return [] if self.fixed or self.scope is None else [self.scope]
        return [scope for part in self.parts for scope in part.scopes()]

    def failure(self, counter: Counter, state: State) -> Failure | None:
        """The first leaf that keeps it from holding; None when it holds."""
        if self.leaf is not None:
            holds, have, need = LEAF_CHECKS[self.leaf.type](self.leaf, self.scope, counter, state)
            return None if holds else Failure(self.path, self.leaf.type, have, need)
        if self.op == "not":
            part = self.parts[0]
            return Failure(part.path, "not", True, False) if part.holds(counter, state) else None
        failures = [part.failure(counter, state) for part in self.parts]
        if self.op == "any":
            if not failures:
                return Failure(self.path, "any", None, None)
            return None if None in failures else failures[0]
        return next((failure for failure in failures if failure is not None), None)


Answer = tuple[bool, Any, Any]


def _lines(scope: Any, counter: Counter) -> list[int]:
    found: list[int] = counter.condition_lines(scope)
    return found


def _quantities(scope: Any, counter: Counter, state: State) -> list[tuple[int, int]]:
    """(line, units) in scope."""
    lines = _lines(scope, counter)
    if not scope.untouched:
        return [(index, counter.quantities[index]) for index in lines]
    counted = [(index, number(run for run in state.runs(index) if run[0] == counter.prices[index])) for index in lines]
    return [(index, units) for index, units in counted if units]


def _subtotal(leaf: Leaf, scope: Any, counter: Counter, state: State) -> Answer:
    have = sum(counter.prices[index] * units for index, units in _quantities(scope, counter, state))
    return have >= leaf.amount, have, leaf.amount  # type: ignore[operator]


def _discounted_subtotal(leaf: Leaf, scope: Any, counter: Counter, state: State) -> Answer:
    if scope.untouched:
        return _subtotal(leaf, scope, counter, state)
    have = sum(state.sums[index] for index in _lines(scope, counter))
    return have >= leaf.amount, have, leaf.amount  # type: ignore[operator]


def _quantity(leaf: Leaf, scope: Any, counter: Counter, state: State) -> Answer:
    have = sum(units for _, units in _quantities(scope, counter, state))
    return have >= leaf.n, have, leaf.n  # type: ignore[operator]


def _line_quantity(leaf: Leaf, scope: Any, counter: Counter, state: State) -> Answer:
    have = max((units for _, units in _quantities(scope, counter, state)), default=0)
    return have >= leaf.n, have, leaf.n  # type: ignore[operator]


def _distinct(leaf: Leaf, scope: Any, counter: Counter, state: State) -> Answer:
    have = len({counter.lines[index].sku for index, _ in _quantities(scope, counter, state)})
    return have >= leaf.n, have, leaf.n  # type: ignore[operator]


def _contains(leaf: Leaf, scope: Any, counter: Counter, state: State) -> Answer:
    holds = bool(_quantities(scope, counter, state))
    return holds, holds, True


def _member(leaf: Leaf, scope: Any, counter: Counter, state: State) -> Answer:
    holds = counter.basket.member is not None
    return holds, holds, True


def _one_of(have: str | None, leaf: Leaf) -> Answer:
    values = leaf.values or frozenset()
    return have in values, have, sorted(values)


def _tier(leaf: Leaf, scope: Any, counter: Counter, state: State) -> Answer:
    member = counter.basket.member
    return _one_of(member.tier if member is not None else None, leaf)


def _group(leaf: Leaf, scope: Any, counter: Counter, state: State) -> Answer:
    member = counter.basket.member
    groups = member.groups if member is not None else ()
    values = leaf.values or frozenset()
    return not values.isdisjoint(groups), sorted(groups), sorted(values)


def _channel(leaf: Leaf, scope: Any, counter: Counter, state: State) -> Answer:
    return _one_of(counter.basket.channel, leaf)


def _store(leaf: Leaf, scope: Any, counter: Counter, state: State) -> Answer:
    return _one_of(counter.basket.store, leaf)


def _region(leaf: Leaf, scope: Any, counter: Counter, state: State) -> Answer:
    return _one_of(counter.basket.region, leaf)


def _payment_method(leaf: Leaf, scope: Any, counter: Counter, state: State) -> Answer:
    return _one_of(counter.basket.payment_method, leaf)


def _shipping_method(leaf: Leaf, scope: Any, counter: Counter, state: State) -> Answer:
    have = {each.method for each in counter.basket.shipping}
    values = leaf.values or frozenset()
    return not values.isdisjoint(have), sorted(have), sorted(values)


def _attribute(leaf: Leaf, scope: Any, counter: Counter, state: State) -> Answer:
    member = counter.basket.member
    have = member.attributes.get(leaf.name or "") if member is not None else None
    need = list(leaf.value) if isinstance(leaf.value, tuple) else leaf.value
    if have is None:
        return False, None, need
    if leaf.op == "in":
        holds = any(_same(have, each) for each in need) if isinstance(need, list) else False
    elif leaf.op == "eq":
        holds = _same(have, need)
    elif type(have) is not int or type(need) is not int:
        holds = False
    else:
        holds = have >= need if leaf.op == "gte" else have <= need
    return holds, have, need


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other


def _nth_order(leaf: Leaf, scope: Any, counter: Counter, state: State) -> Answer:
    member = counter.basket.member
    have = member.completed_orders + 1 if member is not None else None
    need = 1 if leaf.type == "first_order" else leaf.n
    return have == need, have, need


def _birthday(leaf: Leaf, scope: Any, counter: Counter, state: State) -> Answer:
    days = _days_to_birthday(counter.basket.member, counter)
    return days is not None and days <= (leaf.days or 0), days, leaf.days


def _days_to_birthday(member: Member | None, counter: Counter) -> int | None:
    at = counter.basket.at
    if member is None or member.birthday is None or at is None:
        return None
    return days_to_birthday(member.birthday, today=at.date())


def days_to_birthday(birthday: tuple[int, int], *, today: date) -> int:
    """How far the nearest one is, before or after; that of a 29 February is the 28th in other years."""
    month, day = birthday
    distances = []
    for year in (today.year - 1, today.year, today.year + 1):
        if not date.min.year <= year <= date.max.year:
            continue
        last = 28 if (month, day) == (2, 29) and not calendar.isleap(year) else day
        distances.append(abs((date(year, month, last) - today).days))
    return min(distances)


def _coupon(leaf: Leaf, scope: Any, counter: Counter, state: State) -> Answer:
    if leaf.code is not None:
        holds = any(each.code == leaf.code for each in counter.basket.codes)
        return holds, None, leaf.code
    holds = any(each.batch == leaf.batch for each in counter.basket.codes)
    return holds, None, leaf.batch


LEAF_CHECKS: dict[str, Callable[[Leaf, Any, Counter, State], Answer]] = {
    "subtotal_at_least": _subtotal,
    "discounted_subtotal_at_least": _discounted_subtotal,
    "quantity_at_least": _quantity,
    "line_quantity_at_least": _line_quantity,
    "distinct_skus_at_least": _distinct,
    "contains": _contains,
    "member": _member,
    "tier_in": _tier,
    "customer_group_in": _group,
    "channel_in": _channel,
    "store_in": _store,
    "region_in": _region,
    "payment_method_in": _payment_method,
    "shipping_method_in": _shipping_method,
    "attribute": _attribute,
    "nth_order": _nth_order,
    "first_order": _nth_order,
    "birthday_within": _birthday,
    "coupon": _coupon,
}
