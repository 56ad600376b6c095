"""The shopper, the place and the codes that a set of conditions asks for, or the two conditions that contradict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from liushui.promotions.domain.basket import Code, Member, Shipping
from liushui.promotions.domain.lint_conditions import GOODS_LEAVES, MEMBER_LEAVES, Literal
from liushui.promotions.domain.lint_scopes import contradiction, within
from liushui.promotions.domain.rulebook import Leaf

SHIPPING_AMOUNT = 1_000
OTHER = "other"  # a channel, store, tier, … that no condition names


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Two parts that cannot hold together, by their paths."""

    first: str
    second: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shopper:
    """Everything of a basket but its goods and its instant."""

    member: Member | None
    channel: str
    store: str | None
    region: str | None
    payment_method: str | None
    shipping: tuple[Shipping, ...]
    codes: tuple[Code, ...]


def shopper_for(
    *, literals: Sequence[Literal], at: datetime, member_path: str | None = None, methods: Sequence[frozenset[str]] = ()
) -> Shopper | Clash:
    """A shopper who meets all these literals, or the clash that makes it impossible.

    `member_path` names what besides the conditions asks for a member (a limit per member); `methods` are delivery
    methods that effects ask for, one of each set.
    """
    places = {}
    for kind, usual in (("channel", "pos"), ("store", None), ("region", None), ("payment_method", None)):
        found = _one_of(literals, f"{kind}_in", usual)
        if isinstance(found, Clash):
            return found
        places[kind] = found
    member = _member(literals, at, member_path)
    if isinstance(member, Clash):
        return member
    shipping = _shipping(literals, methods)
    if isinstance(shipping, Clash):
        return shipping
    codes = _codes(literals)
    if isinstance(codes, Clash):
        return codes
    return Shopper(
        member=member,
        channel=places["channel"] or "pos",
        store=places["store"],
        region=places["region"],
        payment_method=places["payment_method"],
        shipping=shipping,
        codes=codes,
    )


def _one_of(literals: Iterable[Literal], kind: str, usual: str | None) -> str | Clash | None:
    """A value that every positive list names and no negative one; `usual` when it will do."""
    mine = [each for each in literals if each.leaf.type == kind]
    named = sorted({value for each in mine for value in each.leaf.values or ()})
    fit = [
        value
        for value in (usual, *named, OTHER)
        if all((value is not None and value in (each.leaf.values or ())) == each.positive for each in mine)
    ]
    return fit[0] if fit else _clash_of(mine)


def _clash_of(literals: Sequence[Literal]) -> Clash:
    """The literals that clash: those two of which each list shuts the other out, else the first and the last."""
    for number, first in enumerate(literals):
        for second in literals[number + 1 :]:
            if _shut_out(first, second):
                return Clash(first=first.path, second=second.path)
    return Clash(first=literals[0].path, second=literals[-1].path)


def _shut_out(first: Literal, second: Literal) -> bool:
    ours, others = first.leaf.values or frozenset(), second.leaf.values or frozenset()
    if first.positive and second.positive:
        return ours.isdisjoint(others)
    if first.positive != second.positive:
        wanted, refused = (ours, others) if first.positive else (others, ours)
        return wanted <= refused
    return False


def _member(literals: Sequence[Literal], at: datetime, member_path: str | None) -> Member | Clash | None:
    mine = [each for each in literals if each.leaf.type in MEMBER_LEAVES]
    needing = [each.path for each in mine if each.positive] + ([member_path] if member_path else [])
    anonymous = next((each.path for each in mine if each.leaf.type == "member" and not each.positive), None)
    if not needing:
        return None  # conditions that must not hold do not hold without a member
    if anonymous is not None:
        return Clash(first=needing[0], second=anonymous)
    tier = _one_of(mine, "tier_in", None)
    if isinstance(tier, Clash):
        return tier
    groups = _groups(mine)
    if isinstance(groups, Clash):
        return groups
    orders = _orders(mine)
    if isinstance(orders, Clash):
        return orders
    attributes = _attributes(mine)
    if isinstance(attributes, Clash):
        return attributes
    birthday = _birthday(mine, at)
    if isinstance(birthday, Clash):
        return birthday
    return Member(id="m1", tier=tier, groups=groups, birthday=birthday, completed_orders=orders, attributes=attributes)


def _groups(literals: Sequence[Literal]) -> tuple[str, ...] | Clash:
    mine = [each for each in literals if each.leaf.type == "customer_group_in"]
    refused = {value for each in mine if not each.positive for value in each.leaf.values or ()}
    found = set()
    for each in mine:
        if each.positive:
            left = sorted((each.leaf.values or frozenset()) - refused)
            if not left:
                return _clash_of(sorted(mine, key=lambda other: other is not each))
            found.add(left[0])
    return tuple(sorted(found))


def _orders(literals: Sequence[Literal]) -> int | Clash:
    mine = [each for each in literals if each.leaf.type in ("nth_order", "first_order")]
    wanted = {id(each): 0 if each.leaf.type == "first_order" else (each.leaf.n or 1) - 1 for each in mine}
    for orders in (*sorted({*wanted.values()}), 4, max(wanted.values(), default=0) + 1):
        if all((orders == wanted[id(each)]) == each.positive for each in mine):
            return orders
    return Clash(first=mine[0].path, second=mine[-1].path)


def _attributes(literals: Sequence[Literal]) -> dict[str, int | str | bool] | Clash:
    by_name: dict[str, list[Literal]] = {}
    for each in literals:
        if each.leaf.type == "attribute":
            by_name.setdefault(each.leaf.name or "", []).append(each)
    found: dict[str, int | str | bool] = {}
    for name, mine in sorted(by_name.items()):
        fit = [
            value
            for value in _attribute_values(mine)
            if all(_attribute_holds(each.leaf, value) == each.positive for each in mine)
        ]
        if not fit:
            return Clash(first=mine[0].path, second=mine[-1].path)
        if fit[0] is not None:
            found[name] = fit[0]
    return found


