"""The engine as a backtest uses it: what `price` says of a receipt, without the explanations that nobody will read.

Promotions that are the same in both rulebooks, and the only ones that can touch a receipt, are worked out once: an
answer depends on nothing but those that touch the basket.
"""

from __future__ import annotations

from liushui.promotions.domain.backtest import is_limited
from liushui.promotions.domain.compiled import CompiledRulebook, compile_rulebook, keys_of
from liushui.promotions.domain.eligibility import first_failure, has_scope, is_able, limit_reason, time_reason
from liushui.promotions.domain.follow import Way, follow
from liushui.promotions.domain.pricing import NODE_LIMIT, price
from liushui.promotions.domain.rulebook import Rulebook
from liushui.promotions.domain.search import best
from liushui.promotions.domain.state import Counter
from liushui.promotions.domain.trial import Side, Trial, TrySides, Usages, costed_net, side_of, used
from liushui.promotions.domain.turn import CompiledPromotion, take_turn


def engine_try(live: Rulebook, draft: Rulebook) -> TrySides:
    """Both rulebooks compiled once."""
    return _Engine(live, draft)


class _Engine:
    """Prices receipts under both rulebooks."""

    def __init__(self, live: Rulebook, draft: Rulebook) -> None:
        self._live, self._draft = compile_rulebook(live), compile_rulebook(draft)
        known = {each.id: each for each in live.promotions}
        self._same = {each.id for each in draft.promotions if known.get(each.id) == each}
        self._is_mode_same = live.mode == draft.mode

    def __call__(self, trial: Trial, live_usage: Usages, draft_usage: Usages) -> tuple[Side, Side]:
        keys = keys_of(trial.basket)
        before = self._live.touching(trial.basket, keys)
        after = self._draft.touching(trial.basket, keys)
        live = _side(self._live, before, trial, live_usage)
        if self._is_mode_same and self._are_same(before, after):
            ids = [each.id for each in before]
            if [live_usage.get(each) for each in ids] == [draft_usage.get(each) for each in ids]:
                return live, live
        return live, _side(self._draft, after, trial, draft_usage)

    def _are_same(self, before: list[CompiledPromotion], after: list[CompiledPromotion]) -> bool:
        return len(before) == len(after) and all(
            one.id == other.id and one.id in self._same for one, other in zip(before, after, strict=True)
        )


def _side(compiled: CompiledRulebook, touching: list[CompiledPromotion], trial: Trial, usage: Usages) -> Side:
    """What `side_of(trial, price(…))` says; a test holds the two together."""
    basket = used(trial.basket, usage)
    if compiled.rulebook.mode != "best":
        return side_of(trial, price(compiled, basket))
    counter = Counter(basket)
    able = [each for each in touching if is_able(each, counter)]
    found = best(counter, able, NODE_LIMIT)
    way = follow(counter, touching, found.chosen, found.turns)
    return Side(
        given=counter.start.total - way.state.total,
        costed_net=costed_net(trial, way.state.sums),
        applied=tuple((name, turn.amount, turn.applications) for name, turn in way.turns.items()),
        refused=_refused(counter, way, touching),
        is_proven=found.proven,
    )


def _refused(counter: Counter, way: Way, touching: list[CompiledPromotion]) -> tuple[tuple[str, str], ...]:
    """The limited promotions that nothing but a limit kept away, and which limit."""
    found = []
    for each in touching:
        if each.id in way.turns or not is_limited(each.promotion.limits):
            continue
        before = way.before[each.id]
        if time_reason(each, counter) or first_failure(each, counter, before) or not has_scope(each, counter):
            continue
        reason = limit_reason(each, counter)
        if reason is not None:
            found.append((each.id, str(reason["path"])))
        elif take_turn(each, counter, before)[1] == "limit":
            found.append((each.id, "limits.budget"))
    return tuple(found)
