"""A promotion in plain Chinese, in the words that shops use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from liushui.promotions.domain.rulebook import Condition, Effect, Leaf, Promotion, Scope
from liushui.promotions.domain.sentence_names import (
    NAMED_AT_ONCE,
    Names,
    amount_text,
    decimal_text,
    in_order,
    instant_text,
    minutes_text,
)

_DAYS = "一二三四五六日"
_CHANNELS = {"pos": "门店收银", "web": "网店", "app": "App", "mini_program": "小程序"}
_STAGES = {"catalogue": "标价", "item": "商品", "order": "整单", "shipping": "运费", "points": "积分"}


def say(promotion: Promotion, names: Names) -> str:
    """All of it: when, for whom, on which condition, what is given; how it goes with others; then limits."""
    before = [*_period(promotion, names), *(_condition(each, names) for each in promotion.when)]
    given = "；".join(_effect(each, names) for each in promotion.effects)
    head = f"{'，'.join(before)}：{given}" if before else given
    return "".join(f"{each}。" for each in (head, *_together(promotion, names), *_limits(promotion, names)))


def money(minor: int, names: Names) -> str:
    """`200 元`, or `HKD 200` of another currency."""
    text = amount_text(minor, names.currency)
    return f"{text} 元" if names.currency == "CNY" else f"{names.currency} {text}"


def discount(percent: int) -> str:
    """What is paid after so many basis points off: 免费, 半价, `8 折`, `8.75 折`."""
    return {10000: "免费", 5000: "半价"}.get(percent) or f"{decimal_text(10000 - percent, 3)} 折"


def _cut(percent: int) -> str:
    return discount(percent) if percent in (10000, 5000) else f"打 {discount(percent)}"


def _any_of(values: Iterable[str], unit: str = "项") -> str:
    named = in_order(values)
    if len(named) > NAMED_AT_ONCE:
        return f"{'、'.join(named[: NAMED_AT_ONCE - 1])}等 {len(named)} {unit}"
    return "或".join(named)


def _period(promotion: Promotion, names: Names) -> list[str]:
    starts, ends = promotion.starts_at, promotion.ends_at
    said = []
    if starts and ends:
        said.append(f"{instant_text(starts, names)} 起至 {instant_text(ends, names)} 前")
    elif starts:
        said.append(f"{instant_text(starts, names)} 起")
    elif ends:
        said.append(f"{instant_text(ends, names)} 前")
    if promotion.weekdays is not None:
        said.append("每周" + "、".join(_DAYS[day - 1] for day in sorted(promotion.weekdays)))
    if promotion.hours is not None:
        said.append("每天 " + "、".join(f"{minutes_text(a)}–{minutes_text(b)}" for a, b in promotion.hours))
    return said


# ---- scopes ----
def scope_text(scope: Scope, names: Names) -> str:
    """`零食类商品(acme 品牌;单价不低于 10 元)`; all of it is 全部商品."""
    heads = []
    if scope.sku_in is not None:
        heads.append(f"“{_any_of((names.chinese('items', each) for each in scope.sku_in), '种')}”")
    if scope.category_in is not None:
        heads.append(f"{_any_of(names.chinese('categories', each) for each in scope.category_in)}类商品")
    if scope.brand_in is not None:
        heads.append(f"{_any_of(scope.brand_in)} 品牌商品")
    if scope.tag_in is not None:
        heads.append(f"带“{_any_of(scope.tag_in)}”标签的商品")
    narrowed = heads[1:]
    if scope.category_not_in is not None:
        narrowed.append(f"{_any_of(names.chinese('categories', each) for each in scope.category_not_in)}类除外")
    if scope.sku_not_in is not None:
        narrowed.append(f"“{_any_of((names.chinese('items', each) for each in scope.sku_not_in), '种')}”除外")
    if scope.unit_price_min is not None:
        narrowed.append(f"单价不低于 {money(scope.unit_price_min, names)}")
    if scope.unit_price_max is not None:
        narrowed.append(f"单价不高于 {money(scope.unit_price_max, names)}")
    if scope.not_already_discounted:
        narrowed.append("尚未享受其他优惠")
    head = heads[0] if heads else "全部商品"
    return f"{head}（{'；'.join(narrowed)}）" if narrowed else head


def _goods(scope: Scope, names: Names) -> str:
    """The scope before a threshold: nothing need be said of all goods."""
    return "" if scope == Scope() else scope_text(scope, names)


# ---- conditions ----
def _condition(condition: Condition, names: Names) -> str:
    if isinstance(condition, Leaf):
        return _LEAVES[condition.type](condition, names)
    parts = [_condition(each, names) for each in condition.parts]
    if condition.op == "not":
        return f"不满足（{parts[0]}）"
    word = "且" if condition.op == "all" else "或"
    return f"（{word.join(parts)}）" if len(parts) > 1 else "".join(parts)


def _attribute(leaf: Leaf, names: Names) -> str:
    word = {"eq": "等于", "in": "属于", "gte": "不小于", "lte": "不大于"}[leaf.op or "eq"]
    values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    return f"会员属性“{leaf.name}”{word} {'、'.join(_plain(each) for each in values)}"


def _plain(value: object) -> str:
    return {True: "是", False: "否"}[value] if isinstance(value, bool) else str(value)


def _coupon(leaf: Leaf, names: Names) -> str:
    if leaf.code is not None:
        return f"出示券码 {leaf.code}"
    return f"出示优惠券“{names.chinese('batches', leaf.batch or '')}”"


def _values(leaf: Leaf) -> frozenset[str]:
    return leaf.values or frozenset()


_LEAVES: Mapping[str, Callable[[Leaf, Names], str]] = {
    "subtotal_at_least": lambda leaf, names: f"{_goods(leaf.scope, names)}满 {money(leaf.amount or 0, names)}",
    "discounted_subtotal_at_least": lambda leaf, names: (
        f"{_goods(leaf.scope, names)}折后满 {money(leaf.amount or 0, names)}"
    ),
    "quantity_at_least": lambda leaf, names: f"{_goods(leaf.scope, names)}满 {leaf.n} 件",
    "line_quantity_at_least": lambda leaf, names: f"{_goods(leaf.scope, names)}单品满 {leaf.n} 件",
    "distinct_skus_at_least": lambda leaf, names: f"{_goods(leaf.scope, names)}满 {leaf.n} 种",
    "contains": lambda leaf, names: f"购买了{scope_text(leaf.scope, names)}",
    "member": lambda leaf, names: "会员",
    "tier_in": lambda leaf, names: f"{_any_of(names.chinese('tiers', each) for each in _values(leaf))}会员",
    "customer_group_in": lambda leaf, names: f"属于会员群“{_any_of(_values(leaf))}”",
    "attribute": _attribute,
    "nth_order": lambda leaf, names: f"会员的第 {leaf.n} 单",
    "first_order": lambda leaf, names: "会员的首单",
    "birthday_within": lambda leaf, names: f"会员生日前后 {leaf.days} 天内" if leaf.days else "会员生日当天（0 天）",
    "channel_in": lambda leaf, names: f"渠道为{_any_of(_CHANNELS.get(each, each) for each in _values(leaf))}",
    "store_in": lambda leaf, names: (
        f"在{_any_of((names.chinese('stores', each) for each in _values(leaf)), '家门店')}购买"
    ),
    "region_in": lambda leaf, names: f"在{_any_of(names.chinese('regions', each) for each in _values(leaf))}区域购买",
    "shipping_method_in": lambda leaf, names: f"配送方式为{_any_of(_values(leaf))}",
    "payment_method_in": lambda leaf, names: f"用{_any_of(_values(leaf))}付款",
    "coupon": _coupon,
}


# ---- effects ----
def _effect(effect: Effect, names: Names) -> str:
    text, remarks = _EFFECTS[effect.type](effect, names), list(_remarks(effect, names))
    return f"{text}（{'；'.join(remarks)}）" if remarks else text


def _remarks(effect: Effect, names: Names) -> Iterable[str]:
    if effect.max_units_per_line is not None:
        yield f"每行最多 {effect.max_units_per_line} 件"
    if effect.max_units is not None:
        yield f"最多 {effect.max_units} 件"
    if effect.unit_multiple_of is not None:
        yield f"件数按 {effect.unit_multiple_of} 的整数倍"
    if effect.unit_order is not None:
        yield {"cheapest": "先算便宜的", "most_expensive": "先算贵的", "line_order": "按扫描先后"}[effect.unit_order]
    if effect.formation == "pool":
        yield "所有成套商品合在一起挑选"
    if effect.max_applications is not None:
        yield f"最多 {effect.max_applications} 次"
    if effect.max_times is not None:
        yield f"最多 {effect.max_times} 次"
    if effect.base == "list":
        yield "按原价计算"
    if effect.max_discount is not None:
        yield f"最多优惠 {money(effect.max_discount, names)}"


def _percent_off(effect: Effect, names: Names) -> str:
    if effect.scope == Scope() and effect.level in ("order", "order_and_shipping"):
        return f"整单{_cut(effect.percent or 0)}"
    word = {"line": "按行", "order": "合计", "order_and_shipping": "合计"}.get(effect.level or "", "")
    return f"{scope_text(effect.scope, names)}{word}{_cut(effect.percent or 0)}"


def _amount_off(effect: Effect, names: Names) -> str:
    scope, amount = scope_text(effect.scope, names), money(effect.amount or 0, names)
    if effect.scope == Scope() and effect.level in ("order", "order_and_shipping"):
        scope = "整单"
    word = {"unit": "每件减", "line": "每行减"}.get(effect.level or "", "减" if scope == "整单" else "共减")
    rest = "，减不完的抵运费" if effect.level == "order_and_shipping" else ""
    return f"{scope}{word} {amount}{rest}"


def _buy_n_get_m(effect: Effect, names: Names) -> str:
    buy, get = effect.buy_scope or Scope(), effect.get_scope or Scope()
    gift = (effect.percent or 0) == 10000
    if buy == get:
        end = f"送 {effect.get_qty} 件" if gift else f"，另 {effect.get_qty} 件{_cut(effect.percent or 0)}"
        return f"{scope_text(buy, names)}买 {effect.buy_qty} 件{end}"
    end = "免费" if gift else _cut(effect.percent or 0)
    return f"买 {effect.buy_qty} 件{scope_text(buy, names)}，{scope_text(get, names)}中 {effect.get_qty} 件{end}"


def _tiered(effect: Effect, names: Names) -> str:
    is_percent = effect.type == "tiered_percent_off"

    def value(number: int) -> str:
        if is_percent:
            return _cut(number) if number else "不打折"
        return f"减 {money(number, names)}"

    def reached(number: int) -> str:
        return f"满 {number} 件" if effect.basis == "eligible_quantity" else f"满 {money(number, names)}"

    steps = [f"{reached(start)}{value(number)}" for start, number in effect.tiers]
    if effect.base_value:
        steps.insert(0, f"未达第一档时{value(effect.base_value)}")
    text = f"{scope_text(effect.scope, names)}{'，'.join(steps)}"
    if effect.basis_scope is not None and effect.basis_scope != effect.scope:
        text += f"，档位按{scope_text(effect.basis_scope, names)}计算"
    word = {"unit": "每件优惠", "line": "每行优惠", "order_and_shipping": "减不完的抵运费"}.get(effect.level or "")
    text += f"，{word}" if word and not effect.marginal else ""
    return text + ("，分段累计" if effect.marginal else "")


def _gift(effect: Effect, names: Names) -> str:
    item = names.chinese("items", effect.sku or "")
    if effect.percent == 10000:
        return f"赠送“{item}”{effect.qty} 件"
    return f"可换购“{item}”{effect.qty} 件，{_cut(effect.percent or 0)}"


def _methods(effect: Effect) -> str:
    return f"{_any_of(effect.methods)}运费" if effect.methods is not None else "运费"


def _points(effect: Effect, names: Names) -> str:
    said = [f"积分 {decimal_text(effect.multiply, 4)} 倍"] if effect.multiply is not None else []
    return "，".join([*said, *([f"加送 {effect.add} 积分"] if effect.add is not None else [])])


_EFFECTS: Mapping[str, Callable[[Effect, Names], str]] = {
    "percent_off": _percent_off,
    "amount_off": _amount_off,
    "fixed_unit_price": lambda effect, names: (
        f"{scope_text(effect.scope, names)}每件一口价 {money(effect.price or 0, names)}"
    ),
    "bundle_price": lambda effect, names: (
        f"{scope_text(effect.scope, names)}任选 {effect.n} 件组合价 {money(effect.price or 0, names)}"
    ),
    "buy_n_get_m": _buy_n_get_m,
    "nth_unit_percent": lambda effect, names: (
        f"{scope_text(effect.scope, names)}第 {effect.n} 件{_cut(effect.percent or 0)}"
    ),
    "cheapest_unit_free": lambda effect, names: f"{scope_text(effect.scope, names)}中最便宜的 {effect.units} 件免费",
    "percent_off_group": lambda effect, names: (
        f"{scope_text(effect.scope, names)}每 {effect.group_size} 件一组，整组{_cut(effect.percent or 0)}"
    ),
    "first_then_additional_amount_off": lambda effect, names: (
        f"{scope_text(effect.scope, names)}首件减 {money(effect.first or 0, names)}，"
        f"之后每件减 {money(effect.additional or 0, names)}"
    ),
    "tiered_percent_off": _tiered,
    "tiered_amount_off": _tiered,
    "every_amount_off": lambda effect, names: (
        f"{scope_text(effect.scope, names)}每满 {money(effect.every or 0, names)}减 {money(effect.amount or 0, names)}"
    ),
    "gift_unit": _gift,
    "shipping_percent_off": lambda effect, names: f"{_methods(effect)}{_cut(effect.percent or 0)}",
    "shipping_amount_off": lambda effect, names: f"{_methods(effect)}减 {money(effect.amount or 0, names)}",
    "points": _points,
    "issue_coupon": lambda effect, names: (
        f"送优惠券“{names.chinese('batches', effect.batch or '')}”，下单成功后下次可用"
    ),
}


# ---- how it goes together with others, and limits ----
def _together(promotion: Promotion, names: Names) -> Iterable[str]:
    if promotion.exclusive:
        yield f"互斥：同在“{_STAGES[promotion.stage]}”阶段的其他促销不再叠加"
    if promotion.group is not None:
        most = promotion.group_max
        default = None if promotion.group_mode == "all" else 1
        word = {"best": "取优惠最大的", "first": "按顺序取先满足的", "all": "可以都参加"}[promotion.group_mode]
        count = f"，最多 {most} 个" if most is not None else "，最多 1 个" if default else ""
        yield f"与“{promotion.group}”组的促销{word}{count}"
    if promotion.not_with:
        yield f"不与“{_any_of(names.chinese('promotions', each) for each in promotion.not_with)}”同享"
    if promotion.unit_exclusive:
        yield "一件商品只参加一个独占商品的促销"
    order = []
    if promotion.stage != "item":
        order.append(f"在“{_STAGES[promotion.stage]}”阶段计算")
    if promotion.lane:
        order.append(f"第 {promotion.lane} 道")
    if promotion.priority:
        order.append(f"优先级 {promotion.priority}")
    if order:
        yield "，".join(order)


def _limits(promotion: Promotion, names: Names) -> Iterable[str]:
    limits, said = promotion.limits, []
    if limits.per_order is not None:
        said.append(f"每单最多 {limits.per_order} 次")
    if limits.per_member is not None:
        said.append(f"每位会员最多 {limits.per_member} 单")
    if limits.total is not None:
        said.append(f"总共最多 {limits.total} 单")
    if limits.budget is not None:
        end = "超出的部分不再优惠" if limits.budget_mode == "partial" else "不够一单的优惠就停止"
        said.append(f"预算 {money(limits.budget, names)}，{end}")
    if said:
        yield "；".join(said)
    if promotion.return_policy == "clawback":
        yield "退货时按留下的商品重新计算优惠"
