"""A promotion in plain English."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from liushui.promotions.domain.rulebook import Condition, Effect, Leaf, Promotion, Scope
from liushui.promotions.domain.sentence_names import (
    NAMED_AT_ONCE,
    Names,
    amount_text,
    decimal_text,
    in_order,
    instant_text,
    minutes_text,
)

_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_CHANNELS = {"pos": "the till", "web": "the web shop", "app": "the app", "mini_program": "the mini program"}
_STAGES = {
    "catalogue": "list price",
    "item": "item",
    "order": "whole order",
    "shipping": "delivery",
    "points": "points",
}


def say(promotion: Promotion, names: Names) -> str:
    """All of it: when, for whom, on which condition, what is given; how it goes with others; then limits."""
    before = [*_period(promotion, names), *(_condition(each, names) for each in promotion.when)]
    given = "; ".join(_effect(each, names) for each in promotion.effects)
    head = f"{', '.join(before)}: {given}" if before else given
    return " ".join(
        f"{each[:1].upper()}{each[1:]}." for each in (head, *_together(promotion, names), *_limits(promotion, names))
    )


def money(minor: int, names: Names) -> str:
    """`¥200`, or `HKD 200` of another currency."""
    text = amount_text(minor, names.currency)
    return f"¥{text}" if names.currency == "CNY" else f"{names.currency} {text}"


def discount(percent: int) -> str:
    """What is taken off by so many basis points: `20% off`, `half price`, `free`."""
    return {10000: "free", 5000: "half price"}.get(percent) or f"{decimal_text(percent, 2)}% off"


def _any_of(values: Iterable[str], word: str = "or") -> str:
    named = in_order(values)
    if len(named) > NAMED_AT_ONCE:
        return f"{', '.join(named[: NAMED_AT_ONCE - 1])} and others, {len(named)} in all"
    return f" {word} ".join(filter(None, [", ".join(named[:-1]), named[-1]])) if named else ""


def _count(number: int | None, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"


def _period(promotion: Promotion, names: Names) -> list[str]:
    starts, ends = promotion.starts_at, promotion.ends_at
    said = []
    if starts:
        said.append(f"from {instant_text(starts, names)}")
    if ends:
        said.append(f"until {instant_text(ends, names)}")
    said = [" ".join(said)] if said else []
    if promotion.weekdays is not None:
        days = [_DAYS[day - 1] for day in sorted(promotion.weekdays)]
        said.append("on " + " and ".join(filter(None, [", ".join(days[:-1]), *days[-1:]])))
    if promotion.hours is not None:
        said.append("at " + " and ".join(f"{minutes_text(a)}–{minutes_text(b)}" for a, b in promotion.hours))
    return said


# ---- scopes ----
def scope_text(scope: Scope, names: Names) -> str:
    """`snacks (brand acme; list price at least ¥10)`; all of it is `everything`."""
    heads = []
    if scope.sku_in is not None:
        heads.append(_any_of(f"“{names.english('items', each)}”" for each in scope.sku_in))
    if scope.category_in is not None:
        heads.append(f"items of {_any_of(names.english('categories', each) for each in scope.category_in)}")
    if scope.brand_in is not None:
        heads.append(f"items of brand {_any_of(scope.brand_in)}")
    if scope.tag_in is not None:
        heads.append(f"items tagged “{_any_of(scope.tag_in)}”")
    narrowed = heads[1:]
    if scope.category_not_in is not None:
        narrowed.append(f"not {_any_of(names.english('categories', each) for each in scope.category_not_in)}")
    if scope.sku_not_in is not None:
        narrowed.append("not " + _any_of(f"“{names.english('items', each)}”" for each in scope.sku_not_in))
    if scope.unit_price_min is not None:
        narrowed.append(f"list price at least {money(scope.unit_price_min, names)}")
    if scope.unit_price_max is not None:
        narrowed.append(f"list price at most {money(scope.unit_price_max, names)}")
    if scope.not_already_discounted:
        narrowed.append("not reduced already")
    head = heads[0] if heads else "all items"
    return f"{head} ({'; '.join(narrowed)})" if narrowed else head


def _goods(scope: Scope, names: Names, word: str = "of") -> str:
    """The scope after a threshold: nothing need be said of all goods."""
    return "" if scope == Scope() else f" {word} {scope_text(scope, names)}"


# ---- conditions ----
def _condition(condition: Condition, names: Names) -> str:
    if isinstance(condition, Leaf):
        return _LEAVES[condition.type](condition, names)
    parts = [_condition(each, names) for each in condition.parts]
    if condition.op == "not":
        return f"not ({parts[0]})"
    word = " and " if condition.op == "all" else " or "
    return f"({word.join(parts)})" if len(parts) > 1 else "".join(parts)


def _attribute(leaf: Leaf, names: Names) -> str:
    word = {"eq": "is", "in": "is one of", "gte": "is at least", "lte": "is at most"}[leaf.op or "eq"]
    values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    return f"the member's “{leaf.name}” {word} {', '.join(_plain(each) for each in values)}"


def _plain(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _coupon(leaf: Leaf, names: Names) -> str:
    if leaf.code is not None:
        return f"with code {leaf.code}"
    return f"with a coupon of “{names.english('batches', leaf.batch or '')}”"


def _values(leaf: Leaf) -> frozenset[str]:
    return leaf.values or frozenset()


_LEAVES: Mapping[str, Callable[[Leaf, Names], str]] = {
    "subtotal_at_least": lambda leaf, names: (
        f"spending {money(leaf.amount or 0, names)} or more{_goods(leaf.scope, names, 'on')}"
    ),
    "discounted_subtotal_at_least": lambda leaf, names: (
        f"spending {money(leaf.amount or 0, names)} or more{_goods(leaf.scope, names, 'on')} after earlier discounts"
    ),
    "quantity_at_least": lambda leaf, names: f"buying {_count(leaf.n, 'unit')} or more{_goods(leaf.scope, names)}",
    "line_quantity_at_least": lambda leaf, names: (
        f"buying {_count(leaf.n, 'unit')} or more of one item{_goods(leaf.scope, names)}"
    ),
    "distinct_skus_at_least": lambda leaf, names: f"buying {_count(leaf.n, 'kind')} or more{_goods(leaf.scope, names)}",
    "contains": lambda leaf, names: f"with {scope_text(leaf.scope, names)} in the basket",
    "member": lambda leaf, names: "for members",
    "tier_in": lambda leaf, names: (
        f"for members of tier {_any_of(names.english('tiers', each) for each in _values(leaf))}"
    ),
    "customer_group_in": lambda leaf, names: f"for members of group {_any_of(_values(leaf))}",
    "attribute": _attribute,
    "nth_order": lambda leaf, names: f"on a member's {_ordinal(leaf.n or 0)} order",
    "first_order": lambda leaf, names: "on a member's first order",
    "birthday_within": lambda leaf, names: (
        f"within {_count(leaf.days, 'day')} of the member's birthday"
        if leaf.days
        else "on the member's birthday (0 days around it)"
    ),
    "channel_in": lambda leaf, names: f"at {_any_of(_CHANNELS.get(each, each) for each in _values(leaf))}",
    "store_in": lambda leaf, names: f"in {_any_of(names.english('stores', each) for each in _values(leaf))}",
    "region_in": lambda leaf, names: f"in region {_any_of(names.english('regions', each) for each in _values(leaf))}",
    "shipping_method_in": lambda leaf, names: f"with delivery by {_any_of(_values(leaf))}",
    "payment_method_in": lambda leaf, names: f"when paid by {_any_of(_values(leaf))}",
    "coupon": _coupon,
}


# ---- effects ----
def _effect(effect: Effect, names: Names) -> str:
    text, remarks = _EFFECTS[effect.type](effect, names), list(_remarks(effect, names))
    return f"{text} ({'; '.join(remarks)})" if remarks else text


def _remarks(effect: Effect, names: Names) -> Iterable[str]:
    if effect.max_units_per_line is not None:
        yield f"at most {_count(effect.max_units_per_line, 'unit')} of a line"
    if effect.max_units is not None:
        yield f"at most {_count(effect.max_units, 'unit')}"
    if effect.unit_multiple_of is not None:
        yield f"a multiple of {_count(effect.unit_multiple_of, 'unit')}"
    if effect.unit_order is not None:
        yield {
            "cheapest": "the cheapest first",
            "most_expensive": "the dearest first",
            "line_order": "in the order of the lines",
        }[effect.unit_order]
    if effect.formation == "pool":
        yield "chosen from all complete sets together"
    if effect.max_applications is not None:
        yield f"at most {_count(effect.max_applications, 'time')}"
    if effect.max_times is not None:
        yield f"at most {_count(effect.max_times, 'time')}"
    if effect.base == "list":
        yield "reckoned on list prices"
    if effect.max_discount is not None:
        yield f"{money(effect.max_discount, names)} off at most"


def _percent_off(effect: Effect, names: Names) -> str:
    if effect.scope == Scope() and effect.level in ("order", "order_and_shipping"):
        return (
            f"{discount(effect.percent or 0)} the order"
            if effect.percent not in (5000, 10000)
            else f"the order {_at(discount(effect.percent))}"
        )
    word = {"line": " by line", "order": " in all", "order_and_shipping": " in all"}.get(effect.level or "", "")
    return f"{discount(effect.percent or 0)}{word} on {scope_text(effect.scope, names)}"


def _amount_off(effect: Effect, names: Names) -> str:
    scope, amount = scope_text(effect.scope, names), money(effect.amount or 0, names)
    word = {"unit": "each of", "line": "each line of"}.get(effect.level or "")
    rest = ", what is left over off the delivery charge" if effect.level == "order_and_shipping" else ""
    if word:
        return f"{amount} off {word} {scope}"
    return f"{amount} off the order{rest}" if effect.scope == Scope() else f"{amount} off {scope} in all{rest}"


def _buy_n_get_m(effect: Effect, names: Names) -> str:
    buy, get = effect.buy_scope or Scope(), effect.get_scope or Scope()
    rewarded = discount(effect.percent or 0)
    if buy == get:
        return f"buy {effect.buy_qty} of {scope_text(buy, names)}, get {effect.get_qty} more {_at(rewarded)}"
    return (
        f"buy {effect.buy_qty} of {scope_text(buy, names)}, get {effect.get_qty} of {scope_text(get, names)} "
        f"{_at(rewarded)}"
    )


def _at(rewarded: str) -> str:
    return rewarded if rewarded == "free" else f"at {rewarded}"


def _tiered(effect: Effect, names: Names) -> str:
    is_percent = effect.type == "tiered_percent_off"

    def value(number: int) -> str:
        if is_percent:
            return discount(number) if number else "nothing off"
        return f"{money(number, names)} off"

    def reached(number: int) -> str:
        return _count(number, "unit") if effect.basis == "eligible_quantity" else money(number, names)

    steps = [f"{value(number)} from {reached(start)}" for start, number in effect.tiers]
    if effect.base_value:
        steps.insert(0, f"{value(effect.base_value)} below the first step")
    text = f"{', '.join(steps)} on {scope_text(effect.scope, names)}"
    if effect.basis_scope is not None and effect.basis_scope != effect.scope:
        text += f", steps counted on {scope_text(effect.basis_scope, names)}"
    word = {
        "unit": "off each unit",
        "line": "off each line",
        "order_and_shipping": "what is left over off the delivery charge",
    }.get(effect.level or "")
    text += f", {word}" if word and not effect.marginal else ""
    return text + (", slice by slice" if effect.marginal else "")


def _gift(effect: Effect, names: Names) -> str:
    item = f"{effect.qty} × “{names.english('items', effect.sku or '')}”"
    return (
        f"{item} as a gift" if effect.percent == 10000 else f"{item} may be added {_at(discount(effect.percent or 0))}"
    )


def _methods(effect: Effect) -> str:
    return f"delivery by {_any_of(effect.methods)}" if effect.methods is not None else "delivery"


def _points(effect: Effect, names: Names) -> str:
    said = [f"{decimal_text(effect.multiply, 4)} times the points"] if effect.multiply is not None else []
    return ", ".join([*said, *([f"{_count(effect.add, 'extra point')}"] if effect.add is not None else [])])


_EFFECTS: Mapping[str, Callable[[Effect, Names], str]] = {
    "percent_off": _percent_off,
    "amount_off": _amount_off,
    "fixed_unit_price": lambda effect, names: (
        f"{scope_text(effect.scope, names)} at {money(effect.price or 0, names)} each"
    ),
    "bundle_price": lambda effect, names: (
        f"any {effect.n} of {scope_text(effect.scope, names)} for {money(effect.price or 0, names)}"
    ),
    "buy_n_get_m": _buy_n_get_m,
    "nth_unit_percent": lambda effect, names: (
        f"the {_ordinal(effect.n or 0)} of {scope_text(effect.scope, names)} {_at(discount(effect.percent or 0))}"
    ),
    "cheapest_unit_free": lambda effect, names: (
        f"the {effect.units} cheapest of {scope_text(effect.scope, names)} free"
    ),
    "percent_off_group": lambda effect, names: (
        f"{discount(effect.percent or 0)} on each {effect.group_size} of {scope_text(effect.scope, names)}"
    ),
    "first_then_additional_amount_off": lambda effect, names: (
        f"{money(effect.first or 0, names)} off the first of {scope_text(effect.scope, names)}, "
        f"{money(effect.additional or 0, names)} off each further one"
    ),
    "tiered_percent_off": _tiered,
    "tiered_amount_off": _tiered,
    "every_amount_off": lambda effect, names: (
        f"{money(effect.amount or 0, names)} off for every {money(effect.every or 0, names)} "
        f"of {scope_text(effect.scope, names)}"
    ),
    "gift_unit": _gift,
    "shipping_percent_off": lambda effect, names: (
        f"{_methods(effect)} {'free' if effect.percent == 10000 else _at(discount(effect.percent or 0))}"
    ),
    "shipping_amount_off": lambda effect, names: f"{money(effect.amount or 0, names)} off {_methods(effect)}",
    "points": _points,
    "issue_coupon": lambda effect, names: (
        f"a coupon of “{names.english('batches', effect.batch or '')}” for the next order, good once this one is paid"
    ),
}


# ---- how it goes together with others, and limits ----
def _together(promotion: Promotion, names: Names) -> Iterable[str]:
    if promotion.exclusive:
        yield f"exclusive: no other promotion of the {_STAGES[promotion.stage]} stage with it"
    if promotion.group is not None:
        most = promotion.group_max if promotion.group_max is not None else None if promotion.group_mode == "all" else 1
        word = {"best": "the largest discount", "first": "the first that fits", "all": "all that fit"}
        count = f", at most {most}" if most is not None else ""
        yield f"in group “{promotion.group}”: {word[promotion.group_mode]}{count}"
    if promotion.not_with:
        named = _any_of(f"“{names.english('promotions', each)}”" for each in promotion.not_with)
        yield f"not together with {named}"
    if promotion.unit_exclusive:
        yield "a unit takes part in one promotion of this kind only"
    order = []
    if promotion.stage != "item":
        order.append(f"reckoned in the {_STAGES[promotion.stage]} stage")
    if promotion.lane:
        order.append(f"lane {promotion.lane}")
    if promotion.priority:
        order.append(f"priority {promotion.priority}")
    if order:
        yield ", ".join(order)


def _limits(promotion: Promotion, names: Names) -> Iterable[str]:
    limits, said = promotion.limits, []
    if limits.per_order is not None:
        said.append(f"at most {_count(limits.per_order, 'time')} per order")
    if limits.per_member is not None:
        said.append(f"at most {_count(limits.per_member, 'order')} per member")
    if limits.total is not None:
        said.append(f"at most {_count(limits.total, 'order')} in all")
    if limits.budget is not None:
        end = (
            "what exceeds it is not given" if limits.budget_mode == "partial" else "not given when it does not suffice"
        )
        said.append(f"budget {money(limits.budget, names)}, {end}")
    if said:
        yield "; ".join(said)
    if promotion.return_policy == "clawback":
        yield "on a return the discount is reckoned anew on what is kept"
