"""How an amount is shared out to the last minor unit (docs/reference/promotions.md, "Cuts").

Largest remainder with capacities, as in section 6 of the specification: a share above its capacity is fixed there and
what is left is shared again among the others, so that the shares always add up to the amount.
"""

from __future__ import annotations

from collections.abc import Sequence

from liushui.promotions.domain.units import Run, first_of, holds, number, split

Cut = tuple[Run, int]  # units and what each of them loses


def round_half_up(amount: int, basis_points: int) -> int:
    """amount × basis_points / 10000, rounded half up, for amount >= 0."""
    return (2 * amount * basis_points + 10000) // 20000


def fair_shares(amount: int, weights: Sequence[int], capacities: Sequence[int]) -> list[int]:
    """Share an amount by weights within capacities; what no capacity takes is not shared. Ties go to the earlier."""
    if weights is capacities and amount >= sum(weights) and (not weights or min(weights) >= 0):
        return list(weights)
    shares = [0] * len(weights)
    active = [index for index, weight in enumerate(weights) if weight > 0]
    amount = min(amount, sum([capacities[index] for index in active]))
    while amount > 0 and active:
        whole = sum([weights[index] for index in active])
        left = amount
        for index in active:
            shares[index] = share = amount * weights[index] // whole
            left -= share
        if left:
            rests = sorted([(-(amount * weights[index] % whole), index) for index in active])
            for _, index in rests[:left]:
                shares[index] += 1
        above = [index for index in active if shares[index] > capacities[index]]
        if not above:
            return shares
        for index in above:
            shares[index] = capacities[index]
            amount -= capacities[index]
        active = [index for index in active if index not in above]
    for index in active:
        shares[index] = 0
    return shares


def even_cuts(amount: int, runs: Sequence[Run]) -> list[Cut]:
    """Share an amount evenly over units, none losing more than its value; extra minor units go to the first ones.

    The amount is at most what the units are worth.
    """
    if len(runs) == 1:
        run = runs[0]
        each, extra = divmod(amount, run[2] * run[4])
        if not extra:
            return [(run, each)]
        head, tail = split(run, extra)
        return [*((piece, each + 1) for piece in head), *((piece, each) for piece in tail)]
    cuts: list[Cut] = []
    active = list(runs)
    while active:
        units = sum(run[2] * run[4] for run in active)
        each, extra = divmod(amount, units)
        full = [run for run in active if run[0] < each]
        if not full and extra:
            full = [run for run in active if run[0] == each]
        if not full:
            return cuts + _with_extra(active, each, extra)
        for run in full:
            cuts.append((run, run[0]))
            amount -= run[0] * run[2] * run[4]
        active = [run for run in active if run not in full]
    return cuts


def _with_extra(runs: Sequence[Run], each: int, extra: int) -> list[Cut]:
    if not extra:
        return [(run, each) for run in runs]
    head, tail = first_of(runs, extra)
    return [*((piece, each + 1) for piece in head), *((piece, each) for piece in tail)]


def scaled_cuts(amount: int, cuts: Sequence[Cut]) -> list[Cut]:
    """Bring cuts down to an amount: fair shares over the units, weights what each was to lose."""
    whole = sum(cut * run[2] * run[4] for run, cut in cuts)
    if amount >= whole:
        return list(cuts)
    if amount <= 0:
        return [(run, 0) for run, _ in cuts]
    parts = []
    left = amount
    for run, cut in cuts:
        share, rest = divmod(amount * cut, whole)
        parts.append((rest, run, share))
        left -= share * run[2] * run[4]
    if not left:
        return [(run, share) for _, run, share in parts]
    made: list[Cut] = []
    by_rest: dict[int, list[tuple[Run, int]]] = {}
    for rest, run, share in parts:
        by_rest.setdefault(rest, []).append((run, share))
    for rest in sorted(by_rest, reverse=True):
        taken, left = _first_units(by_rest[rest], left)
        made += taken
    return made


def _first_units(parts: Sequence[tuple[Run, int]], extra: int) -> tuple[list[Cut], int]:
    """One more for the first `extra` units of these by position."""
    if not extra:
        return list(parts), 0
    extra_here = min(extra, number(run for run, _ in parts))
    made: list[Cut] = []
    head, tail = first_of([run for run, _ in parts], extra_here)
    for pieces, more in ((head, 1), (tail, 0)):
        for piece in pieces:
            made.append((piece, next(share for run, share in parts if holds(run, piece[1])) + more))
    return made, extra - extra_here
