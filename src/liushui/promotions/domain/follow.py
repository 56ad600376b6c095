"""Apply a chosen set in order of application, and say of everything else why it is not in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from liushui.promotions.domain.answer import Outcome
from liushui.promotions.domain.conditions import NUMERIC
from liushui.promotions.domain.eligibility import (
    Reason,
    condition_reason,
    first_failure,
    has_scope,
    limit_reason,
    time_reason,
)
from liushui.promotions.domain.order_amounts import reached_of_order
from liushui.promotions.domain.search import Turns, line_mask
from liushui.promotions.domain.stacking import Stacking
from liushui.promotions.domain.state import Counter, State
from liushui.promotions.domain.turn import NO_USAGE, CompiledPromotion, Turn, eligible_turn, take_turn


class Way:
    """The chosen promotions applied one after the other, and the state that each candidate met at its turn."""

    __slots__ = ("before", "state", "turns")

    def __init__(self, counter: Counter) -> None:
        self.state: State = counter.start
        self.turns: dict[str, Turn] = {}
        self.before: dict[str, State] = {}


def follow(
    counter: Counter,
    candidates: Sequence[CompiledPromotion],
    chosen: Mapping[str, int | None],
    known: Turns | None = None,
) -> Way:
    """Apply the chosen among the candidates, which stand in order of application; what gives nothing stays out."""
    way = Way(counter)
    turns = known or {}
    for each in candidates:
        way.before[each.id] = way.state
        if each.id not in chosen:
            continue
        turn = turns.get(each.id) or eligible_turn(each, counter, way.state, chosen[each.id])
        if turn is not None:
            way.turns[each.id] = turn
            way.state = turn.apply(way.state)
    return way


class Explainer:
    """Outcomes and near misses of a priced basket."""

    def __init__(self, counter: Counter, way: Way, able: Sequence[CompiledPromotion]) -> None:
        self.counter = counter
        self.way = way
        self.able = able
        self.places = {each.id: index for index, each in enumerate(able)}
        self._stacking: Stacking | None = None
        self._masks: dict[str, int] = {}
        self.near: list[dict[str, Any]] = []

    def outcome(self, compiled: CompiledPromotion) -> Outcome:
        """What became of it; a near miss is noted on the way."""
        turn = self.way.turns.get(compiled.id)
        if turn is not None:
            return Outcome(
                id=compiled.id,
                status="applied",
                amount=turn.amount,
                applications=turn.applications,
                unused=turn.unused,
            )
        return Outcome(id=compiled.id, status="rejected", reason=self._reason(compiled))

    def _reason(self, compiled: CompiledPromotion) -> Reason:
        counter, state = self.counter, self.way.before[compiled.id]
        reason = time_reason(compiled, counter)
        if reason is not None:
            return reason
        failure = first_failure(compiled, counter, state)
        if failure is not None:
            self._note_condition(compiled, state)
            return condition_reason(failure)
        if not has_scope(compiled, counter):
            return {"code": "scope_empty"}
        reason = limit_reason(compiled, counter)
        if reason is not None:
            return reason
        turn, code = take_turn(compiled, counter, state)
        if turn is None:
            if code == "limit":
                return self._over_budget(compiled, state)
            self._note_set(compiled)
            return {"code": "no_effect", **self._short_of_first_step(compiled)}
        return self._beaten(compiled)

    def _over_budget(self, compiled: CompiledPromotion, state: State) -> Reason:
        limits = compiled.promotion.limits
        spent = self.counter.basket.usage.get(compiled.id, NO_USAGE).spent
        return {"code": "limit", "path": "limits.budget", "have": spent, "need": limits.budget}

    def _beaten(self, compiled: CompiledPromotion) -> Reason:
        place = self.places[compiled.id]
        if self._stacking is None:
            self._stacking = Stacking(self.able)
        applied = sum(1 << self.places[each] for each in self.way.turns)
        opponents = self._stacking.opponents(place, applied)
        if opponents:
            return {"code": "conflict", "with": [self.able[each].id for each in opponents]}
        return {
            "code": "not_best",
            "total_with": self._total_with(compiled),
            "total_without": self.way.state.total,
        }

    def _total_with(self, compiled: CompiledPromotion) -> int:
        """The total with one more promotion: turns are worked out anew only where lines have changed because of it."""
        counter, state, changed = self.counter, self.way.before[compiled.id], 0
        for each in self.able[self.places[compiled.id] :]:
            turn = self.way.turns.get(each.id)
            if each is not compiled and turn is None:
                continue
            if each is compiled or self._mask(each) & changed:
                most = turn.applications if turn is not None and each.counts_applications else None
                again = eligible_turn(each, counter, state, most)
                for one in (turn, again):
                    changed |= one.mask(len(counter.lines)) if one is not None else 0
                turn = again
            if turn is not None:
                state = turn.apply(state)
        return state.total

    def _mask(self, compiled: CompiledPromotion) -> int:
        if compiled.id not in self._masks:
            self._masks[compiled.id] = line_mask(compiled, self.counter)
        return self._masks[compiled.id]

    def _note_condition(self, compiled: CompiledPromotion, state: State) -> None:
        """A near miss when one numeric condition alone is not met, by at most half."""
        counter = self.counter
        failures = [failure for check in compiled.checks if (failure := check.failure(counter, state)) is not None]
        if len(failures) != 1 or failures[0].type not in NUMERIC:
            return
        [failure] = failures
        if 2 * failure.have < failure.need or not failure.have:
            return
        if has_scope(compiled, counter) and limit_reason(compiled, counter) is None:
            self._near(compiled, failure.path, failure.have, failure.need)

    def _note_set(self, compiled: CompiledPromotion) -> None:
        """A near miss when its one set lacks units, at most half of them."""
        if len(compiled.effects) != 1 or compiled.effects[0].kind != "sets":
            return
        [effect] = compiled.effects
        if effect.buy_scope is not effect.get_scope or effect.limits_units:
            return
        parts = effect.effect
        need = parts.n or parts.group_size or (parts.buy_qty or 0) + (parts.get_qty or 0)
        have = sum(self.counter.quantities[index] for index in self.counter.effect_lines(effect.buy_scope))
        if have < need <= 2 * have:
            self._near(compiled, effect.path, have, need)

    def _short_of_first_step(self, compiled: CompiledPromotion) -> Reason:
        """{"path", "have", "need"} of the first amount from which it gives something; at half of it, a near miss."""
        if not compiled.is_of_order:
            return {}
        [effect] = compiled.effects
        have, need = reached_of_order(effect, self.counter, self._before_its_group(compiled))
        if have >= need:
            return {}
        if need <= 2 * have:
            self._near(compiled, effect.path, have, need)
        return {"path": effect.path, "have": have, "need": need}

    def _before_its_group(self, compiled: CompiledPromotion) -> State:
        """The state that it would have met, had none of its group been applied: they would make way for it."""
        group = compiled.promotion.group
        for each in self.able if group is not None else ():
            if each.id in self.way.turns and each.promotion.group == group:
                return self.way.before[each.id]
        return self.way.before[compiled.id]

    def _near(self, compiled: CompiledPromotion, path: str, have: int, need: int) -> None:
        self.near.append({"id": compiled.id, "reason": {"path": path, "have": have, "need": need}})
