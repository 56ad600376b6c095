"""The line that takes units of another one back: amounts by what is gone, tax and cost by the same formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from liushui.orders.contracts import Discount, OriginalLine, ReturnedLine, SaleLine
from liushui.returns.domain.shares import nested_shares, share
from liushui.returns.errors import NotReturnable, TooMuchReturned

CLAWBACK = (
    "clawback"  # code of a discount that stays with the shopper no longer, where none of the line's own can say so
)
CLAWBACK_NAME = "优惠收回"
_NOTHING = ReturnedLine(
    units=0, regular_minor=0, discount_minor=0, amount_minor=0, tax_minor=0, cost_minor=0, measure_value=0,
    unit_positions=(), discounts={},
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LineState:
    """A line that was bought and what has come back of it. `paid` are the values of its units where they are known."""

    line: SaleLine
    so_far: ReturnedLine
    paid: tuple[int, ...]

    @property
    def is_alike(self) -> bool:
        """Whether its units were paid alike, so that it doesn't matter which of them come back."""
        return not self.paid or max(self.paid) - min(self.paid) <= 1

    @property
    def units_left(self) -> int:
        """How many units may still come back."""
        return self.line.units - self.so_far.units


def line_states(
    lines: Sequence[SaleLine], so_far: Mapping[int, ReturnedLine], paid: Mapping[str, tuple[int, ...]]
) -> dict[int, LineState]:
    """The lines that were bought, by number. Unit values that do not come to the line's amount are not believed."""
    found = {}
    for line in lines:
        if line.is_return:
            continue
        values = paid.get(str(line.line_number), ())
        if len(values) != line.units or sum(values) != line.amount_minor:
            values = ()
        found[line.line_number] = LineState(
            line=line, so_far=so_far.get(line.line_number, _NOTHING), paid=values
        )  # fmt: skip
    return found


def chosen_positions(state: LineState, units: int, named: Sequence[int]) -> tuple[int, ...]:
    """Which units come back: those named, then the cheapest that are still there; none where all were paid alike.

    Raises NotReturnable for a unit that is not there, TooMuchReturned for more units than are left.
    """
    number = state.line.line_number
    if units > state.units_left:
        raise TooMuchReturned(
            f"Line {number} has {state.line.units} units, {state.so_far.units} of them came back before; "
            f"{units} more can't",
            context={"line_number": number, "bought": state.line.units, "returned": state.so_far.units},
        )
    gone = set(state.so_far.unit_positions)
    wrong = [place for place in named if not 0 <= place < state.line.units or place in gone]
    if wrong or len(set(named)) != len(named) or len(named) > units:
        raise NotReturnable(f"Line {number} has no such units to come back: {', '.join(map(str, named))}")
    if state.is_alike:
        return ()
    rest = sorted((value, place) for place, value in enumerate(state.paid) if place not in gone | set(named))
    return tuple(sorted([*named, *(place for _value, place in rest[: units - len(named)])]))


def amount_of_units(state: LineState, units: int) -> int:
    """What so many more units come to by the recorded amount alone, for lines that promotions have not priced."""
    gone = state.so_far.units + units
    return min(
        max(0, share(state.line.amount_minor, gone, state.line.units) - state.so_far.amount_minor),
        state.line.amount_minor - state.so_far.amount_minor,
    )


def returned_line(
    state: LineState, *, number: int, sale_id: UUID, units: int, positions: Sequence[int], amount_minor: int
) -> SaleLine:
    """The line that takes `units` back for `amount_minor`, both positive here and negative on the line."""
    line, before = state.line, state.so_far
    gone = before.units + units
    amount_gone = before.amount_minor + amount_minor
    regular = share(line.regular_minor, gone, line.units) - before.regular_minor
    cost = None if line.cost_minor is None else share(line.cost_minor, gone, line.units) - before.cost_minor
    measure = None
    if line.measure_value is not None:
        measure = max(0, share(line.measure_value, gone, line.units) - before.measure_value)
    return SaleLine(
        line_number=number,
        item_id=line.item_id,
        sku=line.sku,
        gtin=line.gtin,
        name=line.name,
        category=line.category,
        units=-units,
        measure_value=measure,
        measure_unit=line.measure_unit,
        unit_price_minor=line.unit_price_minor,
        regular_minor=-regular,
        discount_minor=amount_minor - regular,
        amount_minor=-amount_minor,
        tax_rate_bp=line.tax_rate_bp,
        tax_minor=-_tax(state, gone, amount_gone, amount_minor),
        cost_minor=None if cost is None else -cost,
        is_return=True,
        discounts=_discounts(state, before.regular_minor + regular - amount_gone, regular - amount_minor),
        original=OriginalLine(sale_id=sale_id, line_number=line.line_number, unit_positions=tuple(positions)),
    )


def _tax(state: LineState, gone: int, amount_gone: int, amount_minor: int) -> int:
    """By units as the amount is, else by the amount; never more than the amount, what is held back comes later."""
    line = state.line
    if amount_gone == share(line.amount_minor, gone, line.units):
        target = share(line.tax_minor, gone, line.units)
    else:
        target = share(line.tax_minor, amount_gone, line.amount_minor)
    return min(max(0, target - state.so_far.tax_minor), amount_minor)


def _discounts(state: LineState, discount_gone: int, discount_minor: int) -> tuple[Discount, ...]:
    """What comes back of each discount, negative, so that all of the line's parts are reached with its last unit."""
    line, before = state.line, state.so_far.discounts
    named: dict[str, Discount] = {}
    for each in line.discounts:
        known = named.get(each.code)
        amount = each.amount_minor + (known.amount_minor if known else 0)
        named[each.code] = Discount(code=each.code, name=each.name, amount_minor=amount)
    parts = list(named.values())
    if any(part.amount_minor < 0 for part in parts):
        parts = []
    targets = nested_shares([part.amount_minor for part in parts], discount_gone)
    found = [
        Discount(code=part.code, name=part.name, amount_minor=before.get(part.code, 0) - target)
        for part, target in zip(parts, targets, strict=True)
        if target != before.get(part.code, 0)
    ]
    rest = -discount_minor - sum(each.amount_minor for each in found)
    if rest:
        found.append(Discount(code=CLAWBACK, name=CLAWBACK_NAME, amount_minor=rest))
    return tuple(found)
