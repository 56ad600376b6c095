"""The lint as a whole: what finds nothing, in which order it tells, what the reference and the command line say."""

from __future__ import annotations

import json
from pathlib import Path

import liushui
from liushui.promotions.domain.json_lines import lint_document
from liushui.promotions.domain.lint import CODES, blocking, key, lint, to_acknowledge
from liushui.promotions.domain.rulebook_json import read_rulebook
from liushui.promotions.tests.linting import (
    AT,
    amount,
    book,
    look_over,
    percent,
    promo,
    spent,
    tier,
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
