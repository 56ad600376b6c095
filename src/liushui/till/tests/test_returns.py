"""Goods come back at a till: a part, several times, for other goods, elsewhere; never more than was bought."""

from __future__ import annotations

from datetime import timedelta

import pytest

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem, NewPrice
from liushui.orders import facade as orders
from liushui.orders.errors import ReturnedMeanwhile
from liushui.returns import facade as returns
from liushui.returns.contracts import LineDetails, ReturnPart, ReturnQuery
from liushui.returns.errors import NotReturnable, TooMuchReturned
from liushui.runtime.approvals import ApprovalMissing
from liushui.till import facade, kinds
from liushui.till.errors import NotAtTraining, NothingToGiveBack, NotOnReceipt, NotVoidable
from liushui.till.models import TicketRow
from liushui.till.tests.conftest import NOON

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(minutes=5)


def give_back(shop, ticket, *, till=None, **more):
    return facade.give_back(till=till or shop.till, ticket_id=ticket.id, version=ticket.version, now=LATER, **more)


def target_of(ticket):
    return kinds.return_target(ticket_id=ticket.id, returned=ticket.returned)


def cash_in_drawer(shop, shift_id):
    report = facade.x_report(shift_id=shift_id, store_ids={shop.store.id}, now=LATER, blind=False)
    return report, next(total for total in report.tenders if total.type == "cash")


def test_a_part_comes_back_then_the_rest_and_nothing_more(selling):
    sold = selling.sell("TEA", "TEA", "TEA", "MILK")
    ticket = facade.return_units(till=selling.till, sale_id=sold.sale_id, line_number=1, units=2, now=NOON)
    assert (ticket.state, ticket.is_refund, ticket.total_minor, ticket.due_minor) == ("open", True, -2_000, -2_000)
    assert [(line.sku, line.units, line.amount_minor, line.is_returned) for line in ticket.lines] == [
        ("TEA", -2, -2_000, True)
    ]
    assert (ticket.returned.lines[0].reason, ticket.returned.lines[0].condition) == ("quality", "sealed")
    back = give_back(selling, ticket)
    assert (back.state, back.total_minor, back.due_minor) == ("settled", -2_000, 0)
    assert [(tender.type, tender.amount_minor) for tender in back.tenders] == [("cash", -2_000)]
    recorded = orders.sale(sale_id=back.sale_id, store_ids={selling.store.id})
    assert [(line.units, line.amount_minor, line.original.line_number) for line in recorded.lines] == [(-2, -2_000, 1)]
    assert orders.returned(sale_id=sold.sale_id, chain_id=selling.till.chain_id).lines[1].units == 2

    with pytest.raises(TooMuchReturned):
        facade.return_units(till=selling.till, sale_id=sold.sale_id, line_number=1, units=2, now=NOON)
    assert facade.current_ticket(till=selling.till) is None  # what is refused opens nothing
    rest = facade.return_everything(till=selling.till, sale_id=sold.sale_id, now=NOON)
    assert [(line.sku, line.units) for line in rest.lines] == [("TEA", -1), ("MILK", -1)]
    assert give_back(selling, rest).total_minor == -1_650
    with pytest.raises(NotReturnable):
        facade.return_everything(till=selling.till, sale_id=sold.sale_id, now=NOON)
    report, cash = cash_in_drawer(selling, sold.shift_id)
    assert (report.tickets, report.refund_tickets, report.refunds_minor, report.total_minor) == (1, 2, 3_650, 0)
    assert (cash.sales_minor, cash.refunds, cash.refunds_minor, cash.expected_minor) == (3_650, 2, 3_650, 10_000)
    assert facade.verify_day(store_id=selling.store.id, business_date=sold.business_date, now=NOON) == ()


def test_an_exchange_for_dearer_goods_takes_the_difference(selling):
    sold = selling.sell("TEA", "TEA")
    facade.return_units(till=selling.till, sale_id=sold.sale_id, line_number=1, units=1, now=NOON)
    ticket = facade.scan(till=selling.till, code="RICE", now=NOON)
    assert (ticket.total_minor, ticket.due_minor) == (3_990, 3_990)
    with pytest.raises(NothingToGiveBack):
        give_back(selling, ticket)
    done = facade.pay_cash(till=selling.till, ticket_id=ticket.id, version=ticket.version, given_minor=5_000, now=LATER)
    assert (done.state, done.change_minor) == ("settled", 1_010)
    assert [tender.amount_minor for tender in done.tenders] == [3_990]
    report, cash = cash_in_drawer(selling, sold.shift_id)
    assert (report.tickets, report.refund_tickets, report.refunds_minor, report.total_minor) == (1, 1, 1_000, 5_990)
    assert (cash.sales_minor, cash.change_minor, cash.refunds_minor, cash.expected_minor) == (7_000, 1_010, 0, 15_990)
    assert facade.verify_day(store_id=selling.store.id, business_date=sold.business_date, now=NOON) == ()


