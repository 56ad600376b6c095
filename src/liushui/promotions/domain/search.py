"""The best set of promotions: depth-first branch and bound over independent components.

The work is counted in nodes, one for each time a promotion is worked out in a state, never in time, so that a busy
machine never changes a price. Keys of sets, lower first: total, benefits (more first), promotions, coupon uses, the set
that holds the earliest promotion where two differ, applications (more first).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from liushui.promotions.domain.bounds import lines_of, upper
from liushui.promotions.domain.chain import Chain
from liushui.promotions.domain.sequential import Choice, sequential
from liushui.promotions.domain.stacking import Stacking
from liushui.promotions.domain.state import Counter, State
from liushui.promotions.domain.turn import CompiledPromotion, Turn, eligible_turn

Key = tuple[int, int, int, int, tuple[int, ...], tuple[int, ...]]
Turns = dict[str, Turn]  # of the chosen promotions, each at its turn after the others
Way = tuple[int, int, int, tuple[int, ...]]  # what is left of the sum, promotions, coupons, which
SHIPPING = -1


class Found:
    """What the search chose. `lower_bound` is of the payable total."""

    __slots__ = ("chosen", "lower_bound", "nodes", "proven", "turns")

    def __init__(
        self, chosen: Choice, nodes: int, *, proven: bool, lower_bound: int, turns: Turns | None = None
    ) -> None:
        self.turns = turns or {}
        self.chosen = chosen
        self.nodes = nodes
        self.proven = proven
        self.lower_bound = lower_bound


def best(counter: Counter, able: Sequence[CompiledPromotion], node_limit: int) -> Found:
    """The set with the lowest key; when the limit ends the search, the best of what was met and of `sequential`."""
    chosen: Choice = {}
    turns: Turns = {}
    nodes, gain, most_gain, proven = 0, 0, 0, True
    for members in components(counter, able):
        if len(members) == 1 and not members[0].counts_applications:
            nodes += 1
            turn = eligible_turn(members[0], counter, counter.start)
            if turn is not None:
                chosen[members[0].id] = None
                turns[members[0].id] = turn
                gain += turn.amount
                most_gain += turn.amount
            continue
        search = _Search(counter, members, node_limit - nodes)
        search.run()
        nodes += search.nodes
        gain += counter.start.total - search.best_total
        chosen |= search.chosen
        turns |= search.chosen_turns
        if search.stopped:
            proven = False
            most_gain += max(search.most, counter.start.total - search.best_total)
        else:
            most_gain += counter.start.total - search.best_total
    if not proven:
        simple, total = sequential(counter, able)
        if total < counter.start.total - gain:
            chosen, turns, gain = simple, {}, counter.start.total - total
            most_gain = max(most_gain, gain)
    return Found(chosen, nodes, proven=proven, lower_bound=counter.start.total - most_gain, turns=turns)


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


class Node:
    """A point of the search: the state, the lines that have changed, who is applied and who was passed over."""

    __slots__ = ("applied", "benefits", "coupons", "dirty", "passed", "state")

    def __init__(self, state: State, dirty: int, applied: int, passed: int, benefits: int, coupons: int) -> None:
        self.state = state
        self.dirty = dirty
        self.applied = applied
        self.passed = passed
        self.benefits = benefits
        self.coupons = coupons

    def applying(self, index: int, turn: Turn, masks: Sequence[int], member: CompiledPromotion) -> Node:
        """With a member's turn taken."""
        return Node(
            turn.apply(self.state),
            self.dirty | masks[index] if turn.lines or turn.charges else self.dirty,
            self.applied | 1 << index,
            self.passed,
            self.benefits + turn.benefits,
            self.coupons + member.needs_coupon,
        )

    def passing(self, index: int) -> Node:
        """With a member passed over that could have been applied."""
        return Node(self.state, self.dirty, self.applied, self.passed | 1 << index, self.benefits, self.coupons)


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
        self.taken: list[tuple[int, Turn]] = []
        self.chosen_turns: dict[str, Turn] = {}
        self.masks = [line_mask(each, counter) for each in members]
        self.chain = Chain(counter, members, self.stacking, self.masks)
        self.first_turns: dict[int, Turn | None] = {}  # on untouched lines
        self.plain_from = self.chain.plain_from
        self.steady_from = len(members)  # from here on no plain one jumps
        while self.steady_from > self.plain_from:
            known = self.chain.plains[self.steady_from - 1]
            if known is None or known.jumps:
                break
            self.steady_from -= 1
        self.benefit_suffix = [0] * (len(members) + 1)
        for index in range(len(members) - 1, -1, -1):
            self.benefit_suffix[index] = self.benefit_suffix[index + 1] + members[index].benefits

    def run(self) -> None:
        """Search; afterwards `chosen` and `best_total` are the best met, `most` bounds what any set takes off."""
        start = self.counter.start
        bounds = [
            self._upper(index, start) if known is None or index < self.plain_from else known.at_most
            for index, known in enumerate(self.chain.plains)
        ]
        self.most = start.total - self.chain.least(start, 0, bounds)
        self._offer(start.total, 0, 0)
        self._from(0, Node(start, 0, 0, 0, 0, 0), bounds)

    def _upper(self, index: int, state: State) -> int:
        self.nodes += 1
        bound, turn = upper(self.members[index], self.counter, state)
        if turn is not None and state is self.counter.start:
            holds = all(check.holds(self.counter, state) for check in self.members[index].dynamic)
            self.first_turns[index] = turn if holds else None
        return bound

    def _hopeless(self, total: int, benefits: int, promotions: int, coupons: int) -> bool:
        """Whether nothing with at least this total and at most these benefits can be better than the best met."""
        best = self.best_key
        if best is None or total < best[0]:
            return False
        if total > best[0]:
            return True
        least, known = (-benefits, promotions, coupons), best[1:4]
        return least > known if self.counts else least >= known

    def _worth(self, state: State) -> int:
        """What the component's lines are worth in this state."""
        return sum(state.sums[line] for line in self.chain.lines)

    def _close(self, node: Node) -> None:
        """Decide the plain promotions at the end, whose cuts depend on nothing but the sum of all lines."""
        worth = self._worth(node.state)
        ways: list[Way] = [(worth, 0, 0, ())]
        for index in range(self.plain_from, len(self.members)):
            known = self.chain.plains[index]
            also = int(self.members[index].needs_coupon)
            for left, count, coupons, which in ways[:]:
                cut = known.cut(left) if known is not None else 0
                if cut:
                    ways.append((left - cut, count + 1, coupons + also, (*which, index)))
            if index + 1 >= self.steady_from:
                ways = _undominated(ways)
        left, _, coupons, which = min(ways)
        self._offer(node.state.total - worth + left, node.benefits, node.coupons + coupons, which)

    def _offer(self, total: int, benefits: int, coupons: int, plain: tuple[int, ...] = ()) -> None:
        ranks = (*(index for index, _ in self.taken), *plain)
        times = (*(-turn.applications for _, turn in self.taken), *(-1 for _ in plain))
        key = (total, -benefits, len(ranks), coupons, ranks, times)
        if self.best_key is None or key < self.best_key:
            self.best_key = key
            self.best_total = total
            self.chosen = {
                self.members[index].id: turn.applications if self.members[index].counts_applications else None
                for index, turn in self.taken
            } | {self.members[index].id: None for index in plain}
            self.chosen_turns = {self.members[index].id: turn for index, turn in self.taken}

    def _from(self, index: int, node: Node, bounds: list[int]) -> None:
        """Decide member `index` and all after it. `bounds` hold for this state and whatever follows from it."""
        self.nodes += 1
        if self.nodes >= self.node_limit:
            self.stopped = True
            return
        if index == self.plain_from:
            self._close(node)
            return
        if self._is_cut_off(index, node, bounds):
            return
        tighter = self._tightened(index, node, bounds)
        if tighter is not bounds and self._is_cut_off(index, node, tighter):
            return
        turn = self._turn(index, node) if self.stacking.allows(index, node.applied, node.passed) else None
        if turn is not None:
            self._with(index, turn, node, tighter)
            if self.stopped:
                return
            node = node.passing(index)
        self._from(index + 1, node, tighter)

    def _is_cut_off(self, index: int, node: Node, bounds: list[int]) -> bool:
        best = self.best_key
        if best is None or best[2] == 0:  # on the way to the first set worth comparing with
            return False
        least = self.chain.least(node.state, index, bounds)
        benefits = node.benefits + self.benefit_suffix[index]
        return self._hopeless(least, benefits, len(self.taken), node.coupons)

    def _tightened(self, index: int, node: Node, bounds: list[int]) -> list[int]:
        """Bounds worked out again in this state, of those whose lines have changed since they were."""
        if self.best_key is None or self.best_key[2] == 0 or len(self.taken) == 0:
            return bounds
        stale = [
            other
            for other in range(index, self.plain_from)
            if bounds[other] and node.dirty & self.masks[other] and self.chain.may_tighten(other)
        ]
        if not stale:
            return bounds
        made = list(bounds)
        for other in stale:
            made[other] = min(made[other], self._upper(other, node.state))
        return made

    def _turn(self, index: int, node: Node, most: int | None = None) -> Turn | None:
        if most is None and not node.dirty & self.masks[index]:
            if index not in self.first_turns:
                self.nodes += 1
                self.first_turns[index] = eligible_turn(self.members[index], self.counter, node.state)
            return self.first_turns[index]
        self.nodes += 1
        return eligible_turn(self.members[index], self.counter, node.state, most)

    def _with(self, index: int, turn: Turn, node: Node, bounds: list[int]) -> None:
        """All that follows from applying a member, as often as it can and, where that is a choice, fewer times."""
        member = self.members[index]
        self._apply(index, turn, node, bounds)
        if not member.counts_applications:
            return
        steady = _more_is_better(member, has_floors=self.chain.has_floors)
        if steady and index + 1 == len(self.members):
            return
        others = sum(bounds[index + 1 :])
        for times in range(turn.applications - 1, 0, -1):
            if self.stopped or self.nodes >= self.node_limit:
                self.stopped = True
                return
            fewer = self._turn(index, node, times)
            if fewer is None or fewer.applications != times:  # where floors leave benefits alone they count as one
                continue
            least = node.state.total - fewer.amount - others
            benefits = node.benefits + self.benefit_suffix[index]
            also = node.coupons + member.needs_coupon
            if steady and self._hopeless(least, benefits, len(self.taken) + 1, also):
                return
            self._apply(index, fewer, node, bounds)

    def _apply(self, index: int, turn: Turn, node: Node, bounds: list[int]) -> None:
        self.taken.append((index, turn))
        self._from(index + 1, node.applying(index, turn, self.masks, self.members[index]), bounds)
        self.taken.pop()


def _undominated(ways: list[Way]) -> list[Way]:
    """Without those that leave no less than another of no later key: what follows leaves more of more."""
    kept: list[Way] = []
    for way in sorted(ways):
        if not kept or way[1:] < kept[-1][1:]:
            kept.append(way)
    return kept


def line_mask(compiled: CompiledPromotion, counter: Counter) -> int:
    """Its lines as bits; one more for delivery charges."""
    mask = sum(1 << line for line in lines_of(compiled, counter))
    return mask | 1 << len(counter.lines) if compiled.touches_shipping else mask


def _more_is_better(member: CompiledPromotion, *, has_floors: bool) -> bool:
    """Whether more applications never take off less: not so for pools, for budgets that refuse, and where
    floors keep units from what max_discount has given them."""
    if has_floors and any(effect.effect.max_discount is not None for effect in member.effects):
        return False
    limits = member.promotion.limits
    if limits.budget is not None and limits.budget_mode == "reject":
        return False
    return len(member.effects) == 1 and member.effects[0].effect.formation != "pool"
