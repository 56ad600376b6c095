"""Which fields each type of effect takes; documents and their reference stand on this list."""

from __future__ import annotations

from liushui.promotions.domain import rule_kinds as kinds
from liushui.promotions.domain.rule_fields import EVERYTHING, SCOPE_KIND, Row
from liushui.promotions.domain.rule_kinds import Field, Kind, word

_EFFECT_SCOPE = Field(name="scope", kind=SCOPE_KIND, default=EVERYTHING, zh="减哪些商品", en="which lines are reduced")
_MAX_DISCOUNT = Field(name="max_discount", kind=kinds.MONEY, zh="最多减多少", en="the most that it gives")
_BASE = Field(
    name="base",
    kind=word("remaining", "list"),
    default="remaining",
    zh="按剩余价还是标价计算",
    en="computed on what remains, or on list prices",
)
_UNIT_ORDER_KIND = word("cheapest", "most_expensive", "line_order")
_UNIT_ORDER = Field(
    name="unit_order",
    kind=_UNIT_ORDER_KIND,
    zh="先选哪些件；写了 `max_units` 或 `unit_multiple_of` 时必填",
    en="which units come first; must be given with `max_units` or `unit_multiple_of`",
)
_REWARDED = Field(
    name="unit_order", kind=_UNIT_ORDER_KIND, required=True, zh="优惠哪些件", en="which units are rewarded"
)
_CHOOSING = (
    Field(name="max_units", kind=kinds.COUNT, zh="最多几件", en="at most so many units"),
    Field(name="max_units_per_line", kind=kinds.COUNT, zh="每行最多几件", en="at most so many units of a line"),
    Field(name="unit_multiple_of", kind=kinds.COUNT, zh="只取它的倍数件", en="only a multiple of so many units"),
)
_PRICED = (_EFFECT_SCOPE, _MAX_DISCOUNT, _BASE)
_CHOSEN = (*_PRICED, *_CHOOSING, _UNIT_ORDER)
_PERCENT = Field(name="percent", kind=kinds.PERCENT, required=True, zh="减百分之几", en="percent off")
_AMOUNT = Field(name="amount", kind=kinds.MONEY, required=True, zh="减多少", en="so much off")
_PRICE = Field(name="price", kind=kinds.MONEY, required=True, zh="价格；不会涨价", en="the price; never raises one")
_SET_SIZE = Field(name="n", kind=kinds.COUNT, required=True, zh="几件一组", en="units of a set")
_FORMATION = Field(
    name="formation",
    kind=word("sets", "pool"),
    default="sets",
    zh="`sets` 逐组选件；`pool` 从所有成组的件里一起选",
    en="`sets` rewards in each set, `pool` out of all complete sets together",
)
_WHOLE_SETS = (
    _FORMATION,
    *_CHOOSING,
    _UNIT_ORDER,
)
_METHODS = Field(
    name="methods", kind=kinds.TEXTS, zh="哪些配送方式；不写为全部", en="which delivery methods; all when left out"
)


def _level(*levels: str) -> Field:
    return Field(
        name="level",
        kind=word(*levels),
        zh="逐件、逐行还是整单计算；`catalogue` 阶段可不写",
        en="by unit, by line or for the order; may be left out in stage `catalogue` only",
    )


def _tiered(values: Kind, base: Kind) -> tuple[Field, ...]:
    return (
        Field(
            name="basis",
            kind=word("subtotal", "eligible_quantity"),
            required=True,
            zh="按标价合计还是件数分档",
            en="tiers by list subtotal or by units",
        ),
        Field(name="tiers", kind=values, required=True, zh="各档", en="the tiers"),
        _level("unit", "line", "order"),
        Field(
            name="basis_scope",
            kind=SCOPE_KIND,
            zh="按哪些商品分档；不写同 `scope`",
            en="what the basis counts; as `scope` when left out",
        ),
        Field(name="base_value", kind=base, default=0, zh="未到第一档时的值", en="the value below the first tier"),
        Field(
            name="marginal",
            kind=kinds.FLAG,
            default=False,
            zh="每一段按各自的档计算；此时可不写 `level`",
            en="each slice by its own tier; `level` may then be left out",
        ),
        *_CHOSEN,
    )


