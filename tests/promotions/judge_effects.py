"""The judge's effects: what one effect of a promotion would cut, unit by unit, on the state at the promotion's turn."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.promotions.judge_state import (
    Charge,
    State,
    Unit,
    by_unit_order,
    dearest_first,
    fair_shares,
    half_up,
    line_in_scope,
    unit_in_scope,
)

from liushui.promotions.domain.rulebook import Effect, Promotion, Scope

Key = tuple[int, int]


@dataclass
class Given:
    """What one effect gives. `asked` is what it would give if nothing were floored at zero or at a floor price."""

    cuts: dict[Key, int] = field(default_factory=dict)
    charges: dict[int, int] = field(default_factory=dict)
    asked: int = 0
    applications: int = 0
    chosen: list[Unit] = field(default_factory=list)
    gift_units: list[Unit] = field(default_factory=list)
    offers: list[dict[str, object]] = field(default_factory=list)
    issued: list[dict[str, str]] = field(default_factory=list)
    multiplies: list[int] = field(default_factory=list)
    adds: int = 0
    benefits: int = 0

    def amount(self) -> int:
        return sum(self.cuts.values()) + sum(self.charges.values())


SETS = ("buy_n_get_m", "nth_unit_percent", "bundle_price", "percent_off_group")


def touchable(promotion: Promotion, state: State, scope: Scope) -> list[Unit]:
    """Units that an effect may touch."""
    return [
        unit
        for unit in state.units
        if not unit.line.gift
        and unit.line.discountable
        and not (promotion.unit_exclusive and unit.taken)
        and unit_in_scope(unit, scope)
    ]


def has_scope(promotion: Promotion, effect: Effect, state: State) -> bool:
    """Is there anything that the effect is about?"""
    if effect.type in ("points", "issue_coupon"):
        return True
    if effect.type == "gift_unit":
        return True  # what is not there is offered
    if effect.type in ("shipping_percent_off", "shipping_amount_off"):
        return len(charges_of(effect, state)) > 0
    if effect.type == "buy_n_get_m":
        return any(there(state, scope) for scope in both_scopes(effect))
    return there(state, effect.scope)


def there(state: State, scope: Scope) -> bool:
    """Lines of the scope that effects may touch, whatever earlier promotions have done to their units."""
    return any(not line.gift and line.discountable and line_in_scope(line, scope) for line in state.basket.lines)


def both_scopes(effect: Effect) -> tuple[Scope, Scope]:
    buy = effect.scope if effect.buy_scope is None else effect.buy_scope
    return buy, (buy if effect.get_scope is None else effect.get_scope)


def charges_of(effect: Effect, state: State) -> list[Charge]:
    return [each for each in state.charges if effect.methods is None or each.method in effect.methods]


def value(unit: Unit, effect: Effect) -> int:
    return unit.list_price if effect.base == "list" else unit.remaining


def choose(units: list[Unit], effect: Effect) -> list[Unit]:
    """Per line, then in all, then complete groups."""
    if effect.max_units_per_line is not None:
        kept: list[Unit] = []
        for place in sorted({unit.line_place for unit in units}):
            own = [unit for unit in units if unit.line_place == place]
            kept += by_unit_order(own, effect.unit_order)[: effect.max_units_per_line]
        units = kept
    if effect.max_units is not None:
        units = by_unit_order(units, effect.unit_order)[: effect.max_units]
    if effect.unit_multiple_of is not None:
        whole = len(units) // effect.unit_multiple_of * effect.unit_multiple_of
        units = by_unit_order(units, effect.unit_order)[:whole]
    return sorted(units, key=lambda unit: unit.key)


def run(promotion: Promotion, effect: Effect, state: State, used: set[Key], most: int | None) -> Given:
    """One effect, before the promotion's own cuts to zero, floors and budget; after its own max_discount."""
    if effect.type in SETS:
        given = run_sets(promotion, effect, state, used, most)
    elif effect.type in ("shipping_percent_off", "shipping_amount_off"):
        given = run_shipping(effect, state)
    elif effect.type == "gift_unit":
        given = run_gift(promotion, effect, state)
    elif effect.type == "points":
        given = Given(applications=1, benefits=1)
        given.multiplies = [] if effect.multiply is None else [effect.multiply]
        given.adds = effect.add or 0
    elif effect.type == "issue_coupon":
        coupon = {"promotion": promotion.id, "batch": effect.batch or "", "for": effect.for_ or "next_order"}
        given = Given(applications=1, benefits=1, issued=[coupon])
    else:
        given = run_units(promotion, effect, state, most)
    for unit in state.units:
        if unit.key in given.cuts:
            given.cuts[unit.key] = min(given.cuts[unit.key], unit.remaining)
    if effect.max_discount is not None:
        given.asked = min(given.asked, effect.max_discount)
        scale(given, effect.max_discount)
    return given