def test_an_exchange_for_cheaper_goods_gives_the_difference_and_an_even_one_nothing(selling):
    sold = selling.sell("TEA", "TEA")
    facade.return_units(till=selling.till, sale_id=sold.sale_id, line_number=1, units=1, now=NOON)
    ticket = facade.scan(till=selling.till, code="MILK", now=NOON)
    assert ticket.due_minor == -350
    done = give_back(selling, ticket)
    assert [(tender.type, tender.amount_minor) for tender in done.tenders] == [("cash", -350)]
    again = facade.return_units(till=selling.till, sale_id=done.sale_id, line_number=1, units=1, now=NOON)
    assert (again.lines[0].sku, again.due_minor) == ("MILK", -650)  # what was taken in exchange comes back too
    even = facade.scan(till=selling.till, code="MILK", now=NOON)
    assert even.due_minor == 0
    assert give_back(selling, even).state == "settled"


def test_goods_are_scanned_and_only_those_of_the_receipt_come_back(selling):
    sold = selling.sell("TEA", "MILK")
    ticket = facade.return_scanned(till=selling.till, sale_id=sold.sale_id, code="MILK", now=NOON)
    assert [(line.sku, line.units) for line in ticket.lines] == [("MILK", -1)]
    with pytest.raises(NotOnReceipt):
        facade.return_scanned(till=selling.till, sale_id=sold.sale_id, code="RICE", now=NOON)
    with pytest.raises(TooMuchReturned):
        facade.return_scanned(till=selling.till, sale_id=sold.sale_id, code="MILK", now=NOON)
    line = {"till": selling.till, "sale_id": sold.sale_id, "line_number": 2, "now": NOON}
    facade.say_why(**line, what="reason")
    said = facade.say_why(**line, what="condition", code="damaged")
    assert (said.returned.lines[0].reason, said.returned.lines[0].condition) == ("wrong_item", "damaged")
    less = facade.step_return(**line, step="-1")
    assert (less.lines, less.is_refund, less.returned) == ((), False, None)
    gone = facade.cancel_ticket(
        till=selling.till, ticket_id=less.id, version=less.version, reason="", approval_id=None, now=NOON
    )
    assert gone.state == "cancelled"


def test_what_others_took_back_meanwhile_sends_the_ticket_back_with_what_is_left(selling):
    facade.open_shift(till=selling.other_till, float_minor=5_000, now=NOON)
    sold = selling.sell("TEA", "TEA", "TEA")
    mine = facade.return_units(till=selling.till, sale_id=sold.sale_id, line_number=1, units=2, now=NOON)
    other = facade.return_units(till=selling.other_till, sale_id=sold.sale_id, line_number=1, units=2, now=NOON)
    give_back(selling, other, till=selling.other_till)
    with pytest.raises(ReturnedMeanwhile):
        give_back(selling, mine)
    left = facade.current_ticket(till=selling.till)
    assert (left.state, left.lines[0].units, left.due_minor, left.tenders) == ("open", -1, -1_000, ())
    assert give_back(selling, left).total_minor == -1_000
    assert orders.returned(sale_id=sold.sale_id, chain_id=selling.till.chain_id).lines[1].units == 3


def test_a_refund_over_the_limit_waits_for_another_person_who_is_named(selling):
    for _ in range(11):
        facade.scan(till=selling.till, code="RICE", now=NOON)
    sold = selling.sell("RICE")
    ticket = facade.return_everything(till=selling.till, sale_id=sold.sale_id, now=NOON)
    assert (ticket.total_minor, ticket.returned.needs_approval) == (-59_880, "over_limit")
    with pytest.raises(ApprovalMissing):
        give_back(selling, ticket)
    assert facade.current_ticket(till=selling.till).version == ticket.version
    approval = selling.approval("returns.refund", target_of(ticket))
    approved = facade.approve_return(
        till=selling.till, ticket_id=ticket.id, version=ticket.version, approval_id=approval, now=NOON
    )
    assert (approved.returned.approved_by, approved.approved_by) == ("Mia", "Mia")
    less = facade.return_units(till=selling.till, sale_id=sold.sale_id, line_number=1, units=11, now=NOON)
    assert less.returned.approved_by == "Mia"  # it covers less
    done = give_back(selling, less)
    assert (done.state, done.total_minor, done.approved_by) == ("settled", -54_890, "Mia")
    shown = facade.receipt(ticket_id=done.id, store_ids={selling.store.id})
    assert shown["returned"]["approved_by"] == "Mia"


