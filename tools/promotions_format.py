"""Write docs/reference/promotions-format.md from the tables by which rulebooks are read.

python tools/promotions_format.py            write the page
python tools/promotions_format.py --check    say whether it is up to date
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from liushui.promotions.domain.effect_fields import EFFECTS
from liushui.promotions.domain.rule_fields import LEAVES, LIMITS, PROMOTION, SCOPE, SCOPE_KIND, Row
from liushui.promotions.domain.rule_kinds import Field
from liushui.promotions.domain.rules import Scope

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "promotions-format.md"

SCOPE_EXAMPLES: Mapping[str, dict[str, Any]] = {
    "零食，薯片除外": {"category_in": ["food/snacks"], "category_not_in": ["food/snacks/chips"]},
    "10 至 50 元的新品": {"tag_in": ["new"], "unit_price_min": 1000, "unit_price_max": 5000},
    "全部商品": {},
}
CONDITION_EXAMPLES: Mapping[str, dict[str, Any]] = {
    "subtotal_at_least": {"amount": 20000, "scope": {"category_in": ["food"]}},
    "discounted_subtotal_at_least": {"amount": 20000},
    "quantity_at_least": {"n": 3, "scope": {"category_in": ["food/snacks"]}},
    "line_quantity_at_least": {"n": 6},
    "distinct_skus_at_least": {"n": 4, "scope": {"brand_in": ["acme"]}},
    "contains": {"scope": {"sku_in": ["6901234567892"]}},
    "member": {},
    "tier_in": {"tiers": ["gold", "silver"]},
    "customer_group_in": {"groups": ["vip"]},
    "attribute": {"name": "children", "op": "gte", "value": 1},
    "nth_order": {"n": 3},
    "first_order": {},
    "birthday_within": {"days": 7},
    "channel_in": {"channels": ["pos"]},
    "store_in": {"stores": ["S001", "S002"]},
    "region_in": {"regions": ["east"]},
    "shipping_method_in": {"methods": ["express"]},
    "payment_method_in": {"methods": ["unionpay"]},
    "coupon": {"code": "SPRING10"},
}
EFFECT_EXAMPLES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "percent_off": ("饮料八五折", {"percent": 15, "level": "line", "scope": {"category_in": ["drinks"]}}),
    "amount_off": ("整单减 30 元", {"amount": 3000, "level": "order"}),
    "fixed_unit_price": (
        "特价 9.90 元，每单两件",
        {"price": 990, "scope": {"sku_in": ["6901234567892"]}, "max_units": 2, "unit_order": "most_expensive"},
    ),
    "bundle_price": ("任选 3 件 99 元", {"n": 3, "price": 9900, "scope": {"tag_in": ["socks"]}}),
    "buy_n_get_m": (
        "零食买二送一",
        {
            "buy_qty": 2,
            "get_qty": 1,
            "percent": 100,
            "unit_order": "cheapest",
            "scope": {"category_in": ["food/snacks"]},
        },
    ),
    "nth_unit_percent": ("第二件半价", {"n": 2, "percent": 50, "unit_order": "cheapest"}),
    "cheapest_unit_free": ("最便宜的一件免单", {"units": 1}),
    "percent_off_group": ("每四件打八折", {"group_size": 4, "percent": 20}),
    "first_then_additional_amount_off": (
        "首件减 5 元，再买每件减 8 元，最多 5 件",
        {"first": 500, "additional": 800, "unit_order": "most_expensive", "max_units": 5},
    ),
    "tiered_percent_off": (
        "满 100 元 95 折，满 200 元 9 折",
        {"basis": "subtotal", "tiers": [[10000, 5], [20000, 10]], "level": "order"},
    ),
    "tiered_amount_off": (
        "满 3 件减 10 元，满 5 件减 25 元",
        {"basis": "eligible_quantity", "tiers": [[3, 1000], [5, 2500]], "level": "order"},
    ),
    "every_amount_off": ("每满 300 减 40，最多 5 次", {"every": 30000, "amount": 4000, "max_times": 5}),
    "gift_unit": ("送杯子一只", {"sku": "CUP", "qty": 1, "percent": 100}),
    "shipping_percent_off": ("快递费半价", {"percent": 50, "methods": ["express"]}),
    "shipping_amount_off": ("运费减 10 元", {"amount": 1000}),
    "points": ("双倍积分", {"multiply": 20000}),
    "issue_coupon": ("送下一单可用的券", {"batch": "back-again-10", "for": "next_order"}),
}
PROMOTION_EXAMPLE: dict[str, Any] = {
    "id": "gold-weekend-200-30",
    "name": {"zh": "金卡周末满 200 减 30", "en": "Gold weekend: 30 off 200"},
    "stage": "order",
    "starts_at": "2026-12-01T00:00:00+08:00",
    "ends_at": "2027-01-01T00:00:00+08:00",
    "weekdays": [6, 7],
    "when": [{"type": "subtotal_at_least", "amount": 20000}, {"type": "tier_in", "tiers": ["gold"]}],
    "effects": [{"type": "amount_off", "amount": 3000, "level": "order"}],
    "limits": {"per_member": 4, "budget": 5000000},
    "return_policy": "clawback",
}
BASKET_EXAMPLE: dict[str, Any] = {
    "currency": "CNY",
    "channel": "pos",
    "store": "S001",
    "region": "east",
    "at": "2026-12-05T10:15:00+08:00",
    "lines": [
        {
            "id": "1",
            "sku": "6901234567892",
            "category": "food/snacks/chips",
            "brand": "acme",
            "tags": ["new"],
            "unit_price": 1250,
            "quantity": 3,
        },
        {"id": "2", "sku": "2100012", "unit_price": 2375, "quantity": 1, "measure": {"value": 1250, "unit": "g"}},
    ],
    "shipping": [{"id": "s1", "method": "express", "amount": 1000}],
    "codes": ["SPRING10", {"code": "X7Q2-9KFM", "batch": "back-again-10"}],
    "member": {
        "id": "m1",
        "tier": "gold",
        "groups": ["vip"],
        "birthday": "11-22",
        "completed_orders": 4,
        "attributes": {"children": 2},
    },
    "usage": {"gold-weekend-200-30": {"total": 120, "member": 1, "spent": 360000}},
}


def page() -> str:
    """The whole page."""
    return "\n".join([*_head(), *_promotions(), *_scopes(), *_conditions(), *_effects()]) + "\n"


def _head() -> Iterable[str]:
    yield from (
        "# Promotions: formats",
        "",
        "Made by `tools/promotions_format.py` from the tables by which documents are read (`rule_fields.py` and",
        "`effect_fields.py` in `promotions/domain`); a test compares. What each part does is in",
        "[promotions.md](promotions.md),",
        "how to try it on the command line in [promotions-cli.md](promotions-cli.md).",
        "",
        "Documents are read strictly: an unknown field, type or value is refused with its JSON path, such as",
        "`promotions[3].effects[0].percent`; nothing is guessed or dropped. Refused are: a key that stands",
        "twice, NaN and",
        "Infinity, nesting beyond 64, whole numbers beyond 10¹⁵, a fraction anywhere but in a percent, a",
        "date without offset,",
        "`true` for a number, the character U+0000, text that is not UTF-8, documents beyond 64 MiB. Texts",
        "have 1 to 200",
        "characters. `null` is as left out where the tables say –. Amounts are minor units of the basket's",
        "currency (1250 is",
        "12.50 yuan).",
        "",
        "In normal form defaults are left out and promotions stand by id; its SHA-256 is the rulebook's digest.",
        "",
        "## Basket",
        "",
        "Only `currency` and `lines` (`id`, `sku`, `unit_price`, `quantity`) are required. A basket has at",
        "most 10,000 lines",
        "and 1,000,000 units, and comes to 10¹⁵ at most. `member: null` is an anonymous shopper. Left out:",
        "`channel` is `pos`,",
        "`discountable` true, `gift` false, `floor_unit_price` 0. A code is a text, or with its batch an",
        "object, which is for",
        "whoever has looked the code up.",
        "",
        *_json(BASKET_EXAMPLE),
    )


def _promotions() -> Iterable[str]:
    yield from (
        "## Rulebook",
        "",
        "`version` (text), `mode` (`best` \\| `sequential`, default `best`) and `promotions` (a list; ids once each).",
        "",
        "## Promotion",
        "",
        "`effects` (a list, at least one) and `id` are required. `when` is a list of conditions that must",
        "all hold; `limits`",
        "is an object.",
        "",
        *_table(PROMOTION),
        "",
        *_json({"version": "2026-12-01.1", "promotions": [PROMOTION_EXAMPLE]}),
        "### `limits`",
        "",
        *_table(LIMITS),
        "",
    )


def _scopes() -> Iterable[str]:
    yield from ("## Scope", "", "All given parts must hold; `{}` is everything.", "", *_table(SCOPE), "")
    for name, example in SCOPE_EXAMPLES.items():
        yield from (f"{name}:", "", *_json(example))


def _conditions() -> Iterable[str]:
    yield from (
        "## Conditions",
        "",
        '`{"all": […]}`, `{"any": […]}` and `{"not": …}` join conditions; each other one has a `type`:',
        "",
    )
    for name, row in LEAVES.items():
        yield from _row(name, row, CONDITION_EXAMPLES[name])
    joined = {"any": [{"type": "first_order"}, {"not": {"type": "tier_in", "tiers": ["staff"]}}]}
    yield from ("### Joined", "", *_json(joined))


def _effects() -> Iterable[str]:
    yield from ("## Effects", "")
    for name, row in EFFECTS.items():
        meaning, example = EFFECT_EXAMPLES[name]
        yield from _row(name, row, example, meaning=meaning)


def _row(name: str, row: Row, example: Mapping[str, Any], *, meaning: str = "") -> Iterable[str]:
    yield from (f"### `{name}`", "", f"{row.en[0].upper()}{row.en[1:]}. {row.zh}。", "")
    if row.fields:
        yield from (*_table(row.fields), "")
    if meaning:
        yield from (f"{meaning}:", "")
    yield from _json({"type": name, **example})


def _table(fields: Iterable[Field]) -> Iterable[str]:
    yield "| Field | Takes | Left out | Meaning | 说明 |"
    yield "|---|---|---|---|---|"
    for field in fields:
        takes = "[scope](#scope)" if field.kind is SCOPE_KIND else field.kind.en
        yield f"| `{field.name}` | {takes} | {_left_out(field)} | {field.en} | {field.zh} |"


def _left_out(field: Field) -> str:
    if field.required:
        return "**required**"
    if field.default is None:
        return "–"
    if isinstance(field.default, Scope):
        return "everything"
    if isinstance(field.default, frozenset | dict):
        return "empty"
    return f"`{json.dumps(field.default)}`"


def _json(document: Mapping[str, Any]) -> Iterable[str]:
    yield from ("```json", _laid_out(document, 0), "```", "")


def _laid_out(value: Any, depth: int) -> str:
    """JSON that breaks only what would not fit on a line."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) + depth <= 110 or not isinstance(value, dict | list):
        return text
    inner = " " * (depth + 1)
    if isinstance(value, list):
        return "[" + f",\n{inner}".join(_laid_out(each, depth + 1) for each in value) + "]"
    parts = [f"{json.dumps(key)}: {_laid_out(each, depth + 1)}" for key, each in value.items()]
    return "{" + f",\n{inner}".join(parts) + "}"


def main() -> int:
    if "--check" in sys.argv[1:]:
        return int(PAGE.read_text("utf-8") != page())
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