def scale(given: Given, most: int) -> None:
    """Cut an amount down: over lines and charges by what they got, within a line by what its units got."""
    if given.amount() <= most:
        return
    lines = sorted({key[0] for key in given.cuts})
    charges = sorted(given.charges)
    parts = [sum(cut for key, cut in given.cuts.items() if key[0] == line) for line in lines]
    parts += [given.charges[charge] for charge in charges]
    shares = fair_shares(most, parts, parts)
    for line, share in zip(lines, shares, strict=False):
        keys = sorted(key for key in given.cuts if key[0] == line)
        old = [given.cuts[key] for key in keys]
        for key, new in zip(keys, fair_shares(share, old, old), strict=True):
            given.cuts[key] = new
    for charge, share in zip(charges, shares[len(lines) :], strict=True):
        given.charges[charge] = share


def run_units(promotion: Promotion, effect: Effect, state: State, most: int | None) -> Given:
    """All effects that choose units one by one and use none up."""
    in_scope = touchable(promotion, state, effect.scope)
    if effect.type == "cheapest_unit_free":
        chosen = by_unit_order(choose(in_scope, effect), "cheapest")[: effect.units]
        return each_unit(chosen, [unit.remaining for unit in chosen])
    chosen = choose(in_scope, effect)
    if not chosen:
        return Given()
    if effect.type == "percent_off":
        return percent_at(promotion, effect, state, chosen, effect.percent or 0, 10000)
    if effect.type == "amount_off":
        return amount_at(effect, state, chosen, effect.amount or 0)
    if effect.type == "fixed_unit_price":
        price = effect.price or 0
        above = [unit for unit in chosen if value(unit, effect) > price]
        return each_unit(above, [value(unit, effect) - price for unit in above])
    if effect.type == "first_then_additional_amount_off":
        ordered = by_unit_order(chosen, effect.unit_order)
        cuts = [(effect.first if place == 0 else effect.additional) or 0 for place in range(len(ordered))]
        return each_unit(ordered, cuts)
    if effect.type == "every_amount_off":
        times = sum(value(unit, effect) for unit in chosen) // (effect.every or 1)
        for limit in (effect.max_times, most):
            times = times if limit is None else min(times, limit)
        if times == 0:
            return Given()
        given = order_amount(state, chosen, times * (effect.amount or 0))
        given.applications = times
        return given
    assert effect.type in ("tiered_percent_off", "tiered_amount_off"), effect.type
    return run_tiers(promotion, effect, state, chosen)


def each_unit(units: list[Unit], cuts: list[int]) -> Given:
    if not units:
        return Given()
    return Given(
        cuts={unit.key: cut for unit, cut in zip(units, cuts, strict=True)},
        asked=sum(cuts),
        applications=1,
        chosen=units,
    )


def evenly(units: list[Unit], amount: int) -> dict[Key, int]:
    """Extra minor units to the first ones; no unit below zero."""
    shares = fair_shares(amount, [1] * len(units), [unit.remaining for unit in units])
    return {unit.key: share for unit, share in zip(units, shares, strict=True)}


def by_lines(units: list[Unit]) -> list[list[Unit]]:
    places = sorted({unit.line_place for unit in units})
    return [[unit for unit in units if unit.line_place == place] for place in places]


def order_amount(state: State, units: list[Unit], amount: int) -> Given:
    """Over the lines by what remains of the chosen units, evenly within a line."""
    lines = by_lines(units)
    weights = [sum(unit.remaining for unit in line) for line in lines]
    capacities = [min(weight, state.capacity(line[0].line_place)) for line, weight in zip(lines, weights, strict=True)]
    cuts: dict[Key, int] = {}
    for line, share in zip(lines, fair_shares(amount, weights, capacities), strict=True):
        cuts |= evenly(line, share)
    return Given(cuts=cuts, asked=amount, applications=1, chosen=units)


