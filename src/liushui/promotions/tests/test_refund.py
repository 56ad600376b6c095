"""What comes back on a return: to the cent, in any order and any split, and never more than was paid."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liushui.promotions.domain.basket import Basket
from liushui.promotions.domain.compiled import compile_rulebook
from liushui.promotions.domain.pricing import price
from liushui.promotions.domain.refund import refund
from liushui.promotions.domain.rulebook import Rulebook
from liushui.promotions.errors import InvalidDocument, InvalidReturn


def answer(**units: list[int]) -> dict[str, Any]:
    """An answer as far as refunds look at it, no promotion applied."""
    return {
        "lines": [{"id": line, "net": sum(values), "units": values} for line, values in units.items()],
        "promotions": [],
    }


def back(
    priced: Mapping[str, Any], returned: dict[str, int], already: dict[str, int] | None = None, **more: Any
) -> dict[str, int]:
    found = refund(answer=priced, returned=returned, already=already or {}, rulebook=None, **more)
    assert found.refund == sum(found.lines.values())
    return dict(found.lines)


def test_two_more_of_three_that_cost_27000_give_18000() -> None:
    priced = answer(a=[9000, 9000, 9000])
    found = refund(answer=priced, returned={"a": 2}, already={"a": 1}, rulebook=None)
    assert found.to_json() == {"refund": 18000, "lines": {"a": 18000}}


def test_units_that_share_a_cent_come_back_by_the_floor_of_the_line() -> None:
    priced = answer(a=[334, 333, 333])
    assert back(priced, {"a": 1}) == {"a": 333}
    assert back(priced, {"a": 1}, {"a": 1}) == {"a": 333}
    assert back(priced, {"a": 1}, {"a": 2}) == {"a": 334}
    assert back(priced, {"a": 2}) == {"a": 666}


def test_of_three_for_two_the_free_one_comes_back_first() -> None:
    priced = answer(a=[1250, 1250, 0])
    assert back(priced, {"a": 1}) == {"a": 0}
    assert back(priced, {"a": 1}, {"a": 1}) == {"a": 1250}
    assert back(priced, {"a": 2}) == {"a": 1250}
    assert back(priced, {"a": 3}) == {"a": 2500}


def test_a_named_unit_comes_back_at_what_was_paid_for_it() -> None:
    priced = answer(a=[1250, 0, 900])
    assert back(priced, {"a": 1}, units={"a": [2]}) == {"a": 900}
    assert back(priced, {"a": 2}, units={"a": [0]}) == {"a": 1250}  # and the free one
    assert back(priced, {"a": 1}, {"a": 1}, already_units={"a": [2]}) == {"a": 0}
    assert back(priced, {"a": 1}, {"a": 2}, already_units={"a": [2]}) == {"a": 1250}


def test_a_unit_that_came_back_before_cannot_be_named() -> None:
    priced = answer(a=[1250, 0, 900])
    with pytest.raises(InvalidReturn, match="Unit 2 of line 'a' came back before"):
        back(priced, {"a": 1}, {"a": 1}, units={"a": [2]}, already_units={"a": [2]})
    with pytest.raises(InvalidReturn, match="Unit 1 of line 'a' came back before"):
        back(priced, {"a": 1}, {"a": 1}, units={"a": [1]})  # unnamed, it was the cheapest
    with pytest.raises(InvalidReturn, match="More units of line 'a' are named than come back"):
        back(priced, {"a": 1}, units={"a": [0, 2]})
    with pytest.raises(InvalidReturn, match="A unit of line 'a' is named twice"):
        back(priced, {"a": 2}, units={"a": [0, 0]})


@pytest.mark.parametrize(
    ("returned", "already", "message"),
    [
        ({"a": 4}, {}, "Line 'a' has 3 units; 4 cannot come back"),
        ({"a": 2}, {"a": 2}, "Line 'a' has 3 units, 2 of them came back before; 2 more cannot"),
        ({"b": 1}, {}, "The answer has no line 'b'"),
        ({"a": 1}, {"b": 1}, "The answer has no line 'b'"),
        ({"a": 1}, {"a": 4}, "Line 'a' has 3 units; 4 cannot come back"),
    ],
)
def test_more_than_was_bought_cannot_come_back(returned: dict[str, int], already: dict[str, int], message: str) -> None:
    with pytest.raises(InvalidReturn) as caught:
        back(answer(a=[1, 2, 3]), returned, already)
    assert caught.value.detail == message


@pytest.mark.parametrize("number", [-1, True, "1", 1.0])
def test_a_number_of_units_is_a_whole_number(number: Any) -> None:
    with pytest.raises(InvalidDocument):
        back(answer(a=[1, 2, 3]), {"a": number})


def test_nothing_returned_is_nothing_back() -> None:
    assert back(answer(a=[5]), {}) == {}
    assert back(answer(a=[5]), {"a": 0}) == {"a": 0}


def test_without_the_rulebook_nobody_knows_whether_a_discount_is_kept() -> None:
    priced = answer(a=[900]) | {"promotions": [{"id": "p", "status": "applied", "amount": 100, "applications": 1}]}
    with pytest.raises(InvalidReturn, match="only the rulebook says"):
        back(priced, {"a": 1})
    rejected = answer(a=[900]) | {"promotions": [{"id": "p", "status": "rejected", "reason": {"code": "no_effect"}}]}
    assert back(rejected, {"a": 1}) == {"a": 900}


# Clawback: what stays is priced again.

SPEND_200_SAVE_30 = {
    "id": "spend-200",
    "stage": "order",
    "return_policy": "clawback",
    "when": [{"type": "subtotal_at_least", "amount": 20000}],
    "effects": [{"type": "amount_off", "amount": 3000, "level": "order"}],
}


def sold(
    promotion: dict[str, Any], *lines: tuple[str, int, int], **line: Any
) -> tuple[Rulebook, Basket, dict[str, Any]]:
    rulebook = Rulebook.from_json({"version": "1", "promotions": [promotion]})
    basket = Basket.from_json(
        {
            "currency": "CNY",
            "lines": [
                {"id": name, "sku": name.upper(), "unit_price": each, "quantity": number, **line}
                for name, each, number in lines
            ],
        }
    )
    return rulebook, basket, price(compile_rulebook(rulebook), basket).to_json()


def test_what_stays_below_the_threshold_loses_the_discount() -> None:
    rulebook, basket, priced = sold(SPEND_200_SAVE_30, ("tea", 15000, 1), ("cup", 10000, 1))
    assert priced["total"] == 22000
    first = refund(answer=priced, returned={"tea": 1}, already={}, rulebook=rulebook, basket=basket)
    assert first.to_json() == {"refund": 12000, "lines": {"tea": 12000}}  # 22000 less the cup at its full 10000
    rest = refund(answer=priced, returned={"cup": 1}, already={"tea": 1}, rulebook=rulebook, basket=basket)
    assert rest.to_json() == {"refund": 10000, "lines": {"tea": 1200, "cup": 8800}}
    assert first.refund + rest.refund == 22000


def test_what_stays_above_the_threshold_keeps_it() -> None:
    rulebook, basket, priced = sold(SPEND_200_SAVE_30, ("tea", 10000, 4))
    assert priced["total"] == 37000
    first = refund(answer=priced, returned={"tea": 2}, already={}, rulebook=rulebook, basket=basket)
    assert first.refund == 20000  # 17000 stays with the shopper
    second = refund(answer=priced, returned={"tea": 1}, already={"tea": 2}, rulebook=rulebook, basket=basket)
    assert second.refund == 7000  # the last one is 10000 alone
    last = refund(
        answer=priced,
        returned={"tea": 1},
        already={"tea": 3},
        rulebook=rulebook,
        basket=basket,
        already_refunded={"tea": 27000},
    )
    assert last.refund == 10000


def test_the_same_purchase_kept_gives_back_what_was_paid_for_the_tea() -> None:
    rulebook, _basket, priced = sold(
        SPEND_200_SAVE_30 | {"return_policy": "keep"}, ("tea", 15000, 1), ("cup", 10000, 1)
    )
    found = refund(answer=priced, returned={"tea": 1}, already={}, rulebook=rulebook)
    assert found.to_json() == {"refund": 13200, "lines": {"tea": 13200}}


def test_a_stay_that_would_cost_more_than_was_paid_gives_nothing_and_takes_nothing() -> None:
    pair = {
        "id": "pair",
        "return_policy": "clawback",
        "effects": [{"type": "bundle_price", "n": 2, "price": 10000}],
    }
    rulebook, basket, priced = sold(pair, ("tea", 15000, 2))
    assert priced["total"] == 10000
    first = refund(answer=priced, returned={"tea": 1}, already={}, rulebook=rulebook, basket=basket)
    assert first.to_json() == {"refund": 0, "lines": {"tea": 0}}
    last = refund(answer=priced, returned={"tea": 1}, already={"tea": 1}, rulebook=rulebook, basket=basket)
    assert last.refund == 10000


def test_the_basket_may_be_left_out_where_rules_look_at_prices_and_numbers_only() -> None:
    rulebook, _basket, priced = sold(SPEND_200_SAVE_30, ("tea", 15000, 1), ("cup", 10000, 1))
    found = refund(answer=priced, returned={"tea": 1}, already={}, rulebook=rulebook)
    assert found.refund == 12000


def test_otherwise_the_basket_of_that_day_is_asked_for() -> None:
    of_tea = SPEND_200_SAVE_30 | {
        "when": [{"type": "subtotal_at_least", "amount": 10000, "scope": {"sku_in": ["TEA"]}}]
    }
    rulebook, basket, priced = sold(of_tea, ("tea", 15000, 1), ("cup", 10000, 1))
    with pytest.raises(InvalidReturn, match="takes the basket of that day") as caught:
        refund(answer=priced, returned={"tea": 1}, already={}, rulebook=rulebook)
    assert caught.value.pointer == "basket"
    found = refund(answer=priced, returned={"cup": 1}, already={}, rulebook=rulebook, basket=basket)
    assert found.refund == 10000  # the tea keeps its discount


def test_another_rulebook_or_another_basket_is_refused() -> None:
    rulebook, basket, priced = sold(SPEND_200_SAVE_30, ("tea", 15000, 1), ("cup", 10000, 1))
    newer = Rulebook.from_json({"version": "2", "promotions": [SPEND_200_SAVE_30]})
    with pytest.raises(InvalidReturn, match="not the rulebook that the answer was priced with"):
        refund(answer=priced, returned={"tea": 1}, already={}, rulebook=newer, basket=basket)
    other = Basket.from_json({"currency": "CNY", "lines": [{"id": "tea", "sku": "X", "unit_price": 1, "quantity": 1}]})
    with pytest.raises(InvalidReturn, match="not the basket that the answer was priced for"):
        refund(answer=priced, returned={"tea": 1}, already={}, rulebook=rulebook, basket=other)


# Properties.

LINES = st.dictionaries(
    st.sampled_from("abcd"), st.lists(st.integers(0, 400), min_size=1, max_size=5), min_size=1, max_size=4
)
EVEN_LINES = st.dictionaries(
    st.sampled_from("abcd"),
    st.tuples(st.integers(0, 2000), st.integers(1, 7)).map(
        lambda paid: [paid[0] // paid[1] + (place < paid[0] % paid[1]) for place in range(paid[1])]
    ),
    min_size=1,
    max_size=4,
)


def returns(data: st.DataObject, bought: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """All units in some order, some at a time."""
    order = data.draw(st.permutations([line for line, number in bought.items() for _unit in range(number)]))
    while order:
        size = data.draw(st.integers(1, len(order)))
        now, order = order[:size], order[size:]
        yield {line: now.count(line) for line in dict.fromkeys(now)}


@given(units=st.one_of(LINES, EVEN_LINES), data=st.data())
@settings(max_examples=150, deadline=None)
def test_everything_returned_in_any_order_and_split_gives_what_was_paid(
    units: dict[str, list[int]], data: st.DataObject
) -> None:
    priced = answer(**units)
    already: dict[str, int] = {}
    came_back = 0
    for returned in returns(data, {line: len(values) for line, values in units.items()}):
        found = back(priced, returned, already)
        assert set(found) == set(returned)
        assert all(amount >= 0 for amount in found.values())
        came_back += sum(found.values())
        assert came_back <= sum(map(sum, units.values()))
        for line, number in returned.items():
            already[line] = already.get(line, 0) + number
    assert came_back == sum(map(sum, units.values()))


@given(values=st.lists(st.integers(0, 50), min_size=1, max_size=6), data=st.data())
@settings(max_examples=150, deadline=None)
def test_named_and_unnamed_units_mixed_give_what_was_paid(values: list[int], data: st.DataObject) -> None:
    priced = answer(a=values)
    named: list[int] = []
    already = came_back = 0
    while already < len(values):
        place = data.draw(st.none() | st.integers(0, len(values) - 1))
        names = {"a": [place]} if place is not None else {}
        try:
            found = back(priced, {"a": 1}, {"a": already}, units=names, already_units={"a": named})
        except InvalidReturn:
            assert place is not None
            continue
        came_back += found["a"]
        already += 1
        named += names.get("a", [])
    assert came_back == sum(values)


PROMOTIONS = st.sampled_from(
    [
        SPEND_200_SAVE_30,
        {"id": "p", "return_policy": "clawback", "effects": [{"type": "bundle_price", "n": 2, "price": 9000}]},
        {
            "id": "p",
            "return_policy": "clawback",
            "effects": [{"type": "buy_n_get_m", "buy_qty": 2, "get_qty": 1, "percent": 100, "unit_order": "cheapest"}],
        },
        {
            "id": "p",
            "stage": "order",
            "return_policy": "clawback",
            "effects": [{"type": "every_amount_off", "every": 15000, "amount": 2333}],
        },
    ]
)


@given(
    promotion=PROMOTIONS,
    lines=st.lists(st.tuples(st.integers(1, 12000), st.integers(1, 4)), min_size=1, max_size=3),
    data=st.data(),
)
@settings(max_examples=80, deadline=None)
def test_everything_clawed_back_in_any_order_and_split_gives_what_was_paid(
    promotion: dict[str, Any], lines: list[tuple[int, int]], data: st.DataObject
) -> None:
    rulebook, basket, priced = sold(promotion, *((f"l{place}", *each) for place, each in enumerate(lines)))
    paid = {line["id"]: line["net"] for line in priced["lines"]}
    bought = {line.id: line.quantity for line in basket.lines}
    already: dict[str, int] = {}
    came_back: dict[str, int] = {}
    for returned in returns(data, bought):
        found = refund(
            answer=priced,
            returned=returned,
            already=already,
            rulebook=rulebook,
            basket=basket,
            already_refunded=came_back,
        )
        assert found.refund == sum(found.lines.values())
        for line, amount in found.lines.items():
            assert amount >= 0
            came_back[line] = came_back.get(line, 0) + amount
            assert came_back[line] <= paid[line]
        for line, number in returned.items():
            already[line] = already.get(line, 0) + number
    assert came_back == paid
