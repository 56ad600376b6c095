"""Cases of one flavour: what the search has shortcuts for, or once got wrong, in every case and not in one of fifty."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.promotions.generators import Document, seeded_case

Case = tuple[Document, Document]
STACKING = ("group", "group_mode", "group_max", "not_with", "exclusive")


def gifts(random: random.Random, rulebook: Document, basket: Document) -> None:
    """Several promotions give the same gifts, whose lines have different prices."""
    for line in basket["lines"]:
        line["sku"] = random.choice("ab")
        if random.random() < 0.5:
            line.pop("discountable", None)
            line["gift"] = True
    for promotion in rulebook["promotions"]:
        promotion.pop("when", None)
        if random.random() < 0.5:
            gift = {"type": "gift_unit", "sku": random.choice("ab"), "qty": random.randint(1, 3)}
            promotion["effects"][0] = gift | {"percent": random.choice((10, 50, 100))}


def floors(random: random.Random, rulebook: Document, basket: Document) -> None:
    """Every line has a floor, prices tie."""
    for line in basket["lines"]:
        line.pop("gift", None)
        line.pop("discountable", None)
        price = line["unit_price"] = random.choice((100, 333, 1000, 1000))
        line["floor_unit_price"] = random.choice((0, price // 2, price * 9 // 10, price))
    for promotion in rulebook["promotions"]:
        promotion.pop("when", None)


def rivals(random: random.Random, rulebook: Document, basket: Document) -> None:
    """Promotions that take units from one another."""
    for promotion in rulebook["promotions"]:
        for key in ("when", "limits", "starts_at", "ends_at"):
            promotion.pop(key, None)
        promotion["stage"] = random.choice(("item", "item", "order"))
        promotion["unit_exclusive"] = random.random() < 0.7
    for line in basket["lines"]:
        line.pop("gift", None)
        line.pop("discountable", None)
        line["category"] = "food"


def percents(random: random.Random, rulebook: Document, basket: Document) -> None:
    """Percents of every level, some over a part of the lines."""
    for promotion in rulebook["promotions"]:
        promotion.pop("when", None)
        promotion["stage"] = random.choice(("item", "order"))
        effect: Document = {"type": "percent_off", "percent": random.choice((1, 5, 10, 30, "33.33"))}
        effect["level"] = random.choice(("unit", "line", "order", "order"))
        if random.random() < 0.6:
            effect["scope"] = {random.choice(("sku_in", "sku_not_in")): [random.choice("abcd")]}
        promotion["effects"][0] = effect


def whole_orders(random: random.Random, rulebook: Document, basket: Document) -> None:
    """Amounts, tiers and each-so-much over the whole order with thresholds on what is left."""
    for promotion in rulebook["promotions"]:
        for key in ("unit_exclusive", "limits", "starts_at", "ends_at", "hours", "weekdays", "when"):
            promotion.pop(key, None)
        for key in STACKING if random.random() < 0.7 else ():
            promotion.pop(key, None)
        promotion["stage"] = random.choice(("order", "order", "order", "item", "shipping"))
        promotion["effects"] = [whole_order(random)] + [{"type": "points", "add": 5}] * (random.random() < 0.2)
        if random.random() < 0.6:
            kinds = ("discounted_subtotal_at_least", "discounted_subtotal_at_least", "subtotal_at_least")
            leaf = {"type": random.choice(kinds), "amount": random.choice((100, 300, 700, 1000, 1500, 2500))}
            promotion["when"] = [{"not": leaf} if random.random() < 0.2 else leaf]
    for line in basket["lines"]:
        line["unit_price"] = random.choice((99, 100, 333, 500, 1000))
        line["floor_unit_price"] = line["unit_price"] // 2 if random.random() < 0.15 else 0


def whole_order(random: random.Random) -> Document:
    step, amount = random.choice((100, 200, 300, 500, 1000)), random.choice((1, 7, 30, 50, 100, 150))
    tiers = {"basis": "subtotal", "level": "order"}
    effect: Document = random.choice(
        (
            {"type": "every_amount_off", "every": step, "amount": amount},
            {"type": "tiered_amount_off", **tiers, "tiers": [[step, amount], [2 * step, 3 * amount]]},
            {"type": "tiered_percent_off", **tiers, "tiers": [[step, 5], [3 * step, 12]]},
            {"type": "tiered_percent_off", **tiers, "tiers": [[step, 5], [3 * step, 12]], "marginal": True},
            {"type": "amount_off", "amount": amount, "level": random.choice(("order", "order_and_shipping"))},
            {"type": "percent_off", "percent": random.choice((1, 5, 10, "33.33")), "level": "order"},
        )
    )
    if random.random() < 0.2:
        effect["max_discount"] = random.choice((3, 20, 60))
    if random.random() < 0.15:
        effect["base"] = "list"
    return effect


FLAVOURS: dict[str, Callable[[random.Random, Document, Document], None]] = {
    "gifts": gifts,
    "floors": floors,
    "rivals": rivals,
    "percents": percents,
    "whole orders": whole_orders,
}


def flavoured_case(seed: int, flavour: str, *, most: int) -> Case:
    """The case of a seed and a flavour: always the same."""
    rulebook, basket = seeded_case(seed, most=most, mode="best")
    FLAVOURS[flavour](random.Random(f"{flavour} {seed}"), rulebook, basket)
    return rulebook, basket