def test_more_than_was_approved_is_approved_anew(selling):
    for _ in range(12):
        facade.scan(till=selling.till, code="RICE", now=NOON)
    sold = selling.sell("RICE")
    ticket = facade.return_units(till=selling.till, sale_id=sold.sale_id, line_number=1, units=11, now=NOON)
    approval = selling.approval("returns.refund", target_of(ticket))
    facade.approve_return(
        till=selling.till, ticket_id=ticket.id, version=ticket.version, approval_id=approval, now=NOON
    )
    more = facade.return_units(till=selling.till, sale_id=sold.sale_id, line_number=1, units=12, now=NOON)
    assert (more.returned.approved_by, more.returned.needs_approval) == ("", "over_limit")
    with pytest.raises(ApprovalMissing):
        give_back(selling, more)


def test_without_a_receipt_goods_come_back_at_todays_price_with_approval_up_to_a_limit(selling):
    ticket = facade.return_scanned(till=selling.till, sale_id=None, code="TEA", units=2, now=NOON)
    assert (ticket.due_minor, ticket.returned.needs_approval) == (-2_000, "no_receipt")
    assert [each.sale_id for each in ticket.returned.receipts] == [None]
    with pytest.raises(ApprovalMissing):
        give_back(selling, ticket)
    approval = selling.approval("returns.refund", target_of(ticket))
    ticket = facade.approve_return(
        till=selling.till, ticket_id=ticket.id, version=ticket.version, approval_id=approval, now=NOON
    )
    done = give_back(selling, ticket)
    assert (done.total_minor, done.approved_by) == (-2_000, "Mia")
    recorded = orders.sale(sale_id=done.sale_id, store_ids={selling.store.id})
    assert [(line.sku, line.units, line.original) for line in recorded.lines] == [("TEA", -2, None)]


@pytest.mark.parametrize(
    ("scanned", "sku", "amount_minor"),
    [
        pytest.param("6901234000016", "COLA", -300, id="a barcode of 13 digits"),
        pytest.param("2100120004563", "10012", -907, id="a label of the scale: 0.456 kg at 19.90"),
    ],
)
def test_without_a_receipt_what_a_scanner_reads_comes_back(selling, scanned, sku, amount_minor):
    chain_id = selling.till.chain_id
    catalog.save_items(
        items=[NewItem(chain_id=chain_id, sku="COLA", name_zh="可乐", name_en="Cola", gtin="6901234000016")]
    )
    catalog.save_prices(
        prices=[NewPrice(chain_id=chain_id, sku="COLA", amount_minor=300, starts_at=NOON - timedelta(days=9))]
    )
    ticket = facade.return_scanned(till=selling.till, sale_id=None, code=scanned, now=NOON)
    approval = selling.approval("returns.refund", target_of(ticket))
    approved = facade.approve_return(
        till=selling.till, ticket_id=ticket.id, version=ticket.version, approval_id=approval, now=NOON
    )
    done = give_back(selling, approved)
    assert (done.state, done.total_minor) == ("settled", amount_minor)
    recorded = orders.sale(sale_id=done.sale_id, store_ids={selling.store.id})
    assert [(line.sku, line.units, line.amount_minor) for line in recorded.lines] == [(sku, -1, amount_minor)]


def test_in_training_nothing_comes_back(selling):
    sold = selling.sell("TEA")
    facade.open_shift(till=selling.other_till, float_minor=0, is_training=True, now=NOON)
    with pytest.raises(NotAtTraining):
        facade.return_units(till=selling.other_till, sale_id=sold.sale_id, line_number=1, units=1, now=NOON)
    assert TicketRow.objects.filter(is_training=True).count() == 0


def test_a_sale_of_which_goods_came_back_is_not_voided_and_a_voided_one_does_not_come_back(selling):
    first, second = selling.sell("TEA", "TEA"), selling.sell("MILK")
    ticket = facade.return_units(till=selling.till, sale_id=first.sale_id, line_number=1, units=1, now=NOON)
    give_back(selling, ticket)
    approval = selling.approval("till.void_sale", f"sale:{first.sale_id}")
    with pytest.raises(NotVoidable):
        facade.void_sale(till=selling.till, ticket_id=first.id, reason="x", approval_id=approval, now=NOON)
    approval = selling.approval("till.void_sale", f"sale:{second.sale_id}")
    facade.void_sale(till=selling.till, ticket_id=second.id, reason="x", approval_id=approval, now=NOON)
    with pytest.raises(NotReturnable):
        facade.return_units(till=selling.till, sale_id=second.sale_id, line_number=1, units=1, now=NOON)


