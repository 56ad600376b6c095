"""Scopes as sets of goods: what is in one, whether one lies within another, whether one can hold anything at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product

from liushui.promotions.domain.basket import Line
from liushui.promotions.domain.rulebook import Scope

COMBINATIONS_MAX = 64


def under(path: str, node: str) -> bool:
    """Whether a category path is a node or below it."""
    return path == node or path.startswith(node + "/")


def holds(scope: Scope, line: Line) -> bool:
    """Whether a line is in scope by what it is; what was discounted before is not looked at."""
    return (
        (scope.sku_in is None or line.sku in scope.sku_in)
        and (scope.sku_not_in is None or line.sku not in scope.sku_not_in)
        and (scope.category_in is None or any(under(line.category, node) for node in scope.category_in))
        and (scope.category_not_in is None or not any(under(line.category, node) for node in scope.category_not_in))
        and (scope.brand_in is None or line.brand in scope.brand_in)
        and (scope.tag_in is None or not scope.tag_in.isdisjoint(line.tags))
        and (scope.unit_price_min is None or line.unit_price >= scope.unit_price_min)
        and (scope.unit_price_max is None or line.unit_price <= scope.unit_price_max)
    )


def within(inner: Scope, outer: Scope) -> bool:
    """Whether all that `inner` holds is surely held by `outer`. False where it cannot be told from the scopes alone."""
    return (
        _keys_within(inner.sku_in, outer.sku_in)
        and _excluded(outer.sku_not_in, inner.sku_not_in, inner.sku_in)
        and _nodes_within(inner.category_in, outer.category_in)
        and _nodes_excluded(outer.category_not_in, inner)
        and _keys_within(inner.brand_in, outer.brand_in)
        and _keys_within(inner.tag_in, outer.tag_in)
        and (outer.unit_price_min is None or (inner.unit_price_min or 0) >= outer.unit_price_min)
        and (
            outer.unit_price_max is None
            or (inner.unit_price_max is not None and inner.unit_price_max <= outer.unit_price_max)
        )
        and (inner.not_already_discounted or not outer.not_already_discounted)
    )


def _keys_within(inner: frozenset[str] | None, outer: frozenset[str] | None) -> bool:
    return outer is None or (inner is not None and inner <= outer)


def _excluded(outer: frozenset[str] | None, inner: frozenset[str] | None, chosen: frozenset[str] | None) -> bool:
    if not outer:
        return True
    left = outer - (inner or frozenset())
    return not left or (chosen is not None and chosen.isdisjoint(left))


def _nodes_within(inner: frozenset[str] | None, outer: frozenset[str] | None) -> bool:
    return outer is None or (inner is not None and all(any(under(each, node) for node in outer) for each in inner))


def _nodes_excluded(outer: frozenset[str] | None, inner: Scope) -> bool:
    for node in outer or ():
        if any(under(node, each) for each in inner.category_not_in or ()):
            continue
        if inner.category_in is None or any(under(each, node) or under(node, each) for each in inner.category_in):
            return False
    return True


def contradiction(scope: Scope) -> tuple[str, str] | None:
    """The two keys of a scope that leave nothing in it; None when something may be in it."""
    if scope.sku_in is not None and scope.sku_in <= (scope.sku_not_in or frozenset()):
        return "sku_in", "sku_not_in"
    if scope.category_in is not None and all(
        any(under(each, node) for node in scope.category_not_in or ()) for each in scope.category_in
    ):
        return "category_in", "category_not_in"
    if scope.unit_price_max is not None and (scope.unit_price_min or 0) > scope.unit_price_max:
        return "unit_price_min", "unit_price_max"
    for name in ("brand_in", "tag_in"):
        if getattr(scope, name) is not None and not getattr(scope, name):
            return name, name
    return None


def price_range(scopes: Sequence[Scope]) -> tuple[int, int | None]:
    """(lowest, highest or None) list price that all of these scopes take."""
    lowest = max((scope.unit_price_min or 0 for scope in scopes), default=0)
    highest = [scope.unit_price_max for scope in scopes if scope.unit_price_max is not None]
    return lowest, min(highest) if highest else None


def made_up_lines(scopes: Sequence[Scope], avoid: Sequence[Scope], *, price: int) -> Iterator[Line]:
    """Lines in all of these scopes and in none of `avoid`, when there is no catalogue to take them from.

    SKUs, categories, brands and tags come from the scopes; a price outside their range moves to its nearest end. At
    most COMBINATIONS_MAX combinations are looked at.
    """
    lowest, highest = price_range(scopes)
    if highest is not None and highest < lowest:
        return
    prices = [price, *(scope.unit_price_min - 1 for scope in avoid if scope.unit_price_min)]
    prices += [scope.unit_price_max + 1 for scope in avoid if scope.unit_price_max is not None]
    prices = [max(each, lowest) if highest is None else min(max(each, lowest), highest) for each in prices]
    skus = _common(scope.sku_in for scope in scopes)
    brands = _common(scope.brand_in for scope in scopes)
    tag_lists = [sorted(scope.tag_in) for scope in scopes if scope.tag_in is not None]
    nodes = _common_nodes([scope.category_in for scope in scopes if scope.category_in is not None])
    if nodes is not None:  # below them too, where something to be avoided leaves a part out
        left_out = {each for scope in avoid for each in scope.category_not_in or ()}
        nodes += sorted(each for each in left_out if any(under(each, node) for node in nodes))
    choices = product(
        nodes if nodes is not None else ("goods", "other"),
        brands if brands is not None else ("", "other"),
        list(islice(product(*tag_lists), 4)),
        dict.fromkeys(prices),
        skus if skus is not None else _new_skus(scopes),
    )
    for category, brand, tags, price, sku in islice(choices, COMBINATIONS_MAX):
        line = Line(
            id=sku, sku=sku, category=category, brand=brand, tags=tuple(sorted(set(tags))), unit_price=price, quantity=1
        )
        if all(holds(scope, line) for scope in scopes) and not any(holds(scope, line) for scope in avoid):
            yield line


def _common(parts: Iterable[frozenset[str] | None]) -> list[str] | None:
    """What all given sets hold, in order; None when none is given."""
    given = [part for part in parts if part is not None]
    return sorted(frozenset.intersection(*given)) if given else None


def _common_nodes(parts: Sequence[frozenset[str]]) -> list[str] | None:
    """The nodes that lie in every one of these lists of nodes, in order; None when no list is given."""
    if not parts:
        return None
    candidates = sorted(frozenset.union(*parts))
    return [each for each in candidates if all(any(under(each, node) for node in part) for part in parts)]


def _new_skus(scopes: Sequence[Scope]) -> list[str]:
    """SKUs of made-up items. The category is part of it, so that items of two baskets are not taken for one."""
    nodes = sorted(frozenset.union(frozenset(), *(scope.category_in or frozenset() for scope in scopes)))
    stem = nodes[-1].replace("/", "-") if nodes else "item"
    return [f"{stem}-{number}" for number in range(1, 9)]