EFFECTS: dict[str, Row] = {
    "percent_off": Row(zh="打折", en="percent off", fields=(_PERCENT, _level("unit", "line", "order"), *_CHOSEN)),
    "amount_off": Row(
        zh="立减",
        en="amount off",
        fields=(_AMOUNT, _level("unit", "line", "order", "order_and_shipping"), *_CHOSEN),
    ),
    "fixed_unit_price": Row(zh="特价", en="fixed price of a unit", fields=(_PRICE, *_CHOSEN)),
    "bundle_price": Row(zh="组合价", en="each n units for a price", fields=(_SET_SIZE, _PRICE, *_WHOLE_SETS, *_PRICED)),
    "buy_n_get_m": Row(
        zh="买 N 送 M",
        en="buy n, get m",
        fields=(
            Field(name="buy_qty", kind=kinds.COUNT, required=True, zh="买几件", en="units to buy"),
            Field(name="get_qty", kind=kinds.COUNT, required=True, zh="优惠几件", en="units rewarded"),
            _PERCENT,
            _REWARDED,
            Field(
                name="buy_scope",
                kind=SCOPE_KIND,
                zh="买哪些；不写同 `scope`",
                en="what to buy; as `scope` when left out",
            ),
            Field(
                name="get_scope",
                kind=SCOPE_KIND,
                zh="优惠哪些；不写同 `scope`",
                en="what is rewarded; as `scope` when left out",
            ),
            Field(name="max_applications", kind=kinds.COUNT, zh="最多几组", en="at most so many sets"),
            _FORMATION,
            *_CHOOSING,
            *_PRICED,
        ),
    ),
    "nth_unit_percent": Row(
        zh="第 N 件打折（第二件半价）",
        en="the nth unit reduced (second at half price)",
        fields=(_SET_SIZE, _PERCENT, _REWARDED, _FORMATION, *_CHOOSING, *_PRICED),
    ),
    "cheapest_unit_free": Row(
        zh="最便宜的几件免单",
        en="the cheapest units free",
        fields=(Field(name="units", kind=kinds.COUNT, required=True, zh="几件", en="so many units"), *_CHOSEN),
    ),
    "percent_off_group": Row(
        zh="凑满一组打折",
        en="complete groups reduced",
        fields=(
            Field(name="group_size", kind=kinds.COUNT, required=True, zh="几件一组", en="units of a group"),
            _PERCENT,
            *_WHOLE_SETS,
            *_PRICED,
        ),
    ),
    "first_then_additional_amount_off": Row(
        zh="首件减、再买再减",
        en="so much off the first unit, so much off each further one",
        fields=(
            Field(name="first", kind=kinds.MONEY, required=True, zh="首件减多少", en="off the first unit"),
            Field(name="additional", kind=kinds.MONEY, required=True, zh="其后每件减多少", en="off each further unit"),
            Field(name="unit_order", kind=_UNIT_ORDER_KIND, required=True, zh="件的先后", en="which unit is first"),
            *_CHOOSING,
            *_PRICED,
        ),
    ),
    "tiered_percent_off": Row(
        zh="阶梯折扣", en="percent off by tiers", fields=_tiered(kinds.TIERS_PERCENT, kinds.PERCENT_OR_ZERO)
    ),
    "tiered_amount_off": Row(zh="阶梯满减", en="amount off by tiers", fields=_tiered(kinds.TIERS_MONEY, kinds.MONEY)),
    "every_amount_off": Row(
        zh="每满减",
        en="so much off for every so much spent",
        fields=(
            Field(name="every", kind=kinds.STEP, required=True, zh="每满多少", en="for each so much"),
            _AMOUNT,
            Field(name="max_times", kind=kinds.COUNT, zh="最多几次", en="at most so often"),
            *_CHOSEN,
        ),
    ),
    "gift_unit": Row(
        zh="赠品、换购",
        en="a gift, or a reduced extra",
        fields=(
            Field(name="sku", kind=kinds.TEXT, required=True, zh="赠品货号", en="its SKU"),
            Field(name="qty", kind=kinds.COUNT, required=True, zh="几件", en="so many units"),
            _PERCENT,
            _MAX_DISCOUNT,
            _BASE,
        ),
    ),
    "shipping_percent_off": Row(
        zh="运费打折", en="percent off delivery", fields=(_PERCENT, _METHODS, _MAX_DISCOUNT, _BASE)
    ),
    "shipping_amount_off": Row(
        zh="运费立减", en="amount off delivery", fields=(_AMOUNT, _METHODS, _MAX_DISCOUNT, _BASE)
    ),
    "points": Row(
        zh="积分加倍或另送；至少写其一",
        en="points multiplied or added; at least one of the two",
        fields=(
            Field(name="multiply", kind=kinds.FACTOR, zh="乘以", en="multiplied by"),
            Field(name="add", kind=kinds.POINTS, zh="另送", en="added"),
        ),
    ),
    "issue_coupon": Row(
        zh="送券",
        en="a coupon for another time",
        fields=(
            Field(name="batch", kind=kinds.TEXT, required=True, zh="券批次", en="of this batch"),
            Field(
                name="for",
                attribute="for_",
                kind=word("next_order"),
                required=True,
                zh="下一单可用；本单完成后生效",
                en="for the next order; void until this sale is confirmed",
            ),
        ),
    ),
}
