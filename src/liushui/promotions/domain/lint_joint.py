"""What promotions come to together: too deep a discount, less than cost, several cuts on one unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from liushui.promotions.domain.answer import PricedBasket, PricedLine
from liushui.promotions.domain.basket import Basket, Line
from liushui.promotions.domain.lint_bench import Bench, amount_of, applied, outcome_of, share_bp
from liushui.promotions.domain.lint_conditions import effect_scopes
from liushui.promotions.domain.lint_scopes import holds
from liushui.promotions.domain.rulebook import Promotion, Scope
from liushui.promotions.domain.state import nodes

PARTNERS_MAX = 6  # met by one promotion in its crowded basket
KEPT_PER_KEY = 20  # of the promotions on one SKU, category, brand or tag, the strongest are tried
TOLD_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """A basket in which a promotion meets as many others as can be, and the answer to it."""

    basket: Basket
    answer: PricedBasket


@dataclass(slots=True)
class _Meetings:
    """Which promotions can touch a line: by SKU, category, brand and tag, else all."""

    by_key: dict[tuple[str, str], list[Promotion]] = field(default_factory=dict)

    def add(self, promotion: Promotion) -> None:
        for scope in effect_scopes(promotion=promotion):
            for key in _keys(scope):
                mine = self.by_key.setdefault(key, [])
                if len(mine) < KEPT_PER_KEY and promotion not in mine[-1:]:
                    mine.append(promotion)

    def on(self, line: Line) -> Iterator[Promotion]:
        keys = [("sku", line.sku), *(("node", each) for each in nodes(line.category)), ("brand", line.brand)]
        for key in (*keys, *(("tag", tag) for tag in line.tags), ("all", "")):
            for promotion in self.by_key.get(key, ()):
                if any(holds(scope, line) for scope in effect_scopes(promotion=promotion)):
                    yield promotion


def _keys(scope: Scope) -> list[tuple[str, str]]:
    for name, values in (
        ("sku", scope.sku_in),
        ("node", scope.category_in),
        ("brand", scope.brand_in),
        ("tag", scope.tag_in),
    ):
        if values is not None:
            return [(name, value) for value in sorted(values)]
    return [("all", "")]


def crowds(bench: Bench, possible: Sequence[Promotion]) -> tuple[Crowd, ...]:
    """For each promotion a basket in which it meets the strongest of those that touch the same goods, priced.

    Only promotions that can touch the goods of its witness are tried, by an index of their scopes, the strongest first.
    """
    meetings = _Meetings()
    for promotion in sorted(possible, key=lambda each: (-_strength(bench, each), each.id)):
        meetings.add(promotion)
    found: dict[tuple[str, ...], Crowd] = {}
    for promotion in possible:
        if not bench.has_work_left():
            break
        witness = bench.witnesses[promotion.id]
        members, basket = _crowded(bench, promotion, meetings)
        key = tuple(sorted(members))
        if key not in found:
            answer = bench.answer_to(witness) if basket is witness.basket else bench.price(basket)
            found[key] = Crowd(basket=basket, answer=answer)
    return tuple(found.values())


def _strength(bench: Bench, promotion: Promotion) -> int:
    witness = bench.witnesses[promotion.id]
    return share_bp(witness.amount, witness.alone.gross)


def _crowded(bench: Bench, promotion: Promotion, meetings: _Meetings) -> tuple[list[str], Basket]:
    witness = bench.witnesses[promotion.id]
    basket, parts = witness.basket, [(promotion, witness.way)]
    partners = [each for line in basket.lines for each in meetings.on(line) if each.id != promotion.id]
    ranked = sorted({each.id for each in partners}, key=lambda each: (-_strength(bench, bench.by_id[each]), each))
    tried = 0
    for name in ranked:
        other = bench.by_id[name]
        if tried >= PARTNERS_MAX:
            break
        if any(in_conflict(each, other) for each, _way in parts):
            continue
        tried += 1
        larger = bench.basket(parts=[*parts, (other, bench.witnesses[name].way)])
        if larger is not None:
            basket = larger
            parts.append((other, bench.witnesses[name].way))
    return [each.id for each, _way in parts], basket


def in_conflict(one: Promotion, other: Promotion) -> bool:
    """Whether two promotions can never be applied together, whatever the basket."""
    if other.id in one.not_with or one.id in other.not_with:
        return True
    if one.stage == other.stage and (one.exclusive or other.exclusive):
        return True
    if one.group is None or one.group != other.group:
        return False
    most = [_group_max(one), _group_max(other)]
    return any(each is not None and each < 2 for each in most)


def _group_max(promotion: Promotion) -> int | None:
    if promotion.group_max is not None:
        return promotion.group_max
    return None if promotion.group_mode == "all" else 1


def check(bench: Bench, found: Sequence[Crowd]) -> None:
    """Say what the crowded baskets show."""
    _too_deep(bench, found)
    _below_cost(bench, found)
    _overlaps(bench, found)
    _at_floor(bench, found)


def _too_deep(bench: Bench, found: Sequence[Crowd]) -> None:
    """What is too deep alone, on its deepest basket; then sets that are too deep of which no member is so alone."""
    most = bench.knowledge.max_discount_bp
    alone: dict[str, tuple[int, Crowd]] = {}
    together: list[tuple[int, tuple[str, ...], Crowd]] = []
    for crowd in found:
        names = tuple(sorted(each for each in applied(crowd.answer) if _on_lines(crowd.answer, each)))
        if any(_price_is_made_up(bench, each) for each in names):
            continue
        for name in names:
            share = share_bp(_on_lines(crowd.answer, name), crowd.answer.gross)
            if share > most and share > alone.get(name, (0, crowd))[0]:
                alone[name] = share, crowd
        share = share_bp(crowd.answer.discount, crowd.answer.gross)
        if share > most and len(names) > 1:
            together.append((share, names, crowd))
    for name, (share, crowd) in sorted(alone.items()):
        _say_deep(bench, "large_discount", (name,), share, crowd)
    told: list[set[str]] = []
    for share, names, crowd in sorted(together, key=lambda each: (-each[0], each[1])):
        is_new = not any(set(names) <= other or set(names) >= other for other in told)
        if is_new and len(told) < TOLD_MAX and alone.keys().isdisjoint(names):
            told.append(set(names))
            _say_deep(bench, "joint_discount", names, share, crowd)


def _say_deep(bench: Bench, code: str, names: Sequence[str], share: int, crowd: Crowd) -> None:
    answer = crowd.answer
    values: dict[str, int | str] = {
        "share_bp": share,
        "max_bp": bench.knowledge.max_discount_bp,
        "discount": _on_lines(answer, names[0]) if code == "large_discount" else answer.discount,
        "gross": answer.gross,
        "currency": answer.currency,
    }
    bench.say(code, names, values=values, shown=(crowd.basket, answer))


def _price_is_made_up(bench: Bench, promotion_id: str) -> bool:
    """Whether what a promotion takes off depends on a price that the lint made up, for want of a catalogue."""
    effects = bench.by_id[promotion_id].effects
    return bench.knowledge.goods.catalogue is None and any(
        each.type in ("fixed_unit_price", "bundle_price") for each in effects
    )


def _on_lines(answer: PricedBasket, promotion_id: str) -> int:
    return sum(each.amount for line in answer.lines for each in line.allocations if each.promotion == promotion_id)


def _below_cost(bench: Bench, found: Sequence[Crowd]) -> None:
    costs = bench.knowledge.costs or {}
    told: set[frozenset[str]] = set()
    for crowd in found:
        for line, priced in zip(crowd.basket.lines, crowd.answer.lines, strict=True):
            cost = costs.get(line.sku)
            names = frozenset(each.promotion for each in priced.allocations if each.amount)
            if cost is None or not names or names in told or len(told) >= TOLD_MAX:
                continue
            if priced.net < cost * line.quantity <= priced.gross:
                told.add(names)
                values: dict[str, int | str] = {
                    "sku": line.sku,
                    "net": priced.net,
                    "cost": cost * line.quantity,
                    "currency": crowd.answer.currency,
                }
                bench.say("below_cost", sorted(names), values=values, shown=(crowd.basket, crowd.answer))


def _overlaps(bench: Bench, found: Sequence[Crowd]) -> None:
    told: set[tuple[str, str]] = set()
    for crowd in found:
        for number, priced in enumerate(crowd.answer.lines):
            names = [each.promotion for each in priced.allocations if each.amount]
            for index, one in enumerate(names):
                for other in names[index + 1 :]:
                    pair = (min(one, other), max(one, other))
                    if pair in told or bench.by_id[one].stage != bench.by_id[other].stage:
                        continue
                    if _alike(bench, pair) or not _on_one_unit(bench, crowd, number, pair):
                        continue
                    told.add(pair)
                    values: dict[str, int | str] = {
                        "line": priced.id,
                        "discount": sum(each.amount for each in priced.allocations if each.promotion in pair),
                        "gross": priced.gross,
                        "currency": crowd.answer.currency,
                    }
                    bench.say("overlap", pair, values=values, shown=(crowd.basket, crowd.answer))


def _alike(bench: Bench, pair: tuple[str, str]) -> bool:
    """Whether two promotions were already called identical."""
    return any(each.code == "identical" and set(pair) <= set(each.promotions) for each in bench.findings)


def _on_one_unit(bench: Bench, crowd: Crowd, number: int, pair: tuple[str, str]) -> bool:
    """Whether both promotions reduce one and the same unit of a line: for more than one, each is priced alone."""
    if crowd.basket.lines[number].quantity == 1:
        return True
    if not bench.has_work_left():
        return False
    alone = [bench.alone(crowd.basket, each) for each in pair]
    if alone[0] is None or alone[1] is None:
        return False
    price = crowd.basket.lines[number].unit_price
    reduced = [_reduced_units(each.lines[number], price) for each in alone if each is not None]
    return not reduced[0].isdisjoint(reduced[1])


def _reduced_units(line: PricedLine, price: int) -> set[int]:
    return {position for position, value in enumerate(line.units()) if value < price}


def _at_floor(bench: Bench, found: Sequence[Crowd]) -> None:
    told: set[str] = set()
    for crowd in found:
        floors = any(line.floor_unit_price for line in crowd.basket.lines)
        for name in applied(crowd.answer) if floors else ():
            outcome = outcome_of(crowd.answer, name)
            if outcome is not None and outcome.unused and name not in told:
                told.add(name)
                values: dict[str, int | str] = {
                    "unused": outcome.unused,
                    "amount": amount_of(crowd.answer, name),
                    "currency": crowd.answer.currency,
                }
                bench.say("at_floor", [name], values=values, shown=(crowd.basket, crowd.answer))
