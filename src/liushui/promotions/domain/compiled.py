"""A rulebook made ready once: promotions in order of application, and an index from baskets to what may touch them.

Each promotion stands in the index under its most selective need alone (a code, then SKUs, a store, brands and tags,
categories, groups, tiers, a region, channels, a least subtotal), so that a basket meets only what can touch it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from liushui.promotions.domain import effects, effects_sets
from liushui.promotions.domain.basket import Basket
from liushui.promotions.domain.choosing import CompiledEffect, Taker
from liushui.promotions.domain.conditions import Check
from liushui.promotions.domain.rulebook import STAGES, Effect, Leaf, Promotion, Rulebook, Scope
from liushui.promotions.domain.state import CompiledScope, nodes
from liushui.promotions.domain.turn import CompiledPromotion

TAKERS: Mapping[str, tuple[str, Taker]] = {
    "percent_off": ("unit", effects.percent_off),
    "amount_off": ("unit", effects.amount_off),
    "fixed_unit_price": ("unit", effects.fixed_unit_price),
    "cheapest_unit_free": ("unit", effects.cheapest_unit_free),
    "first_then_additional_amount_off": ("unit", effects.first_then_additional),
    "every_amount_off": ("unit", effects.every_amount_off),
    "tiered_percent_off": ("unit", effects.tiered),
    "tiered_amount_off": ("unit", effects.tiered),
    "buy_n_get_m": ("sets", effects_sets.buy_n_get_m),
    "nth_unit_percent": ("sets", effects_sets.nth_unit_percent),
    "bundle_price": ("sets", effects_sets.bundle_price),
    "percent_off_group": ("sets", effects_sets.percent_off_group),
    "gift_unit": ("gift", effects.gift_unit),
    "shipping_percent_off": ("shipping", effects.shipping_percent_off),
    "shipping_amount_off": ("shipping", effects.shipping_amount_off),
    "points": ("benefit", effects.benefit),
    "issue_coupon": ("benefit", effects.benefit),
}

Key = tuple[str, str]
NEAR = 2  # a subtotal this many times too small is not near any more


class CompiledRulebook:
    """All promotions of a rulebook in order of application, and the index. Safe to share between threads."""

    __slots__ = ("_always", "_by_key", "_by_subtotal", "_subtotals", "by_id", "promotions", "rulebook")

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        scopes: dict[Scope, CompiledScope] = {}

        def scope_of(scope: Scope) -> CompiledScope:
            return scopes.setdefault(scope, CompiledScope(scope, len(scopes)))

        self.promotions: list[CompiledPromotion] = sorted(
            (compile_promotion(each, scope_of) for each in rulebook.promotions), key=order_of_application
        )
        self.by_id = {each.id: each for each in self.promotions}
        self._always: list[int] = []
        self._by_key: dict[Key, list[int]] = {}
        by_subtotal: list[tuple[int, int]] = []
        for rank, each in enumerate(self.promotions):
            each.rank = rank
            keys, subtotal = needs(each.promotion)
            for key in keys or ():
                self._by_key.setdefault(key, []).append(rank)
            if keys is None and subtotal is None:
                self._always.append(rank)
            elif keys is None and subtotal is not None:
                by_subtotal.append((subtotal, rank))
        by_subtotal.sort()
        self._subtotals = [subtotal for subtotal, _ in by_subtotal]
        self._by_subtotal = [rank for _, rank in by_subtotal]

    def touching(self, basket: Basket) -> list[CompiledPromotion]:
        """The promotions that may touch this basket, in order of application."""
        ranks: set[int] = set(self._always)
        by_key = self._by_key
        if by_key:
            for key in _keys(basket):
                found = by_key.get(key)
                if found is not None:
                    ranks.update(found)
        if self._subtotals:
            gross = sum(line.unit_price * line.quantity for line in basket.lines if not line.gift)
            ranks.update(self._by_subtotal[: bisect_right(self._subtotals, NEAR * gross)])
        promotions = self.promotions
        return [promotions[rank] for rank in sorted(ranks)]


def compile_rulebook(rulebook: Rulebook) -> CompiledRulebook:
    """Make a rulebook ready for pricing; the same one may then price any number of baskets."""
    return CompiledRulebook(rulebook)


def compile_promotion(promotion: Promotion, scope_of: Any) -> CompiledPromotion:
    """One promotion with its conditions and effects ready."""
    checks = [Check(condition, f"when[{index}]", scope_of) for index, condition in enumerate(promotion.when)]
    compiled = [
        CompiledEffect(effect, f"effects[{index}]", scope_of, TAKERS[effect.type][1], TAKERS[effect.type][0])
        for index, effect in enumerate(promotion.effects)
    ]
    return CompiledPromotion(promotion, checks, compiled)


def order_of_application(compiled: CompiledPromotion) -> tuple[int, int, int, str]:
    """Stage, lane, priority descending, id: a total order."""
    promotion = compiled.promotion
    return (STAGES.index(compiled.turn_stage), promotion.lane, -promotion.priority, promotion.id)


def needs(promotion: Promotion) -> tuple[list[Key] | None, int | None]:
    """Keys of which a basket must have one, or None with the least gross that it must reach, if any."""
    leaves = [each for each in promotion.when if isinstance(each, Leaf)]
    found: list[tuple[int, list[Key]]] = []
    for leaf in leaves:
        if leaf.type == "coupon":
            key = ("code", leaf.code) if leaf.code is not None else ("batch", leaf.batch or "")
            found.append((0, [key]))
        elif leaf.type in _PLACES:
            level, kind = _PLACES[leaf.type]
            found.append((level, [(kind, value) for value in leaf.values or ()]))
        elif leaf.type in _SCOPED:
            keys = _scope_keys(leaf.scope)
            if keys is not None:
                found.append(keys)
    of_effects = _effect_keys(promotion.effects)
    if of_effects is not None:
        found.append(of_effects)
    if found:
        return min(found, key=lambda each: (each[0], len(each[1])))[1], None
    amounts = [leaf.amount for leaf in leaves if leaf.type in _SUBTOTALS and leaf.amount]
    return None, max(amounts, default=None)


_PLACES = {
    "store_in": (2, "store"),
    "customer_group_in": (5, "group"),
    "tier_in": (6, "tier"),
    "region_in": (7, "region"),
    "payment_method_in": (8, "payment"),
    "channel_in": (9, "channel"),
}
_SUBTOTALS = ("subtotal_at_least", "discounted_subtotal_at_least")
_SCOPED = (
    *_SUBTOTALS,
    "quantity_at_least",
    "line_quantity_at_least",
    "distinct_skus_at_least",
    "contains",
)


def _effect_keys(parts: Sequence[Effect]) -> tuple[int, list[Key]] | None:
    """What one of the effects needs in the basket; None when an effect can do without any particular thing."""
    level, keys = 0, []
    for effect in parts:
        kind = TAKERS[effect.type][0]
        if kind not in ("unit", "sets"):
            return None
        scope = effect.get_scope if effect.get_scope is not None else effect.scope
        found = _scope_keys(scope)
        if found is None:
            return None
        level = max(level, found[0])
        keys += found[1]
        bought = _scope_keys(effect.buy_scope) if effect.buy_scope is not None else None
        if bought is not None:  # near misses of those who have bought and not got
            keys += bought[1]
    return level, keys


def _scope_keys(scope: Scope) -> tuple[int, list[Key]] | None:
    if scope.sku_in is not None:
        return 1, [("sku", value) for value in scope.sku_in]
    if scope.brand_in is not None:
        return 3, [("brand", value) for value in scope.brand_in]
    if scope.tag_in is not None:
        return 3, [("tag", value) for value in scope.tag_in]
    if scope.category_in is not None:
        return 4, [("category", value) for value in scope.category_in]
    return None


def _keys(basket: Basket) -> Iterable[Key]:
    keys: set[Key] = {("channel", basket.channel)}
    for line in basket.lines:
        keys.add(("sku", line.sku))
        keys.add(("brand", line.brand))
        keys.update(("tag", tag) for tag in line.tags)
    for path in {line.category for line in basket.lines}:
        keys.update(("category", node) for node in nodes(path))
    for kind, value in (("store", basket.store), ("region", basket.region), ("payment", basket.payment_method)):
        if value is not None:
            keys.add((kind, value))
    for code in basket.codes:
        keys.add(("code", code.code))
        if code.batch is not None:
            keys.add(("batch", code.batch))
    if basket.member is not None:
        keys.update(("group", group) for group in basket.member.groups)
        if basket.member.tier is not None:
            keys.add(("tier", basket.member.tier))
    return keys
