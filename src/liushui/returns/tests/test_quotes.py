"""Whether goods may come back, whose consent it takes, and what goods without a receipt give."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from liushui.kernel.errors import NotAllowed
from liushui.orders import facade as orders
from liushui.returns import facade
from liushui.returns.contracts import UnreceiptedLine, WantedReturn
from liushui.returns.domain.policy import DEFAULT, ConditionCode
from liushui.returns.errors import (
    NotReturnable,
    OtherStoreRefused,
    PolicyChanged,
    ReasonRefused,
    TooMuchReturned,
    UnreceiptedRefused,
)
from liushui.returns.policies import forget
from liushui.returns.tests.conftest import NOON, House

pytestmark = pytest.mark.usefixtures("nothing_is_read_again")

ONE = WantedReturn(line_number=1, units=1)


def change(house: House, **settings) -> None:
    view = facade.policy_view(chain_id=house.chain.id)
    facade.save_policy(
        chain_id=house.chain.id, policy=replace(view.policy, **settings), expected_version=view.version,
        principal=house.principal("finance"), now=NOON,
    )  # fmt: skip


def test_a_third_of_a_line_gives_a_third_of_its_price_and_tax_to_the_card_that_paid(house: House) -> None:
    quote = house.quote(house.sell(), ONE)
    [quoted] = quote.lines
    assert (quoted.line.units, quoted.line.amount_minor, quoted.line.tax_minor) == (-1, -333, -27)
    [tender] = quote.tenders
    assert (tender.position, tender.type, tender.method, tender.reference, tender.amount_minor) == (
        1, "card", "visa", "R1", -333,
    )  # fmt: skip
    assert (quote.refund_minor, quote.needs_approval, quote.notes, quote.is_full) == (333, "", (), False)
    assert (quote.order_key, quote.receipt_number, quote.expected_version) == ("web/S-1", "S-1", 0)


def test_a_quote_costs_one_statement_and_the_policy_none_within_a_second(house: House) -> None:
    sale = house.sell()
    house.quote(sale, ONE)
    connection.in_atomic_block, kept = False, connection.in_atomic_block  # as outside of the test's transaction
    try:
        facade.policy(chain_id=house.chain.id)
        with CaptureQueriesContext(connection) as taken:
            house.quote(sale, ONE)
    finally:
        connection.in_atomic_block = kept
    assert len(taken) == 1


@pytest.mark.parametrize(
    ("days", "store", "wanted", "settings", "why"),
    [
        (30, "here", ONE, {}, ""),
        (31, "here", ONE, {}, "late"),
        (31, "here", ONE, {"days_max": 0}, ""),
        (0, "there", ONE, {}, ""),
        (0, "there", ONE, {"other_store": "approve"}, "other_store"),
        (0, "here", WantedReturn(line_number=2, units=1), {}, ""),
        (0, "here", WantedReturn(line_number=2, units=1), {"approval_over_minor": 29_999}, "over_limit"),
        (0, "here", WantedReturn(line_number=2, units=1), {"approval_over_minor": 30_000}, ""),
    ],
)
def test_another_person_agrees_where_the_chain_says_so(house: House, days, store, wanted, settings, why) -> None:
    sale = house.sell()
    change(house, **settings)
    place = house.here if store == "here" else house.there
    assert house.quote(sale, wanted, at=NOON + timedelta(days=days), store=place).needs_approval == why


def test_the_limit_counts_what_came_back_of_the_receipt_before(house: House) -> None:
    sale = house.sell()
    change(house, approval_over_minor=1_000)
    first = house.quote(sale, WantedReturn(line_number=1, units=2))
    assert (first.refund_minor, first.needs_approval) == (666, "")
    returned = house.take_back(first)
    last = house.quote(sale, ONE)
    assert (last.refund_minor, last.needs_approval) == (334, "")
    change(house, approval_over_minor=999)
    assert house.quote(sale, ONE).needs_approval == "over_limit"
    orders.void_sale(
        sale_id=returned, reason="by mistake", principal=house.principal("store_manager"), now=NOON
    )  # fmt: skip
    assert house.quote(sale, ONE).needs_approval == ""


def test_goods_of_another_store_are_refused_where_the_chain_refuses_them(house: House) -> None:
    sale = house.sell()
    change(house, other_store="refuse")
    with pytest.raises(OtherStoreRefused):
        house.quote(sale, ONE, store=house.there)
    assert house.quote(sale, ONE, store=house.here).refund_minor == 333


def test_a_card_is_paid_back_to_for_so_many_days(house: House) -> None:
    sale = house.sell()
    change(house, card_days=10, card_late_tender="cash")
    late = house.quote(sale, ONE, at=NOON + timedelta(days=11))
    assert [(each.position, each.type, each.amount_minor) for each in late.tenders] == [(1, "cash", -333)]
    assert late.notes == ("card_late",)


def test_what_cannot_come_back_is_refused(house: House) -> None:
    sale = house.sell()
    for wanted in (
        (), (WantedReturn(line_number=9, units=1),), (WantedReturn(line_number=1, units=0),), (ONE, ONE),
        (WantedReturn(line_number=1, units=1, unit_positions=(3,)),),
    ):  # fmt: skip
        with pytest.raises(NotReturnable):
            house.quote(sale, *wanted)
    with pytest.raises(TooMuchReturned):
        house.quote(sale, WantedReturn(line_number=1, units=4))
    with pytest.raises(ReasonRefused):
        house.quote(sale, replace(ONE, reason="because"))
    with pytest.raises(NotAllowed):
        facade.quote_return(
            sale_id=sale, wanted=[ONE], at=NOON, store_id=house.here.id, principal=house.principal(store=house.there)
        )


def test_goods_without_a_receipt_give_the_price_of_today_up_to_the_limit_and_with_approval(house: House) -> None:
    def quote(*goods: UnreceiptedLine):
        return facade.quote_unreceipted(
            goods=goods, at=NOON, store_id=house.here.id, principal=house.principal(store=house.here)
        )

    found = quote(UnreceiptedLine(code="MILK", units=2, reason="quality"))
    [quoted] = found.lines
    assert (quoted.line.amount_minor, quoted.line.tax_minor, quoted.original, quoted.reason) == (
        -1300, -107, None, "quality",
    )  # fmt: skip
    assert (found.refund_minor, found.needs_approval, found.returns_of) == (1300, "no_receipt", None)
    assert [(each.type, each.amount_minor) for each in found.tenders] == [("cash", -1300)]
    with pytest.raises(UnreceiptedRefused):
        quote(UnreceiptedLine(code="MILK", units=31))  # 201.50, the limit is 200.00
    for code in ("SAUCE", "NOSUCH"):
        with pytest.raises(NotReturnable):
            quote(UnreceiptedLine(code=code, units=1))
    change(house, unreceipted_max_minor=0)
    with pytest.raises(UnreceiptedRefused):
        quote(UnreceiptedLine(code="MILK", units=1))


def test_of_two_who_change_a_policy_the_second_is_told(house: House) -> None:
    finance = house.principal("finance")
    first = facade.save_policy(
        chain_id=house.chain.id, policy=replace(DEFAULT, days_max=7), expected_version=0, principal=finance, now=NOON
    )
    assert (first.version, first.policy.days_max, first.changed_by) == (1, 7, "Staff 1")
    second = facade.save_policy(
        chain_id=house.chain.id, policy=replace(DEFAULT, days_max=8), expected_version=1, principal=finance, now=NOON
    )
    assert second.version == 2
    for version in (0, 1):
        with pytest.raises(PolicyChanged):
            facade.save_policy(
                chain_id=house.chain.id, policy=DEFAULT, expected_version=version, principal=finance, now=NOON
            )
    forget()
    assert facade.policy(chain_id=house.chain.id).days_max == 8
    for principal in (house.principal("store_manager"), house.principal("finance", store=house.here)):
        with pytest.raises(NotAllowed):
            facade.save_policy(
                chain_id=house.chain.id, policy=DEFAULT, expected_version=2, principal=principal, now=NOON
            )


def test_codes_out_of_use_are_no_longer_offered_and_still_known(house: House) -> None:
    change(house, conditions=(ConditionCode(code="sealed", name_zh="未拆封", name_en="Sealed", is_active=False),))
    assert [each.code for each in facade.return_codes(chain_id=house.chain.id).conditions] == ["sealed"]
    with pytest.raises(ReasonRefused):
        house.quote(house.sell(), replace(ONE, condition="sealed"))
