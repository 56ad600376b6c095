"""Conditions taken apart: the ways in which a `when` can be met, and what goods each way and each effect need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

from liushui.promotions.domain.rulebook import Combined, Condition, Effect, Leaf, Promotion, Scope

WAYS_MAX = 16
GOODS_LEAVES = frozenset(
    {
        "subtotal_at_least",
        "discounted_subtotal_at_least",
        "quantity_at_least",
        "line_quantity_at_least",
        "distinct_skus_at_least",
        "contains",
    }
)
MEMBER_LEAVES = frozenset(
    {
        "member",
        "tier_in",
        "customer_group_in",
        "attribute",
        "nth_order",
        "first_order",
        "birthday_within",
    }
)
SHIPPING_EFFECTS = frozenset({"shipping_percent_off", "shipping_amount_off"})
BENEFITS = frozenset({"points", "issue_coupon", "gift_unit"})  # what gives without goods in scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """One leaf that must hold, or must not, and where it stands."""

    leaf: Leaf
    positive: bool
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Goods in all of these scopes: so many units, so much list value, so many of one line, so many different SKUs."""

    scopes: tuple[Scope, ...]
    path: str
    quantity: int = 1
    amount: int = 0
    line_quantity: int = 0
    distinct: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to meet a `when`: literals that hold together."""

    literals: tuple[Literal, ...]


def ways(*, promotion: Promotion) -> tuple[tuple[Way, ...], bool]:
    """(the ways to meet a promotion's conditions, whether these are all of them). At most WAYS_MAX are taken."""
    parts = [_expanded(part, True, f"when[{number}]") for number, part in enumerate(promotion.when)]
    found = [Way(literals=tuple(literal for part in each for literal in part)) for each in _bounded(product(*parts))]
    return tuple(found[:WAYS_MAX]), len(found) <= WAYS_MAX


def opposite_ways(*, promotion: Promotion) -> tuple[Way, ...]:
    """The ways not to meet a promotion's conditions: for baskets that it must stay out of."""
    found = [each for number, part in enumerate(promotion.when) for each in _expanded(part, False, f"when[{number}]")]
    return tuple(Way(literals=tuple(each)) for each in found[:WAYS_MAX])


def _bounded(choices: Iterator[tuple[list[Literal], ...]]) -> list[tuple[list[Literal], ...]]:
    return list(islice(choices, WAYS_MAX + 1))


def _expanded(condition: Condition, positive: bool, path: str) -> list[list[Literal]]:
    """Disjunctive normal form of a condition or of its opposite, cut after WAYS_MAX + 1 members."""
    if isinstance(condition, Leaf):
        return [[Literal(leaf=condition, positive=positive, path=path)]]
    if condition.op == "not":
        return _expanded(condition.parts[0], not positive, f"{path}.not")
    parts = [
        _expanded(part, positive, f"{path}.{condition.op}[{number}]") for number, part in enumerate(condition.parts)
    ]
    if (condition.op == "all") == positive:
        return [[literal for part in each for literal in part] for each in _bounded(product(*parts))]
    return [each for part in parts for each in part][: WAYS_MAX + 1]


def leaves(*, promotion: Promotion) -> Iterator[tuple[Leaf, str]]:
    """Every leaf of a promotion's conditions with its path, whether it must hold or not."""
    pending: list[tuple[Condition, str]] = [(part, f"when[{number}]") for number, part in enumerate(promotion.when)]
    while pending:
        condition, path = pending.pop(0)
        if isinstance(condition, Combined):
            steps = ["not"] if condition.op == "not" else [f"{condition.op}[{n}]" for n in range(len(condition.parts))]
            pending[:0] = [(part, f"{path}.{step}") for part, step in zip(condition.parts, steps, strict=True)]
        else:
            yield condition, path


def needs_of_leaf(*, literal: Literal) -> Need | None:
    """The goods that a leaf which must hold asks for."""
    leaf = literal.leaf
    if not literal.positive or leaf.type not in GOODS_LEAVES:
        return None
    scopes = (leaf.scope,)
    if leaf.type in ("subtotal_at_least", "discounted_subtotal_at_least"):
        return Need(scopes=scopes, path=literal.path, amount=leaf.amount or 0)
    if leaf.type == "quantity_at_least":
        return Need(scopes=scopes, path=literal.path, quantity=leaf.n or 1)
    if leaf.type == "line_quantity_at_least":
        return Need(scopes=scopes, path=literal.path, line_quantity=leaf.n or 1)
    if leaf.type == "distinct_skus_at_least":
        return Need(scopes=scopes, path=literal.path, distinct=leaf.n or 1)
    return Need(scopes=scopes, path=literal.path)


def needs_of_effect(*, effect: Effect, path: str) -> tuple[Need, ...]:
    """The least goods on which an effect gives something; () for effects that need none."""
    path = f"{path}.scope"
    if effect.type in SHIPPING_EFFECTS or effect.type in BENEFITS:
        return ()
    if effect.type == "buy_n_get_m":
        return _buy_and_get(effect, path)
    dearer = Scope()
    quantity = max(effect.unit_multiple_of or 1, 1)
    if effect.type == "bundle_price":
        quantity = effect.n or 1
        dearer = Scope(unit_price_min=(effect.price or 0) // quantity + 1)
    elif effect.type == "fixed_unit_price":
        dearer = Scope(unit_price_min=(effect.price or 0) + 1)
    elif effect.type == "nth_unit_percent":
        quantity = effect.n or 1
    elif effect.type == "percent_off_group":
        quantity = effect.group_size or 1
    elif effect.type == "every_amount_off":
        return (Need(scopes=(effect.scope,), path=path, amount=effect.every or 0),)
    elif effect.type in ("tiered_percent_off", "tiered_amount_off"):
        return _tiered(effect, path, quantity)
    scopes = (effect.scope,) if dearer == Scope() else (effect.scope, dearer)
    return (Need(scopes=scopes, path=path, quantity=quantity),)


def _buy_and_get(effect: Effect, path: str) -> tuple[Need, ...]:
    buy, get = effect.buy_scope or Scope(), effect.get_scope or Scope()
    buy_qty, get_qty = effect.buy_qty or 0, effect.get_qty or 0
    path = path.removesuffix(".scope")
    if buy == get:
        return (Need(scopes=(buy, effect.scope), path=f"{path}.buy_scope", quantity=buy_qty + get_qty),)
    return (
        Need(scopes=(get,), path=f"{path}.get_scope", quantity=get_qty + buy_qty),
        Need(scopes=(buy,), path=f"{path}.buy_scope", quantity=get_qty + buy_qty),
    )


def _tiered(effect: Effect, path: str, quantity: int) -> tuple[Need, ...]:
    touched = Need(scopes=(effect.scope,), path=path, quantity=quantity)
    reached = next((start for start, value in effect.tiers if value > 0), 0)
    if effect.base_value or not reached:
        return (touched,)
    basis = (effect.scope if effect.basis_scope is None else effect.basis_scope,)
    if effect.basis == "subtotal":
        return (Need(scopes=basis, path=path, amount=reached), touched)
    return (Need(scopes=basis, path=path, quantity=reached), touched)


def effect_scopes(*, promotion: Promotion) -> tuple[Scope, ...]:
    """The scopes whose units a promotion's effects may reduce."""
    found = []
    for effect in promotion.effects:
        if effect.type == "buy_n_get_m":
            found.append(effect.get_scope or Scope())
        elif effect.type not in SHIPPING_EFFECTS and effect.type not in BENEFITS:
            found.append(effect.scope)
    return tuple(found)


def all_needs(*, way: Way, effects: Sequence[Effect]) -> tuple[Need, ...]:
    """What a way and these effects need together."""
    of_effects = (
        need
        for number, effect in enumerate(effects)
        for need in needs_of_effect(effect=effect, path=f"effects[{number}]")
    )
    of_leaves = (need for need in (needs_of_leaf(literal=each) for each in way.literals) if need is not None)
    return (*of_effects, *of_leaves)
