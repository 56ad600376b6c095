"""Which fields promotions, scopes and conditions take; effect_fields.py has the effects.

Documents are read and written by these lists, and docs/reference/promotions-format.md is made from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from liushui.promotions.domain import rule_kinds as kinds
from liushui.promotions.domain.documents import strict
from liushui.promotions.domain.rule_kinds import Field, Kind, word
from liushui.promotions.domain.rules import STAGES, Scope

SCOPE = (
    Field(name="sku_in", kind=kinds.TEXTS, zh="这些货号", en="these SKUs"),
    Field(name="sku_not_in", kind=kinds.TEXTS_OR_NONE, zh="除去这些货号", en="not these SKUs"),
    Field(name="category_in", kind=kinds.NODES, zh="这些品类", en="these categories"),
    Field(name="category_not_in", kind=kinds.NODES_OR_NONE, zh="除去这些品类", en="not these categories"),
    Field(name="brand_in", kind=kinds.TEXTS, zh="这些品牌", en="these brands"),
    Field(name="tag_in", kind=kinds.TEXTS, zh="带有其中任一标签", en="any of these tags"),
    Field(name="unit_price_min", kind=kinds.MONEY, zh="标价不低于", en="list price at least"),
    Field(name="unit_price_max", kind=kinds.MONEY, zh="标价不高于", en="list price at most"),
    Field(
        name="not_already_discounted",
        kind=kinds.FLAG,
        default=False,
        zh="只限尚未被其他促销减价的件",
        en="only units that no other promotion has reduced",
    ),
)
_SCOPE_NAMES = frozenset(field.name for field in SCOPE)


def read_fields(given: dict[str, Any], fields: tuple[Field, ...], *, at: str) -> dict[str, Any]:
    """The fields of a document by their names in the dataclass; null is as left out where nothing is the default."""
    read: dict[str, Any] = {}
    for field in fields:
        if field.name in given:
            value = given[field.name]
            if value is None and field.default is None and not field.required:
                continue
            read[field.stored] = field.kind.read(value, f"{at}.{field.name}" if at else field.name)
    return read


def write_fields(source: Any, fields: tuple[Field, ...]) -> dict[str, Any]:
    """The document's fields of a dataclass, those at their default left out."""
    document: dict[str, Any] = {}
    for field in fields:
        value = getattr(source, field.stored)
        if field.required or value != field.default:
            document[field.name] = field.kind.write(value)
    return document


def read_scope(value: Any, at: str) -> Scope:
    """A scope; {} is everything."""
    given = strict.members(value, at=at, known=_SCOPE_NAMES, what="A scope")
    return Scope(**read_fields(given, SCOPE, at=at))


def write_scope(scope: Scope) -> dict[str, Any]:
    """A scope in normal form."""
    return write_fields(scope, SCOPE)


SCOPE_KIND = Kind(read=read_scope, write=write_scope, zh="范围", en="scope")
EVERYTHING = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One type of condition or effect: what it is for, and its fields."""

    zh: str
    en: str
    fields: tuple[Field, ...]

    @property
    def names(self) -> frozenset[str]:
        """Its fields' names in a document."""
        return frozenset(field.name for field in self.fields)


_SCOPE = Field(name="scope", kind=SCOPE_KIND, default=EVERYTHING, zh="看哪些商品行", en="which lines are looked at")
_NEED = Field(name="amount", kind=kinds.MONEY, required=True, zh="至少多少", en="at least so much")
_N = Field(name="n", kind=kinds.COUNT, required=True, zh="至少多少", en="at least so many")


def _one_of(name: str, zh: str, en: str) -> tuple[Field, ...]:
    return (Field(name=name, attribute="values", kind=kinds.TEXTS, required=True, zh=zh, en=en),)


