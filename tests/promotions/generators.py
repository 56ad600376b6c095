"""Small random rulebooks and baskets as JSON documents, from a seed or from hypothesis: one grammar for both.

Everything is drawn from few values, so that promotions meet on the same units, prices tie and thresholds are just
met or just missed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from tests.promotions.sources import Drawn, Seeded, Source, chance, some

__all__ = ["Document", "Seeded", "basket", "cases", "promotion", "rulebook", "seeded_case"]

Document = dict[str, Any]

SKUS = ("a", "b", "c", "d")
CATEGORIES = ("food", "food/snacks", "food/snacks/chips", "foods", "care")
BRANDS = ("acme", "best")
TAGS = ("new", "sale")
PRICES = (1, 99, 100, 100, 333, 500, 999, 1000, 1000, 2000)
PERCENTS: tuple[int | str, ...] = (1, 10, 20, "33.33", 50, 50, 100, "12.5", 100)
AMOUNTS = (1, 50, 100, 299, 300, 1000, 5000)
METHODS = ("express", "pickup")
INSTANTS = (
    "2026-11-21T23:30:00+08:00",
    "2026-11-22T00:00:00+08:00",
    "2026-11-22T10:15:00+08:00",
    "2026-03-01T09:00:00+08:00",
)
STAGES = ("catalogue", "item", "item", "item", "order", "order", "shipping", "points")


# Baskets


def basket(source: Source) -> Document:
    """A small basket of tied prices; gift lines, shipping, members and codes at times."""
    lines = [basket_line(source, place) for place in range(source.integer(1, 4))]
    document: Document = {"currency": "CNY", "lines": lines, "at": source.pick(INSTANTS)}
    if chance(source, 3):
        document["shipping"] = [
            {"id": f"s{place}", "method": source.pick(METHODS), "amount": source.pick((0, 300, 1000))}
            for place in range(source.integer(1, 2))
        ]
    if chance(source, 3):
        document["codes"] = [
            source.pick(("SPRING10", {"code": "X1", "batch": "batch-1"}, {"code": "SPRING10", "batch": "batch-2"}))
        ]
    if chance(source, 2):
        document["member"] = {
            "id": "m1",
            "tier": source.pick(("silver", "gold", None)),
            "groups": some(source, ("vip", "staff")),
            "birthday": source.pick(("11-22", "02-29", "12-31", None)),
            "completed_orders": source.integer(0, 2),
            "attributes": source.pick(({}, {"age": 30}, {"age": 30, "city": "x", "new": True})),
        }
    for key, values in (
        ("channel", ("pos", "web")),
        ("store", ("S001", None)),
        ("region", ("east", None)),
        ("payment_method", ("cash", None)),
    ):
        if chance(source, 3):
            document[key] = source.pick(values)
    if chance(source, 3):
        document["usage"] = {
            f"p{place}": {
                "total": source.integer(0, 2),
                "member": source.integer(0, 2),
                "spent": source.pick((0, 400, 900)),
            }
            for place in range(3)
        }
    return document


def basket_line(source: Source, place: int) -> Document:
    price = source.pick(PRICES)
    line: Document = {"id": str(place + 1), "sku": source.pick(SKUS), "unit_price": price}
    line["quantity"] = source.pick((1, 1, 2, 2, 3, 4))
    line["category"] = source.pick(CATEGORIES)
    if chance(source, 2):
        line["brand"] = source.pick(BRANDS)
    if chance(source, 3):
        line["tags"] = some(source, TAGS)
    if chance(source, 4):
        line["floor_unit_price"] = source.pick((0, price // 2, price))
    if chance(source, 8):
        line["discountable"] = False
    elif chance(source, 6):
        line["gift"] = True
    return line


# Rulebooks


def rulebook(source: Source, *, most: int = 4, mode: str | None = None) -> Document:
    """1 … most promotions p0, p1 … that may be in each other's way."""
    number = source.integer(1, most)
    return {
        "version": "test.1",
        "mode": mode or source.pick(("best", "sequential")),
        "promotions": [promotion(source, f"p{place}", number) for place in range(number)],
    }


