"""What the judge keeps: one object per unit, nothing joined, nothing indexed.

The judge is a second, naive engine written from the specification and docs/reference/promotions.md alone; of the
product it takes only the types of basket and rulebook. It may be as slow as it likes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from liushui.promotions.domain.basket import Basket, Line
from liushui.promotions.domain.rulebook import Scope


@dataclass
class Unit:
    """One piece of one line."""

    line_place: int
    unit_place: int
    line: Line
    list_price: int
    remaining: int
    taken: bool = False  # by a unit_exclusive promotion
    gift_given: bool = False  # as a gift, by any promotion

    @property
    def key(self) -> tuple[int, int]:
        return (self.line_place, self.unit_place)


@dataclass
class Charge:
    """One delivery charge."""

    place: int
    id: str
    method: str
    amount: int
    remaining: int


@dataclass
class Applied:
    """What one promotion did."""

    id: str
    amount: int
    applications: int
    unused: int
    benefits: int
    needs_coupon: bool
    by_line: dict[str, int] = field(default_factory=dict)
    by_charge: dict[str, int] = field(default_factory=dict)
    multiplies: list[int] = field(default_factory=list)
    adds: int = 0
    issued: list[dict[str, str]] = field(default_factory=list)
    offers: list[dict[str, object]] = field(default_factory=list)


@dataclass
class State:
    """Where a basket stands between two promotions."""

    basket: Basket
    units: list[Unit]
    charges: list[Charge]
    applied: list[Applied] = field(default_factory=list)

    def total(self) -> int:
        return sum(unit.remaining for unit in self.units) + sum(charge.remaining for charge in self.charges)

    def line_units(self, place: int) -> list[Unit]:
        return [unit for unit in self.units if unit.line_place == place]

    def capacity(self, place: int) -> int:
        units = self.line_units(place)
        floor = self.basket.lines[place].floor_unit_price * len(units)
        return max(0, sum(unit.remaining for unit in units) - floor)

    def paid(self, line_id: str) -> list[int]:
        return [unit.remaining for unit in self.units if unit.line.id == line_id]

    def points(self) -> tuple[int, int]:
        multiply, add = 10000, 0
        for applied in self.applied:
            for factor in applied.multiplies:
                multiply = half_up(multiply * factor, 10000)
            add += applied.adds
        return multiply, add


def begin(basket: Basket) -> State:
    """The state before any promotion."""
    units = [
        Unit(line_place=place, unit_place=piece, line=line, list_price=line.unit_price, remaining=line.unit_price)
        for place, line in enumerate(basket.lines)
        for piece in range(line.quantity)
    ]
    charges = [
        Charge(place=place, id=charge.id, method=charge.method, amount=charge.amount, remaining=charge.amount)
        for place, charge in enumerate(basket.shipping)
    ]
    return State(basket=basket, units=units, charges=charges)


def copy(state: State) -> State:
    """The same state again, to be changed without harm."""
    units = [
        Unit(
            line_place=unit.line_place,
            unit_place=unit.unit_place,
            line=unit.line,
            list_price=unit.list_price,
            remaining=unit.remaining,
            taken=unit.taken,
            gift_given=unit.gift_given,
        )
        for unit in state.units
    ]
    charges = [Charge(each.place, each.id, each.method, each.amount, each.remaining) for each in state.charges]
    return State(basket=state.basket, units=units, charges=charges, applied=list(state.applied))


def half_up(top: int, bottom: int) -> int:
    """top / bottom to the nearest whole, halves up; by fractions, so that no formula is shared with the engine."""
    value = Fraction(top, bottom) + Fraction(1, 2)
    return value.numerator // value.denominator


def fair_shares(amount: int, weights: list[int], capacities: list[int]) -> list[int]:
    """An amount over parts: in proportion, largest remainder, what is above a capacity spread again."""
    shares = [0] * len(weights)
    open_parts = [place for place, weight in enumerate(weights) if weight > 0]
    left = min(amount, sum(capacities[place] for place in open_parts))
    while open_parts and left > 0:
        whole = sum(weights[place] for place in open_parts)
        exact = {place: Fraction(left * weights[place], whole) for place in open_parts}
        proposal = {place: exact[place].numerator // exact[place].denominator for place in open_parts}
        over = left - sum(proposal.values())
        by_fraction = sorted(open_parts, key=lambda place: (-(exact[place] - proposal[place]), place))
        for place in by_fraction[:over]:
            proposal[place] += 1
        full = [place for place in open_parts if proposal[place] > capacities[place]]
        if not full:
            for place in open_parts:
                shares[place] = proposal[place]
            return shares
        for place in full:
            shares[place] = capacities[place]
            left -= capacities[place]
            open_parts.remove(place)
    return shares


def dearest_first(units: list[Unit]) -> list[Unit]:
    return sorted(units, key=lambda unit: (-unit.list_price, -unit.remaining, unit.line_place, unit.unit_place))


def by_unit_order(units: list[Unit], unit_order: str | None) -> list[Unit]:
    """Which come first: `most_expensive` from the front of the order of dearness, `cheapest` from its end."""
    if unit_order == "most_expensive":
        return dearest_first(units)
    if unit_order == "cheapest":
        return list(reversed(dearest_first(units)))
    return sorted(units, key=lambda unit: unit.key)


def in_category(category: str, node: str) -> bool:
    """A node covers itself and everything below it."""
    path, wanted = category.split("/"), node.split("/")
    return path[: len(wanted)] == wanted


def line_in_scope(line: Line, scope: Scope) -> bool:
    """All that the scope says of lines; what it says of single units is `unit_in_scope`."""
    facts = [
        scope.sku_in is None or line.sku in scope.sku_in,
        scope.sku_not_in is None or line.sku not in scope.sku_not_in,
        scope.category_in is None or any(in_category(line.category, node) for node in scope.category_in),
        scope.category_not_in is None or not any(in_category(line.category, node) for node in scope.category_not_in),
        scope.brand_in is None or line.brand in scope.brand_in,
        scope.tag_in is None or any(tag in scope.tag_in for tag in line.tags),
        scope.unit_price_min is None or line.unit_price >= scope.unit_price_min,
        scope.unit_price_max is None or line.unit_price <= scope.unit_price_max,
    ]
    return all(facts)


def unit_in_scope(unit: Unit, scope: Scope) -> bool:
    if scope.not_already_discounted and unit.remaining < unit.list_price:
        return False
    return line_in_scope(unit.line, scope)
