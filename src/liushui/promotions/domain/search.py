"""The best set of promotions: depth-first branch and bound over independent components, and the sequential way.

The work is counted in nodes, one for each time a promotion is worked out in a state, never in time, so that a busy
machine never changes a price. Keys of sets, lower first: total, benefits (more first), promotions, coupon uses, the set
that holds the earliest promotion where two differ, applications (more first).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from liushui.promotions.domain.bounds import lines_of, upper
from liushui.promotions.domain.stacking import Stacking, bits
from liushui.promotions.domain.state import Counter, State
from liushui.promotions.domain.turn import CompiledPromotion, Turn, take_turn

Choice = dict[str, int | None]  # promotion → applications; None: as often as it can
Key = tuple[int, int, int, int, tuple[int, ...], tuple[int, ...]]
SHIPPING = -1


class Found:
    """What the search chose. `lower_bound` is of the payable total."""

    __slots__ = ("chosen", "lower_bound", "nodes", "proven")

    def __init__(self, chosen: Choice, nodes: int, *, proven: bool, lower_bound: int) -> None:
        self.chosen = chosen
        self.nodes = nodes
        self.proven = proven
        self.lower_bound = lower_bound


def eligible_turn(compiled: CompiledPromotion, counter: Counter, state: State, most: int | None = None) -> Turn | None:
    """Its turn in this state when its conditions hold and it gives something."""
    for check in compiled.dynamic:
        if not check.holds(counter, state):
            return None
    return take_turn(compiled, counter, state, most)[0]


def best(counter: Counter, able: Sequence[CompiledPromotion], node_limit: int) -> Found:
    """The set with the lowest key; when the limit ends the search, the best of what was met and of `sequential`."""
    chosen: Choice = {}
    nodes, gain, most_gain, proven = 0, 0, 0, True
    for members in components(counter, able):
        if len(members) == 1 and not members[0].counts_applications:
            nodes += 1
            turn = eligible_turn(members[0], counter, counter.start)
            if turn is not None:
                chosen[members[0].id] = None
                gain += turn.amount
                most_gain += turn.amount
            continue
        search = _Search(counter, members, node_limit - nodes)
        search.run()
        nodes += search.nodes
        gain += counter.start.total - search.best_total
        chosen |= search.chosen
        if search.stopped:
            proven = False
            most_gain += max(search.most, counter.start.total - search.best_total)
        else:
            most_gain += counter.start.total - search.best_total
    if not proven:
        simple, total = sequential(counter, able)
        if total < counter.start.total - gain:
            chosen, gain = simple, counter.start.total - total
            most_gain = max(most_gain, gain)
    return Found(chosen, nodes, proven=proven, lower_bound=counter.start.total - most_gain)


def components(counter: Counter, able: Sequence[CompiledPromotion]) -> list[list[CompiledPromotion]]:
    """Promotions that cannot influence one another stand in different parts; each in order of application."""
    if len(able) < 2:
        return [[each] for each in able]
    parent = list(range(len(able)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    holders: dict[Any, int] = {}
    for index, each in enumerate(able):
        keys: set[Any] = set(lines_of(each, counter))
        if each.touches_shipping:
            keys.add(SHIPPING)
        if each.promotion.group is not None:
            keys.add(("group", each.promotion.group))
        for key in keys:
            parent[root(index)] = root(holders.setdefault(key, index))
    by_id = {each.id: index for index, each in enumerate(able)}
    for index, each in enumerate(able):
        for other in each.promotion.not_with:
            if other in by_id:
                parent[root(index)] = root(by_id[other])
        if each.promotion.exclusive:
            for other_index, other_one in enumerate(able):
                if other_one.turn_stage == each.turn_stage:
                    parent[root(index)] = root(other_index)
    parts: dict[int, list[CompiledPromotion]] = {}
    for index, each in enumerate(able):
        parts.setdefault(root(index), []).append(each)
    return list(parts.values())


class _Search:
    """Branch and bound within one component."""

    def __init__(self, counter: Counter, members: Sequence[CompiledPromotion], node_limit: int) -> None:
        self.counter = counter
        self.members = members
        self.stacking = Stacking(members)
        self.node_limit = node_limit
        self.nodes = 0
        self.stopped = False
        self.counts = any(each.counts_applications for each in members)
        self.best_key: Key | None = None
        self.best_total = counter.start.total
        self.chosen: Choice = {}
        self.suffix: list[int] = []
        self.benefit_suffix: list[int] = []
        self.most = 0
        self.stages = [each.turn_stage for each in members]
        self.taken: list[tuple[int, int]] = []  # member, applications

    def run(self) -> None:
        """Search; afterwards `chosen` and `best_total` are the best met."""
        start = self.counter.start
        known: dict[int, Turn | None] = {}
        bounds = []
        for index in range(len(self.members)):
            bound, turn = self._upper(index, start)
            bounds.append(bound)
            if turn is not None:
                known[index] = turn
        size = len(self.members)
        self.suffix = [self._together(range(first, size), bounds) for first in range(size + 1)]
        benefits = 0
        self.benefit_suffix = [0] * (size + 1)
        for index in range(size - 1, -1, -1):
            benefits += self.members[index].benefits
            self.benefit_suffix[index] = benefits
        self.most = self.suffix[0]
        self._offer(start, 0, 0)
        self._from(0, start, 0, 0, 0, 0, known)

    def _upper(self, index: int, state: State) -> tuple[int, Turn | None]:
        self.nodes += 1
        return upper(self.members[index], self.counter, state)

    def _together(self, indexes: Sequence[int], bounds: Mapping[int, int] | Sequence[int]) -> int:
        """The most that these could take off together: groups of one give their largest, exclusives are alone."""
        whole = 0
        for stage in {self.stages[index] for index in indexes}:
            alone, beside, groups = 0, 0, {}
            for index in indexes:
                if self.stages[index] != stage:
                    continue
                promotion = self.members[index].promotion
                bound = bounds[index]
                if promotion.exclusive:
                    alone = max(alone, bound)
                elif self.stacking.group_of(index) and self.stacking.places_left(index, 0) == 1:
                    groups[promotion.group] = max(groups.get(promotion.group, 0), bound)
                else:
                    beside += bound
            whole += max(alone, beside + sum(groups.values()))
        return whole

    def _hopeless(self, total: int, benefits: int, promotions: int, coupons: int) -> bool:
        """Whether nothing with at least this total and at most these benefits can be better than the best met."""
        best = self.best_key
        if best is None or total < best[0]:
            return False
        if total > best[0]:
            return True
        least, known = (-benefits, promotions, coupons), best[1:4]
        return least > known if self.counts else least >= known

    def _offer(self, state: State, benefits: int, coupons: int) -> None:
        ranks = tuple(index for index, _ in self.taken)
        key = (state.total, -benefits, len(ranks), coupons, ranks, tuple(-times for _, times in self.taken))
        if self.best_key is None or key < self.best_key:
            self.best_key = key
            self.best_total = state.total
            self.chosen = {
                self.members[index].id: times if self.members[index].counts_applications else None
                for index, times in self.taken
            }

    def _from(
        self,
        index: int,
        state: State,
        applied: int,
        passed: int,
        benefits: int,
        coupons: int,
        known: Mapping[int, Turn | None],
    ) -> None:
        """Decide member `index` and all after it. `known` holds turns already worked out in this very state."""
        if self.nodes >= self.node_limit:
            self.stopped = True
            return
        if index == len(self.members):
            self._offer(state, benefits, coupons)
            return
        count = len(self.taken)
        if self._hopeless(state.total - self.suffix[index], benefits + self.benefit_suffix[index], count, coupons):
            return
        turn = self._turn(index, state, known) if self.stacking.allows(index, applied, passed) else None
        if turn is not None:
            self._with(index, turn, state, applied, passed, benefits, coupons)
            passed |= 1 << index
            if self.stopped:
                return
        bounds: dict[int, int] = {}
        following: dict[int, Turn | None] = {}
        rest = range(index + 1, len(self.members))
        if turn is not None and len(rest) > 0:
            for other in rest:
                if other in known and known[other] is not None and not self.members[other].fragile:
                    following[other] = known[other]
                    bounds[other] = known[other].amount  # type: ignore[union-attr]
                else:
                    bounds[other], following[other] = self._upper(other, state)
            if self._hopeless(
                state.total - self._together(rest, bounds),
                benefits + self.benefit_suffix[index + 1],
                count,
                coupons,
            ):
                return
            following = {other: each for other, each in following.items() if each is not None}
        elif turn is None:
            following = {other: each for other, each in known.items() if other > index}
        self._from(index + 1, state, applied, passed, benefits, coupons, following)

    def _turn(self, index: int, state: State, known: Mapping[int, Turn | None]) -> Turn | None:
        member = self.members[index]
        if index in known:
            if all(check.holds(self.counter, state) for check in member.dynamic):
                return known[index]
            return None
        self.nodes += 1
        return eligible_turn(member, self.counter, state)

    def _with(
        self, index: int, turn: Turn, state: State, applied: int, passed: int, benefits: int, coupons: int
    ) -> None:
        """All that follows from applying a member, as often as it can and, where that is a choice, fewer times."""
        member = self.members[index]
        following = (applied | 1 << index, passed)
        also = coupons + member.needs_coupon
        self.taken.append((index, turn.applications))
        self._from(index + 1, turn.apply(state), *following, benefits + turn.benefits, also, {})
        self.taken.pop()
        if not member.counts_applications:
            return
        steady = index + 1 == len(self.members) and _more_is_better(member)
        for times in range(turn.applications - 1, 0, -1):
            if steady or self.nodes >= self.node_limit:
                self.stopped = self.stopped or not steady
                return
            self.nodes += 1
            fewer = eligible_turn(member, self.counter, state, times)
            if fewer is None:
                continue
            if _more_is_better(member) and self._hopeless(
                state.total - fewer.amount - self.suffix[index + 1],
                benefits + self.benefit_suffix[index],
                len(self.taken) + 1,
                also,
            ):
                return
            self.taken.append((index, times))
            self._from(index + 1, fewer.apply(state), *following, benefits + fewer.benefits, also, {})
            self.taken.pop()


def _more_is_better(member: CompiledPromotion) -> bool:
    """Whether more applications never take off less: not so for pools, and for budgets that refuse."""
    limits = member.promotion.limits
    if limits.budget is not None and limits.budget_mode == "reject":
        return False
    return all(effect.effect.formation != "pool" for effect in member.effects)


def sequential(counter: Counter, able: Sequence[CompiledPromotion]) -> tuple[Choice, int]:
    """Every promotion in order that may; exclusives of a stage first. Answers the choice and the payable total."""
    stacking = Stacking(able)
    state, applied, passed = counter.start, 0, 0
    chosen: Choice = {}
    for stage in dict.fromkeys(each.turn_stage for each in able):
        indexes = [index for index, each in enumerate(able) if each.turn_stage == stage]
        exclusives = sorted(
            (index for index in indexes if able[index].promotion.exclusive),
            key=lambda index: (
                -able[index].promotion.priority, able[index].promotion.lane, able[index].id,
            ),
        )  # fmt: skip
        taken = False
        for index in exclusives:
            turn = eligible_turn(able[index], counter, state) if stacking.allows(index, applied, passed) else None
            if turn is not None:
                state, applied, taken = turn.apply(state), applied | 1 << index, True
                chosen[able[index].id] = None
                break
        if taken:
            continue
        for index in indexes:
            turn = eligible_turn(able[index], counter, state) if stacking.allows(index, applied, passed) else None
            if turn is None:
                continue
            if _stands_back(index, turn, able, stacking, counter, state, applied, passed):
                passed |= 1 << index
                continue
            state, applied = turn.apply(state), applied | 1 << index
            chosen[able[index].id] = None
    return chosen, state.total


def _stands_back(
    index: int,
    turn: Turn,
    able: Sequence[CompiledPromotion],
    stacking: Stacking,
    counter: Counter,
    state: State,
    applied: int,
    passed: int,
) -> bool:
    """In a `best` group: whether at least as many later members as places are left would take off more now."""
    promotion = able[index].promotion
    if promotion.group is None or promotion.group_mode != "best":
        return False
    better = 0
    for other in bits(stacking.group_of(index)):
        if other <= index or able[other].promotion.group_mode == "first":
            continue
        if not stacking.allows(other, applied, passed):
            continue
        theirs = eligible_turn(able[other], counter, state)
        if theirs is not None and theirs.amount > turn.amount:
            better += 1
    return better >= stacking.places_left(index, applied)
