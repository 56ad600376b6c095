"""Goods of several receipts come back on one ticket, with new goods and one difference (decision 0227)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.rulebooks import publish

from liushui.orders import facade as orders
from liushui.orders.errors import ReturnedMeanwhile
from liushui.payments import facade as payments
from liushui.runtime.approvals import ApprovalMissing
from liushui.till import facade, kinds
from liushui.till.errors import ReturnInTheWay, TooManyReceipts
from liushui.till.returned import RECEIPTS_MAX
from liushui.till.tests.conftest import NOON
from liushui.till.tests.membership import PHONE, cash, free, member_of, pay, publish_programme, scanned
from liushui.till.tests.test_mobile import scan_code, wallet
from liushui.till.tests.test_returns import cash_in_drawer, give_back, target_of

__all__ = ["wallet"]
pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(minutes=5)


def back(shop, sold, *, line=1, units=1, till=None):
    return facade.return_units(till=till or shop.till, sale_id=sold.sale_id, line_number=line, units=units, now=NOON)


def by_card(shop, *codes):
    for code in codes:
        ticket = facade.scan(till=shop.till, code=code, now=NOON)
    return facade.pay_recorded(
        till=shop.till, ticket_id=ticket.id, version=ticket.version, type="card", method="pos-terminal", now=NOON
    )


def returned_units(shop, sold):
    lines = orders.returned(sale_id=sold.sale_id, chain_id=shop.till.chain_id).lines
    return {number: line.units for number, line in lines.items()}


def tenders_of(shop, done):
    sale = orders.sale(sale_id=done.sale_id, store_ids={shop.store.id})
    return [(tender.type, tender.amount_minor) for tender in sale.tenders]


def approve(shop, ticket):
    approval = shop.approval("returns.refund", target_of(ticket))
    return facade.approve_return(
        till=shop.till, ticket_id=ticket.id, version=ticket.version, approval_id=approval, now=NOON
    )


def test_two_receipts_and_new_goods_are_one_ticket_with_one_difference(selling):
    first, second = selling.sell("TEA", "TEA"), selling.sell("MILK", "TEA")
    back(selling, first)
    facade.say_why(till=selling.till, sale_id=first.sale_id, line_number=1, what="condition", code="damaged", now=NOON)
    two = back(selling, second)
    assert [(line.number, line.sku, line.units, line.amount_minor) for line in two.lines] == [
        (1, "TEA", -1, -1_000), (2, "MILK", -1, -650)
    ]  # fmt: skip
    assert [(each.receipt_number, each.refund_minor) for each in two.returned.receipts] == [
        (first.number, 1_000), (second.number, 650)
    ]  # fmt: skip
    ticket = facade.scan(till=selling.till, code="RICE", now=NOON)
    assert (ticket.total_minor, ticket.due_minor) == (3_340, 3_340)  # 49.90 less 10.00 less 6.50
    done = cash(selling, ticket)
    assert (done.state, tenders_of(selling, done)) == ("settled", [("cash", 3_340)])
    assert (returned_units(selling, first), returned_units(selling, second)) == ({1: 1}, {1: 1})
    recorded = orders.sale(sale_id=done.sale_id, store_ids={selling.store.id})
    assert [(line.sku, line.units, line.original and line.original.sale_id) for line in recorded.lines] == [
        ("RICE", 1, None), ("TEA", -1, first.sale_id), ("MILK", -1, second.sale_id)
    ]  # fmt: skip
    shown = facade.receipt(ticket_id=done.id, store_ids={selling.store.id})["returned"]
    assert shown["refund_minor"] == 1_650
    assert [
        (each["receipt_number"], each["refund_minor"], [part.condition for [part] in each["reasons"].values()])
        for each in shown["receipts"]
    ] == [(first.number, 1_000, ["damaged"]), (second.number, 650, ["sealed"])]
    report, drawer = cash_in_drawer(selling, done.shift_id)
    assert (report.refund_tickets, report.refunds_minor, drawer.expected_minor) == (1, 1_650, 16_990)
    assert facade.verify_day(store_id=selling.store.id, business_date=done.business_date, now=NOON) == ()
    rest = facade.return_everything(till=selling.till, sale_id=second.sale_id, now=NOON)
    assert [(line.sku, line.units) for line in rest.lines] == [("TEA", -1)]


@pytest.mark.parametrize("is_newest_chosen_first", [False, True])
def test_money_of_the_oldest_receipt_goes_back_first_whichever_was_chosen_first(selling, is_newest_chosen_first):
    old, new = selling.sell("TEA"), by_card(selling, "TEA")
    for sold in (new, old) if is_newest_chosen_first else (old, new):
        back(selling, sold)
    ticket = facade.scan(till=selling.till, code="MILK", now=NOON)
    assert ticket.due_minor == -1_350
    done = give_back(selling, ticket, slips={2: "R-9"})
    assert tenders_of(selling, done) == [("cash", -1_000), ("card", -350)]
    assert [tender.note for tender in done.tenders] == ["", "R-9"]


def test_cash_of_two_receipts_is_counted_out_once_and_a_receipt_can_be_left_out_again(selling):
    first, second = selling.sell("TEA"), selling.sell("MILK")
    back(selling, first)
    both = back(selling, second)
    one = facade.keep_everything(
        till=selling.till, ticket_id=both.id, version=both.version, sale_id=first.sale_id, now=NOON
    )
    assert [(line.sku, line.amount_minor) for line in one.lines] == [("MILK", -650)]
    assert [each.receipt_number for each in one.returned.receipts] == [second.number]
    none = facade.keep_everything(till=selling.till, ticket_id=one.id, version=one.version, now=NOON)
    assert (none.lines, none.returned, none.is_refund) == ((), None, False)
    back(selling, first)
    done = give_back(selling, back(selling, second))
    assert tenders_of(selling, done) == [("cash", -1_650)]


def test_what_two_phones_paid_goes_back_to_each(selling, wallet):
    sold = [scan_code(selling, facade.scan(till=selling.till, code=code, now=NOON)) for code in ("TEA", "MILK")]
    for each in sold:
        ticket = back(selling, each)
    give_back(selling, ticket)
    facade.recover(now=LATER)
    paid = [each.tenders[0].payment_id for each in sold]
    assert [[refund.amount_minor for refund in payments.refunds_of(payment_id=each)] for each in paid] == [
        [1_000], [650]
    ]  # fmt: skip
    assert wallet.kept_minor([each.hex for each in paid]) == 0


def test_five_receipts_come_back_and_a_sixth_or_none_waits_for_the_next_ticket(selling):
    assert RECEIPTS_MAX == 5
    sold = [selling.sell("MILK") for _ in range(6)]
    for each in sold[:5]:
        ticket = back(selling, each)
    with pytest.raises(TooManyReceipts):
        back(selling, sold[5])
    with pytest.raises(ReturnInTheWay):
        facade.return_scanned(till=selling.till, sale_id=None, code="TEA", now=NOON)
    assert facade.current_ticket(till=selling.till) == ticket
    assert give_back(selling, ticket).total_minor == -3_250
    facade.return_scanned(till=selling.till, sale_id=None, code="TEA", now=NOON)
    with pytest.raises(ReturnInTheWay):
        back(selling, sold[5])


def test_what_is_approved_for_one_receipt_is_nothing_for_another(selling):
    for _ in range(10):
        facade.scan(till=selling.till, code="RICE", now=NOON)
    dear, small = selling.sell("RICE"), selling.sell("MILK")
    ticket = facade.return_everything(till=selling.till, sale_id=dear.sale_id, now=NOON)
    assert ticket.returned.needs_approval == "over_limit"
    asked = selling.approval("returns.refund", target_of(ticket))
    both = back(selling, small)  # it was asked for the dear one alone
    with pytest.raises(ApprovalMissing):
        facade.approve_return(till=selling.till, ticket_id=both.id, version=both.version, approval_id=asked, now=NOON)
    approved = approve(selling, both)
    assert (approved.returned.needs_approval, approved.returned.approved_by) == ("", "Mia")
    kept = facade.keep_everything(
        till=selling.till, ticket_id=approved.id, version=approved.version, sale_id=dear.sale_id, now=NOON
    )
    assert kept.returned.approved_by == "Mia"
    again = facade.return_everything(till=selling.till, sale_id=dear.sale_id, now=NOON)
    assert again.returned.needs_approval == "over_limit"  # what was approved of it has gone with it
    with pytest.raises(ApprovalMissing):
        give_back(selling, again)
    assert give_back(selling, approve(selling, again)).approved_by == "Mia"


def test_two_receipts_pass_no_limit_that_one_would_not(selling):
    sold = []
    for _ in range(2):
        for _ in range(5):
            facade.scan(till=selling.till, code="RICE", now=NOON)
        sold.append(selling.sell("TEA"))  # 259.50
    one = facade.return_everything(till=selling.till, sale_id=sold[0].sale_id, now=NOON)
    assert one.returned.needs_approval == ""
    two = facade.return_everything(till=selling.till, sale_id=sold[1].sale_id, now=NOON)
    assert (two.returned.refund_minor, two.returned.needs_approval) == (51_900, "over_limit")
    with pytest.raises(ApprovalMissing):
        give_back(selling, two)
    less = back(selling, sold[1], line=1, units=1)
    assert (less.returned.refund_minor, less.returned.needs_approval) == (31_940, "")
    assert give_back(selling, less).total_minor == -31_940


def test_what_others_took_of_one_receipt_leaves_the_other_as_it_was_chosen(selling):
    facade.open_shift(till=selling.other_till, float_minor=5_000, now=NOON)
    first, second = selling.sell("TEA", "TEA"), selling.sell("MILK")
    back(selling, first, units=2)
    mine = back(selling, second)
    give_back(selling, back(selling, first, till=selling.other_till), till=selling.other_till)
    with pytest.raises(ReturnedMeanwhile) as told:
        give_back(selling, mine)
    assert told.value.context["sale_id"] == str(first.sale_id)
    left = facade.current_ticket(till=selling.till)
    assert [(line.sku, line.units) for line in left.lines] == [("TEA", -1), ("MILK", -1)]
    assert (returned_units(selling, first), returned_units(selling, second)) == ({1: 1}, {})
    assert give_back(selling, left).total_minor == -1_650


def test_each_member_gets_what_he_paid_with(selling):
    publish_programme(chain_id=selling.till.chain_id)
    lin, zhang = member_of(selling, points=500), member_of(selling, phone="13900000009", stored=600)
    first = cash(selling, pay(selling, scanned(selling, "TEA", member=PHONE), "points", 500))
    second = cash(selling, pay(selling, scanned(selling, "TEA", member="13900000009"), "stored_value", 600))
    assert (free(lin), free(zhang)) == ((0, 0), (0, 0))
    back(selling, first)
    back(selling, second)
    ticket = facade.scan(till=selling.till, code="MILK", now=NOON)  # 6.50 of the 5.00 and 4.00 that were money
    assert ticket.due_minor == -1_350
    done = give_back(selling, ticket)
    assert tenders_of(selling, done) == [("points", -500), ("stored_value", -600), ("cash", -250)]
    assert (free(lin), free(zhang)) == ((500, 0), (0, 600))


def test_the_target_of_an_approval_names_ticket_and_receipts_in_any_order(selling):
    first, second = selling.sell("TEA"), selling.sell("MILK")
    one = back(selling, first)
    two = back(selling, second)
    facade.keep_everything(till=selling.till, ticket_id=two.id, version=two.version, sale_id=first.sale_id, now=NOON)
    turned = back(selling, first)
    assert [each.sale_id for each in turned.returned.receipts] == [second.sale_id, first.sale_id]
    targets = [kinds.return_target(ticket_id=two.id, returned=each.returned) for each in (one, two, turned)]
    assert targets[1] == targets[2] != targets[0]
    assert {each.rpartition("/")[0] for each in targets} == {f"ticket:{two.id}/return"}


TWO_LESS_6 = {
    "id": "two-less-6", "name": {"zh": "2件减6元", "en": "Two for 6 less"}, "stage": "order",
    "return_policy": "clawback", "when": [{"type": "quantity_at_least", "n": 2}],
    "effects": [{"type": "amount_off", "amount": 600, "level": "order"}],
}  # fmt: skip


def test_what_was_held_back_of_goods_that_are_gone_comes_back_with_the_last_ones(selling):
    publish(chain_id=selling.till.chain_id, rules=[TWO_LESS_6], now=NOON - timedelta(hours=1))
    facade.scan(till=selling.till, code="TEA", now=NOON)
    sold = selling.sell("MILK")
    assert [line.amount_minor for line in sold.lines] == [636, 414]
    give_back(selling, back(selling, sold))  # the milk that stays costs 6.50 without the tea
    rest = back(selling, sold, line=2)
    assert [(line.sku, line.units, line.amount_minor) for line in rest.lines] == [("MILK", -1, -414), ("TEA", 0, -236)]
    done = give_back(selling, rest)
    assert (done.state, tenders_of(selling, done)) == ("settled", [("cash", -650)])
    recorded = orders.sale(sale_id=done.sale_id, store_ids={selling.store.id})
    assert [(line.sku, line.units, line.amount_minor) for line in recorded.lines] == [
        ("MILK", -1, -414), ("TEA", 0, -236)
    ]  # fmt: skip
