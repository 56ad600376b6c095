"""What people are told about a price, in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import override

from liushui.promotions.domain.rulebook import Combined, Effect, Leaf, Promotion, Rulebook, Scope
from liushui.promotions.words import explain

SNACKS = Scope(category_in=frozenset({"snacks"}))
RULEBOOK = Rulebook(
    version="7",
    promotions=(
        Promotion(
            id="snacks",
            name={"zh": "零食买二送一", "en": "Snacks 3 for 2"},
            effects=(Effect(type="buy_n_get_m", buy_qty=2, get_qty=1, buy_scope=SNACKS, get_scope=SNACKS),),
        ),
        Promotion(
            id="spend",
            name={"zh": "满 200 减 30", "en": "30 off 200"},
            when=(Leaf(type="subtotal_at_least", amount=20_000), Leaf(type="tier_in", values=frozenset({"gold"}))),
            effects=(Effect(type="amount_off", amount=3_000, level="order"),),
        ),
        Promotion(
            id="mix",
            name={"zh": "任选三种"},
            when=(Combined(op="any", parts=(Leaf(type="member"), Leaf(type="distinct_skus_at_least", n=3))),),
            effects=(),
        ),
        Promotion(
            id="each",
            name={"zh": "每满 200 减 25", "en": "25 off each 200"},
            effects=(Effect(type="every_amount_off", every=20_000, amount=2_500),),
        ),
        Promotion(
            id="tiers",
            name={"zh": "多买多减", "en": "More for less"},
            effects=(
                Effect(
                    type="tiered_percent_off",
                    basis="eligible_quantity",
                    basis_scope=SNACKS,
                    tiers=((3, 1_000),),
                    level="order",
                ),
            ),
        ),
    ),
)
NAMES = {"category:snacks": {"zh": "零食", "en": "snacks"}, "tier:gold": {"zh": "金卡", "en": "gold"}}


def told(language: str = "en", book: Rulebook | None = RULEBOOK, **answer: Any):
    with override(language):
        return explain(answer=answer, names=NAMES, currency="CNY", rulebook=book)


def rejected(language: str, promotion: str, **reason: Any) -> str:
    [found] = told(language, promotions=[{"id": promotion, "status": "rejected", "reason": reason}]).rejected
    return found.text


def test_what_was_taken_off_is_named_line_by_line():
    found = told(
        lines=[
            {"id": "1", "discount": 1_250, "allocations": [{"promotion": "snacks", "amount": 1_250}]},
            {"id": "2", "discount": 0, "allocations": []},
        ],
        promotions=[{"id": "snacks", "status": "applied", "amount": 1_250, "applications": 2, "unused": 50}],
        discount=1_250,
        certificate={"mode": "best", "proven": True, "gap": 0},
        rulebook={"version": "7"},
    )
    assert [(part.name, part.amount_minor) for part in found.lines["1"]] == [("Snacks 3 for 2", 1_250)]
    assert list(found.lines) == ["1"]
    assert [(each.name, each.text) for each in found.applied] == [
        ("Snacks 3 for 2", "¥12.50 off, 2 times, ¥0.50 could not be given")
    ]
    assert (found.saved_minor, found.is_proven, found.rulebook) == (1_250, True, "7")
    assert found.certificate == "Proven: no allowed set of promotions makes this basket cheaper."


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "Add 1 more of snacks for: Snacks 3 for 2"), ("zh-hans", "再买 1 件零食，即享零食买二送一")],
)
def test_what_is_missing_of_a_set_is_said_in_pieces(language, text):
    misses = [{"id": "snacks", "reason": {"path": "effects[0]", "have": 2, "need": 3}}]
    assert [each.text for each in told(language, near_misses=misses).near_misses] == [text]


@pytest.mark.parametrize(
    ("language", "text"), [("en", "Spend ¥8.00 more for: 30 off 200"), ("zh-hans", "再买 ¥8.00，即享满 200 减 30")]
)
def test_what_is_missing_of_an_amount_is_said_in_money(language, text):
    misses = [{"id": "spend", "reason": {"path": "when[0]", "have": 19_200, "need": 20_000}}]
    assert [each.text for each in told(language, near_misses=misses).near_misses] == [text]


@pytest.mark.parametrize(
    ("language", "promotion", "have", "need", "missing", "why"),
    [
        ("en", "each", 17_200, 20_000, "Spend ¥28.00 more for: 25 off each 200", "Needs ¥200.00; there is ¥172.00"),
        ("zh-hans", "each", 17_200, 20_000, "再买 ¥28.00，即享每满 200 减 25", "需满 ¥200.00，现有 ¥172.00"),
        ("en", "tiers", 2, 3, "Add 1 more of snacks for: More for less", "Needs 3 of snacks; there is 2"),
    ],
)
def test_the_first_step_that_is_not_reached_is_said(language, promotion, have, need, missing, why):
    reason = {"path": "effects[0]", "have": have, "need": need}
    misses = [{"id": promotion, "reason": reason}]
    assert [each.text for each in told(language, near_misses=misses).near_misses] == [missing]
    assert rejected(language, promotion, code="no_effect", **reason) == why


def test_the_nearest_stands_first():
    misses = [
        {"id": "snacks", "reason": {"path": "effects[0]", "have": 2, "need": 3}},
        {"id": "mix", "reason": {"path": "when[0].any[1]", "have": 2, "need": 4}},
        {"id": "spend", "reason": {"path": "when[0]", "have": 19_200, "need": 20_000}},
    ]
    found = told(near_misses=misses).near_misses
    assert [each.promotion for each in found] == ["spend", "snacks", "mix"]
    assert found[2].text == "Add 2 other articles for: 任选三种"


def test_without_the_rulebook_less_is_said_and_nothing_wrong():
    misses = [{"id": "spend", "reason": {"path": "when[0]", "have": 19_200, "need": 20_000}}]
    assert [each.text for each in told(book=None, near_misses=misses).near_misses] == ["Nearly there: spend"]
    reason = {"code": "condition", "path": "when[1]", "have": "silver", "need": ["gold"]}
    [found] = told(book=None, promotions=[{"id": "spend", "status": "rejected", "reason": reason}]).rejected
    assert found.text == "A condition of it is not met"


@pytest.mark.parametrize(
    ("promotion", "reason", "english", "chinese"),
    [
        (
            "spend",
            {"code": "condition", "path": "when[1]", "have": "silver", "need": ["gold"]},
            "Only for members of tier gold; this one is silver",
            "仅限金卡会员，当前为silver",
        ),
        (
            "spend",
            {"code": "condition", "path": "when[1]", "have": None, "need": ["gold"]},
            "Only for members of tier gold",
            "仅限金卡会员",
        ),
        (
            "spend",
            {"code": "condition", "path": "when[0]", "have": 5_000, "need": 20_000},
            "Needs ¥200.00; there is ¥50.00",
            "需满 ¥200.00，现有 ¥50.00",
        ),
        ("mix", {"code": "condition", "path": "when[0].any[0]"}, "Only for members", "仅限会员"),
        ("mix", {"code": "condition", "path": "weekdays"}, "Not on this day of the week", "今天不是活动日"),
        ("snacks", {"code": "conflict", "with": ["spend"]}, "Not together with: 30 off 200", "不与“满 200 减 30”同享"),
        (
            "snacks",
            {"code": "not_best", "total_with": 2_600, "total_without": 2_500},
            "With it ¥26.00 would be paid, without it ¥25.00",
            "用它应付 ¥26.00，不用应付 ¥25.00",
        ),
        (
            "snacks",
            {"code": "expired", "at": "2026-11-01T10:30:00+08:00"},
            "Ended on 2026-11-01 10:30",
            "2026-11-01 10:30 已结束",
        ),
        ("snacks", {"code": "code_missing", "path": "when[0]"}, "Needs a coupon code", "需要券码"),
        (
            "snacks",
            {"code": "limit", "path": "limits.per_member", "have": 2, "need": 2},
            "This member has used it 2 of 2 times",
            "该会员已用 2 次，限 2 次",
        ),
        (
            "snacks",
            {"code": "limit", "path": "limits.per_member", "have": None, "need": 2},
            "Members only: it is limited for each of them",
            "仅限会员：每位会员限次",
        ),
        (
            "snacks",
            {"code": "limit", "path": "limits.budget", "have": 9, "need": 9},
            "Its budget is used up",
            "预算已用完",
        ),
        ("snacks", {"code": "scope_empty"}, "Nothing in the basket is covered by it", "购物篮中没有参加的商品"),
        ("snacks", {"code": "of tomorrow"}, "It does not apply here", "此处不适用"),
    ],
)
def test_why_something_was_not_applied(promotion, reason, english, chinese):
    assert rejected("en", promotion, **reason) == english
    assert rejected("zh-hans", promotion, **reason) == chinese


def test_gifts_points_and_coupons_are_told():
    found = told(
        offers=[
            {"promotion": "spend", "sku": "CUP", "qty": 1, "percent": 100},
            {"promotion": "spend", "sku": "BAG", "qty": 2, "percent": "12.5"},
        ],
        points={"multiply": 15_000, "add": 100},
        issued=[{"promotion": "spend", "batch": "b1", "for": "next_order"}],
    )
    assert [(each.sku, each.quantity, each.text) for each in found.offers] == [
        ("CUP", 1, "30 off 200: 1 × CUP may be taken free"),
        ("BAG", 2, "30 off 200: 2 × BAG may be taken at 12.5% off"),
    ]
    assert found.gained == ("Points × 1.5", "100 more points", "30 off 200: a coupon for the next order")


def test_a_price_that_is_not_proven_says_so():
    found = told("zh-hans", certificate={"mode": "best", "proven": False, "gap": 150})
    assert (found.is_proven, found.certificate) == (False, "这是已找到的最优价；若还有更优，最多再低 ¥1.50。")
