"""A business day, its Z report once, and what comes after it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from liushui.checkout import facade as checkout
from liushui.checkout.contracts import CompleteSale, Discount, LineCommand, Tender
from liushui.kernel.errors import NotAllowed
from liushui.orders import facade as orders
from liushui.orders.errors import SaleHasReturns, VoidAtTill
from liushui.returns.errors import NotReturnable
from liushui.runtime.grants import system_principal
from liushui.runtime.models import OutboxEvent
from liushui.till import facade
from liushui.till.contracts import DayDifference
from liushui.till.errors import (
    DayBlocked,
    DayUnknown,
    NotVoidable,
    OverLimit,
    ShiftOpen,
)
from liushui.till.models import TicketRow
from liushui.till.tests.conftest import NOON

pytestmark = pytest.mark.django_db
TODAY, TOMORROW = date(2026, 11, 22), date(2026, 11, 23)
HUNDRED, TEN = 10_000, 1_000


def take_back(shop, sale_id):
    """The whole receipt comes back."""
    ticket = facade.return_everything(till=shop.till, sale_id=sale_id, now=NOON)
    return facade.give_back(till=shop.till, ticket_id=ticket.id, version=ticket.version, now=NOON)


def close_shift(shop, *, till=None, count):
    """Count a drawer that agrees."""
    shift = facade.count_shift(till=till or shop.till, count=count, now=NOON)
    assert shift.state == "closed"
    return shift


def close_day(shop, day=TODAY, principal=None):
    """The manager closes the day."""
    return facade.close_day(store_id=shop.store.id, business_date=day, principal=principal or shop.manager, now=NOON)


def test_a_day_is_closed_once_with_a_number_and_its_report_never_changes(selling):
    facade.open_shift(till=selling.other_till, float_minor=5_000, now=NOON)
    selling.sell("TEA", "TEA", given=TEN * 2)
    selling.sell("RICE", till=selling.other_till, given=5_000)
    with pytest.raises(DayBlocked) as refused:
        close_day(selling)
    assert [blocker.number for blocker in refused.value.blockers] == ["T1 #1", "T2 #1"]
    close_shift(selling, count={HUNDRED: 1, 2_000: 1})
    close_shift(selling, till=selling.other_till, count={5_000: 1, 2_000: 2, 500: 1, 100: 4, 50: 1, 10: 4})
    z = close_day(selling)
    assert (z.z_number, z.tickets, z.total_minor, z.difference_minor, z.closed_by) == (1, 2, 6_990, 0, "Mia")
    [cash] = z.tenders
    assert (cash.float_minor, cash.sales_minor, cash.change_minor, cash.expected_minor, cash.counted_minor) == (
        15_000, 7_000, 10, 21_990, 21_990,
    )  # fmt: skip
    assert close_day(selling) == z
    assert OutboxEvent.objects.filter(type="liushui.day.closed.v1").count() == 1
    event = OutboxEvent.objects.get(type="liushui.day.closed.v1")
    assert facade.decode_day(bytes(event.data)).report == z
    assert facade.verify_day(store_id=selling.store.id, business_date=TODAY, now=NOON) == ()


def test_after_the_z_report_everything_belongs_to_the_next_day(selling):
    sold = selling.sell("TEA", given=TEN)
    close_shift(selling, count={HUNDRED: 1, TEN: 1})
    z = close_day(selling)
    later = NOON + timedelta(hours=1)
    shift = facade.open_shift(till=selling.till, float_minor=11_000, now=later)
    assert shift.business_date == TOMORROW
    second = selling.sell("MILK", given=TEN, now=later)
    summary = orders.sale(sale_id=second.sale_id, store_ids={selling.store.id}).summary
    assert (summary.business_date, summary.completed_at) == (TOMORROW, later)
    approval = selling.approval("till.void_sale", f"sale:{sold.sale_id}")
    with pytest.raises(NotVoidable):
        facade.void_sale(till=selling.till, ticket_id=sold.id, reason="late", approval_id=approval, now=later)
    asked = {"store_id": selling.store.id, "store_ids": {selling.store.id}, "now": later}
    assert facade.day_report(business_date=TODAY, **asked) == z
    close_shift(selling, count={HUNDRED: 1, TEN: 1, 500: 1, 100: 1, 50: 1})
    assert close_day(selling, TOMORROW).z_number == 2
    assert [day.z_number for day in facade.days(store_ids={selling.store.id})] == [2, 1]


def test_a_receipt_of_a_closed_day_is_taken_back_once_to_the_cent(selling):
    sold = selling.sell("MILK", "TEA", given=TEN * 2)
    close_shift(selling, count={HUNDRED: 1, TEN: 1, 500: 1, 100: 1, 50: 1})
    close_day(selling)
    shift = facade.open_shift(till=selling.till, float_minor=11_650, now=NOON)
    refund = take_back(selling, sold.sale_id)
    assert (refund.state, refund.is_refund, refund.total_minor, refund.approved_by) == ("settled", True, -1_650, "")
    before = orders.sale(sale_id=sold.sale_id, store_ids={selling.store.id})
    after = orders.sale(sale_id=refund.sale_id, store_ids={selling.store.id})
    assert (after.summary.total_minor, after.summary.tax_minor) == (-1_650, -before.summary.tax_minor)
    assert [(line.sku, line.units, line.amount_minor, line.is_return) for line in after.lines] == [
        ("MILK", -1, -650, True),
        ("TEA", -1, -1_000, True),
    ]
    with pytest.raises(NotReturnable):
        take_back(selling, sold.sale_id)
    with pytest.raises(NotReturnable):  # what came back is not bought by it
        take_back(selling, refund.sale_id)
    report = facade.x_report(shift_id=shift.id, store_ids={selling.store.id}, now=NOON, blind=False)
    assert (report.tickets, report.refund_tickets, report.refunds_minor, report.total_minor) == (0, 1, 1_650, -1_650)
    assert (report.tenders[0].refunds, report.tenders[0].expected_minor) == (1, 10_000)
    close_shift(selling, count={HUNDRED: 1})
    assert close_day(selling, TOMORROW).total_minor == -1_650
    assert facade.verify_day(store_id=selling.store.id, business_date=TOMORROW, now=NOON) == ()


def test_a_foreign_receipt_is_taken_back_at_the_till_and_then_not_voided_in_the_console(selling):
    command = CompleteSale(
        source="shop", source_id="W-1", store="S01", completed_at=NOON, chain="HM",
        lines=(LineCommand(code="OLD-1", units=2, amount_minor=900, regular_minor=1_000, name="旧货",
                           discounts=(Discount(code="D", name="满减", amount_minor=100),)),),
        tenders=(Tender(type="cash", amount_minor=400), Tender(type="mobile", method="wechat", amount_minor=500)),
        accept_unknown_items=True,
    )  # fmt: skip
    sold = checkout.complete_sale(command=command, principal=system_principal(name="tests"), now=NOON)
    refund = take_back(selling, sold.sale_id)
    after = orders.sale(sale_id=refund.sale_id, store_ids={selling.store.id})
    [line] = after.lines
    assert (line.sku, line.name, line.units, line.regular_minor, line.discount_minor, line.amount_minor) == (
        "OLD-1", "旧货", -2, -1_000, -100, -900,
    )  # fmt: skip
    assert [(tender.type, tender.method, tender.amount_minor) for tender in after.tenders] == [
        ("mobile", "wechat", -500),  # what went through others goes back first, as the policy declares
        ("cash", "", -400),
    ]
    report = facade.x_report(shift_id=refund.shift_id, store_ids={selling.store.id}, now=NOON, blind=False)
    assert [(total.type, total.expected_minor) for total in report.tenders] == [("cash", 9_600), ("mobile", -500)]
    with pytest.raises(SaleHasReturns):
        orders.void_sale(sale_id=sold.sale_id, reason="x", principal=selling.manager, now=NOON)


def test_the_console_does_not_void_what_a_till_sold(selling):
    sold = selling.sell("TEA")
    with pytest.raises(VoidAtTill):
        orders.void_sale(sale_id=sold.sale_id, reason="x", principal=selling.manager, now=NOON)
    assert orders.sale(sale_id=sold.sale_id, store_ids={selling.store.id}).summary.status == "completed"


def test_a_sale_voided_on_a_later_shift_of_the_day_leaves_the_first_shift_as_it_was(selling):
    sold = selling.sell("TEA", given=TEN)
    first = close_shift(selling, count={HUNDRED: 1, TEN: 1})
    second = facade.open_shift(till=selling.till, float_minor=11_000, now=NOON)
    approval = selling.approval("till.void_sale", f"sale:{sold.sale_id}")
    facade.void_sale(till=selling.till, ticket_id=sold.id, reason="wrong", approval_id=approval, now=NOON)
    reports = [
        facade.x_report(shift_id=shift.id, store_ids={selling.store.id}, now=NOON, blind=False)
        for shift in (first, second)
    ]
    assert [(report.tickets, report.voided_tickets, report.total_minor) for report in reports] == [
        (1, 0, 1_000),
        (0, 1, -1_000),
    ]
    close_shift(selling, count={HUNDRED: 1})
    z = close_day(selling)
    assert (z.tickets, z.voided_tickets, z.total_minor) == (1, 1, 0)
    assert facade.verify_day(store_id=selling.store.id, business_date=TODAY, now=NOON) == ()


def test_verify_says_where_a_day_and_its_sales_differ(selling):
    sold = selling.sell("TEA", given=TEN)
    TicketRow.objects.filter(id=sold.id).update(
        total_minor=900, regular_minor=900, cash_minor=900, sale_id=sold.sale_id
    )
    here = {"store_id": selling.store.id, "business_date": TODAY}
    assert facade.verify_day(now=NOON, **here) == (
        DayDifference(name="regular_minor", reported=900, recorded=1_000, **here),
        DayDifference(name="total_minor", reported=900, recorded=1_000, **here),
    )


def test_over_the_limit_a_pin_is_not_enough(selling, settings):
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"till_refund_limit_minor": 999})
    sold = selling.sell("TEA")
    with pytest.raises(OverLimit):
        facade.approve_here(
            till=selling.till, kind="till.void_sale", target=f"sale:{sold.sale_id}", reason="x", username="mia",
            pin="2741", amount_minor=1, now=NOON,
        )  # fmt: skip


def test_only_who_may_closes_a_day_that_there_is(selling):
    close_shift(selling, count={HUNDRED: 1})
    with pytest.raises(NotAllowed):
        close_day(selling, principal=selling.till.principal)
    with pytest.raises(DayUnknown):
        close_day(selling, day=date(2026, 11, 20))
    assert close_day(selling).z_number == 1


def test_a_till_has_one_open_shift(selling):
    with pytest.raises(ShiftOpen):
        facade.open_shift(till=selling.till, float_minor=0, now=NOON)
