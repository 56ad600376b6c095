"""The sequential way: every promotion in order that may be applied, exclusives of a stage first."""

from __future__ import annotations

from collections.abc import Sequence

from liushui.promotions.domain.stacking import Stacking, bits
from liushui.promotions.domain.state import Counter, State
from liushui.promotions.domain.turn import CompiledPromotion, Turn, eligible_turn

Choice = dict[str, int | None]  # promotion → applications; None: as often as it can


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