def percent_at(promotion: Promotion, effect: Effect, state: State, units: list[Unit], top: int, bottom: int) -> Given:
    """A share top/bottom of the units at the effect's level; in the catalogue always unit by unit."""
    if promotion.stage == "catalogue" or effect.level == "unit":
        return each_unit(units, [half_up(value(unit, effect) * top, bottom) for unit in units])
    if effect.level == "line":
        given = Given(applications=1, chosen=units)
        for line in by_lines(units):
            amount = half_up(sum(value(unit, effect) for unit in line) * top, bottom)
            given.asked += amount
            given.cuts |= evenly(line, amount)
        return given
    return order_amount(state, units, half_up(sum(value(unit, effect) for unit in units) * top, bottom))


def amount_at(effect: Effect, state: State, units: list[Unit], amount: int) -> Given:
    """An amount at the effect's level."""
    if amount == 0:
        return Given()
    if effect.level == "unit":
        return each_unit(units, [amount] * len(units))
    if effect.level == "line":
        given = Given(applications=1, chosen=units)
        for line in by_lines(units):
            given.asked += amount
            given.cuts |= evenly(line, amount)
        return given
    given = order_amount(state, units, amount)
    if effect.level == "order_and_shipping":
        remaining = [charge.remaining for charge in state.charges]
        rest = fair_shares(amount - given.amount(), remaining, remaining)
        given.charges = {charge.place: share for charge, share in zip(state.charges, rest, strict=True)}
    return given


def run_tiers(promotion: Promotion, effect: Effect, state: State, chosen: list[Unit]) -> Given:
    """The value of the tier reached, or slice by slice."""
    basis_scope = effect.scope if effect.basis_scope is None else effect.basis_scope
    basis_units = touchable(promotion, state, basis_scope)
    percent = effect.type == "tiered_percent_off"
    if effect.marginal and effect.basis == "eligible_quantity":
        order = effect.unit_order or "most_expensive"
        ordered = by_unit_order(chosen, order)
        values = [tier_of(effect, place + 1) for place in range(len(ordered))]
        pairs = [(unit, each) for unit, each in zip(ordered, values, strict=True) if each > 0]
        cuts = [half_up(value(unit, effect) * each, 10000) if percent else each for unit, each in pairs]
        return each_unit([unit for unit, _ in pairs], cuts)
    subtotal = effect.basis == "subtotal"
    basis = sum(unit.list_price for unit in basis_units) if subtotal else len(basis_units)
    if not effect.marginal:
        reached = tier_of(effect, basis)
        if reached == 0:
            return Given()
        if percent:
            return percent_at(promotion, effect, state, chosen, reached, 10000)
        return amount_at(effect, state, chosen, reached)
    if not percent:
        total = effect.base_value + sum(each for start, each in effect.tiers if basis >= start)
        return order_amount(state, chosen, total) if total else Given()
    starts = [(0, effect.base_value), *effect.tiers]
    weighted = 0
    for place, (start, each) in enumerate(starts):
        end = basis if place + 1 == len(starts) else min(basis, starts[place + 1][0])
        weighted += max(0, end - start) * each
    if weighted == 0:
        return Given()
    if promotion.stage == "catalogue":
        return percent_at(promotion, effect, state, chosen, weighted, basis * 10000)
    amount = half_up(sum(value(unit, effect) for unit in chosen) * weighted, basis * 10000)
    return order_amount(state, chosen, amount)


def tier_of(effect: Effect, basis: int) -> int:
    reached = effect.base_value
    for start, each in effect.tiers:
        if basis >= start:
            reached = each
    return reached


def run_shipping(effect: Effect, state: State) -> Given:
    charges = charges_of(effect, state)
    if effect.type == "shipping_percent_off":
        base = [charge.amount if effect.base == "list" else charge.remaining for charge in charges]
        cuts = [half_up(each * (effect.percent or 0), 10000) for each in base]
        asked = sum(cuts)
    else:
        remaining = [charge.remaining for charge in charges]
        cuts = fair_shares(effect.amount or 0, remaining, remaining)
        asked = effect.amount or 0
    if not charges:
        return Given()
    given = {charge.place: min(cut, charge.remaining) for charge, cut in zip(charges, cuts, strict=True)}
    return Given(charges=given, asked=asked, applications=1)


