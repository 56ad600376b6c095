"""Golden cases: what the drawer should hold, worked out by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from liushui.runtime import approvals
from liushui.runtime.approvals import ApprovalMissing
from liushui.runtime.models import OutboxEvent
from liushui.till import facade
from liushui.till.errors import CountRefused, ShiftBlocked
from liushui.till.models import ShiftRow
from liushui.till.tests.conftest import NOON

pytestmark = pytest.mark.django_db
HUNDRED, FIFTY, TEN, ONE, HALF = 10_000, 5_000, 1_000, 100, 50


def cash(shop, shift_id=None):
    """The cash line of a shift's report: (sales, change, refunds, in, out, expected)."""
    shift_id = shift_id or facade.current_shift(till=shop.till).id
    report = facade.x_report(shift_id=shift_id, store_ids={shop.store.id}, now=NOON, blind=False)
    [line] = [total for total in report.tenders if total.type == "cash"]
    return (
        line.sales_minor, line.change_minor, line.refunds_minor, line.paid_in_minor, line.paid_out_minor,
        line.expected_minor,
    )  # fmt: skip


def pieces(minor):
    """An amount in the fewest notes and coins."""
    found = {}
    for denomination in facade.denominations("CNY"):
        found[denomination], minor = divmod(minor, denomination)
    return {denomination: number for denomination, number in found.items() if number}


def test_change_leaves_the_drawer(selling):
    selling.sell("MILK", given=HUNDRED)  # 6.50 of 100: 93.50 back
    selling.sell("TEA", "TEA", given=FIFTY)  # 20.00 of 50: 30.00 back
    assert cash(selling) == (15_000, 12_350, 0, 0, 0, 10_000 + 650 + 2_000)


def test_of_a_split_payment_only_the_cash_is_in_the_drawer(selling):
    ticket = facade.scan(till=selling.till, code="RICE", now=NOON)
    ticket = facade.pay_recorded(
        till=selling.till, ticket_id=ticket.id, version=ticket.version, type="card", method="pos-terminal",
        amount_minor=3_000, note="S-77", now=NOON,
    )  # fmt: skip
    assert (ticket.state, ticket.due_minor) == ("paying", 1_990)
    ticket = facade.pay_cash(
        till=selling.till, ticket_id=ticket.id, version=ticket.version, given_minor=2_000, now=NOON
    )
    assert (ticket.state, ticket.change_minor) == ("settled", 10)
    assert cash(selling) == (2_000, 10, 0, 0, 0, 11_990)
    report = facade.x_report(shift_id=ticket.shift_id, store_ids={selling.store.id}, now=NOON, blind=False)
    assert [(line.type, line.sales, line.sales_minor, line.expected_minor) for line in report.tenders] == [
        ("cash", 1, 2_000, 11_990),
        ("card", 1, 3_000, 3_000),
    ]


def test_a_voided_sale_gives_its_cash_back_and_keeps_what_was_sold(selling):
    selling.sell("TEA", given=TEN)
    sold = selling.sell("MILK", given=HUNDRED)
    approval = selling.approval("till.void_sale", f"sale:{sold.sale_id}")
    voided = facade.void_sale(till=selling.till, ticket_id=sold.id, reason="not wanted", approval_id=approval, now=NOON)
    assert (voided.state, voided.approved_by) == ("voided", "Mia")
    assert cash(selling) == (11_000, 9_350, 650, 0, 0, 11_000)
    report = facade.x_report(shift_id=sold.shift_id, store_ids={selling.store.id}, now=NOON, blind=False)
    assert (report.tickets, report.voided_tickets, report.total_minor) == (2, 1, 1_000)
    assert report.by_operator == (("ann", "Ann", 2, 1_000),)


def test_cash_in_and_out_move_what_is_expected_and_an_opening_does_not(selling):
    facade.paid_in(till=selling.till, amount_minor=20_000, reason="coins from the bank", now=NOON)
    facade.paid_out(till=selling.till, amount_minor=5_000, reason="bread delivery", now=NOON)
    facade.no_sale(till=selling.till, reason="change for a guest", now=NOON)
    assert cash(selling) == (0, 0, 0, 20_000, 5_000, 25_000)
    shift = facade.current_shift(till=selling.till)
    report = facade.x_report(shift_id=shift.id, store_ids={selling.store.id}, now=NOON, blind=False)
    assert [(entry.kind, entry.amount_minor, entry.reason) for entry in report.entries] == [
        ("paid_in", 20_000, "coins from the bank"),
        ("paid_out", 5_000, "bread delivery"),
        ("no_sale", 0, "change for a guest"),
    ]
    assert report.no_sale_openings == 1


