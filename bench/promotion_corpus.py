"""Seeded rulebooks and baskets for the benches of promotions, as the JSON that a shop would write."""

from __future__ import annotations

import random
from typing import Any

STORES, TIERS = [f"S{number:03}" for number in range(20)], ["silver", "gold", "platinum"]
AT = "2026-11-22T10:15:00+08:00"
Document = dict[str, Any]


def mixed_rulebook(number: int, *, touching: int = 10, seed: int = 1) -> Document:
    """So many promotions of all kinds over so many goods that about `touching` of them can touch a basket of 20 lines.

    Most are for a category or some SKUs; 1 in 20 is for a store, a tier or a code; two ask for an order total.
    """
    chance = random.Random(seed)
    categories = goods_categories(number, touching)
    promotions = [_mixed(chance, index, categories) for index in range(number - 2)]
    promotions += [
        {
            "id": "order-500",
            "stage": "order",
            "when": [{"type": "discounted_subtotal_at_least", "amount": 50000}],
            "effects": [{"type": "amount_off", "amount": 3000, "level": "order"}],
        },
        {
            "id": "every-300",
            "stage": "order",
            "lane": 1,
            "effects": [{"type": "every_amount_off", "every": 30000, "amount": 1000, "max_times": 3}],
        },
    ]
    return {"version": f"mixed-{number}", "promotions": promotions}


