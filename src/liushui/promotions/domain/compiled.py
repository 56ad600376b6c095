"""A rulebook made ready once: promotions in order of application, and an index from baskets to what may touch them.

Each promotion stands in the index under its most selective need alone: of codes, SKUs, brands, tags, categories,
stores, groups, tiers, regions, channels those that the fewest promotions ask for, else a least subtotal.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
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
        wanted = [needs(each.promotion) for each in self.promotions]
        crowds = Counter(key for ways, _ in wanted for keys in ways for key in keys)
        for rank, (each, (ways, subtotal)) in enumerate(zip(self.promotions, wanted, strict=True)):
            each.rank = rank
            if ways:
                for key in set(min(ways, key=lambda keys: sum(crowds[key] for key in keys))):
                    self._by_key.setdefault(key, []).append(rank)
            elif subtotal is None:
                self._always.append(rank)
            else:
                by_subtotal.append((subtotal, rank))
        by_subtotal.sort()
        self._subtotals = [subtotal for subtotal, _ in by_subtotal]
        self._by_subtotal = [rank for _, rank in by_subtotal]

    def touching(self, basket: Basket, keys: Iterable[Key] | None = None) -> list[CompiledPromotion]:
        """The promotions that may touch this basket, in order of application; `keys` are keys_of(basket) if known."""
        ranks: set[int] = set(self._always)
        by_key = self._by_key
        if by_key:
            for key in keys_of(basket) if keys is None else keys:
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


def needs(promotion: Promotion) -> tuple[list[list[Key]], int | None]:
    """Sets of keys of each of which a basket must have one; and the least gross that it must reach, if any."""
    leaves = [each for each in promotion.when if isinstance(each, Leaf)]
    found: list[list[Key]] = []
    for leaf in leaves:
        if leaf.type == "coupon":
            found.append([("code", leaf.code) if leaf.code is not None else ("batch", leaf.batch or "")])
        elif leaf.type in _PLACES:
            found.append([(_PLACES[leaf.type], value) for value in leaf.values or ()])
        elif leaf.type in _SCOPED and leaf.amount != 0:  # nothing at all reaches an amount of 0
            keys = _scope_keys(leaf.scope)
            if keys is not None:
                found.append(keys)
    of_effects = _effect_keys(promotion.effects)
    if of_effects is not None:
        found.append(of_effects)
    amounts = [leaf.amount for leaf in leaves if leaf.type in _SUBTOTALS and leaf.amount]
    return found, max(amounts, default=None)


_PLACES = {
    "store_in": "store",
    "customer_group_in": "group",
    "tier_in": "tier",
    "region_in": "region",
    "payment_method_in": "payment",
    "channel_in": "channel",
}
_SUBTOTALS = ("subtotal_at_least", "discounted_subtotal_at_least")
_SCOPED = (
    *_SUBTOTALS,
    "quantity_at_least",
    "line_quantity_at_least",
    "distinct_skus_at_least",
    "contains",
)


def _effect_keys(parts: Sequence[Effect]) -> list[Key] | None:
    """What one of the effects needs in the basket; None when an effect can do without any particular thing."""
    keys: list[Key] = []
    for effect in parts:
        kind = TAKERS[effect.type][0]
        if kind not in ("unit", "sets"):
            return None
        found = _scope_keys(effect.get_scope if effect.get_scope is not None else effect.scope)
        if found is None:
            return None
        keys += found
        bought = _scope_keys(effect.buy_scope) if effect.buy_scope is not None else None
        if bought is not None:  # near misses of those who have bought and not got
            keys += bought
    return keys


def _scope_keys(scope: Scope) -> list[Key] | None:
    for kind, values in (
        ("sku", scope.sku_in),
        ("brand", scope.brand_in),
        ("tag", scope.tag_in),
        ("category", scope.category_in),
    ):
        if values is not None:
            return [(kind, value) for value in values]
    return None


@lru_cache(maxsize=10_000)
def _category_keys(path: str) -> tuple[Key, ...]:
    return tuple(("category", node) for node in nodes(path))


def keys_of(basket: Basket) -> Iterable[Key]:
    """What a basket has that promotions are found by."""
    keys: set[Key] = {("channel", basket.channel)}
    for line in basket.lines:
        keys.add(("sku", line.sku))
        keys.add(("brand", line.brand))
        if line.tags:
            keys.update(("tag", tag) for tag in line.tags)
    for path in {line.category for line in basket.lines}:
        keys.update(_category_keys(path))
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