def run_gift(promotion: Promotion, effect: Effect, state: State) -> Given:
    """Gift lines of the SKU; what is missing is offered."""
    ready = [unit for unit in state.units if unit.line.gift and unit.line.sku == effect.sku and not unit.gift_given]
    wanted = effect.qty or 1
    units = ready[:wanted]
    percent = effect.percent or 0
    cuts = {unit.key: half_up(value(unit, effect) * percent, 10000) for unit in units}
    given = Given(cuts=cuts, asked=sum(cuts.values()), applications=1 if units else 0, benefits=wanted)
    given.gift_units = units
    if len(units) < wanted:
        missing = wanted - len(units)
        given.offers = [{"promotion": promotion.id, "sku": effect.sku, "qty": missing, "percent": percent}]
    return given


def run_sets(promotion: Promotion, effect: Effect, state: State, used: set[Key], most: int | None) -> Given:
    """Sets of units that are used up."""
    for limit in (effect.max_applications,):
        if limit is not None:
            most = limit if most is None else min(most, limit)
    if effect.type == "buy_n_get_m":
        buy, get = both_scopes(effect)
        if buy != get:
            return run_two_scopes(promotion, effect, state, used, most)
        scope, size, rewarded = buy, (effect.buy_qty or 0) + (effect.get_qty or 0), effect.get_qty or 0
    elif effect.type == "percent_off_group":
        scope, size, rewarded = effect.scope, effect.group_size or 1, effect.group_size or 1
    else:
        scope, size, rewarded = effect.scope, effect.n or 1, 1 if effect.type == "nth_unit_percent" else effect.n or 1
    free = dearest_first(choose([unit for unit in touchable(promotion, state, scope) if unit.key not in used], effect))
    sets = [free[start : start + size] for start in range(0, len(free) // size * size, size)]
    given = Given()
    if effect.formation == "pool":
        pool = [unit for each in (sets if most is None else sets[:most]) for unit in each]
        lucky = by_unit_order(pool, effect.unit_order)[: rewarded * (len(pool) // size)]
        cuts = {unit.key: half_up(value(unit, effect) * (effect.percent or 0), 10000) for unit in lucky}
        if sum(min(cuts[unit.key], unit.remaining) for unit in lucky) == 0:
            return given
        return Given(cuts=cuts, asked=sum(cuts.values()), applications=len(pool) // size, chosen=pool)
    for each in sets:
        if most is not None and given.applications >= most:
            break
        lucky = by_unit_order(each, effect.unit_order)[:rewarded]
        add_set(given, effect, each, lucky)
    return given


def add_set(given: Given, effect: Effect, members: list[Unit], lucky: list[Unit]) -> bool:
    """The cut of one set, rounded once; a set that would give nothing is passed over."""
    whole = sum(value(unit, effect) for unit in lucky)
    if effect.type == "bundle_price":
        amount = max(0, whole - (effect.price or 0))
    else:
        amount = half_up(whole * (effect.percent or 0), 10000)
    lucky = sorted(lucky, key=lambda unit: unit.key)
    remaining = [unit.remaining for unit in lucky]
    shares = fair_shares(amount, remaining, remaining)
    if sum(shares) == 0:
        return False
    given.cuts |= {unit.key: share for unit, share in zip(lucky, shares, strict=True)}
    given.asked += amount
    given.applications += 1
    given.chosen += members
    return True


def run_two_scopes(promotion: Promotion, effect: Effect, state: State, used: set[Key], most: int | None) -> Given:
    """Rewarded units first, then qualifying ones, again and again until a set is incomplete."""
    buy, get = both_scopes(effect)
    buy_all, get_all = touchable(promotion, state, buy), touchable(promotion, state, get)
    get_keys = {unit.key for unit in get_all}
    spent = set(used)
    given = Given()
    while most is None or given.applications < most:
        lucky = by_unit_order([unit for unit in get_all if unit.key not in spent], effect.unit_order)
        lucky = lucky[: effect.get_qty]
        now = spent | {unit.key for unit in lucky}
        paying = [unit for unit in dearest_first(buy_all) if unit.key not in now]
        paying.sort(key=lambda unit: unit.key in get_keys)  # stable: dearest first within both kinds
        paying = paying[: effect.buy_qty]
        if len(lucky) < (effect.get_qty or 0) or len(paying) < (effect.buy_qty or 0):
            return given
        spent = now | {unit.key for unit in paying}
        add_set(given, effect, lucky + paying, lucky)
    return given
