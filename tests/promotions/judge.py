"""The judge: a naive second engine that says what a basket must cost, by trying everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.promotions.judge_conditions import Failure, needs_coupon, times_failure, when_failure
from tests.promotions.judge_effects import SETS, Given, Key, has_scope, run, scale
from tests.promotions.judge_state import Applied, State, begin, copy, fair_shares

from liushui.promotions.domain.basket import Basket, Usage
from liushui.promotions.domain.rulebook import STAGES, Promotion, Rulebook


@dataclass(frozen=True)
class Refusal:
    """Why a set of promotions is not allowed: whose fault, and the code of a rejection."""

    promotion: str
    code: str


def stage_of(promotion: Promotion) -> str:
    """Only points and coupons: at the end, whatever the promotion says."""
    if all(effect.type in ("points", "issue_coupon") for effect in promotion.effects):
        return "points"
    return promotion.stage


def turn(promotion: Promotion) -> tuple[int, int, int, str]:
    """Its place in the total order of application."""
    return (STAGES.index(stage_of(promotion)), promotion.lane, -promotion.priority, promotion.id)


def in_order(rulebook: Rulebook) -> list[Promotion]:
    return sorted(rulebook.promotions, key=turn)


# One promotion at its turn


def attempt(state: State, promotion: Promotion, most: int | None = None) -> State | Failure:
    """The state after the promotion, or why it does not apply here. Conflicts are not asked."""
    failure = times_failure(promotion, state) or when_failure(promotion, state)
    if failure is not None:
        return failure
    if not any(has_scope(promotion, effect, state) for effect in promotion.effects):
        return Failure("scope_empty")
    usage = state.basket.usage.get(promotion.id, Usage())
    limits = promotion.limits
    if limits.total is not None and usage.total >= limits.total:
        return Failure("limit", "limits.total")
    if limits.per_member is not None and (state.basket.member is None or usage.member >= limits.per_member):
        return Failure("limit", "limits.per_member")
    if limits.budget is not None and usage.spent >= limits.budget:
        return Failure("limit", "limits.budget")
    if limits.per_order is not None:
        most = limits.per_order if most is None else min(most, limits.per_order)
    return give(state, promotion, most, usage)


def give(state: State, promotion: Promotion, most: int | None, usage: Usage) -> State | Failure:
    """All effects on the state at the turn, added up, cut to what is there, and booked."""
    after = copy(state)
    used: set[Key] = set()
    parts: list[Given] = []
    for effect in promotion.effects:
        part = run(promotion, effect, after, used, most)
        if effect.type in SETS:
            used |= {unit.key for unit in part.chosen}
        for unit in part.gift_units:
            unit.gift_given = True
        parts.append(part)
    whole = added_up(after, parts)
    asked, given_before_budget = sum(part.asked for part in parts), whole.amount()
    budget = promotion.limits.budget
    if budget is not None and usage.spent + whole.amount() > budget:
        if promotion.limits.budget_mode == "reject":
            return Failure("limit", "limits.budget")
        scale(whole, budget - usage.spent)
        if whole.amount() == 0:
            return Failure("limit", "limits.budget")
    benefits = sum(part.benefits for part in parts)
    if whole.amount() == 0 and benefits == 0:
        return Failure("no_effect")
    applied = Applied(
        id=promotion.id,
        amount=whole.amount(),
        applications=max(
            part.applications if part.benefits or (part.asked and whole.amount()) else 0 for part in parts
        ),
        unused=asked - given_before_budget,
        benefits=benefits,
        needs_coupon=needs_coupon(promotion),
        multiplies=[factor for part in parts for factor in part.multiplies],
        adds=sum(part.adds for part in parts),
        issued=[each for part in parts for each in part.issued],
        offers=[each for part in parts for each in part.offers],
    )
    book(after, promotion, parts, whole, applied)
    return after


def added_up(state: State, parts: list[Given]) -> Given:
    """Per unit to what remains of it, then per line to what the floor leaves."""
    whole = Given()
    for unit in state.units:
        cut = min(unit.remaining, sum(part.cuts.get(unit.key, 0) for part in parts))
        if cut:
            whole.cuts[unit.key] = cut
    for place in range(len(state.basket.lines)):
        keys = sorted(key for key in whole.cuts if key[0] == place)
        cuts = [whole.cuts[key] for key in keys]
        if sum(cuts) > state.capacity(place):
            for key, cut in zip(keys, fair_shares(state.capacity(place), cuts, cuts), strict=True):
                whole.cuts[key] = cut
    for charge in state.charges:
        cut = min(charge.remaining, sum(part.charges.get(charge.place, 0) for part in parts))
        if cut:
            whole.charges[charge.place] = cut
    return whole


def book(state: State, promotion: Promotion, parts: list[Given], whole: Given, applied: Applied) -> None:
    for unit in state.units:
        cut = whole.cuts.get(unit.key, 0)
        unit.remaining -= cut
        if cut:
            applied.by_line[unit.line.id] = applied.by_line.get(unit.line.id, 0) + cut
    for charge in state.charges:
        cut = whole.charges.get(charge.place, 0)
        charge.remaining -= cut
        if cut:
            applied.by_charge[charge.id] = cut
    if promotion.unit_exclusive:
        chosen = {unit.key for part in parts for unit in part.chosen}
        for unit in state.units:
            unit.taken = unit.taken or unit.key in chosen
    state.applied.append(applied)


# Sets of promotions


def at_odds(one: Promotion, other: Promotion) -> bool:
    """Two that can never stand together, whatever the basket; groups are counted elsewhere."""
    if stage_of(one) == stage_of(other) and (one.exclusive or other.exclusive):
        return True
    return one.id in other.not_with or other.id in one.not_with


def places(promotion: Promotion) -> int | None:
    """How many of its group may be applied with it, itself included."""
    if promotion.group_max is None:
        return None if promotion.group_mode == "all" else 1
    return promotion.group_max


def conflicts(promotion: Promotion, others: list[Promotion]) -> list[str]:
    """Which of the others keep it out."""
    found = {other.id for other in others if at_odds(promotion, other)}
    if promotion.group is not None:
        same = [other for other in others if other.group == promotion.group]
        for member in (promotion, *same):
            most = places(member)
            if most is not None and len(same) + 1 > most:
                found |= {other.id for other in same}
    return sorted(found)


def jumps_the_queue(promotion: Promotion, members: list[Promotion], could: list[Promotion]) -> bool:
    """A `first` member after one of its group that could have been applied, in a stage without an exclusive."""
    if promotion.group is None or promotion.group_mode != "first":
        return False
    closed = {stage_of(member) for member in (*members, promotion) if member.exclusive}
    return any(each.group == promotion.group and stage_of(each) not in closed for each in could)


def apply(rulebook: Rulebook, basket: Basket, chosen: Mapping[str, int | None]) -> State | Refusal:
    """Exactly this set, in the order of application; None: as often as it can."""
    state = begin(basket)
    members: list[Promotion] = []
    could: list[Promotion] = []  # left out although it could have been applied at its turn
    for promotion in in_order(rulebook):
        if promotion.id not in chosen:
            free = promotion.group is not None and not conflicts(promotion, members)
            if free and isinstance(attempt(state, promotion), State):
                could.append(promotion)
            continue
        if conflicts(promotion, members):
            return Refusal(promotion.id, "conflict")
        if jumps_the_queue(promotion, members, could):
            return Refusal(promotion.id, "conflict")
        most = chosen[promotion.id]
        after = attempt(state, promotion, most)
        if isinstance(after, Failure):
            return Refusal(promotion.id, after.code)
        if most is not None and after.applied[-1].applications != most:
            return Refusal(promotion.id, "no_effect")
        state = after
        members.append(promotion)
    return state


def key_of(state: State, order: list[Promotion]) -> tuple[object, ...]:
    """Smaller is better: total, benefits, promotions, coupons, first in order, applications."""
    applied = {each.id: each for each in state.applied}
    return (
        state.total(),
        -sum(each.benefits for each in state.applied),
        len(applied),
        sum(each.needs_coupon for each in state.applied),
        tuple(0 if promotion.id in applied else 1 for promotion in order),
        tuple(-applied[promotion.id].applications for promotion in order if promotion.id in applied),
    )


def every_set(state: State, left: list[Promotion], members: list[Promotion], could: list[Promotion]) -> Iterator[State]:
    """The states that all allowed sets lead to, the empty one too."""
    if not left:
        yield state
        return
    promotion, rest = left[0], left[1:]
    clash = bool(conflicts(promotion, members))
    after = None if clash else attempt(state, promotion)
    if isinstance(after, State):
        if not jumps_the_queue(promotion, members, could):
            yield from every_set(after, rest, [*members, promotion], could)
            if promotion.unit_exclusive and any(effect.type in SETS for effect in promotion.effects):
                for fewer in range(1, after.applied[-1].applications):
                    less = attempt(state, promotion, fewer)
                    if isinstance(less, State) and less.applied[-1].applications == fewer:
                        yield from every_set(less, rest, [*members, promotion], could)
        could = [*could, promotion]
    yield from every_set(state, rest, members, could)


def best(rulebook: Rulebook, basket: Basket) -> State:
    """The best of all sets there are."""
    order = in_order(rulebook)
    return min(every_set(begin(basket), order, [], []), key=lambda state: key_of(state, order))


# One pass


def sequential(rulebook: Rulebook, basket: Basket) -> State:
    """Stage by stage: an exclusive alone, or every promotion in order that can."""
    state = begin(basket)
    members: list[Promotion] = []
    could: list[Promotion] = []
    order = in_order(rulebook)
    for stage in STAGES:
        own = [promotion for promotion in order if stage_of(promotion) == stage]
        alone = sorted((p for p in own if p.exclusive), key=lambda p: (-p.priority, p.lane, p.id))
        for promotion in alone:
            stays_out = conflicts(promotion, members) or jumps_the_queue(promotion, members, could)
            after = None if stays_out else attempt(state, promotion)
            if isinstance(after, State):
                state, own = after, []
                members.append(promotion)
                break
        for promotion in own:
            if conflicts(promotion, members) or jumps_the_queue(promotion, members, could):
                continue
            after = attempt(state, promotion)
            if isinstance(after, Failure):
                continue
            if stands_back(state, promotion, after, members, order):
                could.append(promotion)
                continue
            state = after
            members.append(promotion)
    return state


def stands_back(
    state: State, promotion: Promotion, after: State, members: list[Promotion], order: list[Promotion]
) -> bool:
    """In a `best` group: do enough others that are still to come cut more at this moment?"""
    if promotion.group is None or promotion.group_mode != "best":
        return False
    mine = after.applied[-1].amount
    better = 0
    for other in order[order.index(promotion) + 1 :]:
        if other.group != promotion.group or other.group_mode == "first" or conflicts(other, members):
            continue
        result = attempt(state, other)
        if isinstance(result, State) and result.applied[-1].amount > mine:
            better += 1
    taken = sum(member.group == promotion.group for member in members)
    return better >= (places(promotion) or len(order)) - taken


def answer(rulebook: Rulebook, basket: Basket) -> State:
    """In the rulebook's own mode."""
    return best(rulebook, basket) if rulebook.mode == "best" else sequential(rulebook, basket)


def reasons(rulebook: Rulebook, basket: Basket, final: State) -> dict[str, str]:
    """The code of each promotion that the final set leaves out, at its turn in that set."""
    amounts = {each.id: each for each in final.applied}
    chosen = [promotion for promotion in rulebook.promotions if promotion.id in amounts]
    state, codes = begin(basket), {}
    for promotion in in_order(rulebook):
        if promotion.id in amounts:
            then = amounts[promotion.id]
            ways = [attempt(state, promotion, most) for most in (then.applications or None, None)]
            # benefits without a cut count as one application, however many sets there were
            after = next(each for each in ways if isinstance(each, State) and each.applied[-1] == then)
            state = after
            continue
        result = attempt(state, promotion)
        if isinstance(result, Failure):
            codes[promotion.id] = result.code
        else:
            codes[promotion.id] = "conflict" if conflicts(promotion, chosen) else "not_best"
    return codes
