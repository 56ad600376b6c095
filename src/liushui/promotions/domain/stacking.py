"""Which promotions may stand beside which: exclusive ones, groups, and what a promotion says it is not with."""

from __future__ import annotations

from collections.abc import Sequence

from liushui.promotions.domain.rulebook import Promotion
from liushui.promotions.domain.turn import CompiledPromotion

NO_MAX = 1 << 60


def group_max(promotion: Promotion) -> int:
    """With how many members of its group, itself included, it may be applied."""
    if promotion.group_max is not None:
        return promotion.group_max
    return NO_MAX if promotion.group_mode == "all" else 1


def never_together(one: CompiledPromotion, other: CompiledPromotion) -> bool:
    """Whether no set holds both."""
    first, second = one.promotion, other.promotion
    if second.id in first.not_with or first.id in second.not_with:
        return True
    if _one_alone(one, other):
        return True
    if first.group is not None and first.group == second.group:
        return min(group_max(first), group_max(second)) < 2
    return False


def _one_alone(one: CompiledPromotion, other: CompiledPromotion) -> bool:
    return one.turn_stage == other.turn_stage and (one.promotion.exclusive or other.promotion.exclusive)


class Stacking:
    """The rules of stacking among some promotions, known by their place in the sequence; sets are bit masks."""

    __slots__ = ("_alone", "_groups", "_maxima", "conflicts", "first_groups", "members")

    def __init__(self, members: Sequence[CompiledPromotion]) -> None:
        self.members = members
        self.conflicts = [0] * len(members)
        self._alone = [0] * len(members)  # exclusives of its stage: beside one it could not have been applied
        by_group: dict[str, int] = {}
        for index, one in enumerate(members):
            group = one.promotion.group
            if group is not None:
                by_group[group] = by_group.get(group, 0) | 1 << index
            for other in range(index):
                if never_together(one, members[other]):
                    self.conflicts[index] |= 1 << other
                    self.conflicts[other] |= 1 << index
                if one.turn_stage == members[other].turn_stage:
                    self._alone[index] |= members[other].promotion.exclusive << other
                    self._alone[other] |= one.promotion.exclusive << index
        self._groups = [by_group.get(each.promotion.group or "", 0) for each in members]
        self._maxima = [group_max(each.promotion) for each in members]
        self.first_groups = [
            self._groups[index] if each.promotion.group is not None and each.promotion.group_mode == "first" else 0
            for index, each in enumerate(members)
        ]

    def group_of(self, index: int) -> int:
        """The members of its group, itself included; 0 without one."""
        return self._groups[index]

    def places_left(self, index: int, applied: int) -> int:
        """How many members of its group may still be applied by its own reckoning."""
        return self._maxima[index] - (applied & self._groups[index]).bit_count()

    def allows(self, index: int, applied: int, passed: int) -> bool:
        """Whether it may join what is applied; `passed` are those that could have been applied and were not."""
        if applied & self.conflicts[index]:
            return False
        with_it = applied | 1 << index  # where it is exclusive itself, those of its stage could not have been applied
        if any(not with_it & self._alone[other] for other in bits(passed & self.first_groups[index])):
            return False
        beside = applied & self._groups[index]
        if not beside:
            return True
        members = beside.bit_count() + 1
        if members > self._maxima[index]:
            return False
        return all(members <= self._maxima[other] for other in bits(beside))

    def opponents(self, index: int, applied: int) -> list[int]:
        """The applied ones that keep it out."""
        found = applied & self.conflicts[index]
        if not found and not self.allows(index, applied & ~(1 << index), 0):
            found = applied & self._groups[index]
        return bits(found)


def bits(mask: int) -> list[int]:
    """The places of its ones, upwards."""
    places = []
    while mask:
        low = mask & -mask
        places.append(low.bit_length() - 1)
        mask ^= low
    return places
