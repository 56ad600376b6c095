"""The pure part: any order and any split gives back exactly what was paid, each tender and each line's tax included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liushui.orders.contracts import Discount, ReturnedLine, SaleLine, Tender
from liushui.returns.contracts import RefundTender
from liushui.returns.domain.lines import CLAWBACK, LineState, amount_of_units, chosen_positions, returned_line
from liushui.returns.domain.policy import DEFAULT, ReturnPolicy, from_json, to_json
from liushui.returns.domain.shares import filled, nested_shares, steps
from liushui.returns.domain.tenders import funds, refund_tenders, settled, split
from liushui.returns.errors import InvalidPolicy, NotReturnable, TooMuchReturned

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # many processes share two cores
SALE = UUID(int=1)
NOTHING = ReturnedLine(
    units=0, regular_minor=0, discount_minor=0, amount_minor=0, tax_minor=0, cost_minor=0, measure_value=0,
    unit_positions=(), discounts={},
)  # fmt: skip


def bought(*, units: int, regular: int, discounts: Mapping[str, int], tax: int, **fields: Any) -> SaleLine:
    off = sum(discounts.values())
    values: dict[str, Any] = {
        "line_number": 1, "item_id": 7, "sku": "A", "gtin": "", "name": "苹果", "category": "food", "units": units,
        "measure_value": None, "measure_unit": None, "unit_price_minor": regular // units, "regular_minor": regular,
        "discount_minor": off, "amount_minor": regular - off, "tax_rate_bp": 900, "tax_minor": tax,
        "cost_minor": regular // 2, "is_return": False,
        "discounts": tuple(Discount(code=code, name=code, amount_minor=amount) for code, amount in discounts.items()),
    }  # fmt: skip
    return SaleLine(**(values | fields))


def and_then(so_far: ReturnedLine, line: SaleLine) -> ReturnedLine:
    """What has come back once this line came back too."""
    discounts = dict(so_far.discounts)
    for each in line.discounts:
        discounts[each.code] = discounts.get(each.code, 0) - each.amount_minor
    return ReturnedLine(
        units=so_far.units - line.units,
        regular_minor=so_far.regular_minor - line.regular_minor,
        discount_minor=so_far.discount_minor - line.discount_minor,
        amount_minor=so_far.amount_minor - line.amount_minor,
        tax_minor=so_far.tax_minor - line.tax_minor,
        cost_minor=so_far.cost_minor - (line.cost_minor or 0),
        measure_value=so_far.measure_value + (line.measure_value or 0),
        unit_positions=tuple(
            sorted((*so_far.unit_positions, *(line.original.unit_positions if line.original else ())))
        ),
        discounts={code: amount for code, amount in discounts.items() if amount},
    )


@st.composite
def lines(draw: st.DrawFn) -> SaleLine:
    units = draw(st.integers(1, 9))
    regular = draw(st.integers(0, 5000))
    first = draw(st.integers(0, regular))
    second = draw(st.integers(0, regular - first))
    amount = regular - first - second
    discounts = {code: off for code, off in (("one", first), ("two", second)) if off}
    measure = draw(st.sampled_from([None, 3001]))
    return bought(
        units=units, regular=regular, discounts=discounts, tax=draw(st.integers(0, amount)), measure_value=measure,
        measure_unit="g" if measure else None, cost_minor=draw(st.sampled_from([None, 777])),
    )  # fmt: skip


def split_of(draw: st.DrawFn, units: int) -> list[int]:
    """Units in portions of any size, in any order."""
    portions = []
    while units:
        portions.append(draw(st.integers(1, units)))
        units -= portions[-1]
    return portions


@PATIENT
@given(st.data())
def test_all_portions_of_a_line_give_back_the_line_and_no_portion_is_of_the_wrong_sign(data: st.DataObject) -> None:
    line = data.draw(lines())
    state = LineState(line=line, so_far=NOTHING, paid=())
    for units in split_of(data.draw, line.units):
        amount = amount_of_units(state, units)
        back = returned_line(state, number=1, sale_id=SALE, units=units, positions=(), amount_minor=amount)
        assert back.amount_minor == back.regular_minor - back.discount_minor
        assert back.discount_minor == sum(each.amount_minor for each in back.discounts)
        assert back.amount_minor <= back.tax_minor <= 0
        assert not any(each.code == CLAWBACK for each in back.discounts)
        state = replace(state, so_far=and_then(state.so_far, back))
        assert state.so_far.amount_minor <= line.amount_minor
    gone = state.so_far
    assert (gone.units, gone.regular_minor, gone.amount_minor) == (line.units, line.regular_minor, line.amount_minor)
    assert (gone.tax_minor, gone.cost_minor) == (line.tax_minor, line.cost_minor or 0)
    assert gone.measure_value == (line.measure_value or 0)
    assert gone.discounts == {each.code: each.amount_minor for each in line.discounts}


def test_a_third_of_ten_fen_comes_back_in_floors() -> None:
    line = bought(units=3, regular=1300, discounts={"three-for-ten": 300}, tax=115)
    state, amounts, taxes = LineState(line=line, so_far=NOTHING, paid=()), [], []
    for _ in range(3):
        amount = amount_of_units(state, 1)
        back = returned_line(state, number=1, sale_id=SALE, units=1, positions=(), amount_minor=amount)
        amounts.append(back.amount_minor)
        taxes.append(back.tax_minor)
        state = replace(state, so_far=and_then(state.so_far, back))
    assert (amounts, taxes) == ([-333, -333, -334], [-38, -38, -39])


def test_a_voided_return_in_between_leaves_no_fen() -> None:
    """Two of three came back one by one and the first was voided: what is left gives back the rest to the fen."""
    line = bought(units=3, regular=1000, discounts={}, tax=83)
    second = replace(NOTHING, units=1, regular_minor=333, amount_minor=333, tax_minor=27)  # the second of 333, 333, 334
    state = LineState(line=line, so_far=second, paid=())
    assert amount_of_units(state, 2) == 667
    assert returned_line(state, number=1, sale_id=SALE, units=2, positions=(), amount_minor=667).tax_minor == -56


def test_unlike_units_come_back_cheapest_first_or_by_name() -> None:
    line = bought(units=3, regular=3000, discounts={"one-free": 1000}, tax=165)
    state = LineState(line=line, so_far=NOTHING, paid=(1000, 0, 1000))
    assert chosen_positions(state, 1, ()) == (1,)
    assert chosen_positions(state, 2, ()) == (0, 1)
    assert chosen_positions(state, 2, (2,)) == (1, 2)
    gone = replace(state, so_far=replace(NOTHING, units=1, unit_positions=(1,)))
    assert chosen_positions(gone, 1, ()) == (0,)
    for named in ((1,), (3,), (-1,), (0, 0), (0, 2)):
        with pytest.raises(NotReturnable):
            chosen_positions(gone, 1, named)
    with pytest.raises(TooMuchReturned):
        chosen_positions(gone, 3, ())
    alike = LineState(line=line, so_far=NOTHING, paid=(667, 667, 666))
    assert chosen_positions(alike, 2, (0,)) == ()


TYPES = ("points", "stored_value", "gift_card", "card", "mobile", "other", "cash")


@PATIENT
@given(st.data())
def test_any_split_of_a_refund_gives_each_tender_what_it_paid(data: st.DataObject) -> None:
    tenders = data.draw(
        st.lists(
            st.builds(Tender, type=st.sampled_from(TYPES), amount_minor=st.integers(1, 4000)), min_size=1, max_size=6
        )
    )  # fmt: skip
    exchanged = data.draw(st.integers(0, 500))  # paid by goods that came back
    whole = sum(tender.amount_minor for tender in tenders) + exchanged
    paid = funds(tenders, bought_minor=whole, policy=DEFAULT)
    left, gone = whole, {}
    portions = data.draw(st.lists(st.integers(1, whole), max_size=7))
    for portion in (*portions, whole):
        refund = min(portion, left)
        if not refund:
            break
        given_back = split(paid, refund_minor=refund, so_far=gone, refunded_minor=whole - left)
        assert sum(each.amount_minor for each in given_back) == refund
        assert all(each.amount_minor > 0 for each in given_back)
        for each in given_back:
            gone[each.position] = gone.get(each.position, 0) + each.amount_minor
        left -= refund
        for fund in paid:
            assert gone.get(fund.position, 0) <= fund.tender.amount_minor
    expected = {place: tender.amount_minor for place, tender in enumerate(tenders, start=1)}
    assert gone == (expected | {0: exchanged} if exchanged else expected)


@PATIENT
@given(st.data())
def test_however_returns_are_voided_in_between_all_that_is_left_comes_back(data: st.DataObject) -> None:
    tenders = [Tender(type=kind, amount_minor=data.draw(st.integers(1, 300))) for kind in ("points", "card", "cash")]
    whole = sum(tender.amount_minor for tender in tenders)
    paid = funds(tenders, bought_minor=whole, policy=DEFAULT)
    done: list[dict[int, int]] = []

    def gone() -> dict[int, int]:
        return {place: sum(each.get(place, 0) for each in done) for place in (1, 2, 3)}

    for _ in range(data.draw(st.integers(0, 6))):
        left = whole - sum(gone().values())
        if done and data.draw(st.booleans()):
            done.pop(data.draw(st.integers(0, len(done) - 1)))
        elif left:
            amount = data.draw(st.integers(1, left))
            back = split(paid, refund_minor=amount, so_far=gone(), refunded_minor=whole - left)
            assert sum(each.amount_minor for each in back) == amount
            done.append({each.position: each.amount_minor for each in back})
        assert all(amount <= tenders[place - 1].amount_minor for place, amount in gone().items())
    left = whole - sum(gone().values())
    last = split(paid, refund_minor=left, so_far=gone(), refunded_minor=whole - left)
    done.append({each.position: each.amount_minor for each in last})
    assert gone() == {place: tender.amount_minor for place, tender in enumerate(tenders, start=1)}


def test_points_and_stored_value_come_back_pro_rata_before_money_in_the_declared_order() -> None:
    tenders = (
        Tender(type="cash", amount_minor=3000),
        Tender(type="points", amount_minor=1000),
        Tender(type="card", amount_minor=4000),
        Tender(type="stored_value", amount_minor=2000),
    )
    paid = funds(tenders, bought_minor=10_000, policy=DEFAULT)
    first = split(paid, refund_minor=3333, so_far={}, refunded_minor=0)
    assert [(each.position, each.amount_minor) for each in first] == [(2, 333), (4, 666), (3, 2334)]
    gone = {each.position: each.amount_minor for each in first}
    second = split(paid, refund_minor=3333, so_far=gone, refunded_minor=3333)
    assert [(each.position, each.amount_minor) for each in second] == [(2, 333), (4, 667), (3, 1666), (1, 667)]


def test_a_card_that_is_too_old_is_paid_back_in_cash_where_the_chain_says_so() -> None:
    policy = replace(DEFAULT, card_days=90, card_late_tender="cash")
    tenders = (
        Tender(type="card", amount_minor=900, method="visa", reference="R7"),
        Tender(type="cash", amount_minor=100),
    )
    paid = funds(tenders, bought_minor=1000, policy=policy)
    given_back = split(paid, refund_minor=1000, so_far={}, refunded_minor=0)
    on_time, moved = refund_tenders(paid, given_back, policy=policy, age_days=90)
    assert ([(each.type, each.reference) for each in on_time], moved) == ([("card", "R7"), ("cash", "")], False)
    late, moved = refund_tenders(paid, given_back, policy=policy, age_days=91)
    assert [(each.position, each.type, each.method, each.amount_minor) for each in late] == [
        (1, "cash", "", -900), (2, "cash", "", -100),
    ]  # fmt: skip
    assert moved


def refund(kind: str, amount: int) -> RefundTender:
    return RefundTender(position=1, type=kind, method="", reference="", amount_minor=-amount)


def test_an_exchange_moves_the_difference_and_gives_points_back_whole() -> None:
    tenders = (refund("points", 300), refund("card", 500), refund("cash", 200))
    assert settled(tenders, sold_minor=0) == (tenders, 0)
    assert settled(tenders, sold_minor=700) == (tenders[:1], 0)
    assert settled(tenders, sold_minor=1000) == (tenders[:1], 300)
    assert settled(tenders, sold_minor=150) == ((*tenders[:2], refund("cash", 50)), 0)


@PATIENT
@given(st.lists(st.integers(0, 99), min_size=1, max_size=5), st.integers(0, 500))
def test_shares_grow_with_what_is_gone_and_end_at_the_parts(parts: list[int], gone: int) -> None:
    gone = min(gone, sum(parts))
    found = nested_shares(parts, gone)
    assert sum(found) == gone
    assert all(0 <= share <= part for share, part in zip(found, parts, strict=True))
    if gone:
        assert all(a >= b for a, b in zip(found, nested_shares(parts, gone - 1), strict=True))
    assert sum(filled(parts, gone)) == gone
    assert steps(found, [0] * len(parts), gone) == found


def test_a_policy_is_read_back_as_it_was_written_and_refuses_what_cannot_be() -> None:
    assert from_json(to_json(DEFAULT)) == DEFAULT
    assert from_json({}) == DEFAULT
    assert from_json({"days_max": 7}) == replace(DEFAULT, days_max=7)
    for wrong in (
        {"days_max": -1}, {"days_max": True}, {"other_store": "maybe"}, {"tender_order": ["cash"]},
        {"tender_order": ["cash", "cash", "card", "mobile"]}, {"unknown": 1}, {"reasons": [{"code": "a"}]},
        {"reasons": [{"code": "a", "name_zh": "甲", "name_en": "A"}] * 2}, {"card_late_tender": "points"},
        {"conditions": [{"code": "a", "name_zh": "甲", "name_en": "A", "is_sellable": 1}]},
    ):  # fmt: skip
        with pytest.raises(InvalidPolicy):
            from_json(wrong)
    assert isinstance(DEFAULT, ReturnPolicy)
