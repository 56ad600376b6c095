"""Parts of a whole that come back little by little: what has come back is a function of what is gone, so that any order
and any split gives the whole in the end, and never more on the way (section 9 of the promotions' specification)."""

from __future__ import annotations

from collections.abc import Sequence


def share(whole: int, gone: int, of: int) -> int:
    """What `gone` of `of` come to of the whole, rounded down."""
    return whole * gone // of if of else 0


def nested_shares(parts: Sequence[int], gone: int) -> list[int]:
    """`gone` of the sum of non-negative parts, split over them pro rata; no part gives more than it has.

    One after the other takes its floor of what is left, the last the rest: each grows as `gone` does, and all of the
    parts are reached when all is gone. Works for a `gone` outside 0 … sum too, where only the sum is promised.
    """
    found, left, of = [], gone, sum(parts)
    for index, part in enumerate(parts):
        taken = left if index == len(parts) - 1 else share(part, left, of)
        found.append(taken)
        left -= taken
        of -= part
    return found


def filled(parts: Sequence[int], gone: int) -> list[int]:
    """`gone` of the sum of the parts, taken from the first until it is empty, then from the next."""
    found = []
    for part in parts:
        taken = min(part, gone)
        found.append(taken)
        gone -= taken
    return found


def steps(targets: Sequence[int], so_far: Sequence[int], amount: int) -> list[int]:
    """What to give of each part so that `amount` comes together and each stands at its target afterwards.

    A part that stands above its target already (a return in between was voided) gives nothing, and those behind it
    give less by as much.
    """
    found = [max(0, target - given) for target, given in zip(targets, so_far, strict=True)]
    over = sum(found) - amount
    for index in range(len(found) - 1, -1, -1):
        less = min(over, found[index])
        found[index] -= less
        over -= less
    return found
