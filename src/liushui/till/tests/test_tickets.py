"""What can be done to a ticket, and what needs another person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewPrice
from liushui.kernel.gtin import check_digit
from liushui.orders import facade as orders
from liushui.runtime import approvals
from liushui.runtime.approvals import ApprovalMissing, SamePerson
from liushui.till import facade
from liushui.till.errors import (
    AmountRefused,
    LineRefused,
    MeasureNeeded,
    NotEnough,
    NothingToPay,
    PriceChanged,
    PriceMissing,
    ShiftMissing,
    TicketChanged,
    TicketInTheWay,
    TicketMissing,
    UnknownCode,
    WrongState,
)
from liushui.till.models import TicketRow
from liushui.till.tests.conftest import NOON

pytestmark = pytest.mark.django_db


def scan(shop, code, **values):
    return facade.scan(till=shop.till, code=code, now=NOON, **values)


def pay(shop, ticket, given, **values):
    return facade.pay_cash(
        till=shop.till, ticket_id=ticket.id, version=ticket.version, given_minor=given, now=NOON, **values
    )


def test_nothing_is_scanned_without_a_shift(shop):
    with pytest.raises(ShiftMissing):
        scan(shop, "MILK")
    assert TicketRow.objects.count() == 0


@pytest.mark.parametrize(
    ("code", "error"),
    [("GHOST", UnknownCode), ("", UnknownCode), ("NOPRICE", PriceMissing), ("10012", MeasureNeeded)],
)
def test_what_cannot_be_sold_opens_no_ticket(selling, code, error):
    with pytest.raises(error):
        scan(selling, code)
    assert facade.current_ticket(till=selling.till) is None


def test_weighed_goods_are_priced_by_the_scale_or_by_what_is_typed(selling):
    scan(selling, "10012", measure_value=1_250)
    ticket = scan(selling, "210012000500" + str(check_digit("210012000500")))  # 0.500 kg
    assert [(line.measure_value, line.measure_unit, line.amount_minor) for line in ticket.lines] == [
        (1_250, "g", 2_488),
        (500, "g", 995),
    ]
    assert (ticket.total_minor, ticket.lines[0].unit_price_minor) == (3_483, 1_990)


def test_more_of_the_same_is_free_and_fewer_needs_an_approval(selling):
    ticket = scan(selling, "MILK", units=3)
    asked = {"till": selling.till, "ticket_id": ticket.id, "line_number": 1, "now": NOON}
    ticket = facade.set_units(version=ticket.version, units=5, **asked)
    assert ticket.total_minor == 3_250
    with pytest.raises(ApprovalMissing):
        facade.set_units(version=ticket.version, units=4, **asked)
    approval = selling.approval("till.line_void", f"ticket:{ticket.id}/line:1")
    ticket = facade.set_units(version=ticket.version, units=4, approval_id=approval, **asked)
    assert (ticket.total_minor, ticket.lines[0].voided_by) == (2_600, "Mia")
    with pytest.raises(LineRefused):
        facade.set_units(version=ticket.version, units=0, **asked)


def test_a_voided_line_stays_and_counts_nothing(selling):
    scan(selling, "MILK")
    ticket = scan(selling, "TEA")
    asked = {"till": selling.till, "ticket_id": ticket.id, "line_number": 1, "reason": "not wanted", "now": NOON}
    with pytest.raises(ApprovalMissing):
        facade.void_line(version=ticket.version, approval_id=None, **asked)
    approval = selling.approval("till.line_void", f"ticket:{ticket.id}/line:1")
    with pytest.raises(ApprovalMissing):  # it is for another line
        facade.void_line(version=ticket.version, approval_id=approval, **asked | {"line_number": 2})
    ticket = facade.void_line(version=ticket.version, approval_id=approval, **asked)
    assert [(line.is_voided, line.voided_by) for line in ticket.lines] == [(True, "Mia"), (False, "")]
    assert ticket.total_minor == 1_000
    sold = pay(selling, ticket, 1_000)
    assert [line.line_number for line in _sale_lines(selling, sold)] == [1]


def _sale_lines(shop, sold):
    return orders.sale(sale_id=sold.sale_id, store_ids={shop.store.id}).lines


def test_who_approves_does_not_do_it_himself(selling):
    ticket = scan(selling, "MILK")
    asked = facade.ask_approval(
        till=selling.till, kind="till.line_void", target=f"ticket:{ticket.id}/line:1", reason="x", now=NOON
    )
    with pytest.raises(approvals.NotFound):  # a cashier decides nothing
        approvals.decide(approval_id=asked.id, approve=True, principal=selling.till.principal, now=NOON)
    approvals.decide(approval_id=asked.id, approve=True, principal=selling.manager, now=NOON)
    manager_till = replace(selling.till, principal=selling.manager, operator="mia")
    with pytest.raises(SamePerson):
        facade.void_line(
            till=manager_till, ticket_id=ticket.id, version=ticket.version, line_number=1, reason="x",
            approval_id=asked.id, now=NOON,
        )  # fmt: skip
    assert facade.current_ticket(till=selling.till).total_minor == 650


def test_a_ticket_with_goods_is_cancelled_by_two_and_an_empty_one_by_one(selling):
    ticket = scan(selling, "MILK")
    asked = {"till": selling.till, "ticket_id": ticket.id, "reason": "left", "now": NOON}
    with pytest.raises(ApprovalMissing):
        facade.cancel_ticket(version=ticket.version, approval_id=None, **asked)
    approval = selling.approval("till.line_void", f"ticket:{ticket.id}/line:1")
    ticket = facade.void_line(
        till=selling.till, ticket_id=ticket.id, version=ticket.version, line_number=1, reason="", approval_id=approval,
        now=NOON,
    )  # fmt: skip
    assert facade.cancel_ticket(version=ticket.version, approval_id=None, **asked).state == "cancelled"
    other = scan(selling, "TEA")
    approval = selling.approval("till.cancel", f"ticket:{other.id}")
    cancelled = facade.cancel_ticket(version=other.version, approval_id=approval, **asked | {"ticket_id": other.id})
    assert (cancelled.state, cancelled.reason, cancelled.approved_by) == ("cancelled", "left", "Mia")
    assert selling.recorded() == []


def test_an_old_version_changes_nothing(selling):
    ticket = scan(selling, "MILK")
    scan(selling, "MILK")
    with pytest.raises(TicketChanged):
        pay(selling, ticket, 650)
    assert facade.current_ticket(till=selling.till).state == "open"


def test_money_that_does_not_fit_is_refused(selling):
    ticket = scan(selling, "TEA")
    with pytest.raises(NotEnough):
        pay(selling, ticket, 500, amount_minor=1_000)
    with pytest.raises(NotEnough):
        pay(selling, ticket, 0)
    for amount in (1_001, -1):
        with pytest.raises(AmountRefused):
            pay(selling, ticket, 5_000, amount_minor=amount)
    with pytest.raises(AmountRefused):
        pay(selling, ticket, -5)
    assert facade.current_ticket(till=selling.till).version == ticket.version


def test_less_cash_than_is_due_is_a_part_and_can_be_handed_back(selling):
    ticket = pay(selling, scan(selling, "TEA"), 400)
    assert (ticket.state, ticket.due_minor, ticket.tenders[0].amount_minor) == ("paying", 600, 400)
    with pytest.raises(WrongState):
        scan(selling, "MILK")
    ticket = facade.remove_tender(till=selling.till, ticket_id=ticket.id, version=ticket.version, number=1, now=NOON)
    assert (ticket.state, ticket.due_minor, ticket.tenders) == ("open", 1_000, ())


def test_a_gift_alone_is_recorded_at_nothing(selling):
    sold = pay(selling, scan(selling, "FREE"), 0)
    assert (sold.state, sold.total_minor, sold.change_minor) == ("settled", 0, 0)


def test_a_ticket_is_parked_and_taken_up_at_another_till(selling):
    facade.open_shift(till=selling.other_till, float_minor=0, now=NOON)
    ticket = scan(selling, "TEA")
    facade.park(till=selling.till, ticket_id=ticket.id, version=ticket.version, label="红衣阿姨", now=NOON)
    assert [each.label for each in facade.parked(till=selling.other_till)] == ["红衣阿姨"]
    taken = facade.resume(till=selling.other_till, ticket_id=ticket.id, now=NOON)
    assert (taken.workstation_code, taken.operator, taken.number) == ("T2", "bob", "S01-T1-000001")
    mine = scan(selling, "MILK")
    facade.park(till=selling.till, ticket_id=mine.id, version=mine.version, label="", now=NOON)
    with pytest.raises(TicketInTheWay):
        facade.resume(till=selling.other_till, ticket_id=mine.id, now=NOON)
    sold = facade.pay_cash(
        till=selling.other_till, ticket_id=taken.id, version=taken.version, given_minor=1_000, now=NOON
    )
    assert sold.shift_id == facade.current_shift(till=selling.other_till).id


def test_a_price_that_changed_meanwhile_is_shown_before_the_money_is_taken(selling):
    ticket = scan(selling, "TEA")
    catalog.save_prices(
        prices=[NewPrice(chain_id=selling.till.chain_id, sku="TEA", amount_minor=900, starts_at=NOON - timedelta(1))]
    )
    with pytest.raises(PriceChanged):
        pay(selling, ticket, 1_000)
    ticket = facade.current_ticket(till=selling.till)
    assert (ticket.state, ticket.total_minor, ticket.tenders) == ("open", 900, ())
    assert pay(selling, ticket, 1_000).change_minor == 100
    assert selling.recorded() == [900]


def test_empty_tickets_are_not_paid(selling):
    ticket = scan(selling, "TEA")
    approval = selling.approval("till.line_void", f"ticket:{ticket.id}/line:1")
    ticket = facade.void_line(
        till=selling.till, ticket_id=ticket.id, version=ticket.version, line_number=1, reason="", approval_id=approval,
        now=NOON,
    )  # fmt: skip
    with pytest.raises(NothingToPay):
        pay(selling, ticket, 0)


def test_receipts_are_found_by_number_and_copies_are_counted(selling):
    first, second = selling.sell("TEA"), selling.sell("MILK")
    assert [each.number for each in facade.finished(till=selling.other_till)] == [second.number, first.number]
    assert [each.id for each in facade.finished(till=selling.till, text="1")] == [first.id]
    assert [each.id for each in facade.finished(till=selling.till, text="s01-t1-000002")] == [second.id]
    facade.note_copy(till=selling.till, ticket_id=first.id, now=NOON)
    receipt = facade.receipt(ticket_id=first.id, store_ids={selling.store.id})
    assert (receipt["number"], receipt["is_copy"], receipt["copies"]) == ("S01-T1-000001", True, 1)
    assert (receipt["taxes"], receipt["local_time"].isoformat()) == (((1_300, 115),), "2026-11-22T12:00:00")
    with pytest.raises(TicketMissing):
        facade.receipt(ticket_id=first.id, store_ids={selling.store.id + 1})


def test_a_look_up_shows_the_price_here(selling):
    [found] = facade.look_up(till=selling.till, text="苹果", now=NOON)
    assert (found.sku, found.is_weighed, found.unit_price_minor) == ("10012", True, 1_990)
    assert facade.look_up(till=selling.till, text=" ", now=NOON) == ()