def test_over_the_limit_cash_leaves_only_with_an_approval_for_as_much(selling):
    shift = facade.current_shift(till=selling.till)
    with pytest.raises(ApprovalMissing):
        facade.paid_out(till=selling.till, amount_minor=20_001, reason="to the safe", now=NOON)
    small = selling.approval("till.paid_out", f"shift:{shift.id}", amount=20_001)
    with pytest.raises(ApprovalMissing):
        facade.paid_out(till=selling.till, amount_minor=30_000, reason="to the safe", approval_id=small, now=NOON)
    entry = facade.paid_out(till=selling.till, amount_minor=20_001, reason="to the safe", approval_id=small, now=NOON)
    assert entry.approved_by == "Mia"
    assert cash(selling)[4:] == (20_001, -10_001)


def test_a_hand_over_in_the_middle_splits_the_drawer_at_what_was_counted(selling):
    first = facade.current_shift(till=selling.till)
    selling.sell("TEA", given=FIFTY)
    bea = selling.person(selling.till, "bea")
    second = facade.hand_over(till=selling.till, to=bea, count=pieces(11_000), now=NOON)
    assert (second.number, second.operator, second.float_minor, second.state) == (2, "bea", 11_000, "open")
    before = facade.shift(shift_id=first.id, store_ids={selling.store.id})
    assert (before.state, before.difference_minor, before.handed_to) == ("closed", 0, "bea")
    selling.sell("RICE", till=bea, given=FIFTY)
    assert cash(selling, first.id)[-1] == 11_000
    assert cash(selling, second.id) == (5_000, 10, 0, 0, 0, 15_990)


def test_a_difference_at_the_hand_over_stays_with_who_counted(selling):
    first = facade.current_shift(till=selling.till)
    selling.sell("TEA", given=TEN)
    bea = selling.person(selling.till, "bea")
    second = facade.hand_over(till=selling.till, to=bea, count=pieces(10_950), now=NOON)
    before = facade.shift(shift_id=first.id, store_ids={selling.store.id})
    assert (before.state, before.expected_minor, before.difference_minor) == ("counted", 11_000, -50)
    assert (second.float_minor, cash(selling, second.id)[-1]) == (10_950, 10_950)


def test_two_cashiers_on_one_till_share_a_drawer_and_are_told_apart(selling):
    bea = selling.person(selling.till, "bea")
    selling.sell("TEA", given=TEN)
    selling.sell("MILK", till=bea, given=TEN)
    selling.sell("RICE", till=bea, given=HUNDRED)
    assert cash(selling) == (12_000, 5_360, 0, 0, 0, 10_000 + 1_000 + 650 + 4_990)
    shift = facade.current_shift(till=selling.till)
    report = facade.x_report(shift_id=shift.id, store_ids={selling.store.id}, now=NOON, blind=False)
    assert report.by_operator == (("ann", "Ann", 1, 1_000), ("bea", "Bea", 2, 5_640))


def test_a_count_that_agrees_closes_the_shift_and_tells_it_once(selling):
    selling.sell("MILK", given=TEN)
    shift = facade.count_shift(till=selling.till, count={HUNDRED: 1, 500: 1, ONE: 1, HALF: 1}, now=NOON)
    assert (shift.state, shift.counted_minor, shift.expected_minor, shift.difference_minor) == (
        "closed", 10_650, 10_650, 0,
    )  # fmt: skip
    assert facade.current_shift(till=selling.till) is None
    [event] = OutboxEvent.objects.filter(type="liushui.shift.closed.v1")
    fact = facade.decode_shift(bytes(event.data))
    assert (fact.report.shift.id, fact.report.total_minor, fact.report.tenders[0].difference_minor) == (
        shift.id, 650, 0,
    )  # fmt: skip


