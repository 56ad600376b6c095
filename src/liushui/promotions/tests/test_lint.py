"""Each kind of finding, on a rulebook that has exactly this one; its basket is priced again by the helper look_over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import liushui
from liushui.promotions.domain.json_lines import lint_document
from liushui.promotions.domain.lint import CODES, Batch, Catalogue, Item, blocking, key, lint, to_acknowledge
from liushui.promotions.domain.rulebook_json import read_rulebook
from liushui.promotions.tests.linting import (
    AT,
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
    utc,
)

GOODS = Catalogue(
    items=(
        Item(sku="A1", unit_price=1_000, category="food/snacks", brand="acme", tags=("new",)),
        Item(sku="A2", unit_price=2_500, category="food/snacks", brand="other"),
        Item(sku="B1", unit_price=9_900, category="home/kitchen"),
    ),
    tiers=("silver", "gold", "black"),
)

PLAIN = book(
    promo(
        "snacks-3-for-2",
        {
            "type": "buy_n_get_m", "buy_qty": 2, "get_qty": 1, "percent": 20, "unit_order": "cheapest",
            "buy_scope": {"category_in": ["food/snacks"]}, "get_scope": {"category_in": ["food/snacks"]},
        },
        limits={"per_order": 3},
    ),
    promo("200-less-30", amount(3_000), stage="order", when=[spent(20_000)], limits={"budget": 5_000_000}),
    promo("gold-5", percent(5, scope={"category_in": ["home"]}), when=[tier("gold", "black")], stage="catalogue"),
    promo("black-8", percent(8, scope={"category_in": ["home"]}), when=[tier("black")], stage="catalogue"),
    promo("evening", percent(10, scope={"category_in": ["food/bread"]}), hours=[["20:00", "22:00"]]),
    promo(
        "spring", amount(500), stage="order", when=[{"type": "coupon", "batch": "SPRING"}, spent(5_000)],
        limits={"total": 1_000},
    ),
    promo("free-delivery", {"type": "shipping_percent_off", "percent": 100}, stage="shipping", when=[spent(10_000)]),
    promo("double-points", {"type": "points", "multiply": 20_000}, when=[{"type": "member"}], weekdays=[3]),
)  # fmt: skip


def test_a_plain_good_rulebook_has_no_error_and_no_warning() -> None:
    found = look_over(PLAIN)
    assert [(each.code, each.promotions) for each in found] == [
        ("overlap", ("200-less-30", "spring")),
        ("overlap", ("black-8", "gold-5")),
    ]


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


@pytest.mark.parametrize(
    ("batch", "code", "why"),
    [
        (None, "coupon_unknown", "unknown"),
        (Batch(id="SPRING", void=True), "coupon_unusable", "void"),
        (Batch(id="SPRING", expires_at=utc(2026, 11, 1)), "coupon_unusable", "expired"),
        (Batch(id="SPRING", codes_left=0), "coupon_unusable", "empty"),
        (Batch(id="SPRING", codes_left=1, expires_at=utc(2026, 12, 1)), None, None),
    ],
)
def test_coupons_that_nobody_can_have(batch: Batch | None, code: str | None, why: str | None) -> None:
    batches = {} if batch is None else {"SPRING": batch}
    document = book(promo("a", percent(10), when=[{"type": "coupon", "batch": "SPRING"}]))
    found = look_over(document, batches=batches)
    expected = [] if code is None else [(code, ("a",), {"batch": "SPRING", "why": why, "path": "when[0]"})]
    assert told(found) == expected
    if expected:
        assert (found[0].witness or {}).get("codes", []) == [] and paid(found[0]) == 10_000


@pytest.mark.parametrize(
    ("batch", "why"),
    [
        (Batch(id="BACK", void=True), "void"),
        (Batch(id="BACK", codes_left=3, gives=False), "wrong_kind"),
        (Batch(id="BACK", codes_left=3, can_issue=False), "empty"),
        (Batch(id="BACK", codes_left=3), None),
    ],
)
def test_coupons_that_cannot_be_handed_out(batch: Batch, why: str | None) -> None:
    gives = {"type": "issue_coupon", "batch": "BACK", "for": "next_order"}
    found = look_over(book(promo("a", gives)), batches={"BACK": batch})
    expected = [("coupon_unusable", ("a",), {"batch": "BACK", "why": why, "path": "effects[0]"})] if why else []
    assert told(found) == expected


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


def test_a_gift_that_is_not_sold() -> None:
    document = book(promo("a", {"type": "gift_unit", "sku": "MUG", "qty": 1, "percent": 100}, when=[spent(5_000)]))
    assert told(look_over(document, catalogue=GOODS)) == [("gift_not_in_catalogue", ("a",), {"sku": "MUG"})]
    assert look_over(document) == ()


def test_names_ends_and_budgets_that_are_missing() -> None:
    document = book({"id": "a", "effects": [percent(30)], "name": {"zh": "七折"}})
    assert told(look_over(document)) == [
        ("name_missing", ("a",), {"languages": "en"}),
        ("no_end", ("a",), {}),
        ("no_budget", ("a",), {"share_bp": 3_000, "amount": 3_000, "currency": "CNY"}),
    ]


def test_what_has_ended_is_told_and_nothing_more() -> None:
    document = book(promo("a", percent(99), ends_at="2026-11-01T00:00:00+08:00"))
    assert told(look_over(document)) == [("already_ended", ("a",), {})]


def test_warnings_are_named_for_being_acknowledged() -> None:
    found = look_over(
        book(promo("a", percent(60), limits={"total": 1}), promo("b", percent(5, scope={"sku_in": ["B"]})))
    )
    assert [key(each) for each in to_acknowledge(found)] == ["large_discount:a"]
    assert blocking(found) == ()


def test_the_same_rulebook_has_the_same_findings_in_any_order_of_its_promotions() -> None:
    there = read_rulebook(PLAIN)
    back = read_rulebook(book(*reversed(PLAIN["promotions"])))
    assert lint(there, at=AT) == lint(back, at=AT)


def test_the_reference_tells_every_code_in_the_part_of_its_severity() -> None:
    page = (Path(liushui.__file__).parents[2] / "docs/reference/promotion-lint.md").read_text("utf-8")
    parts = {
        "error": page.split("## Errors")[1].split("## ")[0],
        "warning": page.split("## Warnings")[1].split("## ")[0],
    }
    parts["note"] = page.split("## Notes")[1].split("## ")[0]
    told_there = {
        severity: [line.split("`")[1] for line in part.splitlines() if line.startswith("| `")]
        for severity, part in parts.items()
    }
    assert told_there == {severity: [code for code, kind in CODES.items() if kind == severity] for severity in parts}


def test_the_command_line_sees_circles_as_they_are_written() -> None:
    ring = [("a", "b"), ("b", "c"), ("c", "a")]
    document = book(*(promo(one, percent(5, scope={"sku_in": [one, "X"]}), not_with=[other]) for one, other in ring))
    found, may_be_published = lint_document(json.dumps(document).encode(), at=AT, max_discount_bp=5_000)
    assert [(each["code"], each["promotions"]) for each in found] == [("circular_exclusion", ["a", "b", "c"])]
    assert may_be_published is True
