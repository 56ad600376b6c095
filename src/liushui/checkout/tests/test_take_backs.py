"""Returns and exchanges by the one flow of checkout: amounts are the receipt's, tenders are those that are due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from tests.support import member_shop
from tests.support.member_shop import NOON, MemberShop, member_sale, return_of

from liushui.checkout import facade
from liushui.checkout.contracts import (
    LineCommand,
    OriginalLine,
    ReturnReason,
    ReturnTerms,
    SaleRecorded,
    Tender,
)
from liushui.checkout.errors import RefundRefused, ReturnDiffers, ReturnRefused
from liushui.loyalty import facade as loyalty
from liushui.orders import facade as orders
from liushui.promotions import facade as promotions
from liushui.returns.errors import ReasonRefused, TooMuchReturned
from liushui.runtime.grants import system_principal

ME = system_principal(name="test")
PAID = (
    Tender(type="points", amount_minor=300),
    Tender(type="stored_value", amount_minor=700),
    Tender(type="mobile", method="wechat", amount_minor=1_000),
)


@pytest.fixture
def shop(db) -> Iterator[MemberShop]:
    promotions.forget()
    yield member_shop.open_member_shop()
    promotions.forget()


@pytest.fixture
def member(shop: MemberShop) -> UUID:
    [member_id] = member_shop.add_members(chain_id=shop.chain.id, count=1, points=1_000, principal_minor=5_000)
    return member_id


@pytest.fixture
def sold(shop: MemberShop, member: UUID) -> SaleRecorded:
    return complete(member_sale("sold", member_id=member, tenders=PAID))


def complete(command) -> SaleRecorded:
    return facade.complete_sale(command=command, principal=ME, now=NOON)


def balance(member_id: UUID) -> tuple[int, int]:
    found = loyalty.balances(member_id=member_id)
    return found.points, found.principal_minor


def tenders(shop: MemberShop, recorded: SaleRecorded) -> list[tuple[str, int]]:
    sale = orders.sale(sale_id=recorded.sale_id, store_ids={shop.store.id, shop.other_store.id})
    return [(tender.method or tender.type, tender.amount_minor) for tender in sale.tenders]


def test_half_comes_back_of_each_tender_and_the_rest_gives_exactly_what_was_paid(shop, member, sold) -> None:
    assert balance(member) == (700, 4_300)
    first = complete(return_of("back-1", sale_id=sold.sale_id, units=1))
    assert (first.total_minor, first.tax_minor) == (-1_000, -(sold.tax_minor // 2))
    assert tenders(shop, first) == [("points", -150), ("stored_value", -350), ("wechat", -500)]
    assert balance(member) == (850, 4_650)
    rest = complete(return_of("back-2", sale_id=sold.sale_id, units=1))
    assert first.tax_minor + rest.tax_minor == -sold.tax_minor
    assert tenders(shop, rest) == [("points", -150), ("stored_value", -350), ("wechat", -500)]
    assert balance(member) == (1_000, 5_000)
    with pytest.raises(TooMuchReturned):
        complete(return_of("back-3", sale_id=sold.sale_id, units=1))


def test_the_same_return_again_gives_nothing_more(shop, member, sold) -> None:
    command = return_of("back", sale_id=sold.sale_id, units=2)
    first = complete(command)
    again = complete(command)
    assert (again.sale_id, again.is_replay) == (first.sale_id, True)
    assert balance(member) == (1_000, 5_000)


def test_a_return_in_another_store_of_the_chain(shop, member, sold) -> None:
    recorded = complete(return_of("there", sale_id=sold.sale_id, units=2, store="SH02"))
    assert recorded.total_minor == -2_000
    assert balance(member) == (1_000, 5_000)


def test_dearer_goods_are_paid_by_the_money_that_comes_back_and_the_difference(shop, member, sold) -> None:
    bread = LineCommand(code="BREAD", units=3)
    # back: 150 points, 350 value, 500 money; new: 1,500; the shopper pays 1,000
    paid = (
        Tender(type="points", amount_minor=-150),
        Tender(type="stored_value", amount_minor=-350),
        Tender(type="cash", amount_minor=1_000),
    )
    recorded = complete(return_of("swap", sale_id=sold.sale_id, units=1, lines=[bread], tenders=paid))
    assert recorded.total_minor == 500
    assert balance(member) == (850, 4_650)


def test_cheaper_goods_leave_something_of_the_money_that_comes_back(shop, member, sold) -> None:
    bread = LineCommand(code="BREAD", units=1)
    # back: 300 points, 700 value, 1,000 money; new: 500
    recorded = complete(return_of("swap", sale_id=sold.sale_id, units=2, lines=[bread]))
    assert recorded.total_minor == -1_500
    assert tenders(shop, recorded) == [("points", -300), ("stored_value", -700), ("wechat", -500)]
    assert balance(member) == (1_000, 5_000)


def test_an_exchange_is_returned_in_its_turn(shop, member, sold) -> None:
    bread = LineCommand(code="BREAD", units=2)
    paid = (
        Tender(type="points", amount_minor=-150),
        Tender(type="stored_value", amount_minor=-350),
        Tender(type="cash", amount_minor=500),
    )
    swap = complete(return_of("swap", sale_id=sold.sale_id, units=1, lines=[bread], tenders=paid))
    back = complete(return_of("swap-back", sale_id=swap.sale_id, units=2))
    # 1,000 of bread was paid by 500 in cash and by 500 of goods that came back, which are cash by the chain's policy
    assert back.total_minor == -1_000
    assert tenders(shop, back) == [("cash", -500), ("cash", -500)]


@pytest.mark.parametrize(
    ("stated", "error", "pointer"),
    [
        pytest.param({"amount_minor": -1_001}, ReturnDiffers, "/lines/0/amount_minor", id="another amount"),
        pytest.param({"tax_minor": 0}, ReturnDiffers, "/lines/0/tax_minor", id="another tax"),
        pytest.param({"code": "BREAD"}, ReturnDiffers, "/lines/0/code", id="another item"),
        pytest.param({"units": 1}, ReturnRefused, "/lines/0/units", id="sold instead"),
        pytest.param({"units": -3}, TooMuchReturned, None, id="more than was bought"),
    ],
)
def test_what_is_stated_of_a_returned_line_is_never_believed(shop, sold, stated, error, pointer) -> None:
    line = {"code": "", "units": -1, "original": OriginalLine(sale_id=sold.sale_id, line_number=1)} | stated
    command = return_of("differs", sale_id=sold.sale_id, units=1)

    with pytest.raises(error) as refused:
        complete(replace(command, lines=(LineCommand(**line),)))
    if pointer is not None:
        assert refused.value.pointer == pointer


@pytest.mark.parametrize(
    "paid",
    [
        pytest.param([("cash", -1_000)], id="all in cash"),
        pytest.param([("points", -1_000)], id="all in points"),
        pytest.param([("points", -150), ("stored_value", -350), ("card", -500)], id="to a card that paid nothing"),
        pytest.param(
            [("points", -150), ("stored_value", -350), ("mobile", -600), ("cash", 100)], id="paid in and out at once"
        ),
    ],
)
def test_money_goes_back_where_it_came_from_and_nowhere_else(shop, member, sold, paid) -> None:
    stated = tuple(
        Tender(type=type_, amount_minor=amount, method="wechat" if type_ == "mobile" else "") for type_, amount in paid
    )
    with pytest.raises(RefundRefused):
        complete(return_of("wrong", sale_id=sold.sale_id, units=1, tenders=stated))
    assert balance(member) == (700, 4_300)


def test_a_return_without_reason_terms_or_twice_in_one_ticket_is_refused(shop, sold) -> None:

    command = return_of("odd", sale_id=sold.sale_id, units=1)
    with pytest.raises(ReturnRefused) as refused:
        complete(replace(command, returns=None))
    assert refused.value.pointer == "/returns"
    with pytest.raises(ReturnRefused) as twice:
        complete(replace(command, lines=command.lines * 2))
    assert twice.value.pointer == "/lines/1/original"
    with pytest.raises(ReasonRefused):
        complete(replace(command, returns=ReturnTerms(reasons=(ReturnReason(line_number=1, reason="whim"),))))


def test_a_voided_sale_gives_nothing_back_and_a_returned_one_is_not_voided(shop, member, sold) -> None:
    complete(return_of("first", sale_id=sold.sale_id, units=1))
    with pytest.raises(Exception, match="came back"):
        orders.void_sale(sale_id=sold.sale_id, reason="mistake", principal=ME, now=NOON)
    other = complete(member_sale("other", member_id=member))
    orders.void_sale(sale_id=other.sale_id, reason="mistake", principal=ME, now=NOON + timedelta(minutes=1))
    with pytest.raises(Exception, match="void"):
        complete(return_of("late", sale_id=other.sale_id, units=1))


def test_a_quote_says_what_a_ticket_of_both_comes_to_and_the_sale_keeps_to_it(shop, member, sold) -> None:
    command = return_of("quoted", sale_id=sold.sale_id, units=2, lines=[LineCommand(code="BREAD", units=1)])
    quote = facade.quote_sale(command=command, principal=ME, now=NOON)
    assert (quote.total_minor, quote.to_pay_minor, quote.needs_approval) == (-1_500, 0, "")
    assert [(line.sku, line.amount_minor) for line in quote.lines] == [("BREAD", 500), ("MILK", -2_000)]
    assert [(tender.type, tender.amount_minor) for tender in quote.refunds] == [
        ("points", -300), ("stored_value", -700), ("mobile", -500),
    ]  # fmt: skip
    assert balance(member) == (700, 4_300)
    assert complete(replace(command, tenders=quote.refunds)).total_minor == -1_500
