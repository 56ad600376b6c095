"""Those who buy more, or stand higher, and pay more for it: two baskets beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from liushui.promotions.domain.answer import PricedBasket
from liushui.promotions.domain.basket import Basket, Member
from liushui.promotions.domain.lint_bench import Bench, amount_of, applied
from liushui.promotions.domain.lint_conditions import GOODS_LEAVES, MEMBER_LEAVES, Need, leaves
from liushui.promotions.domain.lint_scopes import holds
from liushui.promotions.domain.rulebook import Effect, Promotion, Scope

TIERED = frozenset({"tiered_percent_off", "tiered_amount_off"})
STEPS_MAX = 6  # borders of one promotion that are tried


def check(bench: Bench, possible: Sequence[Promotion]) -> None:
    """Try what may be wrong: falling tiers, rewards that one more unit moves away, conditions on being less."""
    for promotion in possible:
        if not bench.has_work_left():
            return
        for smaller, larger in _steps(bench, promotion):
            if _pays_more_for_more(bench, promotion, smaller, larger):
                break
        _tiers_of_members(bench, promotion)
        _tiers_never_reached(bench, promotion)


def _steps(bench: Bench, promotion: Promotion) -> Iterator[tuple[Basket, Basket]]:
    """(a basket, the same with one unit more) at the borders where a promotion may turn for the worse."""
    for effect in promotion.effects:
        yield from _falling_tiers(bench, promotion, effect)
        if effect.type == "cheapest_unit_free" or effect.formation == "pool":
            cheaper = _with_a_cheaper_unit(bench, promotion, effect)
            if cheaper is not None:
                yield bench.witnesses[promotion.id].basket, cheaper
    basket = bench.witnesses[promotion.id].basket
    if any(leaf.type in GOODS_LEAVES and ".not" in path for leaf, path in leaves(promotion=promotion)):
        for many in _counts_to_try(promotion):
            yield basket, _more_units(basket, many)
    in_turn = bench.rulebook.mode == "sequential" and promotion.exclusive
    if in_turn or (promotion.group is not None and promotion.group_mode == "first"):
        smaller = _one_less(basket)
        if smaller is not None:
            yield smaller, basket


def _falling_tiers(bench: Bench, promotion: Promotion, effect: Effect) -> Iterator[tuple[Basket, Basket]]:
    if effect.type not in TIERED or effect.marginal:
        return
    before = effect.base_value
    for start, value in effect.tiers[:STEPS_MAX]:
        if value < before:
            larger = _reaching(bench, promotion, effect, start)
            smaller = _one_less(larger) if larger is not None else None
            if larger is not None and smaller is not None:
                yield smaller, larger
        before = value


def _reaching(bench: Bench, promotion: Promotion, effect: Effect, start: int) -> Basket | None:
    """A basket that just reaches a tier, of about ten units where the lint makes goods up."""
    scope = effect.scope if effect.basis_scope is None else effect.basis_scope
    by_value = effect.basis == "subtotal"
    need = Need(scopes=(scope,), path="", amount=start if by_value else 0, quantity=1 if by_value else start)
    price = max(1, start // 10) if by_value else 10_000
    way = bench.witnesses[promotion.id].way
    return bench.basket(parts=[(promotion, way)], needs=(need,), price=price)


def _with_a_cheaper_unit(bench: Bench, promotion: Promotion, effect: Effect) -> Basket | None:
    """The promotion's witness with enough much cheaper units in the effect's scope to be rewarded instead."""
    basket = bench.witnesses[promotion.id].basket
    scope = effect.scope if effect.get_scope is None else effect.get_scope
    lowest = min((line.unit_price for line in basket.lines if holds(scope, line)), default=0)
    if lowest < 2:
        return None
    cheaper = bench.knowledge.goods.find(
        scopes=(scope, Scope(unit_price_max=lowest // 2)), price=max(1, lowest // 10), count=len(basket.lines) + 1
    )
    line = next((each for each in cheaper if all(each.sku != other.sku for other in basket.lines)), None)
    if line is None:
        return None
    return replace(basket, lines=(*basket.lines, replace(line, id=str(len(basket.lines) + 1))))


def _counts_to_try(promotion: Promotion) -> list[int]:
    found = {1}
    for leaf, _path in leaves(promotion=promotion):
        if leaf.type in GOODS_LEAVES and leaf.n is not None:
            found.add(leaf.n)
    return sorted(found)[:STEPS_MAX]


def _more_units(basket: Basket, many: int) -> Basket:
    first, *others = basket.lines
    return replace(basket, lines=(replace(first, quantity=first.quantity + many), *others))


def _one_less(basket: Basket) -> Basket | None:
    """The basket without one unit of its largest line; None when nothing would be left."""
    line = max(basket.lines, key=lambda each: each.quantity)
    if line.quantity == 1:
        left = tuple(each for each in basket.lines if each is not line)
        return replace(basket, lines=left) if left else None
    return replace(
        basket,
        lines=tuple(replace(each, quantity=each.quantity - 1) if each is line else each for each in basket.lines),
    )


def _pays_more_for_more(bench: Bench, promotion: Promotion, smaller: Basket, larger: Basket) -> bool:
    """Whether what was added costs more than its list price; said when it does."""
    less, more = bench.price(smaller), bench.price(larger)
    added = more.gross - less.gross
    if more.total - less.total <= added:
        return False
    lost = [each for each in applied(less) if amount_of(more, each) < amount_of(less, each)]
    bench.say(
        "larger_pays_more",
        dict.fromkeys((promotion.id, *lost)),
        values={"added": added, "more": more.total - less.total, "currency": more.currency},
        shown=(larger, more),
        beside=(smaller, less),
    )
    return True


def _tiers_of_members(bench: Bench, promotion: Promotion) -> None:
    """Compare the promotion's shopper with those who stand higher, by the tiers' order where it is known."""
    asked = {leaf.type for leaf, _path in leaves(promotion=promotion)} & {"tier_in", "member"}
    witness = bench.witnesses[promotion.id]
    if not asked or promotion.id not in applied(bench.answer_to(witness)):
        return
    before = bench.answer_to(witness)
    for name, member in _higher(bench, promotion, witness.basket.member):
        higher = replace(witness.basket, member=member)
        after = bench.price(higher)
        if after.total > before.total:
            tier = witness.basket.member.tier if witness.basket.member is not None else None
            values: dict[str, int | str] = {
                "lower": tier or ("member" if witness.basket.member is not None else "anonymous"),
                "higher": name,
                "lower_total": before.total,
                "higher_total": after.total,
                "currency": after.currency,
            }
            bench.say(
                "tier_inversion",
                [promotion.id],
                values=values,
                shown=(higher, after),
                beside=(witness.basket, before),
            )
            return


def _higher(bench: Bench, promotion: Promotion, member: Member | None) -> Iterator[tuple[str, Member]]:
    """Members who stand higher than this shopper, with the name of their tier, the next first."""
    catalogue = bench.knowledge.goods.catalogue
    tiers = catalogue.tiers if catalogue is not None else ()
    if member is None:
        if any(leaf.type in MEMBER_LEAVES for leaf, _path in leaves(promotion=promotion)):
            yield "member", Member(id="m1")
            tier_leaves = [leaf for leaf, _path in leaves(promotion=promotion) if leaf.type == "tier_in"]
            for tier in tiers or sorted({value for leaf in tier_leaves for value in leaf.values or ()}):
                yield tier, Member(id="m1", tier=tier)
        return
    place = tiers.index(member.tier) + 1 if member.tier in tiers else 0
    if member.tier is None or place:
        for tier in tiers[place:]:
            yield tier, replace(member, tier=tier)


def _tiers_never_reached(bench: Bench, promotion: Promotion) -> None:
    """Tiers of amounts that give no more than the tier before, because the effect's cap is below them."""
    for number, effect in enumerate(promotion.effects):
        cap = effect.max_discount
        if effect.type != "tiered_amount_off" or cap is None or effect.marginal or effect.level in ("unit", "line"):
            continue
        before = effect.base_value
        for index, (start, value) in enumerate(effect.tiers):
            if value > before >= cap:
                path = f"effects[{number}].tiers[{index}]"
                _say_tier(bench, promotion, effect, start, {"path": path, "have": cap, "need": value})
                break
            before = value


def _say_tier(bench: Bench, promotion: Promotion, effect: Effect, start: int, values: dict[str, int | str]) -> None:
    basket = _reaching(bench, promotion, effect, start)
    shown: tuple[Basket, PricedBasket] | None = (basket, bench.price(basket)) if basket is not None else None
    bench.say("threshold_unreachable", [promotion.id], values=values, shown=shown)
