"""Findings of what a rulebook names and cannot have, or leaves out: coupons, gifts, names, ends, budgets."""

from __future__ import annotations

import pytest

from liushui.promotions.domain.lint import Batch
from liushui.promotions.tests.linting import (
    GOODS,
    book,
    look_over,
    paid,
    percent,
    promo,
    spent,
    told,
    utc,
)


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