def promotion(source: Source, id: str, number: int) -> Document:
    stage = source.pick(STAGES)
    document: Document = {"id": id, "stage": stage}
    document["effects"] = [effect(source) for _ in range(source.pick((1, 1, 1, 1, 2, 3)))]
    if chance(source, 3):
        document["lane"] = source.integer(0, 1)
    if chance(source, 3):
        document["priority"] = source.integer(-1, 1)
    if chance(source, 8):
        document["exclusive"] = True
    if chance(source, 3):
        document["group"] = source.pick(("g", "g", "h"))
        document["group_mode"] = source.pick(("best", "first", "all"))
        if chance(source, 3):
            document["group_max"] = source.integer(1, 2)
    if chance(source, 5) and number > 1:
        others = [f"p{place}" for place in range(number) if f"p{place}" != id]
        document["not_with"] = [source.pick(others)]
    if chance(source, 2):
        document["unit_exclusive"] = True
    if chance(source, 3):
        document["when"] = [condition(source, 2) for _ in range(source.integer(1, 2))]
    times(source, document)
    if chance(source, 4):
        document["limits"] = limits(source)
    return document


def times(source: Source, document: Document) -> None:
    if chance(source, 25):
        document["starts_at"] = source.pick(INSTANTS)
    if chance(source, 25):
        document["ends_at"] = "2026-11-22T10:15:00+08:00"
        if document.get("starts_at", "") >= document["ends_at"]:
            del document["starts_at"]
    if chance(source, 25):
        document["weekdays"] = sorted({source.integer(1, 7) for _ in range(4)})
    if chance(source, 25):
        document["hours"] = [source.pick((["10:00", "14:00"], ["22:00", "02:00"], ["00:00", "10:15"]))]


def limits(source: Source) -> Document:
    kinds: dict[str, Callable[[], Document]] = {
        "total": lambda: {"total": source.integer(1, 2)},
        "per_member": lambda: {"per_member": source.integer(1, 2)},
        "per_order": lambda: {"per_order": source.integer(1, 2)},
        "budget": lambda: {
            "budget": source.pick((500, 1000)),
            "budget_mode": source.pick(("reject", "partial")),
        },
    }
    document: Document = {}
    for kind in some(source, tuple(kinds), 2):
        document |= kinds[kind]()
    return document


def scope(source: Source) -> Document:
    """Mostly everything, so that promotions meet."""
    if not chance(source, 3):
        return {}
    document: Document = {}
    for key in some(
        source,
        (
            "category_in",
            "category_in",
            "sku_in",
            "sku_not_in",
            "category_not_in",
            "brand_in",
            "tag_in",
            "price",
            "fresh",
        ),
        2,
    ):
        if key == "price":
            document[source.pick(("unit_price_min", "unit_price_max"))] = source.pick((100, 500, 1000))
        elif key == "fresh":
            document["not_already_discounted"] = True
        else:
            values = {"sku": SKUS, "category": CATEGORIES, "brand": BRANDS, "tag": TAGS}[key.split("_")[0]]
            document[key] = some(source, values)
    return document


def with_scope(source: Source, document: Document, key: str = "scope") -> Document:
    drawn = scope(source)
    return document | {key: drawn} if drawn else document


def condition(source: Source, depth: int) -> Document:
    if depth and chance(source, 4):
        op = source.pick(("all", "any", "not"))
        if op == "not":
            return {"not": condition(source, depth - 1)}
        return {op: [condition(source, depth - 1) for _ in range(source.integer(1, 2))]}
    return leaf(source)


