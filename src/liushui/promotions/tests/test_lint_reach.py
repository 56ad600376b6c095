"""Findings of what can never be: nobody eligible, nothing left, always behind another, excluded in a circle."""

from __future__ import annotations

from typing import Any

import pytest

from liushui.promotions.domain.lint import blocking
from liushui.promotions.tests.linting import (
    GOODS,
    amount,
    book,
    look_over,
    paid,
    percent,
    pieces,
    promo,
    spent,
    tier,
    told,
)


@pytest.mark.parametrize(
    ("more", "first", "second"),
    [
        ({"when": [tier("gold"), {"not": {"type": "member"}}]}, "when[0]", "when[1].not"),
        ({"when": [tier("gold"), tier("silver")]}, "when[0]", "when[1]"),
        ({"when": [{"type": "first_order"}, {"type": "nth_order", "n": 3}]}, "when[0]", "when[1]"),
        ({"when": [spent(20_000), {"not": spent(10_000)}]}, "when[0]", "when[1].not"),
        ({"when": [pieces(3, sku_in=["A"]), {"not": {"type": "contains", "scope": {}}}]}, "when[0]", "when[1].not"),
        ({"when": [{"type": "channel_in", "channels": ["pos"]}, {"type": "channel_in", "channels": ["web"]}]},
         "when[0]", "when[1]"),
        ({"when": [{"type": "store_in", "stores": ["S1"]}, {"not": {"type": "store_in", "stores": ["S1", "S2"]}}]},
         "when[0]", "when[1].not"),
        ({"when": [{"type": "attribute", "name": "age", "op": "gte", "value": 18},
                   {"type": "attribute", "name": "age", "op": "lte", "value": 17}]}, "when[0]", "when[1]"),
        ({"when": [{"type": "birthday_within", "days": 3}, {"not": {"type": "birthday_within", "days": 7}}]},
         "when[0]", "when[1].not"),
        ({"when": [{"type": "coupon", "code": "X"}, {"not": {"type": "coupon", "code": "X"}}]},
         "when[0]", "when[1].not"),
        ({"when": [{"not": {"type": "member"}}], "limits": {"per_member": 1}}, "limits.per_member", "when[0].not"),
        ({"starts_at": "2026-12-07T00:00:00+08:00", "ends_at": "2026-12-10T00:00:00+08:00", "weekdays": [6, 7]},
         "weekdays", "ends_at"),
        ({"starts_at": "2026-12-07T12:00:00+08:00", "ends_at": "2026-12-07T18:00:00+08:00",
          "hours": [["08:00", "10:00"]]}, "hours", "ends_at"),
        ({"starts_at": "2026-12-05T12:00:00+08:00", "ends_at": "2026-12-06T12:00:00+08:00", "weekdays": [7],
          "hours": [["13:00", "15:00"]]}, "weekdays", "hours"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_never_eligible_and_both_parts_are_named(
    more: dict[str, Any], first: str, second: str
) -> None:
    found = look_over(book(promo("a", percent(10), **more)))
    assert told(found) == [("never_eligible", ("a",), {"first": first, "second": second})]
    assert (found[0].severity, found[0].witness, found[0].answer) == ("error", None, None)
    assert blocking(found) == found


def test_one_way_that_can_be_met_is_enough() -> None:
    either = {"any": [{"all": [tier("gold"), {"not": {"type": "member"}}]}, spent(10_000)]}
    assert look_over(book(promo("a", percent(10), when=[either]))) == ()


def test_a_scope_that_leaves_nothing_is_never_eligible() -> None:
    scope = {"category_in": ["food/snacks"], "category_not_in": ["food"]}
    [found] = look_over(book(promo("a", percent(10, scope=scope))))
    assert told((found,)) == [
        ("never_eligible", ("a",),
         {"first": "effects[0].scope.category_in", "second": "effects[0].scope.category_not_in"}),
    ]  # fmt: skip


def test_a_scope_that_a_condition_keeps_off_the_basket_is_never_eligible() -> None:
    document = book(
        promo("a", percent(10, scope={"category_in": ["food/snacks"]}),
              when=[{"not": {"type": "contains", "scope": {"category_in": ["food"]}}}])
    )  # fmt: skip
    [found] = look_over(document)
    assert dict(found.message_values) == {"first": "effects[0].scope", "second": "when[0].not"}


def test_goods_that_the_catalogue_does_not_have_are_a_warning() -> None:
    document = book(promo("a", percent(10, scope={"category_in": ["toys"]})))
    assert told(look_over(document, catalogue=GOODS)) == [
        ("nothing_in_catalogue", ("a",), {"path": "effects[0].scope"}),
    ]
    assert look_over(document) == ()
    cheap = book(promo("a", {"type": "fixed_unit_price", "price": 2_500, "scope": {"category_in": ["food"]}}))
    assert told(look_over(cheap, catalogue=GOODS)) == [("nothing_in_catalogue", ("a",), {"path": "effects[0].price"})]
    dear = book(promo("a", percent(10), when=[pieces(1, unit_price_min=10_000)]))
    assert told(look_over(dear, catalogue=GOODS)) == [("nothing_in_catalogue", ("a",), {"path": "when[0].scope"})]


def test_an_effect_that_never_gives_anything_is_an_error() -> None:
    document = book(promo("a", {"type": "fixed_unit_price", "price": 900, "scope": {"unit_price_max": 900}}))
    [found] = look_over(document)
    assert told((found,)) == [("gives_nothing", ("a",), {"path": "effects[0].price"})]


def test_a_smaller_discount_of_the_same_group_and_shoppers_is_dominated() -> None:
    document = book(promo("a", percent(10), group="g"), promo("b", percent(20), group="g"))
    [found] = look_over(document)
    assert (found.code, found.promotions) == ("dominated", ("a", "b"))
    assert (found.message_values["own"], found.message_values["other"], paid(found)) == (1_000, 2_000, 8_000)


@pytest.mark.parametrize(
    "narrower",
    [
        {"scope": {"category_in": ["food"]}},
        {"scope": {"brand_in": ["acme"]}},
        {"scope": {"unit_price_min": 20_000}},
    ],
)
def test_what_has_goods_of_its_own_is_not_dominated(narrower: dict[str, Any]) -> None:
    assert look_over(book(promo("a", percent(10), group="g"), promo("b", percent(20, **narrower), group="g"))) == ()


@pytest.mark.parametrize(
    "narrower",
    [
        {"when": [tier("gold")]},
        {"weekdays": [1, 2]},
        {"hours": [["09:00", "12:00"]]},
        {"ends_at": "2026-11-30T00:00:00+08:00"},
        {"when": [{"type": "coupon", "code": "X"}]},
        {"when": [spent(100_000)]},
        {"when": [{"type": "store_in", "stores": ["S1"]}]},
    ],
)
def test_what_has_shoppers_or_times_of_its_own_is_not_dominated(narrower: dict[str, Any]) -> None:
    document = book(promo("a", percent(10), group="g"), promo("b", percent(20), group="g") | narrower)
    assert "dominated" not in [each.code for each in look_over(document)]


def test_an_amount_that_is_more_on_small_baskets_is_not_dominated() -> None:
    document = book(
        promo("a", amount(2_000), stage="order", when=[spent(5_000)], group="g"),
        promo("b", percent(15, level="order"), stage="order", group="g"),
    )
    assert "dominated" not in [each.code for each in look_over(document)]


def test_nothing_is_reached_behind_an_exclusive_that_always_comes_first() -> None:
    document = book(promo("a", percent(10), exclusive=True), promo("b", percent(20)), mode="sequential")
    behind, loses = look_over(document)
    assert told((behind,)) == [("behind_exclusive", ("b", "a"), {"own": 2_000, "other": 1_000, "baskets": 7})]
    assert paid(behind) == 9_000
    assert told((loses,)) == [
        ("sequential_loses", ("b",), {"lost": 1_000, "best_total": 8_000, "currency": "CNY"}),
    ]


def test_nothing_is_reached_behind_the_first_of_its_group() -> None:
    document = book(
        promo("a", percent(10), group="g", group_mode="first"), promo("b", percent(20), group="g", group_mode="first")
    )
    [found] = look_over(document)
    assert told((found,)) == [("behind_first", ("b", "a"), {"own": 2_000, "other": 1_000, "baskets": 7})]


def test_a_group_that_waits_for_one_that_is_kept_out_gives_nothing() -> None:
    document = book(
        promo("a", percent(10), group="g", lane=0),
        promo("c", percent(5), lane=1, not_with=["b"]),
        promo("b", percent(20), group="g", lane=2),
        mode="sequential",
    )
    found = [each for each in look_over(document) if each.code == "group_gives_nothing"]
    assert [(each.promotions, dict(each.message_values), paid(each)) for each in found] == [
        (("a",), {"group": "g"}, 9_500),
        (("b",), {"group": "g"}, 9_500),
    ]


def test_three_that_exclude_each_other_in_a_circle() -> None:
    document = book(
        promo("a", percent(10, scope={"sku_in": ["A", "X"]}), not_with=["b"]),
        promo("b", percent(10, scope={"sku_in": ["B", "X"]}), not_with=["c"]),
        promo("c", percent(10, scope={"sku_in": ["C", "X"]}), not_with=["a"]),
    )
    [found] = look_over(document)
    assert told((found,)) == [("circular_exclusion", ("a", "b", "c"), {"members": 3, "applied": 1})]
    mutual = book(
        promo("a", percent(10, scope={"sku_in": ["A", "X"]}), not_with=["b"]),
        promo("b", percent(10, scope={"sku_in": ["B", "X"]}), not_with=["a"]),
    )
    assert look_over(mutual) == ()


def test_an_exclusion_of_what_is_not_there() -> None:
    assert told(look_over(book(promo("a", percent(10), not_with=["gone"])))) == [
        ("unknown_reference", ("a",), {"path": "not_with", "name": "gone"}),
    ]


def test_a_group_of_several_modes_and_one_that_excludes_its_own() -> None:
    differing = book(
        promo("a", percent(10, scope={"sku_in": ["A"]}), group="g"),
        promo("b", percent(10, scope={"sku_in": ["B"]}), group="g", group_mode="all"),
    )
    assert told(look_over(differing)) == [("group_modes_differ", ("a", "b"), {"group": "g"})]
    against = book(
        promo("a", percent(10, scope={"sku_in": ["A"]}), group="g", group_mode="all", not_with=["b"]),
        promo("b", percent(10, scope={"sku_in": ["B"]}), group="g", group_mode="all", not_with=["a"]),
    )
    assert ("group_contradicts", ("a", "b"), {"group": "g"}) in told(look_over(against))
