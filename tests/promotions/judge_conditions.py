"""The judge's conditions: eligibility of a promotion at its turn, by the reference page's words."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date

from tests.promotions.judge_state import State, Unit, unit_in_scope

from liushui.promotions.domain.rulebook import Combined, Condition, Leaf, Promotion


@dataclass(frozen=True)
class Failure:
    """Why a promotion is not eligible: the code and where."""

    code: str
    path: str | None = None


def times_failure(promotion: Promotion, state: State) -> Failure | None:
    """Not yet, no longer, or not at this hour."""
    at = state.basket.at
    given = [name for name in ("starts_at", "ends_at", "weekdays", "hours") if getattr(promotion, name) is not None]
    if not given:
        return None
    if at is None:
        return Failure("condition", given[0])
    if promotion.starts_at is not None and at < promotion.starts_at:
        return Failure("not_started")
    if promotion.ends_at is not None and at >= promotion.ends_at:
        return Failure("expired")
    if promotion.weekdays is not None and at.isoweekday() not in promotion.weekdays:
        return Failure("condition", "weekdays")
    if promotion.hours is not None:
        minute = at.hour * 60 + at.minute
        inside = [
            begin <= minute < end if begin < end else (minute >= begin or minute < end)  # the latter passes midnight
            for begin, end in promotion.hours
        ]
        if not any(inside):
            return Failure("condition", "hours")
    return None


def when_failure(promotion: Promotion, state: State) -> Failure | None:
    """The first condition that fails; where that is a coupon, `code_missing`."""
    for place, condition in enumerate(promotion.when):
        if not holds(condition, state):
            return failing(condition, state, f"when[{place}]")
    return None


def failing(condition: Condition, state: State, path: str) -> Failure:
    """The first part that fails; a `not` is told as a whole."""
    if isinstance(condition, Leaf):
        return Failure("code_missing" if condition.type == "coupon" else "condition", path)
    if condition.op == "not":
        return Failure("condition", f"{path}.not")
    for place, part in enumerate(condition.parts):
        if not holds(part, state):
            return failing(part, state, f"{path}.{condition.op}[{place}]")
    raise AssertionError("a failing condition has a part that fails")


def leaves(condition: Condition) -> list[Leaf]:
    """All leaves, whatever stands above them."""
    if isinstance(condition, Leaf):
        return [condition]
    return [leaf for part in condition.parts for leaf in leaves(part)]


def needs_coupon(promotion: Promotion) -> bool:
    return any(leaf.type == "coupon" for condition in promotion.when for leaf in leaves(condition))


def holds(condition: Condition, state: State) -> bool:
    if isinstance(condition, Combined):
        parts = [holds(part, state) for part in condition.parts]
        if condition.op == "all":
            return all(parts)
        if condition.op == "any":
            return any(parts)
        return not parts[0]
    return leaf_holds(condition, state)


def counted(leaf: Leaf, state: State) -> list[Unit]:
    """Units that a condition counts: every line but gift lines."""
    return [unit for unit in state.units if not unit.line.gift and unit_in_scope(unit, leaf.scope)]


def leaf_holds(leaf: Leaf, state: State) -> bool:
    if leaf.type in GOODS:
        return goods_hold(leaf, state)
    if leaf.type in ("member", "tier_in", "customer_group_in", "attribute", "nth_order", "first_order"):
        return member_holds(leaf, state)
    basket, values = state.basket, leaf.values or frozenset()
    if leaf.type == "birthday_within":
        return birthday_holds(leaf, state)
    if leaf.type == "channel_in":
        return basket.channel in values
    if leaf.type == "store_in":
        return basket.store in values
    if leaf.type == "region_in":
        return basket.region in values
    if leaf.type == "shipping_method_in":
        return any(charge.method in values for charge in state.charges)
    if leaf.type == "payment_method_in":
        return basket.payment_method in values
    if leaf.type == "coupon":
        if leaf.code is not None:
            return any(code.code == leaf.code for code in basket.codes)
        return any(code.batch == leaf.batch for code in basket.codes)
    raise AssertionError(leaf.type)


GOODS = (
    "subtotal_at_least",
    "discounted_subtotal_at_least",
    "quantity_at_least",
    "line_quantity_at_least",
    "distinct_skus_at_least",
    "contains",
)


def goods_hold(leaf: Leaf, state: State) -> bool:
    units = counted(leaf, state)
    if leaf.type == "contains":
        return len(units) > 0
    if leaf.type == "subtotal_at_least":
        return sum(unit.list_price for unit in units) >= (leaf.amount or 0)
    if leaf.type == "discounted_subtotal_at_least":
        return sum(unit.remaining for unit in units) >= (leaf.amount or 0)
    wanted = leaf.n or 0
    if leaf.type == "quantity_at_least":
        return len(units) >= wanted
    if leaf.type == "distinct_skus_at_least":
        return len({unit.line.sku for unit in units}) >= wanted
    per_line: dict[int, int] = {}
    for unit in units:
        per_line[unit.line_place] = per_line.get(unit.line_place, 0) + 1
    return any(number >= wanted for number in per_line.values())


def member_holds(leaf: Leaf, state: State) -> bool:
    member = state.basket.member
    if member is None:
        return False
    values = leaf.values or frozenset()
    if leaf.type == "member":
        return True
    if leaf.type == "tier_in":
        return member.tier in values
    if leaf.type == "customer_group_in":
        return any(group in values for group in member.groups)
    if leaf.type == "nth_order":
        return member.completed_orders + 1 == leaf.n
    if leaf.type == "first_order":
        return member.completed_orders == 0
    if leaf.name is None or leaf.name not in member.attributes:
        return False
    have, want = member.attributes[leaf.name], leaf.value
    if leaf.op == "eq":
        return type(have) is type(want) and have == want
    if leaf.op == "in":
        assert isinstance(want, tuple)
        return any(type(have) is type(each) and have == each for each in want)
    if type(have) is not int or type(want) is not int:
        return False
    return have >= want if leaf.op == "gte" else have <= want


def birthday_holds(leaf: Leaf, state: State) -> bool:
    member, at = state.basket.member, state.basket.at
    if member is None or member.birthday is None or at is None:
        return False
    month, day = member.birthday
    near = []
    for year in (at.year - 1, at.year, at.year + 1):
        born_day = 28 if (month, day) == (2, 29) and not calendar.isleap(year) else day
        near.append(abs((date(year, month, born_day) - at.date()).days))
    return min(near) <= (leaf.days or 0)
