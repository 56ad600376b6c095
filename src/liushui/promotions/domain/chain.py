"""A lower bound on the total that any set of the remaining promotions can reach: all of them, one after the other.

Adding up what each could take off alone counts the same value twice: 5 % of an order is less once others have brought
the order down. So the bound walks through the remaining promotions in order and keeps, for each line, the least that
may be left of it, and amounts that may be gone from known lines besides. A percent takes its part of what is left then;
roundings are allowed for in the direction that keeps the bound a bound. Of promotions that never stand together the
largest counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from liushui.promotions.domain.allocation import round_half_up
from liushui.promotions.domain.bounds import effect_lines_of
from liushui.promotions.domain.plain import Plain, plain
from liushui.promotions.domain.stacking import Stacking
from liushui.promotions.domain.state import Counter, State
from liushui.promotions.domain.turn import CompiledPromotion


@dataclass(frozen=True, slots=True)
class Percent:
    """A promotion that is nothing but a percent off whole lines. `slack` is what rounding may add, by line."""

    basis_points: int
    lines: tuple[int, ...]
    mask: int
    slack: tuple[int, ...]
    is_of_order: bool


@dataclass(frozen=True, slots=True)
class Amount:
    """Promotions of which at most `alternatives` take off something together; the largest sum of one choice counts."""

    alternatives: tuple[tuple[int, ...], ...]
    mask: int


Step = Percent | Amount | Plain
JUMPING_MAX = 6  # plain promotions at the end whose cuts jump; every subset of them is tried


class Chain:
    """The bound for one component."""

    def __init__(
        self, counter: Counter, members: Sequence[CompiledPromotion], stacking: Stacking, masks: Sequence[int]
    ) -> None:
        self.members = members
        self.has_floors = any(counter.floors)
        self.stacking = stacking
        self.masks = masks
        self.shipping = 1 << len(counter.lines)
        self.lines = sorted(set().union(*(effect_lines_of(each, counter) for each in members)))
        self.whole = sum(1 << line for line in self.lines)
        self.percents = [_percent(each, counter) for each in members]
        start = counter.start
        self.elsewhere = sum(start.sums) - sum(start.sums[line] for line in self.lines)  # what nobody here changes
        self.plains: list[Plain | None] = [None] * len(members)
        self.plain_from = len(members)  # from here on all are plain
        jumping = 0
        while self.plain_from:
            index = self.plain_from - 1
            known = plain(members[index], counter, self.lines) if not stacking.conflicts[index] else None
            jumping += known is not None and known.jumps
            if known is None or jumping > JUMPING_MAX:
                break
            self.plains[index] = known
            self.plain_from = index
        self._plans: dict[int, tuple[list[Step], int]] = {}
        self._simple: list[Step] | None = None
        if all(each.promotion.group is None and not each.promotion.exclusive for each in members):
            self._simple = [self._step(index) for index in range(len(members))]

    def may_tighten(self, index: int) -> bool:
        """Whether working out its bound anew in a later state can help: not for plain amounts, nor where its percent
        is looked at, and not what it could take off alone."""
        member = self.members[index]
        if all(effect.effect.type == "amount_off" for effect in member.effects):
            return False
        is_alone = self.stacking.group_of(index) and self.stacking.places_left(index, 0) == 1
        return self.percents[index] is None or bool(is_alone) or member.promotion.exclusive

    def least(self, state: State, first: int, bounds: Sequence[int]) -> int:
        """The least total that members from `first` on can bring this state to."""
        steps, tail = self._plan(first)
        charges = sum(state.shipping)
        total, beside = state.total - charges - self.elsewhere, 0
        if tail:
            total, beside = self._lines(steps[:tail], state, bounds, total)
        for step in steps[tail:]:
            if isinstance(step, Plain):
                total = step.least(total)
            elif isinstance(step, Percent):
                if total > 0:
                    total -= round_half_up(total, step.basis_points)
            elif step.mask & self.shipping:
                beside += _largest(step, bounds)
            else:
                total -= _largest(step, bounds)
        return self.elsewhere + max(0, max(0, total) + charges - beside)

    def _lines(self, steps: Sequence[Step], state: State, bounds: Sequence[int], total: int) -> tuple[int, int]:
        """The part of the chain that looks at lines: what is left of them, and what is gone besides."""
        left: dict[int, int] = {}
        gone: list[list[int]] = []  # amount, lines
        for step in steps:
            if isinstance(step, Amount):
                gone.append([_largest(step, bounds), step.mask])
                continue
            assert isinstance(step, Percent)  # nosec B101  # plain ones stand in the tail
            keep = 10000 - step.basis_points
            for line, slack in zip(step.lines, step.slack, strict=True):
                before = left.get(line)
                if before is None:
                    before = state.sums[line]
                after = before * keep // 10000 - slack
                left[line] = after if after > 0 else 0
                total -= before - left[line]
            outside = ~step.mask
            for entry in gone:
                if not entry[1] & outside:
                    entry[0] -= entry[0] * step.basis_points // 10000
        beside = 0
        for amount, mask in gone:
            if mask & self.shipping:
                beside += amount
            else:
                total -= amount
        return total, beside

    def _plan(self, first: int) -> tuple[list[Step], int]:
        """The steps from a member on, and where the tail begins that looks at the sum of all lines only."""
        plan = self._plans.get(first)
        if plan is None:
            steps: list[Step] = [] if self._simple is None else self._simple[first:]
            indexes = range(first, len(self.members))
            stages = dict.fromkeys(self.members[index].turn_stage for index in indexes)
            for stage in stages if self._simple is None else ():
                steps += self._stage([index for index in indexes if self.members[index].turn_stage == stage])
            tail = len(steps)
            while tail and self._is_of_all(steps[tail - 1]):
                tail -= 1
            plan = self._plans[first] = (steps, tail)
        return plan

    def _is_of_all(self, step: Step) -> bool:
        return isinstance(step, Amount | Plain) or (step.is_of_order and step.mask == self.whole)

    def _stage(self, indexes: list[int]) -> list[Step]:
        exclusives = [index for index in indexes if self.members[index].promotion.exclusive]
        others = [index for index in indexes if index not in exclusives]
        if exclusives:
            alternatives = [(index,) for index in exclusives] + [tuple(others)]
            return [Amount(tuple(alternatives), self._mask(indexes))]
        steps: list[Step] = []
        groups: dict[str | None, list[int]] = {}
        for index in others:
            if self.stacking.group_of(index) and self.stacking.places_left(index, 0) == 1:
                groups.setdefault(self.members[index].promotion.group, []).append(index)
        for index in others:
            promotion = self.members[index].promotion
            group = groups.get(promotion.group, []) if promotion.group is not None else []
            if index in group:
                if index == group[-1]:
                    steps.append(Amount(tuple((each,) for each in group), self._mask(group)))
                continue
            steps.append(self._step(index))
        return steps

    def _step(self, index: int) -> Step:
        return self.plains[index] or self.percents[index] or Amount(((index,),), self.masks[index])

    def _mask(self, indexes: Sequence[int]) -> int:
        mask = 0
        for index in indexes:
            mask |= self.masks[index]
        return mask


def _largest(step: Amount, bounds: Sequence[int]) -> int:
    if len(step.alternatives) == 1 and len(step.alternatives[0]) == 1:
        return bounds[step.alternatives[0][0]]
    return max(sum(bounds[index] for index in together) for together in step.alternatives)


def _percent(compiled: CompiledPromotion, counter: Counter) -> Percent | None:
    promotion = compiled.promotion
    if len(compiled.effects) != 1 or promotion.unit_exclusive or promotion.limits.budget is not None:
        return None
    [effect] = compiled.effects
    parts = effect.effect
    if parts.type != "percent_off" or effect.limits_units or effect.scope.untouched:
        return None
    if parts.base == "list" or parts.max_discount is not None or parts.percent is None:
        return None
    lines = tuple(counter.effect_lines(effect.scope))
    by_unit = parts.level == "unit" or compiled.is_catalogue
    of_order = parts.level == "order" and not by_unit
    if of_order and any(counter.floors):  # what floors keep from one line falls on others
        return None
    slack = tuple((counter.quantities[line] + 1) // 2 if by_unit else 2 for line in lines)
    return Percent(
        basis_points=parts.percent,
        lines=lines,
        mask=sum(1 << line for line in lines),
        slack=slack,
        is_of_order=of_order,
    )