def _attribute_values(literals: Sequence[Literal]) -> list[int | str | bool | None]:
    """Enough values to tell whether any meets the literals: each named one, its neighbours, none, one not named."""
    named: list[int | str | bool] = []
    for each in literals:
        value = each.leaf.value
        named += list(value) if isinstance(value, tuple) else [value] if value is not None else []
    whole = [value for value in named if isinstance(value, int) and not isinstance(value, bool)]
    return [None, *named, *(value + step for value in whole for step in (1, -1)), OTHER]


def _attribute_holds(leaf: Leaf, value: int | str | bool | None) -> bool:
    if value is None:
        return False
    if leaf.op in ("gte", "lte"):
        bound = leaf.value
        if not isinstance(bound, int) or not isinstance(value, int) or isinstance(value, bool):
            return False
        return value >= bound if leaf.op == "gte" else value <= bound
    wanted = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    return any(type(each) is type(value) and each == value for each in wanted)


def _birthday(literals: Sequence[Literal], at: datetime) -> tuple[int, int] | Clash | None:
    mine = [each for each in literals if each.leaf.type == "birthday_within"]
    inside = [each for each in mine if each.positive]
    outside = [each for each in mine if not each.positive]
    if not inside:
        return None
    nearest = min(inside, key=lambda each: each.leaf.days or 0)
    if not outside:
        return at.month, at.day
    farthest = max(outside, key=lambda each: each.leaf.days or 0)
    if (farthest.leaf.days or 0) >= (nearest.leaf.days or 0):
        return Clash(first=nearest.path, second=farthest.path)
    day = at + timedelta(days=nearest.leaf.days or 0)
    return day.month, day.day


def _shipping(literals: Sequence[Literal], methods: Sequence[frozenset[str]]) -> tuple[Shipping, ...] | Clash:
    mine = [each for each in literals if each.leaf.type == "shipping_method_in"]
    refused = {value for each in mine if not each.positive for value in each.leaf.values or ()}
    chosen: set[str] = set()
    for each in mine:
        if each.positive:
            left = sorted((each.leaf.values or frozenset()) - refused)
            if not left:
                return _clash_of(sorted(mine, key=lambda other: other is not each))
            chosen.add(next((value for value in left if value in chosen), left[0]))
    for wanted in methods:
        left = sorted(wanted - refused) if wanted else [] if chosen else [OTHER]
        if left and chosen.isdisjoint(left):
            chosen.add(left[0])
    return tuple(
        Shipping(id=f"s{number}", method=method, amount=SHIPPING_AMOUNT)
        for number, method in enumerate(sorted(chosen), start=1)
    )


def _codes(literals: Sequence[Literal]) -> tuple[Code, ...] | Clash:
    mine = [each for each in literals if each.leaf.type == "coupon"]
    found: dict[tuple[str | None, str | None], Code] = {}
    for each in mine:
        if not each.positive:
            continue
        for other in mine:
            same = (each.leaf.code, each.leaf.batch) == (other.leaf.code, other.leaf.batch)
            if not other.positive and same:
                return Clash(first=each.path, second=other.path)
        code = each.leaf.code if each.leaf.code is not None else f"{each.leaf.batch}-CODE"
        found[each.leaf.code, each.leaf.batch] = Code(code=code, batch=each.leaf.batch)
    return tuple(found.values())


def goods_clash(*, literals: Sequence[Literal]) -> Clash | None:
    """Two conditions on goods of which one asks for what the other refuses, as far as their scopes tell it surely."""
    mine = [each for each in literals if each.leaf.type in GOODS_LEAVES]
    for asking in mine:
        if not asking.positive:
            continue
        keys = contradiction(asking.leaf.scope)
        if keys is not None:
            return Clash(first=f"{asking.path}.scope.{keys[0]}", second=f"{asking.path}.scope.{keys[1]}")
        for refusing in mine:
            if not refusing.positive and _refuses(asking.leaf, refusing.leaf):
                return Clash(first=asking.path, second=refusing.path)
    return None


def _refuses(asking: Leaf, refusing: Leaf) -> bool:
    """Whether meeting `asking` surely meets `refusing`, which must not be met."""
    if not within(asking.scope, refusing.scope):
        return False
    if refusing.type == "contains":
        return _units_at_least(asking) >= 1
    if refusing.type == "quantity_at_least":
        return _units_at_least(asking) >= (refusing.n or 1)
    if refusing.type in ("subtotal_at_least", "discounted_subtotal_at_least"):
        lowest = (asking.scope.unit_price_min or 0) * _units_at_least(asking)
        if asking.type == refusing.type or (refusing.type, asking.type) == (
            "subtotal_at_least",
            "discounted_subtotal_at_least",
        ):
            return (asking.amount or 0) >= (refusing.amount or 0)
        return refusing.type == "subtotal_at_least" and lowest >= (refusing.amount or 0)
    if refusing.type == "line_quantity_at_least":
        return asking.type == "line_quantity_at_least" and (asking.n or 1) >= (refusing.n or 1)
    return asking.type == "distinct_skus_at_least" and (asking.n or 1) >= (refusing.n or 1)


def _units_at_least(leaf: Leaf) -> int:
    """How many units in its scope a leaf that is met surely has."""
    if leaf.type in ("quantity_at_least", "line_quantity_at_least", "distinct_skus_at_least"):
        return leaf.n or 1
    if leaf.type == "contains":
        return 1
    return 1 if (leaf.amount or 0) > 0 else 0
