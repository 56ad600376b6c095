"""A promotion at its turn: what it would take off in this state, brought down to what may be given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from liushui.promotions.domain.allocation import Cut, fair_shares, scaled_cuts
from liushui.promotions.domain.basket import Usage
from liushui.promotions.domain.choosing import GIVEN, CompiledEffect, Piece, Place, Taking
from liushui.promotions.domain.conditions import Check
from liushui.promotions.domain.order_amounts import asked_of_order, is_of_order
from liushui.promotions.domain.rulebook import Promotion
from liushui.promotions.domain.state import Counter, Runs, Shared, State
from liushui.promotions.domain.units import TAKEN, USED, Run, in_order, joined, stretches

NO_USAGE = Usage()


class CompiledPromotion:
    """A promotion with its conditions, effects and place in the order of application."""

    __slots__ = (
        "avoid",
        "benefits",
        "bound",
        "checks",
        "counts_applications",
        "dynamic",
        "effects",
        "fixed",
        "fragile",
        "id",
        "is_catalogue",
        "is_of_order",
        "needs_coupon",
        "promotion",
        "rank",
        "touches_shipping",
        "turn_stage",
    )

    def __init__(self, promotion: Promotion, checks: Sequence[Check], effects: Sequence[CompiledEffect]) -> None:
        self.promotion = promotion
        self.id = promotion.id
        self.rank = 0
        self.checks = checks
        self.fixed = [check for check in checks if check.fixed]
        self.dynamic = [check for check in checks if not check.fixed]
        self.effects = effects
        self.avoid = TAKEN if promotion.unit_exclusive else 0
        self.is_catalogue = promotion.stage == "catalogue"
        may_be = len(effects) == 1 and not promotion.unit_exclusive and not self.is_catalogue
        self.is_of_order = may_be and is_of_order(effects[0])
        only_benefits = all(effect.kind == "benefit" for effect in effects)
        self.turn_stage = "points" if only_benefits else promotion.stage
        self.touches_shipping = any(
            effect.kind == "shipping" or effect.effect.level == "order_and_shipping" for effect in effects
        )
        self.needs_coupon = any(_asks_coupon(check) for check in checks)
        self.counts_applications = promotion.unit_exclusive and any(effect.kind == "sets" for effect in effects)
        self.fragile = any(
            (promotion.unit_exclusive or effect.scope.untouched or effect.buy_scope.untouched
             or effect.get_scope.untouched or effect.basis_scope.untouched)
            and effect.chooses
            for effect in effects
        )  # fmt: skip
        self.bound = self._bound()
        self.benefits = sum(
            (effect.effect.qty or 1) if effect.kind == "gift" else int(effect.kind == "benefit") for effect in effects
        )

    def _bound(self) -> str:
        """How bounds.upper bounds it: by its turn, by one for dearest units or without floors, or by all there is."""
        priced = [effect for effect in self.effects if effect.kind in ("unit", "sets")]
        sets = [effect for effect in priced if effect.kind == "sets"]
        if any(effect.kind == "gift" for effect in self.effects):  # others may have given the cheaper units
            return "all there is"
        if len(sets) > 1 or any(effect.buy_scope is not effect.get_scope for effect in sets):
            return "all there is"
        if self.fragile:
            is_hard = len(priced) > 1 or any(effect.effect.basis is not None for effect in priced)
            return "all there is" if is_hard else "dearest"
        chooses = any(effect.chooses or effect.effect.max_discount is not None for effect in priced)
        return "without floors" if chooses or self.promotion.limits.budget is not None else "its turn"


def _asks_coupon(check: Check) -> bool:
    if check.leaf is not None:
        return check.leaf.type == "coupon"
    return any(_asks_coupon(part) for part in check.parts)


class Turn:
    """What a promotion would do at its turn: the lines as they would be, and what it gives."""

    __slots__ = ("amount", "applications", "benefits", "charges", "lines", "offers", "unused")

    def __init__(self) -> None:
        self.lines: dict[int, tuple[Runs, int]] = {}  # line → its units afterwards, what it loses
        self.charges: dict[int, int] = {}  # delivery charge → what it loses
        self.amount = 0
        self.applications = 0
        self.benefits = 0
        self.offers: list[dict[str, Any]] = []
        self.unused = 0

    def mask(self, charges_at: int) -> int:
        """The lines that it changes as bits; the one at `charges_at` for delivery charges."""
        mask = 1 << charges_at if self.charges else 0
        for index in self.lines:
            mask |= 1 << index
        return mask

    def apply(self, state: State) -> State:
        """The state after it."""
        lines, sums, shipping = state.lines, state.sums, state.shipping
        if self.lines:
            lines, sums = list(lines), list(sums)
            for index, (after, lost) in self.lines.items():
                lines[index] = after
                sums[index] -= lost
        if self.charges:
            shipping = list(shipping)
            for index, lost in self.charges.items():
                shipping[index] -= lost
        return State(lines, sums, shipping, state.total - self.amount)


def budget_left(compiled: CompiledPromotion, usage: Mapping[str, Usage]) -> int | None:
    """What is left of its budget, not below 0; None without one."""
    budget = compiled.promotion.limits.budget
    return None if budget is None else max(0, budget - usage.get(compiled.id, NO_USAGE).spent)


def take_turn(
    compiled: CompiledPromotion, counter: Counter, state: State, most: int | None = None
) -> tuple[Turn | None, str]:
    """What it would do; without anything to give None and `no_effect` or `limit`. Conditions are not looked at.

    `most` limits its applications besides its own limits.
    """
    promotion = compiled.promotion
    per_order = promotion.limits.per_order
    if per_order is not None:
        most = per_order if most is None else min(most, per_order)
    if compiled.is_of_order:
        return _off_the_order(compiled, counter, state, most)
    turn = Turn()
    if len(compiled.effects) == 1:
        place = Place(counter, state, compiled.avoid, most, is_catalogue=compiled.is_catalogue)
        taking = _with_ceiling(compiled.effects[0].take(compiled.effects[0], place), compiled.effects[0])
        asked, cuts, charges = taking.asked, taking.lines, dict(taking.shipping)
        losses = taking.losses
        turn.applications, turn.benefits, turn.offers = taking.applications, taking.benefits, taking.offers
    else:
        asked, cuts, charges = _all_effects(compiled, counter, state, most, turn)
        losses = {}
    lost = {
        index: _within_floor(pieces, losses.get(index), state.sums[index] - counter.floors[index])
        for index, pieces in cuts.items()
    }
    turn.amount = sum(lost[index][1] for index in lost) + sum(charges.values())
    turn.unused = max(0, asked - turn.amount)
    left = budget_left(compiled, counter.basket.usage)
    if left is not None and turn.amount > left:
        if promotion.limits.budget_mode == "reject" or left == 0:
            return None, "limit"
        lost, charges = _scaled(left, lost, charges)
        turn.amount = left
    if turn.amount <= 0 and not turn.benefits:
        return None, "no_effect"
    if turn.amount <= 0:
        turn.applications = _benefit_applications(compiled, turn)
    gift = GIVEN if any(effect.kind == "gift" for effect in compiled.effects) else 0
    mark = compiled.avoid | gift
    for index, (pieces, loss) in lost.items():
        if loss or mark:
            turn.lines[index] = (_afterwards(pieces, mark), loss)
    turn.charges = {index: cut for index, cut in charges.items() if cut}
    return turn, ""


def eligible_turn(compiled: CompiledPromotion, counter: Counter, state: State, most: int | None = None) -> Turn | None:
    """Its turn in this state when its conditions hold and it gives something."""
    for check in compiled.dynamic:
        if not check.holds(counter, state):
            return None
    return take_turn(compiled, counter, state, most)[0]


def _off_the_order(
    compiled: CompiledPromotion, counter: Counter, state: State, most: int | None
) -> tuple[Turn | None, str]:
    """The turn of one that takes an amount off whole lines in fair shares, by their sums alone."""
    [effect] = compiled.effects
    indexes, floors = counter.effect_lines(effect.scope), counter.floors
    weights = [state.sums[index] for index in indexes]
    turn = Turn()
    asked, turn.applications = asked_of_order(effect, counter, sum(weights), most)
    if not asked:
        return None, "no_effect"
    capacities = [
        min(weight, max(0, weight - floors[index])) for weight, index in zip(weights, indexes, strict=True)
    ] if any(floors) else weights  # fmt: skip
    steps = [fair_shares(asked, weights, capacities)]
    amount = sum(steps[0])
    ceiling = effect.effect.max_discount
    if ceiling is not None and asked > ceiling:
        asked = ceiling
        if amount > ceiling:
            steps.append(fair_shares(ceiling, steps[-1], steps[-1]))
            amount = ceiling
    turn.unused = asked - amount
    left = budget_left(compiled, counter.basket.usage)
    if left is not None and amount > left:
        if left == 0 or compiled.promotion.limits.budget_mode == "reject":
            return None, "limit"
        steps.append(fair_shares(left, steps[-1], steps[-1]))
        amount = left
    if not amount:
        return None, "no_effect"
    turn.amount = amount
    for index, amounts in zip(indexes, zip(*steps, strict=True), strict=True):
        if amounts[-1]:
            turn.lines[index] = (Shared(state.lines[index], amounts), amounts[-1])
    return turn, ""


def _benefit_applications(compiled: CompiledPromotion, turn: Turn) -> int:
    """Points, coupons and gifts worth nothing count as one application; an offer that nobody took counts none."""
    given = turn.benefits - sum(offer["qty"] for offer in turn.offers)
    return 1 if given > 0 else 0


def _afterwards(pieces: Sequence[Piece], mark: int) -> tuple[Run, ...]:
    after = [
        (run[0] - cut, run[1], run[2], run[3], run[4], (run[5] | mark if is_chosen else run[5]) & ~USED)
        for run, cut, is_chosen in pieces
    ]
    return tuple(after) if len(after) == 1 else joined(after)


def _with_ceiling(taking: Taking, effect: CompiledEffect) -> Taking:
    """Bring an effect down to its max_discount: fair shares over lines and charges, then within each line."""
    ceiling = effect.effect.max_discount
    if ceiling is None or taking.asked <= ceiling:
        return taking
    taking.asked = ceiling
    losses = {index: (pieces, _loss(pieces)) for index, pieces in taking.lines.items()}
    charges = dict(taking.shipping)
    if sum(loss for _, loss in losses.values()) + sum(charges.values()) > ceiling:
        scaled, charges = _scaled(ceiling, losses, charges)
        taking.lines = {index: pieces for index, (pieces, _) in scaled.items()}
        taking.losses = {index: loss for index, (_, loss) in scaled.items()}
        taking.shipping = list(charges.items())
    return taking


def _scaled(
    amount: int, losses: Mapping[int, tuple[list[Piece], int]], charges: Mapping[int, int]
) -> tuple[dict[int, tuple[list[Piece], int]], dict[int, int]]:
    lines = sorted(losses)
    weights = [losses[index][1] for index in lines] + [charges[index] for index in charges]
    shares = fair_shares(amount, weights, weights)
    scaled = {
        index: (_brought_down(losses[index][0], share), share) for index, share in zip(lines, shares, strict=False)
    }
    return scaled, dict(zip(charges, shares[len(lines) :], strict=True))


def _brought_down(pieces: list[Piece], amount: int) -> list[Piece]:
    """The same units with cuts that come to the amount."""
    if amount >= _loss(pieces):
        return pieces
    chosen = [(run, cut) for run, cut, is_chosen in pieces if is_chosen]
    cuts: list[Cut] = scaled_cuts(amount, chosen)
    return [(run, cut, True) for run, cut in cuts] + [piece for piece in pieces if not piece[2]]


def _loss(pieces: Sequence[Piece]) -> int:
    return sum(cut * run[2] * run[4] for run, cut, _ in pieces)


def _within_floor(pieces: list[Piece], loss: int | None, capacity: int) -> tuple[list[Piece], int]:
    if loss is None:
        loss = _loss(pieces)
    if loss > capacity:
        capacity = max(0, capacity)
        return _brought_down(pieces, capacity), capacity
    return pieces, loss


def _all_effects(
    compiled: CompiledPromotion, counter: Counter, state: State, most: int | None, turn: Turn
) -> tuple[int, dict[int, list[Piece]], dict[int, int]]:
    """Several effects on one base: cuts are added up per unit; what sets used up later sets do not find."""
    asked = 0
    layers: dict[int, list[list[Piece]]] = {}
    charges: dict[int, int] = {}
    marked = state
    for effect in compiled.effects:
        uses_up = USED if effect.kind == "sets" else GIVEN if effect.kind == "gift" else 0
        at = marked if uses_up else state
        avoid = compiled.avoid | (uses_up & USED)
        place = Place(counter, at, avoid, most, is_catalogue=compiled.is_catalogue)
        taking = _with_ceiling(effect.take(effect, place), effect)
        asked += taking.asked
        turn.applications = max(turn.applications, taking.applications)
        turn.benefits += taking.benefits
        turn.offers += taking.offers
        for index, cut in taking.shipping:
            charges[index] = charges.get(index, 0) + cut
        for index, pieces in taking.lines.items():
            layers.setdefault(index, []).append(pieces)
        if uses_up and taking.lines:
            made = list(marked.lines)
            for index, pieces in taking.lines.items():
                made[index] = joined([(*run[:5], run[5] | uses_up if used else run[5]) for run, _, used in pieces])
            marked = State(made, marked.sums, marked.shipping, marked.total)
    lines = {index: _laid_over(parts) for index, parts in layers.items()}
    for index, cut in charges.items():
        charges[index] = min(cut, state.shipping[index])
    return asked, lines, charges


def _laid_over(layers: list[list[Piece]]) -> list[Piece]:
    """Cuts of several effects on one line added up unit by unit, none above the unit's value."""
    if len(layers) == 1:
        return layers[0]
    shapes = [[piece[0][:5] for piece in pieces] for pieces in layers]
    if all(shape == shapes[0] for shape in shapes[1:]):
        return [
            (pieces[0][0], min(pieces[0][0][0], sum(piece[1] for piece in pieces)), any(piece[2] for piece in pieces))
            for pieces in zip(*layers, strict=True)
        ]
    cuts: dict[int, int] = {}
    chosen: set[int] = set()
    for pieces in layers:
        for run, cut, is_chosen in pieces:
            for stretch in stretches(run):
                for position in range(stretch[1], stretch[1] + stretch[2]):
                    cuts[position] = cuts.get(position, 0) + cut
                    if is_chosen:
                        chosen.add(position)
    single: list[Piece] = []
    for run in in_order([run for run, _, _ in layers[0]]):
        value, flags = run[0], run[5] & ~USED
        for stretch in stretches(run):
            for position in range(stretch[1], stretch[1] + stretch[2]):
                unit = (value, position, 1, 1, 1, flags)
                single.append((unit, min(value, cuts[position]), position in chosen))
    return single