def said(ticket):
    return [[(each.units, each.reason, each.condition) for each in line.said] for line in ticket.returned.lines]


def test_two_conditions_of_one_line_are_written_down_apart_and_change_no_amount(selling):
    sold = selling.sell("TEA", "TEA", "TEA", "MILK")
    line = {"till": selling.till, "sale_id": sold.sale_id, "line_number": 1, "now": NOON}
    facade.return_units(**line, units=2)
    apart = facade.split_return(**line)  # of the two that come back
    assert said(apart) == [[(1, "quality", "sealed"), (1, "quality", "opened")]]
    facade.say_why(till=selling.till, sale_id=sold.sale_id, line_number=1, what="condition", code="damaged", now=NOON)
    three = facade.step_return(**line, step="1")  # one more of those said last
    assert said(three) == [[(1, "quality", "sealed"), (2, "quality", "damaged")]]
    assert [(each.units, each.amount_minor) for each in three.lines] == [(-3, -3_000)]
    third = facade.split_return(**line)
    assert said(third) == [[(1, "quality", "sealed"), (1, "quality", "damaged"), (1, "quality", "sealed")]]
    fewer = facade.step_return(**line, step="-1")
    assert said(fewer) == [[(1, "quality", "sealed"), (1, "quality", "damaged")]]
    done = give_back(selling, fewer)
    assert (done.state, done.total_minor) == ("settled", -2_000)
    details = returns.return_details(order_key=f"till/{done.id.hex}")
    assert details.lines[1] == LineDetails(
        line_number=1, reason="quality", condition="sealed",
        parts=(ReturnPart(units=1, reason="quality", condition="damaged"),),
    )  # fmt: skip
    printed = facade.receipt(ticket_id=done.id, store_ids={selling.store.id})["returned"]["receipts"][0]["reasons"]
    assert [(each.units, each.condition) for each in printed[1]] == [(1, "sealed"), (1, "damaged")]
    facts = [fact for fact, _status in orders.sale_facts(after=None, limit=100) if fact.sale_id == done.sale_id]
    returns.apply_returns(completed=facts, voided=())
    page = returns.returns(query=ReturnQuery(store_ids=frozenset({selling.store.id})))
    listed = [(each.line_number, each.part, each.units, each.amount_minor, each.condition) for each in page.entries]
    assert listed == [(1, 0, 1, 1_000, "sealed"), (1, 1, 1, 1_000, "damaged")]


def test_one_apart_of_a_single_unit_is_a_further_one_and_never_more_than_was_bought(selling):
    sold = selling.sell("TEA", "TEA")
    line = {"till": selling.till, "sale_id": sold.sale_id, "line_number": 1, "now": NOON}
    with pytest.raises(NothingToGiveBack):
        facade.split_return(**line)
    facade.return_units(**line, units=1)
    assert said(facade.split_return(**line)) == [[(1, "quality", "sealed"), (1, "quality", "opened")]]
    with pytest.raises(TooMuchReturned):
        facade.split_return(**line)
    assert said(facade.current_ticket(till=selling.till)) == [[(1, "quality", "sealed"), (1, "quality", "opened")]]


def test_others_who_were_faster_leave_the_condition_that_was_said_first(selling):
    facade.open_shift(till=selling.other_till, float_minor=5_000, now=NOON)
    sold = selling.sell("TEA", "TEA", "TEA")
    line = {"sale_id": sold.sale_id, "line_number": 1, "now": NOON}
    facade.return_units(till=selling.till, units=2, **line)
    mine = facade.split_return(till=selling.till, **line)
    give_back(selling, facade.return_units(till=selling.other_till, units=2, **line), till=selling.other_till)
    with pytest.raises(ReturnedMeanwhile):
        give_back(selling, mine)
    assert said(facade.current_ticket(till=selling.till)) == [[(1, "quality", "sealed")]]


def test_without_a_receipt_the_one_apart_stands_on_a_line_of_its_own(selling):
    ticket = facade.return_scanned(till=selling.till, sale_id=None, code="TEA", units=2, now=NOON)
    ticket = facade.split_return(till=selling.till, sale_id=None, line_number=1, now=NOON)
    assert [(each.number, -each.line.units, each.condition) for each in ticket.returned.lines] == [
        (1, 1, "sealed"), (2, 1, "opened"),
    ]  # fmt: skip
    more = facade.return_scanned(till=selling.till, sale_id=None, code="TEA", now=NOON)
    assert [(-each.line.units, each.condition) for each in more.returned.lines] == [(1, "sealed"), (2, "opened")]
