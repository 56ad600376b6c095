"""Promotions that can never apply, and those that apply to nothing the chain sells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from liushui.promotions.domain.answer import PricedBasket
from liushui.promotions.domain.basket import Basket
from liushui.promotions.domain.compiled import compile_rulebook
from liushui.promotions.domain.lint_bench import Bench, amount_of, outcome_of
from liushui.promotions.domain.lint_catalogue import Goods
from liushui.promotions.domain.lint_conditions import (
    BENEFITS,
    GOODS_LEAVES,
    SHIPPING_EFFECTS,
    Literal,
    Need,
    Way,
    needs_of_effect,
    ways,
)
from liushui.promotions.domain.lint_scopes import contradiction, within
from liushui.promotions.domain.lint_shopper import Clash, goods_clash, shopper_for
from liushui.promotions.domain.lint_times import has_ended, never_in_force
from liushui.promotions.domain.pricing import price
from liushui.promotions.domain.rulebook import Effect, Limits, Promotion, Scope


def check(bench: Bench) -> tuple[Promotion, ...]:
    """Say which promotions can never apply; gives back those that may, each with its witness on the bench."""
    possible = []
    for promotion in bench.rulebook.promotions:
        if has_ended(promotion=promotion, at=bench.knowledge.at):
            bench.say("already_ended", [promotion.id])
            continue
        clash = clash_of(promotion, bench)
        if clash is not None:
            bench.say("never_eligible", [promotion.id], values={"first": clash.first, "second": clash.second})
            continue
        missing = _not_sold(promotion, bench)
        if missing is not None:
            bench.say("nothing_in_catalogue", [promotion.id], values={"path": missing})
            continue
        if bench.has_work_left() and bench.find_witness(promotion) is None:
            _say_why(promotion, bench)
            continue
        possible.append(promotion)
    return tuple(each for each in possible if each.id in bench.witnesses)


def clash_of(promotion: Promotion, bench: Bench) -> Clash | None:
    """The two parts of a promotion that contradict, when that holds in each way to meet its conditions."""
    at = bench.knowledge.at
    times = never_in_force(promotion=promotion, at=at)
    if times is not None:
        return Clash(first=times[0], second=times[1])
    if promotion.limits.total == 0 or promotion.limits.per_order == 0 or promotion.limits.per_member == 0:
        name = next(each for each in ("total", "per_order", "per_member") if getattr(promotion.limits, each) == 0)
        return Clash(first=f"limits.{name}", second="effects")
    found, are_all = ways(promotion=promotion)
    if not are_all:
        return None
    member_path = "limits.per_member" if promotion.limits.per_member is not None else None
    clashes: list[Clash] = []
    for way in found:
        shopper = shopper_for(literals=way.literals, at=at, member_path=member_path)
        clash = shopper if isinstance(shopper, Clash) else goods_clash(literals=way.literals)
        clash = clash or _effects_refused(promotion, way)
        if clash is None:
            return None
        clashes.append(clash)
    return clashes[0] if clashes else Clash(first="when", second="when")


def _effects_refused(promotion: Promotion, way: Way) -> Clash | None:
    """That every effect lies in a scope which is empty in itself, or which a condition keeps off the basket."""
    clashes = []
    for number, effect in enumerate(promotion.effects):
        needs = needs_of_effect(effect=effect, path=f"effects[{number}]")
        clash = next(
            (each for need in needs for scope in need.scopes if (each := _refused(scope, need.path, way))), None
        )
        if clash is None:
            return None
        clashes.append(clash)
    return clashes[0] if clashes else None


def _refused(scope: Scope, path: str, way: Way) -> Clash | None:
    keys = contradiction(scope)
    if keys is not None:
        return Clash(first=f"{path}.{keys[0]}", second=f"{path}.{keys[1]}")
    plain = replace(scope, not_already_discounted=False)
    refusing = next((each for each in way.literals if _keeps_off(each, plain)), None)
    return Clash(first=path, second=refusing.path) if refusing is not None else None


def _keeps_off(literal: Literal, scope: Scope) -> bool:
    leaf = literal.leaf
    unwanted = leaf.type == "contains" or (leaf.type.endswith("quantity_at_least") and leaf.n == 1)
    return not literal.positive and unwanted and within(scope, leaf.scope)


def _not_sold(promotion: Promotion, bench: Bench) -> str | None:
    """Where a promotion asks for goods of which the catalogue has none: in a needed condition, or in all effects."""
    goods = bench.knowledge.goods
    if goods.catalogue is None:
        return None
    alternatives = [
        next(
            (
                f"{each.path}.scope"
                for each in way.literals
                if each.positive and each.leaf.type in GOODS_LEAVES and not goods.has_any(scopes=(each.leaf.scope,))
            ),
            None,
        )
        for way in ways(promotion=promotion)[0]
    ]
    if alternatives and None not in alternatives:
        return alternatives[0]
    missing = [
        next((_missing_part(need, goods) for need in needs if not goods.has_any(scopes=need.scopes)), None)
        for number, effect in enumerate(promotion.effects)
        if (needs := needs_of_effect(effect=effect, path=f"effects[{number}]"))
        or effect.type in BENEFITS
        or effect.type in SHIPPING_EFFECTS
    ]
    return missing[0] if missing and None not in missing else None


def _missing_part(need: Need, goods: Goods) -> str:
    """The goods themselves, or the price that none of them is above."""
    return need.path if not goods.has_any(scopes=need.scopes[:1]) else f"{need.path.removesuffix('.scope')}.price"


def _say_why(promotion: Promotion, bench: Bench) -> None:
    """Say why no basket was found that it applies to: it gives nothing, a limit is too narrow, or not known."""
    tried = _tried(promotion, bench)
    empty = next(
        (
            path
            for number, effect in enumerate(promotion.effects)
            if (path := _gives_nothing(effect, f"effects[{number}]"))
        ),
        None,
    )
    if empty is not None and all(
        _gives_nothing(effect, f"effects[{number}]") for number, effect in enumerate(promotion.effects)
    ):
        bench.say("gives_nothing", [promotion.id], values={"path": empty}, shown=tried)
        return
    outcome = outcome_of(tried[1], promotion.id) if tried is not None else None
    reason = dict(outcome.reason or {}) if outcome is not None else {}
    if reason.get("code") == "limit" and tried is not None:
        bench.say("threshold_unreachable", [promotion.id], values=_too_narrow(promotion, bench, tried[0]), shown=tried)
        return
    bench.say("not_tried", [promotion.id], values={"reason": str(reason.get("code", "no_basket"))}, shown=tried)


def _tried(promotion: Promotion, bench: Bench) -> tuple[Basket, PricedBasket] | None:
    """A basket that should have met the promotion, and the answer with the promotion alone."""
    for way in ways(promotion=promotion)[0]:
        basket = bench.basket(parts=[(promotion, way)]) or bench.basket(
            parts=[(replace(promotion, effects=promotion.effects[:1]), way)]
        )
        if basket is not None:
            alone = compile_rulebook(replace(bench.rulebook, promotions=(promotion,)))
            return basket, price(alone, basket, explain="all")
    return None


def _too_narrow(promotion: Promotion, bench: Bench, basket: Basket) -> dict[str, int | str]:
    """Which limit it is, what it allows, and what the basket would get without it."""
    free = compile_rulebook(replace(bench.rulebook, promotions=(replace(promotion, limits=Limits()),)))
    amount = amount_of(price(free, basket), promotion.id)
    name = "budget" if promotion.limits.budget is not None else "total"
    have = getattr(promotion.limits, name) or 0
    return {"path": f"limits.{name}", "have": have, "need": amount, "currency": basket.currency}


def _set_size(effect: Effect) -> int:
    """Units of a complete set; 0 for effects without sets."""
    return effect.n or effect.group_size or (effect.buy_qty or 0) + (effect.get_qty or 0)


def _gives_nothing(effect: Effect, path: str) -> str | None:
    """The field because of which an effect surely never gives anything."""
    highest = effect.scope.unit_price_max
    rules: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("price", lambda: effect.type == "fixed_unit_price" and highest is not None and highest <= (effect.price or 0)),
        (
            "price",
            lambda: (
                effect.type == "bundle_price"
                and highest is not None
                and highest * (effect.n or 1) <= (effect.price or 0)
            ),
        ),
        ("tiers", lambda: bool(effect.tiers) and not effect.base_value and not any(v for _start, v in effect.tiers)),
        (
            "unit_multiple_of",
            lambda: (
                effect.unit_multiple_of is not None
                and effect.max_units is not None
                and effect.unit_multiple_of > effect.max_units
            ),
        ),
        ("max_units", lambda: effect.max_units is not None and effect.max_units < _set_size(effect)),
        ("max_discount", lambda: effect.max_discount == 0),
        ("max_units", lambda: effect.max_units == 0 or effect.max_units_per_line == 0),
    )
    return next((f"{path}.{name}" for name, holds in rules if holds()), None)
