"""Exclusions and groups as they are written: circles, contradictions, references to nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from liushui.promotions.domain.answer import PricedBasket
from liushui.promotions.domain.basket import Basket
from liushui.promotions.domain.lint_bench import Bench, applied
from liushui.promotions.domain.lint_conditions import ways
from liushui.promotions.domain.rulebook import Promotion

CIRCLE_MAX = 12


def check(bench: Bench, possible: tuple[Promotion, ...], written: Mapping[str, Collection[str]] | None = None) -> None:
    """Say what is wrong with `not_with`, `exclusive` and groups as they stand."""
    if written is None:
        written = {each.id: each.not_with for each in bench.rulebook.promotions}
    for name in sorted(bench.by_id.keys() & written.keys()):
        for other in sorted(set(written[name]) - bench.by_id.keys()):
            bench.say("unknown_reference", [name], values={"path": "not_with", "name": other})
    for circle in circles(written={name: written[name] for name in written if name in bench.by_id}):
        _say_circle(bench, circle)
    _groups(bench, possible)


def written_exclusions(*, document: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Whom each promotion of a rulebook's JSON document is `not_with`, as it stands there."""
    return {each["id"]: tuple(each.get("not_with") or ()) for each in document.get("promotions", ())}


def circles(*, written: Mapping[str, Collection[str]]) -> tuple[tuple[str, ...], ...]:
    """Circles of `not_with` as it is written: each keeps out the next, the last the first, and none says it back.

    A circle has at least three members, or one that names itself; two that name each other plainly exclude each other.
    Each circle is told once, beginning with its smallest id, at most CIRCLE_MAX long, the shortest from each beginning.
    """
    one_way = {
        name: sorted(other for other in others if other in written and name not in written[other])
        for name, others in written.items()
    }
    found: list[tuple[str, ...]] = [(name,) for name in sorted(written) if name in written[name]]
    for start in sorted(one_way):
        if one_way[start]:
            circle = _shortest_circle(start, one_way)
            if circle is not None:
                found.append(circle)
    return tuple(dict.fromkeys(found))


def _shortest_circle(start: str, one_way: dict[str, list[str]]) -> tuple[str, ...] | None:
    """Breadth first along ids that are not smaller than the beginning."""
    reached_from: dict[str, str] = {}
    edge, length = [start], 1
    while edge and length <= CIRCLE_MAX:
        following = []
        for each in edge:
            for other in one_way[each]:
                if other == start:
                    path = [each]
                    while path[-1] != start:
                        path.append(reached_from[path[-1]])
                    return tuple(reversed(path))
                if other > start and other not in reached_from:
                    reached_from[other] = each
                    following.append(other)
        edge, length = following, length + 1
    return None


def _say_circle(bench: Bench, circle: tuple[str, ...]) -> None:
    parts = [(bench.by_id[each], bench.witnesses[each].way) for each in circle if each in bench.witnesses]
    basket = bench.basket(parts=parts) if len(parts) == len(circle) else None
    shown = (basket, bench.price(basket)) if basket is not None else None
    together = len(set(applied(shown[1])) & set(circle)) if shown is not None else 0
    bench.say("circular_exclusion", circle, values={"members": len(circle), "applied": together}, shown=shown)


def _groups(bench: Bench, possible: tuple[Promotion, ...]) -> None:
    by_group: dict[str, list[Promotion]] = {}
    for promotion in bench.rulebook.promotions:
        if promotion.group is not None:
            by_group.setdefault(promotion.group, []).append(promotion)
    can = {each.id for each in possible}
    for group, members in sorted(by_group.items()):
        kinds = {(each.group_mode, each.group_max) for each in members}
        if len(kinds) > 1:
            odd = next(each for each in members if (each.group_mode, each.group_max) != _kind(members[0]))
            names = [members[0].id, odd.id]
            bench.say("group_modes_differ", names, values={"group": group}, shown=_together(bench, names, can))
        _contradictions(bench, group, members, can)


def _kind(promotion: Promotion) -> tuple[str, int | None]:
    return promotion.group_mode, promotion.group_max


def _contradictions(bench: Bench, group: str, members: list[Promotion], can: set[str]) -> None:
    """A group whose members are all to apply, of which one excludes another."""
    ids = {each.id: each for each in members}
    for promotion in members:
        if promotion.group_mode != "all":
            continue
        others = sorted((promotion.not_with & ids.keys()) - {promotion.id})
        if promotion.exclusive:
            others += [each.id for each in members if each.stage == promotion.stage and each.id != promotion.id]
        for other in dict.fromkeys(others):
            names = [promotion.id, other]
            bench.say("group_contradicts", names, values={"group": group}, shown=_together(bench, names, can))


def _together(bench: Bench, names: list[str], can: set[str]) -> tuple[Basket, PricedBasket] | None:
    """A basket that these meet together and the answer to it, when one can be made; else that of one of them."""
    if not can.issuperset(names):
        known = [bench.witnesses[each] for each in names if each in bench.witnesses]
        return bench.shown(known[0]) if known else None
    for first in ways(promotion=bench.by_id[names[0]])[0][:2]:
        for second in ways(promotion=bench.by_id[names[1]])[0][:2]:
            basket = bench.basket(parts=[(bench.by_id[names[0]], first), (bench.by_id[names[1]], second)])
            if basket is not None:
                return basket, bench.price(basket)
    return bench.shown(bench.witnesses[names[0]])
