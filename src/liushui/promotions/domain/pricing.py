"""Price a basket by a rulebook: the engine's entry, a pure function. docs/reference/promotions.md says what it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from liushui.promotions.domain.allocation import round_half_up
from liushui.promotions.domain.answer import (
    Allocation,
    Certificate,
    PricedBasket,
    PricedLine,
    PricedShipping,
)
from liushui.promotions.domain.basket import Basket
from liushui.promotions.domain.bounds import upper
from liushui.promotions.domain.compiled import CompiledRulebook
from liushui.promotions.domain.documents import percent
from liushui.promotions.domain.eligibility import is_able
from liushui.promotions.domain.follow import Explainer, Way, follow
from liushui.promotions.domain.search import Found, best
from liushui.promotions.domain.sequential import Choice, sequential
from liushui.promotions.domain.stacking import Stacking
from liushui.promotions.domain.state import Counter
from liushui.promotions.domain.turn import CompiledPromotion, eligible_turn

NODE_LIMIT = 20_000


class SetNotAllowed(ValueError):
    """A set of promotions that the rulebook does not allow in this basket; `promotion` names the member."""

    def __init__(self, promotion: str, why: str) -> None:
        super().__init__(f"{promotion}: {why}")
        self.promotion = promotion
        self.why = why


def price(
    compiled: CompiledRulebook,
    basket: Basket,
    *,
    explain: Literal["touching", "all"] = "touching",
    node_limit: int = NODE_LIMIT,
) -> PricedBasket:
    """The basket's price by the rulebook's mode, with its explanation.

    `node_limit` bounds the search's work; beyond it the answer is at least as good as `sequential` and not `proven`.
    """
    counter = Counter(basket)
    candidates = compiled.touching(basket)
    able = [each for each in candidates if is_able(each, counter)]
    if compiled.rulebook.mode == "sequential":
        chosen, total = sequential(counter, able)
        least = max(0, counter.start.total - sum(upper(each, counter, counter.start)[0] for each in able))
        found = Found(chosen, len(able), proven=least >= total, lower_bound=min(least, total))
    else:
        found = best(counter, able, node_limit)
    told = compiled.promotions if explain == "all" else candidates
    return _answer(compiled, counter, told, able, found)


def price_set(compiled: CompiledRulebook, basket: Basket, *, chosen: Mapping[str, int | None]) -> PricedBasket:
    """Apply exactly these promotions in order of application (None: as often as it can).

    Raises SetNotAllowed when a member is unknown, not eligible at its turn, gives nothing or may not stand with others.
    """
    counter = Counter(basket)
    able = [each for each in compiled.promotions if is_able(each, counter)]
    places = {each.id: index for index, each in enumerate(able)}
    for name in chosen:
        if name not in places:
            raise SetNotAllowed(name, "not eligible")
    stacking = Stacking(able)
    state, applied, passed = counter.start, 0, 0
    for index, each in enumerate(able):
        is_allowed = stacking.allows(index, applied, passed)
        if each.id not in chosen:
            if is_allowed and eligible_turn(each, counter, state) is not None:
                passed |= 1 << index
            continue
        if not is_allowed:
            raise SetNotAllowed(each.id, "may not stand with the others")
        turn = eligible_turn(each, counter, state, chosen[each.id])
        if turn is None:
            raise SetNotAllowed(each.id, "not eligible at its turn, or gives nothing")
        wanted = chosen[each.id]
        if wanted is not None and turn.applications != wanted:
            raise SetNotAllowed(each.id, f"applies {turn.applications} times at most")
        state, applied = turn.apply(state), applied | 1 << index
    found = Found(dict(chosen), len(chosen), proven=False, lower_bound=state.total)
    return _answer(compiled, counter, able, able, found)


def _answer(
    compiled: CompiledRulebook,
    counter: Counter,
    told: Sequence[CompiledPromotion],
    able: Sequence[CompiledPromotion],
    found: Found,
) -> PricedBasket:
    basket = counter.basket
    way = follow(counter, told, found.chosen, found.turns)
    explainer = Explainer(counter, way, able)
    outcomes = tuple(explainer.outcome(each) for each in told)
    total = way.state.total
    lines = _lines(counter, way)
    gross = sum(line.gross for line in lines)
    multiply, add, issued = _benefits(told, way)
    return PricedBasket(
        currency=basket.currency,
        total=total,
        gross=gross,
        discount=sum(line.discount for line in lines),
        shipping=sum(way.state.shipping),
        lines=lines,
        shipping_lines=_shipping(counter, way),
        promotions=outcomes,
        near_misses=tuple(explainer.near),
        offers=tuple(
            {"promotion": promotion, **offer, "percent": percent(offer["percent"])}
            for promotion, turn in way.turns.items()
            for offer in turn.offers
        ),
        issued=issued,
        points_multiply=multiply,
        points_add=add,
        certificate=Certificate(
            mode=compiled.rulebook.mode,
            proven=found.proven,
            lower_bound=found.lower_bound,
            gap=total - found.lower_bound,
            nodes=found.nodes,
        ),
        rulebook_version=compiled.rulebook.version,
        rulebook_digest=compiled.rulebook.digest,
        basket=basket,
    )


def _lines(counter: Counter, way: Way) -> tuple[PricedLine, ...]:
    allocations: list[list[Allocation]] = [[] for _ in counter.lines]
    for promotion, turn in way.turns.items():
        for index, (_, lost) in turn.lines.items():
            if lost:
                allocations[index].append(Allocation(promotion=promotion, amount=lost))
    made = []
    for index, line in enumerate(counter.lines):
        gross, net = line.unit_price * line.quantity, way.state.sums[index]
        made.append(
            PricedLine(
                id=line.id,
                gross=gross,
                discount=gross - net,
                net=net,
                runs=way.state.runs(index),
                allocations=tuple(allocations[index]),
            )
        )
    return tuple(made)


def _shipping(counter: Counter, way: Way) -> tuple[PricedShipping, ...]:
    made = []
    for index, charge in enumerate(counter.basket.shipping):
        parts = tuple(
            Allocation(promotion=promotion, amount=turn.charges[index])
            for promotion, turn in way.turns.items()
            if index in turn.charges
        )
        discount = charge.amount - way.state.shipping[index]
        made.append(PricedShipping(id=charge.id, amount=charge.amount, discount=discount, allocations=parts))
    return tuple(made)


def _benefits(told: Sequence[CompiledPromotion], way: Way) -> tuple[int, int, tuple[dict[str, Any], ...]]:
    """Points and coupons of the applied promotions, in order of application."""
    multiply, add = 10000, 0
    issued: list[dict[str, Any]] = []
    for each in told:
        if each.id not in way.turns:
            continue
        for compiled in each.effects:
            effect = compiled.effect
            if effect.type == "points":
                if effect.multiply is not None:
                    multiply = round_half_up(multiply, effect.multiply)
                add += effect.add or 0
            elif effect.type == "issue_coupon":
                issued.append({"promotion": each.id, "batch": effect.batch, "for": effect.for_ or "next_order"})
    return multiply, add, tuple(issued)


__all__ = ["NODE_LIMIT", "Choice", "SetNotAllowed", "price", "price_set"]
