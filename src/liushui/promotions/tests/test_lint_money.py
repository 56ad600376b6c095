"""Findings about amounts: too deep, below cost, more for the smaller basket, two on the same units, small limits."""

from __future__ import annotations

from liushui.promotions.domain.lint import Catalogue, Item
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


def test_two_that_come_to_more_than_half_together() -> None:
    document = book(
        promo("a", percent(40), limits={"budget": 100_000}),
        promo("b", amount(3_000), stage="order", when=[spent(10_000)], limits={"budget": 100_000}),
    )
    [found] = look_over(document)
    assert told((found,)) == [
        ("joint_discount", ("a", "b"),
         {"share_bp": 7_000, "max_bp": 5_000, "discount": 7_000, "gross": 10_000, "currency": "CNY"}),
    ]  # fmt: skip
    assert paid(found) == 3_000
    assert look_over(document, max_discount_bp=7_000) == ()


def test_one_that_is_too_deep_alone() -> None:
    document = book(promo("a", percent(60), limits={"budget": 100_000}))
    assert told(look_over(document)) == [
        ("large_discount", ("a",),
         {"share_bp": 6_000, "max_bp": 5_000, "discount": 6_000, "gross": 10_000, "currency": "CNY"}),
    ]  # fmt: skip


def test_less_than_cost_is_found_on_the_thinnest_margin() -> None:
    document = book(promo("a", percent(20, scope={"category_in": ["food"]})))
    costs = {"A1": 500, "A2": 2_100}
    assert told(look_over(document, catalogue=GOODS, costs=costs)) == [
        ("below_cost", ("a",), {"sku": "A2", "net": 2_000, "cost": 2_100, "currency": "CNY"}),
    ]
    assert look_over(document, catalogue=GOODS, costs={"A1": 500, "A2": 2_000}) == ()


def test_a_floor_that_keeps_something_back() -> None:
    goods = Catalogue(items=(Item(sku="A1", unit_price=1_000, floor_unit_price=900),))
    [found] = look_over(book(promo("a", percent(20))), catalogue=goods)
    assert told((found,)) == [("at_floor", ("a",), {"unused": 100, "amount": 100, "currency": "CNY"})]


def test_a_higher_tier_of_spending_that_gives_less() -> None:
    falling = {
        "type": "tiered_percent_off",
        "level": "order",
        "basis": "subtotal",
        "tiers": [[10_000, 20], [20_000, 10]],
    }
    [found] = look_over(book(promo("a", falling, stage="order")))
    assert told((found,)) == [("larger_pays_more", ("a",), {"added": 2_000, "more": 3_600, "currency": "CNY"})]
    assert found.other_answer is not None
    assert (found.other_answer["total"], paid(found)) == (14_400, 18_000)
    rising = falling | {"tiers": [[10_000, 10], [20_000, 20]]}
    assert look_over(book(promo("a", rising, stage="order"))) == ()


def test_a_cheap_unit_more_takes_the_dear_one_from_the_reward() -> None:
    document = book(promo("a", {"type": "cheapest_unit_free", "units": 1}, when=[pieces(5)], limits={"total": 100}))
    [found] = look_over(document)
    assert told((found,)) == [("larger_pays_more", ("a",), {"added": 1_000, "more": 10_000, "currency": "CNY"})]


def test_gold_members_who_pay_more_than_silver_ones() -> None:
    document = book(
        promo("a", percent(10), when=[tier("silver")]), promo("b", percent(5), when=[tier("gold", "black")])
    )
    [found] = look_over(document, catalogue=GOODS)
    assert told((found,)) == [
        ("tier_inversion", ("a",),
         {"lower": "silver", "higher": "gold", "lower_total": 900, "higher_total": 950, "currency": "CNY"}),
    ]  # fmt: skip
    right = book(promo("a", percent(5), when=[tier("silver")]), promo("b", percent(10), when=[tier("gold", "black")]))
    assert look_over(right, catalogue=GOODS) == ()
    assert look_over(document) == ()  # without a catalogue the order of tiers is not known


def test_members_who_pay_more_than_guests() -> None:
    [found] = look_over(book(promo("a", percent(10), when=[{"not": {"type": "member"}}])))
    assert (found.code, found.message_values["lower"], found.message_values["higher"]) == (
        "tier_inversion", "anonymous", "member",
    )  # fmt: skip


def test_two_of_one_stage_on_the_same_units() -> None:
    document = book(promo("a", percent(10)), promo("b", percent(5, scope={"brand_in": ["acme"]})))
    [found] = look_over(document)
    assert told((found,)) == [
        ("overlap", ("a", "b"), {"line": "1", "discount": 1_450, "gross": 10_000, "currency": "CNY"}),
    ]
    apart = book(promo("a", percent(10, scope={"sku_in": ["A"]})), promo("b", percent(5, scope={"sku_in": ["B"]})))
    assert look_over(apart) == ()


def test_two_that_are_the_same() -> None:
    [found] = look_over(book(promo("a", percent(10)), promo("b", percent(10))))
    assert told((found,)) == [("identical", ("a", "b"), {})]
    assert paid(found) == 8_100


def test_a_budget_below_the_smallest_discount() -> None:
    document = book(promo("a", amount(5_000), stage="order", when=[spent(20_000)], limits={"budget": 4_000}))
    [found] = look_over(document)
    assert told((found,)) == [
        ("threshold_unreachable", ("a",), {"path": "limits.budget", "have": 4_000, "need": 5_000, "currency": "CNY"}),
    ]


def test_a_tier_above_the_cap() -> None:
    tiered = {"type": "tiered_amount_off", "level": "order", "basis": "subtotal", "max_discount": 1_000,
              "tiers": [[10_000, 1_000], [20_000, 3_000]]}  # fmt: skip
    [found] = look_over(book(promo("a", tiered, stage="order")))
    assert told((found,)) == [
        ("threshold_unreachable", ("a",), {"path": "effects[0].tiers[1]", "have": 1_000, "need": 3_000}),
    ]
    assert paid(found) == 19_000


def test_a_limit_per_member_refuses_shoppers_without_a_card() -> None:
    document = book(promo("a", amount(2_000), stage="order", when=[spent(20_000)], limits={"per_member": 1}))
    [found] = look_over(document)
    assert told((found,)) == [("anonymous_refused", ("a",), {"per_member": 1})]
    assert found.answer is not None and found.answer["promotions"][0]["reason"]["code"] == "limit"
    members = book(
        promo("a", amount(2_000), stage="order", when=[spent(20_000), tier("gold")], limits={"per_member": 1})
    )
    assert look_over(members) == ()