LEAVES: dict[str, Row] = {
    "subtotal_at_least": Row(zh="标价合计达到", en="list prices add up to", fields=(_NEED, _SCOPE)),
    "discounted_subtotal_at_least": Row(
        zh="减去先用的促销后，合计达到",
        en="what remains after the promotions before adds up to",
        fields=(_NEED, _SCOPE),
    ),
    "quantity_at_least": Row(zh="件数达到", en="so many units", fields=(_N, _SCOPE)),
    "line_quantity_at_least": Row(zh="有一行的件数达到", en="so many units on one line", fields=(_N, _SCOPE)),
    "distinct_skus_at_least": Row(zh="不同货号数达到", en="so many different SKUs", fields=(_N, _SCOPE)),
    "contains": Row(
        zh="含有范围内的商品",
        en="something in scope is there",
        fields=(Field(name="scope", kind=SCOPE_KIND, required=True, zh="哪些商品", en="which lines"),),
    ),
    "member": Row(zh="是会员", en="the shopper is a member", fields=()),
    "tier_in": Row(
        zh="会员等级是其中之一", en="the member is of one of these tiers", fields=_one_of("tiers", "等级", "tiers")
    ),
    "customer_group_in": Row(
        zh="会员在其中任一分组", en="the member is in any of these groups", fields=_one_of("groups", "分组", "groups")
    ),
    "attribute": Row(
        zh="会员的属性",
        en="an attribute of the member",
        fields=(
            Field(name="name", kind=kinds.TEXT, required=True, zh="属性名", en="its name"),
            Field(name="op", kind=word("eq", "in", "gte", "lte"), required=True, zh="怎样比较", en="how to compare"),
            Field(
                name="value",
                kind=kinds.ATTRIBUTE,
                required=True,
                zh="与什么比较：`in` 为列表，`gte`、`lte` 为整数",
                en="with what: a list for `in`, a whole number for `gte` and `lte`",
            ),
        ),
    ),
    "nth_order": Row(
        zh="会员的第几单",
        en="the member's order of this number",
        fields=(Field(name="n", kind=kinds.COUNT, required=True, zh="第几单", en="its number, this order included"),),
    ),
    "first_order": Row(zh="会员的首单", en="the member's first order", fields=()),
    "birthday_within": Row(
        zh="距会员生日不超过",
        en="the member's birthday is near",
        fields=(Field(name="days", kind=kinds.DAYS, required=True, zh="前后天数", en="days before or after"),),
    ),
    "channel_in": Row(zh="渠道是其中之一", en="one of these channels", fields=_one_of("channels", "渠道", "channels")),
    "store_in": Row(zh="门店是其中之一", en="one of these stores", fields=_one_of("stores", "门店", "stores")),
    "region_in": Row(zh="大区是其中之一", en="one of these regions", fields=_one_of("regions", "大区", "regions")),
    "shipping_method_in": Row(
        zh="有这样的配送方式", en="one of these delivery methods", fields=_one_of("methods", "配送方式", "methods")
    ),
    "payment_method_in": Row(
        zh="付款方式是其中之一", en="one of these ways to pay", fields=_one_of("methods", "付款方式", "methods")
    ),
    "coupon": Row(
        zh="出示了券码，或某批次的券；写其一",
        en="a coupon code was given, or one of a batch; one of the two",
        fields=(
            Field(name="code", kind=kinds.TEXT, zh="共用券码", en="the shared code"),
            Field(name="batch", kind=kinds.TEXT, zh="券批次", en="the batch"),
        ),
    ),
}

LIMITS = (
    Field(name="total", kind=kinds.USES, zh="总共几单", en="orders in all"),
    Field(name="per_member", kind=kinds.USES, zh="每位会员几单；非会员不享受", en="orders of a member; members only"),
    Field(name="per_order", kind=kinds.COUNT, zh="每单几次", en="applications in one order"),
    Field(name="budget", kind=kinds.MONEY, zh="预算", en="money in all"),
    Field(
        name="budget_mode",
        kind=word("reject", "partial"),
        default="reject",
        zh="预算不够时：不给，或给剩下的",
        en="when the budget does not suffice: give nothing, or what is left",
    ),
)

PROMOTION = (
    Field(name="id", kind=kinds.TEXT, required=True, zh="编号，规则书内不重复", en="id, once in a rulebook"),
    Field(name="name", kind=kinds.NAMES, default={}, zh="名称", en="name"),
    Field(name="stage", kind=word(*STAGES), default="item", zh="阶段", en="stage"),
    Field(name="lane", kind=kinds.RANK, default=0, zh="阶段内的先后，小的在先", en="order within a stage, lower first"),
    Field(name="priority", kind=kinds.RANK, default=0, zh="同道内大的在先", en="within a lane, higher first"),
    Field(name="exclusive", kind=kinds.FLAG, default=False, zh="独占本阶段", en="alone in its stage"),
    Field(name="group", kind=kinds.TEXT, zh="互斥组", en="group"),
    Field(
        name="group_mode", kind=word("best", "first", "all"), default="best", zh="组内怎样选", en="choice in a group"
    ),
    Field(name="group_max", kind=kinds.COUNT, zh="组内最多几个", en="at most so many of the group"),
    Field(name="not_with", kind=kinds.IDS, default=frozenset(), zh="不与这些同用", en="not together with these"),
    Field(name="unit_exclusive", kind=kinds.FLAG, default=False, zh="件不共用", en="takes its units for itself"),
    Field(name="starts_at", kind=kinds.INSTANT, zh="开始（含）", en="begins, inclusive"),
    Field(name="ends_at", kind=kinds.INSTANT, zh="结束（不含）", en="ends, exclusive"),
    Field(name="weekdays", kind=kinds.WEEKDAYS, zh="星期几", en="weekdays"),
    Field(name="hours", kind=kinds.HOURS, zh="时段", en="hours"),
    Field(
        name="return_policy",
        kind=word("keep", "clawback"),
        default="keep",
        zh="退货时：保留优惠，或按留下的商品重算",
        en="on return: the discount is kept, or what stays is priced again",
    ),
)