def leaf(source: Source) -> Document:
    if not chance(source, 3):
        kind = source.pick(("subtotal_at_least", "discounted_subtotal_at_least", "quantity_at_least",
                            "line_quantity_at_least", "distinct_skus_at_least", "contains"))  # fmt: skip
        document: Document = {"type": kind}
        if "subtotal" in kind:
            document["amount"] = source.pick((100, 500, 1000, 2000))
        elif kind != "contains":
            document["n"] = source.integer(1, 3)
        return with_scope(source, document) if kind != "contains" else document | {"scope": scope(source)}
    return dict(
        source.pick(
            (
                {"type": "member"},
                {"type": "tier_in", "tiers": ["gold", "platinum"]},
                {"type": "customer_group_in", "groups": ["vip"]},
                {"type": "attribute", "name": "age", "op": "gte", "value": 30},
                {"type": "attribute", "name": "age", "op": "lte", "value": 29},
                {"type": "attribute", "name": "new", "op": "eq", "value": 1},
                {"type": "attribute", "name": "city", "op": "in", "value": ["x", "y"]},
                {"type": "nth_order", "n": 2},
                {"type": "first_order"},
                {"type": "birthday_within", "days": 1},
                {"type": "channel_in", "channels": ["pos"]},
                {"type": "store_in", "stores": ["S001"]},
                {"type": "region_in", "regions": ["east"]},
                {"type": "shipping_method_in", "methods": ["express"]},
                {"type": "payment_method_in", "methods": ["cash"]},
                {"type": "coupon", "code": "SPRING10"},
                {"type": "coupon", "batch": "batch-1"},
            )
        )
    )


def unit_order(source: Source) -> str:
    return source.pick(("cheapest", "most_expensive", "line_order"))


EFFECTS = (
    "percent_off", "percent_off", "amount_off", "amount_off", "fixed_unit_price", "bundle_price", "bundle_price",
    "buy_n_get_m", "buy_n_get_m", "two_scopes", "nth_unit_percent", "nth_unit_percent", "cheapest_unit_free",
    "percent_off_group", "percent_off_group", "first_then_additional_amount_off", "tiered_percent_off",
    "tiered_amount_off", "every_amount_off", "gift_unit", "shipping_percent_off", "shipping_amount_off", "points",
    "issue_coupon",
)  # fmt: skip


def effect(source: Source) -> Document:
    """One effect of any type, with the optional fields that it may have."""
    kind = source.pick(EFFECTS)
    if kind in ("bundle_price", "buy_n_get_m", "two_scopes", "nth_unit_percent", "percent_off_group"):
        document = set_effect(source, kind)
        if kind != "two_scopes" and chance(source, 4):
            choosing(source, document)
    elif kind in ("gift_unit", "shipping_percent_off", "shipping_amount_off", "points", "issue_coupon"):
        return other_effect(source, kind)
    else:
        document = unit_effect(source, kind)
    if chance(source, 5):
        document["max_discount"] = source.pick((1, 100, 250, 999))
    if chance(source, 6) and kind != "cheapest_unit_free":
        document["base"] = "list"
    return document


def set_effect(source: Source, kind: str) -> Document:
    percent = source.pick(PERCENTS)
    if kind == "bundle_price":
        size = source.integer(2, 3)
        return with_scope(source, {"type": kind, "n": size, "price": source.pick((1, 150, 900, 1500))})
    if kind == "percent_off_group":
        return with_scope(source, {"type": kind, "group_size": source.integer(2, 3), "percent": percent})
    if kind == "nth_unit_percent":
        document: Document = {"type": kind, "n": source.integer(2, 3), "percent": percent}
        document = with_scope(source, document)
    else:
        buy = scope(source)
        get = scope(source) if kind == "two_scopes" else buy
        document = {"type": "buy_n_get_m", "buy_qty": source.integer(1, 2), "get_qty": source.integer(1, 2)}
        document |= {"percent": percent, "buy_scope": buy, "get_scope": get}
        if chance(source, 5):
            document["max_applications"] = source.integer(1, 2)
        if buy == get and chance(source, 4):
            document["formation"] = "pool"
    document["unit_order"] = unit_order(source)
    if kind == "nth_unit_percent" and chance(source, 4):
        document["formation"] = "pool"
    return document