def test_a_difference_needs_a_reason_and_another_person_who_is_named(selling):
    counted = facade.count_shift(till=selling.till, count={HUNDRED: 1, TEN: 1}, now=NOON)
    assert (counted.state, counted.difference_minor) == ("counted", 1_000)
    assert OutboxEvent.objects.filter(type="liushui.shift.closed.v1").count() == 0
    asked = facade.explain_difference(till=selling.till, shift_id=counted.id, reason="found a note", now=NOON)
    with pytest.raises(ApprovalMissing):
        facade.finish_count(till=selling.till, shift_id=counted.id, approval_id=asked.approval_id, now=NOON)
    approval = selling.approval("till.difference", f"shift:{counted.id}", amount=1_000)
    closed = facade.finish_count(till=selling.till, shift_id=counted.id, approval_id=approval, now=NOON)
    assert (closed.state, closed.difference_reason, closed.difference_approved_by) == (
        "closed", "found a note", "Mia",
    )  # fmt: skip
    again = facade.finish_count(till=selling.till, shift_id=counted.id, approval_id=approval, now=NOON)
    assert again == closed
    assert OutboxEvent.objects.filter(type="liushui.shift.closed.v1").count() == 1


def test_a_difference_approved_in_the_inbox_closes_the_shift_with_nobody_at_the_till(selling):
    counted = facade.count_shift(till=selling.till, count={HUNDRED: 1, TEN: 1}, now=NOON)
    asked = facade.explain_difference(till=selling.till, shift_id=counted.id, reason="found a note", now=NOON)
    assert facade.close_approved(now=NOON) == 0
    assert ShiftRow.objects.get().state == "counted"
    approvals.decide(approval_id=asked.approval_id, approve=True, principal=selling.manager, now=NOON)
    assert facade.close_approved(now=NOON) == 1
    closed = ShiftRow.objects.get()
    assert (closed.state, closed.difference_approved_by) == ("closed", selling.manager.name)
    assert facade.close_approved(now=NOON) == 0
    assert OutboxEvent.objects.filter(type="liushui.shift.closed.v1").count() == 1


def test_closing_is_refused_while_a_ticket_is_unsettled_and_says_which(selling):
    ticket = facade.scan(till=selling.till, code="TEA", now=NOON)
    with pytest.raises(ShiftBlocked) as refused:
        facade.count_shift(till=selling.till, count={HUNDRED: 1}, now=NOON)
    assert [(blocker.kind, blocker.number) for blocker in refused.value.blockers] == [("ticket", ticket.number)]
    parked = facade.park(till=selling.till, ticket_id=ticket.id, version=ticket.version, label="", now=NOON)
    with pytest.raises(ShiftBlocked):
        facade.count_shift(till=selling.till, count={HUNDRED: 1}, now=NOON)
    assert parked.state == "parked"
    assert ShiftRow.objects.get().state == "open"


def test_a_count_names_only_money_that_there_is(selling):
    for count in ({300: 1}, {HUNDRED: -1}, {HUNDRED: 100_001}):
        with pytest.raises(CountRefused):
            facade.count_shift(till=selling.till, count=count, now=NOON)
    assert ShiftRow.objects.get().state == "open"


def test_before_the_count_a_blind_report_does_not_say_what_should_be_there(selling):
    selling.sell("TEA", given=TEN)
    shift = facade.current_shift(till=selling.till)
    asked = {"shift_id": shift.id, "store_ids": {selling.store.id}, "now": NOON}
    blind = facade.x_report(blind=True, **asked)
    assert (blind.tickets, blind.tenders, blind.by_operator, blind.total_minor) == (1, (), (), 0)
    facade.count_shift(till=selling.till, count=pieces(10_900), now=NOON)
    assert facade.x_report(blind=True, **asked).tenders[0].expected_minor == 11_000


def test_training_has_numbers_and_a_drawer_of_its_own_and_is_never_recorded(shop):
    practice = facade.open_shift(till=shop.till, float_minor=0, is_training=True, now=NOON)
    ticket = shop.sell("TEA", given=TEN)
    assert (ticket.number, ticket.state, ticket.sale_id) == ("T-S01-T1-000001", "settled", None)
    voided = facade.void_sale(till=shop.till, ticket_id=ticket.id, reason="practice", approval_id=None, now=NOON)
    assert voided.state == "voided"
    shop.sell("TEA", given=TEN)
    assert cash(shop, practice.id)[-1] == 1_000
    facade.count_shift(till=shop.till, count={TEN: 1}, now=NOON)
    real = facade.open_shift(till=shop.till, float_minor=0, now=NOON + timedelta(minutes=1))
    assert (real.number, shop.sell("TEA").number) == (1, "S01-T1-000001")
    day = facade.day_report(
        store_id=shop.store.id, business_date=real.business_date, store_ids={shop.store.id}, now=NOON
    )
    assert (day.tickets, day.total_minor, len(day.shifts)) == (1, 1_000, 1)
