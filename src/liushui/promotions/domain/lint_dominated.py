"""Promotions that are never chosen: another one of the same group or conflict always gives at least as much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from liushui.promotions.domain.answer import PricedBasket
from liushui.promotions.domain.basket import Basket
from liushui.promotions.domain.lint_bench import Bench, Witness, amount_of, applied, outcome_of
from liushui.promotions.domain.lint_conditions import effect_scopes, opposite_ways, ways
from liushui.promotions.domain.rulebook import STAGES, Promotion, Scope

RIVALS_MAX = 4
OPPOSITES_MAX = 4
OTHERS_MAX = 6  # promotions whose goods are added, and to how many baskets
MIXED_MAX = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A basket that the promotion could apply to, and that it was kept out of."""

    basket: Basket
    answer: PricedBasket
    own_amount: int


def check(bench: Bench, possible: tuple[Promotion, ...]) -> None:
    """Try every promotion that its own witness does not get in a few other baskets, and say those that get none."""
    for promotion in possible:
        if not bench.has_work_left():
            return
        witness = bench.witnesses[promotion.id]
        answer = bench.answer_to(witness)
        if promotion.id in applied(answer):
            continue
        seen = _kept_out_of(bench, witness, answer)
        if seen is not None:
            _say(bench, promotion, seen)


def _kept_out_of(bench: Bench, witness: Witness, answer: PricedBasket) -> list[Seen] | None:
    """The baskets that a promotion was kept out of; None as soon as there is one that it applies to."""
    promotion = witness.promotion
    seen = [Seen(basket=witness.basket, answer=answer, own_amount=witness.amount)]
    for basket in _variants(bench, promotion, _rivals(bench, promotion, answer)):
        if any(basket == each.basket for each in seen):
            continue
        answer = bench.price(basket)
        if promotion.id in applied(answer):
            return None
        alone = bench.alone(basket, promotion.id)
        if alone is not None:
            seen.append(Seen(basket=basket, answer=answer, own_amount=amount_of(alone, promotion.id)))
        if not bench.has_work_left():
            return None
    return seen


def _rivals(bench: Bench, promotion: Promotion, answer: PricedBasket) -> list[Promotion]:
    """The promotions applied instead: those that the engine names first."""
    outcome = outcome_of(answer, promotion.id)
    named = (outcome.reason or {}).get("with", ()) if outcome is not None else ()
    names = [named] if isinstance(named, str) else [each for each in named if isinstance(each, str)]
    return [bench.by_id[each] for each in dict.fromkeys((*names, *applied(answer)))][:RIVALS_MAX]


def _variants(bench: Bench, promotion: Promotion, rivals: list[Promotion]) -> Iterator[Basket]:
    """Other baskets for a promotion: out of reach of its rivals, larger, of cheaper and dearer goods, met otherwise."""
    opposites = [opposite_ways(promotion=rival)[:OPPOSITES_MAX] for rival in rivals]
    together = [literal for options in opposites for each in options[:1] for literal in each.literals]
    touched = [scopes for rival in rivals if (scopes := effect_scopes(promotion=rival))]
    for way in ways(promotion=promotion)[0][:3]:
        parts = [(promotion, way)]
        made = [bench.basket(parts=parts, without=rivals)]
        made += [bench.basket(parts=parts, without=[rival]) for rival in rivals]
        made += [bench.basket(parts=parts, outside=scopes) for scopes in touched]
        made.append(bench.basket(parts=parts, outside=[scope for scopes in touched for scope in scopes]))
        made += [bench.basket(parts=parts, also=each.literals) for options in opposites for each in options]
        made.append(bench.basket(parts=parts, also=together))
        made += [bench.basket(parts=parts, scale=scale) for scale in (2, 3, 5, 10)]
        made += [bench.basket(parts=parts, price=price) for price in (500, 100_000)]
        made += [bench.basket(parts=parts, inside=[scope]) for scope in _price_bands(bench)]
        for basket in made:
            if basket is not None:
                yield basket
        plain = [each for each in made if each is not None][:MIXED_MAX]
        yield from (_mixed(each, witness.basket) for each in plain for witness in _others(bench, promotion))


def _others(bench: Bench, promotion: Promotion) -> list[Witness]:
    """Witnesses of others: what they give may leave more, or less, to be fought for."""
    near = sorted(
        (each for each in bench.witnesses.values() if each.promotion.id != promotion.id),
        key=lambda each: (not _is_near(promotion, each.promotion), each.promotion.id),
    )
    return near[:OTHERS_MAX]


def _is_near(one: Promotion, other: Promotion) -> bool:
    return one.stage == other.stage or (one.group is not None and one.group == other.group)


def _mixed(basket: Basket, other: Basket) -> Basket:
    """A basket with the goods of another, and its codes and shopper where it has none of its own."""
    there = {line.sku for line in basket.lines}
    added = [line for line in other.lines if line.sku not in there]
    lines = (*basket.lines, *(replace(line, quantity=line.quantity * 2) for line in added))
    return replace(
        basket,
        lines=tuple(replace(line, id=str(number)) for number, line in enumerate(lines, start=1)),
        member=basket.member or other.member,
        codes=basket.codes or other.codes,
    )


def _price_bands(bench: Bench) -> list[Scope]:
    marks = bench.knowledge.goods.price_marks()
    return [Scope(unit_price_max=each) for each in marks] + [Scope(unit_price_min=each) for each in marks]


def _say(bench: Bench, promotion: Promotion, seen: list[Seen]) -> None:
    first = seen[0]
    common = set(applied(first.answer)).intersection(*(applied(each.answer) for each in seen))
    by = [each for each in _rivals(bench, promotion, first.answer) if each.id in common]
    if not by:
        return  # now this one, now that one: no single promotion stands before it
    in_turn = bench.rulebook.mode == "sequential"
    if (
        in_turn
        and promotion.group is not None
        and not any(bench.by_id[each].group == promotion.group for each in applied(first.answer))
    ):
        bench.say(
            "group_gives_nothing", [promotion.id], values={"group": promotion.group}, shown=(first.basket, first.answer)
        )
        return
    rival = by[0]
    worth = [(amount_of(each.answer, rival.id), each.own_amount) for each in seen]
    code = _code(promotion, rival)
    if code == "dominated" and any(theirs < own for theirs, own in worth):
        return
    bench.say(
        code,
        [promotion.id, rival.id],
        values={"own": worth[0][1], "other": worth[0][0], "baskets": len(seen)},
        shown=(first.basket, first.answer),
    )


def _code(promotion: Promotion, rival: Promotion) -> str:
    if rival.exclusive and rival.stage == promotion.stage:
        return "behind_exclusive"
    same = promotion.group is not None and promotion.group == rival.group
    if same and "first" in (promotion.group_mode, rival.group_mode) and turn(rival) < turn(promotion):
        return "behind_first"
    return "dominated"


def turn(promotion: Promotion) -> tuple[int, int, int, str]:
    """Where a promotion stands in the order of application."""
    return STAGES.index(promotion.stage), promotion.lane, -promotion.priority, promotion.id