def unit_effect(source: Source, kind: str) -> Document:
    document = with_scope(source, {"type": kind})
    if kind == "cheapest_unit_free":
        document["units"] = source.integer(1, 2)
        choosing(source, document)
        return document
    if kind == "percent_off":
        document |= {"percent": source.pick(PERCENTS), "level": source.pick(("unit", "line", "order"))}
    elif kind == "amount_off":
        document |= {
            "amount": source.pick(AMOUNTS),
            "level": source.pick(("unit", "line", "order", "order_and_shipping")),
        }
    elif kind == "fixed_unit_price":
        document["price"] = source.pick((0, 90, 450, 900))
    elif kind == "every_amount_off":
        document |= {"every": source.pick((100, 300, 1000)), "amount": source.pick((1, 40, 100))}
        if chance(source, 3):
            document["max_times"] = source.integer(1, 2)
    elif kind == "first_then_additional_amount_off":
        document |= {"first": source.pick((1, 100)), "additional": source.pick((0, 30, 500))}
        document["unit_order"] = unit_order(source)
        document["max_units"] = source.integer(1, 4)
    else:
        tiered(source, document)
    choosing(source, document)
    return document


def choosing(source: Source, document: Document) -> None:
    for key, one_in in (("max_units_per_line", 6), ("max_units", 5), ("unit_multiple_of", 6)):
        if key not in document and chance(source, one_in):
            document[key] = source.integer(1, 3)
            document.setdefault("unit_order", unit_order(source))


def tiered(source: Source, document: Document) -> None:
    percent = document["type"] == "tiered_percent_off"
    basis = source.pick(("subtotal", "eligible_quantity"))
    starts = sorted({source.pick((100, 500, 1000, 2000) if basis == "subtotal" else (1, 2, 3, 5)) for _ in range(3)})
    values = [source.pick(PERCENTS if percent else AMOUNTS) for _ in starts]
    document |= {"basis": basis, "tiers": [[start, each] for start, each in zip(starts, values, strict=True)]}
    document["level"] = source.pick(("unit", "line", "order"))
    if chance(source, 3):
        document["marginal"] = True
        document["level"] = "order" if basis == "subtotal" else "unit"
    if chance(source, 4):
        document["base_value"] = 5
    if chance(source, 4) and not (document.get("marginal") and basis == "eligible_quantity"):
        document["basis_scope"] = scope(source)


def other_effect(source: Source, kind: str) -> Document:
    document: Document = {"type": kind}
    if kind == "gift_unit":
        return document | {"sku": source.pick(SKUS), "qty": source.integer(1, 2), "percent": source.pick((50, 100))}
    if kind == "points":
        return document | source.pick(({"multiply": 20000}, {"multiply": 12345}, {"add": 100}))
    if kind == "issue_coupon":
        return document | {"batch": "batch-9", "for": "next_order"}
    if kind == "shipping_percent_off":
        document["percent"] = source.pick(PERCENTS)
    else:
        document["amount"] = source.pick(AMOUNTS)
    if chance(source, 3):
        document["methods"] = some(source, METHODS)
    return document


@st.composite
def cases(draw: Any, *, most: int = 4, mode: str | None = None) -> tuple[Document, Document]:
    """A rulebook and a basket."""
    source = Drawn(draw)
    return rulebook(source, most=most, mode=mode), basket(source)


def seeded_case(seed: int, *, most: int = 4, mode: str | None = None) -> tuple[Document, Document]:
    """The case of a seed: always the same."""
    source = Seeded(seed)
    return rulebook(source, most=most, mode=mode), basket(source)