def goods_categories(number: int, touching: int) -> int:
    """How many leaf categories the goods have: a basket's 20 lines meet two promotions fewer than `touching`."""
    return max(20, 20 * number // max(1, touching - 2))


def _mixed(chance: random.Random, index: int, categories: int) -> Document:
    scope: Document = {"category_in": [f"d/c{chance.randrange(categories)}"]}
    promotion: Document = {
        "id": f"p{index:05}",
        "name": {"zh": f"促销 {index}", "en": f"Promotion {index}"},
        "lane": chance.randrange(3),
        "priority": chance.randrange(5),
        "effects": [_effect(chance, scope)],
    }
    place = chance.randrange(60)
    if place == 0:
        promotion["when"] = [{"type": "store_in", "stores": [chance.choice(STORES)]}]
    elif place == 1:
        promotion["when"] = [{"type": "tier_in", "tiers": [chance.choice(TIERS)]}]
    elif place == 2:
        promotion["when"] = [{"type": "coupon", "code": f"CODE{index}"}]
    elif place < 30:
        promotion["when"] = [{"type": "quantity_at_least", "n": chance.randint(1, 3), "scope": scope}]
    elif place < 40:
        promotion["when"] = [{"type": "subtotal_at_least", "amount": chance.randrange(1000, 9000), "scope": scope}]
    if chance.random() < 0.15:
        promotion |= {"group": f"g{chance.randrange(8)}", "group_mode": chance.choice(["best", "first"])}
    if chance.random() < 0.05:
        promotion["unit_exclusive"] = True
    return promotion


def _effect(chance: random.Random, scope: Document) -> Document:
    percent = chance.randrange(5, 60, 5)
    kinds: list[Document] = [
        {"type": "percent_off", "percent": percent, "level": "line"},
        {"type": "percent_off", "percent": percent, "level": "unit", "max_units": 2, "unit_order": "cheapest"},
        {"type": "amount_off", "amount": chance.randrange(100, 900), "level": "line"},
        {"type": "fixed_unit_price", "price": chance.randrange(500, 2500)},
        {"type": "bundle_price", "n": 2, "price": chance.randrange(1500, 4000)},
        {"type": "nth_unit_percent", "n": 2, "percent": 50, "unit_order": "cheapest"},
        {"type": "percent_off_group", "group_size": 2, "percent": percent},
        {"type": "tiered_percent_off", "basis": "eligible_quantity", "tiers": [[1, 5], [3, 10]], "level": "line"},
    ]
    kind = chance.randrange(len(kinds) + 1)
    if kind == len(kinds):
        sets = {"buy_qty": 2, "get_qty": 1, "percent": 100, "unit_order": "cheapest"}
        return {"type": "buy_n_get_m", **sets, "buy_scope": scope, "get_scope": scope}
    return kinds[kind] | {"scope": scope}


def basket(
    chance: random.Random, *, lines: int, categories: int, spread: int = 20, quantity: int | None = None
) -> Document:
    """A basket of goods out of `spread` categories; with `quantity`, so many units of the first line."""
    among = chance.sample(range(categories), min(spread, categories))
    document: Document = {
        "currency": "CNY",
        "channel": "pos",
        "store": chance.choice(STORES),
        "region": "east",
        "at": AT,
        "lines": [_line(chance, index, among[index % len(among)], categories) for index in range(lines)],
    }
    if chance.random() < 0.5:
        document["member"] = {"id": f"m{chance.randrange(10_000)}", "tier": chance.choice(TIERS)}
    if quantity is not None:
        document["lines"][0]["quantity"] = quantity
    return document


def _line(chance: random.Random, index: int, category: int, categories: int) -> Document:
    sku = chance.randrange(10) * categories + category
    return {
        "id": str(index),
        "sku": f"{sku:08}",
        "category": f"d/c{category}",
        "brand": f"b{sku % 97}",
        "unit_price": 300 + sku * 37 % 4700,
        "quantity": chance.choice([1, 1, 1, 2, 3, 4]),
    }


def overlapping_case(seed: int, *, promotions: int = 10) -> tuple[Document, Document]:
    """A rulebook whose promotions all meet the same few goods, and the basket: what takes real search."""
    chance = random.Random(seed)
    document = basket(chance, lines=chance.randint(4, 8), categories=4)
    rules = []
    for index in range(promotions):
        nodes = chance.sample([f"d/c{number}" for number in range(4)], chance.randint(1, 4))
        scope: Document = {} if chance.random() < 0.3 else {"category_in": nodes}
        rule: Document = {"id": f"o{index}", "effects": [_effect(chance, scope)], "lane": chance.randrange(3)}
        if chance.random() < 0.25:
            rule["stage"] = "order"
            rule["effects"] = [{"type": "amount_off", "amount": chance.randrange(200, 3000), "level": "order"}]
        if chance.random() < 0.4:
            amount = chance.randrange(3000, 20000)
            rule["when"] = [{"type": "discounted_subtotal_at_least", "amount": amount}]
        if chance.random() < 0.35:
            rule["group"] = chance.choice("ab")
        if chance.random() < 0.3:
            rule["unit_exclusive"] = True
        if chance.random() < 0.1:
            rule["exclusive"] = True
        if index and chance.random() < 0.3:
            rule["not_with"] = [f"o{chance.randrange(index)}"]
        rules.append(rule)
    return {"version": f"overlap-{seed}", "promotions": rules}, document


def plain_rulebook(number: int) -> Document:
    """What every rule engine can do: each promotion takes percent off one category that has its total or number.

    Prices are whole yuan and percents whole, so that no engine has anything to round.
    """
    chance = random.Random(number)
    promotions = []
    for index in range(number):
        scope = {"category_in": [f"c{index}"]}
        need: Document = {"type": "quantity_at_least", "n": chance.randint(1, 5), "scope": scope}
        if index % 2:
            need = {"type": "subtotal_at_least", "amount": chance.randint(10, 100) * 100, "scope": scope}
        effect = {"type": "percent_off", "percent": chance.randint(1, 10) * 5, "level": "line", "scope": scope}
        promotions.append({"id": f"p{index:04}", "when": [need], "effects": [effect]})
    return {"version": f"plain-{number}", "promotions": promotions}


def plain_basket(number: int, seed: int) -> Document:
    """20 lines over 10 categories of a plain rulebook, so that 10 promotions can touch it."""
    chance = random.Random(seed)
    categories = chance.sample(range(number), 10)
    lines = [
        {
            "id": str(index),
            "sku": f"s{categories[index % 10]}-{index}",
            "category": f"c{categories[index % 10]}",
            "unit_price": chance.randint(3, 60) * 100,
            "quantity": chance.randint(1, 3),
        }
        for index in range(20)
    ]
    return {"currency": "CNY", "lines": lines}
