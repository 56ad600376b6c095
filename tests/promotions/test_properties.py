"""What always holds of an answer, whatever the rulebook and the basket (hypothesis looks for what breaks it)."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.promotions.generators import Document, cases

from liushui.promotions.domain.answer import PricedBasket
from liushui.promotions.domain.basket_json import read_basket
from liushui.promotions.domain.compiled import compile_rulebook
from liushui.promotions.domain.pricing import price
from liushui.promotions.domain.rulebook_json import read_rulebook

EXAMPLES = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
Case = tuple[Document, Document]


def answer_to(rulebook: Document, basket: Document, *, node_limit: int = 20_000) -> PricedBasket:
    compiled = compile_rulebook(read_rulebook(rulebook))
    return price(compiled, read_basket(basket), explain="all", node_limit=node_limit)


def as_bytes(answer: PricedBasket) -> bytes:
    return json.dumps(answer.to_json(), ensure_ascii=False).encode()


@EXAMPLES
@given(cases(most=5))
def test_every_figure_of_an_answer_adds_up(case: Case) -> None:
    rulebook, basket = case
    answer = answer_to(rulebook, basket).to_json()
    amounts: dict[str, int] = {each["id"]: 0 for each in answer["promotions"] if each["status"] == "applied"}
    for given_line, line in zip(basket["lines"], answer["lines"], strict=True):
        assert line["gross"] == given_line["unit_price"] * given_line["quantity"]
        assert line["net"] == line["gross"] - line["discount"] == sum(line["units"])
        assert len(line["units"]) == given_line["quantity"]
        assert sum(each["amount"] for each in line["allocations"]) == line["discount"]
        assert all(each["amount"] > 0 for each in line["allocations"])
        assert all(0 <= unit <= given_line["unit_price"] for unit in line["units"])
        floor = given_line.get("floor_unit_price", 0) * given_line["quantity"]
        assert line["net"] >= min(floor, line["gross"])
        if not given_line.get("discountable", True) and not given_line.get("gift"):
            assert line["discount"] == 0
        for each in line["allocations"]:
            amounts[each["promotion"]] -= each["amount"]
    for charge in answer["shipping_lines"]:
        assert 0 <= charge["net"] == charge["amount"] - charge["discount"]
        assert sum(each["amount"] for each in charge["allocations"]) == charge["discount"]
        for each in charge["allocations"]:
            amounts[each["promotion"]] -= each["amount"]
    for each in answer["promotions"]:
        if each["status"] == "applied":
            assert amounts[each["id"]] == -each["amount"]
    assert answer["gross"] == sum(line["gross"] for line in answer["lines"])
    assert answer["discount"] == sum(line["discount"] for line in answer["lines"])
    assert answer["shipping"] == sum(charge["net"] for charge in answer["shipping_lines"])
    assert answer["total"] == answer["gross"] - answer["discount"] + answer["shipping"] >= 0


@EXAMPLES
@given(cases(most=5), st.randoms(use_true_random=False))
def test_the_order_of_promotions_and_codes_never_matters(case: Case, random: Any) -> None:
    rulebook, basket = case
    basket = {**basket, "codes": ["A", "SPRING10", {"code": "X1", "batch": "batch-1"}]}
    first = answer_to(rulebook, basket).to_json()
    promotions, codes = list(rulebook["promotions"]), list(basket["codes"])
    random.shuffle(promotions)
    random.shuffle(codes)
    again = answer_to({**rulebook, "promotions": promotions}, {**basket, "codes": codes}).to_json()
    assert first.pop("basket_digest") and again.pop("basket_digest")  # the codes as they were given
    assert json.dumps(again) == json.dumps(first)


@EXAMPLES
@given(cases(most=5))
def test_the_same_input_gives_the_same_bytes(case: Case) -> None:
    assert as_bytes(answer_to(*case)) == as_bytes(answer_to(*case))


@EXAMPLES
@given(cases(most=5))
def test_what_is_written_and_read_again_gives_the_same_bytes(case: Case) -> None:
    rulebook, basket = case
    assert as_bytes(answer_to(json.loads(json.dumps(rulebook)), json.loads(json.dumps(basket)))) == as_bytes(
        answer_to(rulebook, basket)
    )


@EXAMPLES
@given(cases(most=5, mode="best"))
def test_another_promotion_never_makes_a_basket_dearer(case: Case) -> None:
    """But in a `first` group, whose first member stands before the others whatever it gives."""
    rulebook, basket = case
    whole = answer_to(rulebook, basket)
    assert whole.certificate.proven
    for left_out in rulebook["promotions"]:
        same_group = [each for each in rulebook["promotions"] if each.get("group") == left_out.get("group")]
        if "group" in left_out and any(each.get("group_mode") == "first" for each in same_group):
            continue
        fewer = [
            {**each, "not_with": [id for id in each.get("not_with", []) if id != left_out["id"]]}
            for each in rulebook["promotions"]
            if each is not left_out
        ]
        assert whole.total <= answer_to({**rulebook, "promotions": fewer}, basket).total


@EXAMPLES
@given(cases(most=5), st.integers(1, 12))
def test_a_search_cut_short_is_honest_and_no_worse_than_one_pass(case: Case, node_limit: int) -> None:
    rulebook, basket = case
    best, one_pass = {**rulebook, "mode": "best"}, {**rulebook, "mode": "sequential"}
    whole = answer_to(best, basket)
    short = answer_to(best, basket, node_limit=node_limit)
    certificate = short.certificate
    assert certificate.gap == short.total - certificate.lower_bound >= 0
    assert certificate.lower_bound <= whole.total <= short.total <= answer_to(one_pass, basket).total
    if certificate.proven:
        assert (short.total, certificate.gap) == (whole.total, 0)
    assert as_bytes(short) == as_bytes(answer_to(best, basket, node_limit=node_limit))


@EXAMPLES
@given(cases(most=5, mode="sequential"))
def test_one_pass_is_called_proven_only_when_nothing_is_better(case: Case) -> None:
    rulebook, basket = case
    answer = answer_to(rulebook, basket)
    best = answer_to({**rulebook, "mode": "best"}, basket)
    certificate = answer.certificate
    assert certificate.lower_bound <= best.total <= answer.total
    assert certificate.gap == answer.total - certificate.lower_bound
    assert not certificate.proven or answer.total == best.total


@EXAMPLES
@given(cases(most=4))
def test_a_basket_that_nothing_touches_is_answered_all_the_same(case: Case) -> None:
    """`explain=touching` tells less and prices the same."""
    rulebook, basket = case
    compiled, read = compile_rulebook(read_rulebook(rulebook)), read_basket(basket)
    everything, touching = price(compiled, read, explain="all").to_json(), price(compiled, read).to_json()
    for answer in (everything, touching):
        answer["promotions"] = [each for each in answer["promotions"] if each["status"] == "applied"]
    assert touching == everything


@EXAMPLES
@given(cases(most=3, mode="best"), st.integers(2, 1000))
def test_quantity_is_no_matter_of_running_time_nor_of_arithmetic(case: Case, times: int) -> None:
    """Thousands of units add up as one does."""
    rulebook, basket = case
    lines = [{**line, "quantity": line["quantity"] * times} for line in basket["lines"]]
    answer = answer_to(rulebook, {**basket, "lines": lines}, node_limit=2000).to_json()
    for line in answer["lines"]:
        assert sum(line["units"]) == line["net"] == line["gross"] - sum(each["amount"] for each in line["allocations"])


def test_an_amount_of_nothing_is_reached_by_a_basket_without_those_goods() -> None:
    """The index must not take the scope of such a condition for something that the basket needs."""
    when = {"type": "subtotal_at_least", "amount": 0, "scope": {"category_in": ["elsewhere"]}}
    effect = {"type": "percent_off", "percent": 10, "level": "order"}
    rulebook = {"version": "1", "promotions": [{"id": "a", "when": [when], "effects": [effect]}]}
    line = {"id": "1", "sku": "s", "unit_price": 1000, "quantity": 1}
    answer = answer_to(rulebook, {"currency": "CNY", "lines": [line]})
    assert (answer.total, [each.id for each in answer.promotions]) == (900, ["a"])
