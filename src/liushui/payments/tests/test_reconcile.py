"""The daily bill beside our records: each difference becomes a case once, and a person ends it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as django_settings

from liushui.kernel.errors import InvalidValue, NotAllowed
from liushui.kernel.ids import new_id
from liushui.payments import facade, tasks
from liushui.payments.errors import BillMissing, CaseNotFound, CaseSettled, ProviderUnavailable
from liushui.payments.models import CaseRow, PaymentRow, ReconciliationRow, RefundRow
from liushui.payments.tests.conftest import now
from liushui.payments.tests.sandbox_process import free_port
from liushui.runtime import approvals
from liushui.runtime.access import Grant, Principal
from liushui.runtime.models import AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _empty_ledger(sandbox):
    """Other tests' payments are not in this test's bill."""
    sandbox.control("forget")


def today():
    return datetime.now(ZoneInfo(django_settings.TIME_ZONE)).date()


def reconcile():
    return facade.reconcile(provider="sandbox", bill_date=today(), now=now())


def finance(shop, name="Fay", subject="staff:20"):
    return Principal(subject=subject, name=name, grants=(Grant(role="finance", chain_id=shop.chain_id),))


def kinds(result):
    return sorted((case.kind, case.ours_minor, case.theirs_minor) for case in result.cases)


def test_a_bill_that_agrees_opens_nothing(shop, sandbox):
    paid = shop.start(mode="we_scan", auth_code=sandbox.code())
    gone = shop.start(mode="we_scan", auth_code=sandbox.code())
    facade.release(payment_id=gone.id, reason="reset", now=now())
    shop.refund(paid, 3000)
    facade.resolve_unknown(now=now() + timedelta(minutes=1))
    result = reconcile()
    assert (result.lines, result.matched, result.ours_minor, result.theirs_minor) == (2, 2, 5800, 5800)
    assert result.cases == ()
    assert facade.is_reconciled(provider="sandbox", bill_date=today())


def test_each_difference_becomes_a_case_once(shop, sandbox):
    shop.start(mode="we_scan", auth_code=sandbox.code(bill_missing=True))
    shop.start(mode="we_scan", auth_code=sandbox.code(bill_minor=8900))
    sandbox.control("extras", bill_date=today().isoformat(), amount_minor=700)
    expected = [("amount_differs", 8800, 8900), ("missing_here", None, 700), ("missing_there", 8800, None)]
    first = reconcile()
    assert kinds(first) == expected
    assert (first.lines, first.matched, first.ours_minor, first.theirs_minor) == (2, 0, 17600, 9600)
    assert kinds(reconcile()) == expected
    assert CaseRow.objects.count() == 3
    assert ReconciliationRow.objects.count() == 1
    assert {case.store_id for case in first.cases if case.kind != "missing_here"} == {shop.here.id}


def test_a_payment_paid_without_our_hearing_of_it_is_found_by_the_bill(shop, sandbox):
    payment = shop.start()
    sandbox.pay(payment.id)
    result = reconcile()
    assert facade.payment(payment_id=payment.id).state == "paid"
    assert (result.lines, result.matched, result.cases) == (1, 1, ())


def test_late_money_that_only_the_bill_tells_of_goes_back(shop, sandbox):
    payment = shop.start()
    PaymentRow.objects.filter(id=payment.id).update(state="failed", failure="cancelled", next_try_at=None)
    sandbox.pay(payment.id)
    assert ("state_differs", 0, 8800) in kinds(reconcile())
    facade.resolve_unknown(now=now() + timedelta(minutes=1))
    facade.resolve_unknown(now=now() + timedelta(minutes=3))
    assert sandbox.look(payment.id)["state"] == "refunded"
    assert facade.payment(payment_id=payment.id).refunded_minor == 8800


def test_a_refund_that_the_bill_lacks_is_a_case(shop, sandbox):
    paid = shop.start(mode="we_scan", auth_code=sandbox.code())
    refund = shop.refund(paid, 3000)
    facade.resolve_unknown(now=now() + timedelta(minutes=1))
    other = RefundRow.objects.get(id=refund.id)
    other.pk, other.amount_minor = new_id(), 100
    other.save(force_insert=True)
    assert kinds(reconcile()) == [("refund_missing_there", 100, None)]


def test_no_bill_and_no_provider_are_said_plainly(shop, sandbox, settings):
    with pytest.raises(BillMissing):
        facade.reconcile(provider="sandbox", bill_date=today() + timedelta(days=1), now=now())
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"sandbox_pay_url": f"http://127.0.0.1:{free_port()}"})
    with pytest.raises(ProviderUnavailable):
        reconcile()
    assert ReconciliationRow.objects.count() == 0


def test_yesterday_is_compared_by_the_clock_once_after_ten(shop, sandbox):
    yesterday = today() - timedelta(days=1)
    zone = ZoneInfo(django_settings.TIME_ZONE)
    early = datetime.combine(today(), datetime.min.time(), zone) + timedelta(hours=9, minutes=59)
    assert tasks.reconcile_yesterday(early.astimezone(UTC)) == 0
    assert not facade.is_reconciled(provider="sandbox", bill_date=yesterday)
    assert tasks.reconcile_yesterday(early + timedelta(minutes=1)) == 1
    assert tasks.reconcile_yesterday(early + timedelta(minutes=31)) == 0
    assert facade.is_reconciled(provider="sandbox", bill_date=yesterday)


def open_case(shop, sandbox, **behaviours):
    shop.start(mode="we_scan", auth_code=sandbox.code(**behaviours))
    [case] = reconcile().cases
    return case


def test_a_difference_of_money_is_settled_by_two(shop, sandbox):
    case = open_case(shop, sandbox, bill_minor=8900)
    fay, ben = finance(shop), finance(shop, "Ben", "staff:21")
    with pytest.raises(approvals.ApprovalMissing):
        facade.settle_case(case_id=case.id, note="their fee", principal=fay, now=now())
    asked = facade.ask_to_settle(case_id=case.id, note="their fee", principal=fay, now=now())
    assert (asked.amount_minor, asked.store_id) == (100, shop.here.id)
    with pytest.raises(approvals.ApprovalMissing):
        facade.settle_case(case_id=case.id, note="their fee", principal=fay, now=now())
    with pytest.raises(approvals.SamePerson):
        approvals.decide(approval_id=asked.id, approve=True, principal=fay, now=now())
    approvals.decide(approval_id=asked.id, approve=True, principal=ben, now=now())
    settled = facade.settle_case(case_id=case.id, note="their fee", principal=fay, now=now())
    assert (settled.state, settled.note, settled.settled_by) == ("settled", "their fee", "Fay")
    [entry] = AuditEntry.objects.filter(action="payment.settle")
    assert (entry.reason, entry.after["difference_minor"]) == ("their fee", 100)
    with pytest.raises(CaseSettled):
        facade.settle_case(case_id=case.id, note="again", principal=fay, now=now())


def test_a_rejected_write_off_stays_open(shop, sandbox):
    case = open_case(shop, sandbox, bill_minor=8900)
    fay, ben = finance(shop), finance(shop, "Ben", "staff:21")
    asked = facade.ask_to_settle(case_id=case.id, note="their fee", principal=fay, now=now())
    approvals.decide(approval_id=asked.id, approve=False, principal=ben, now=now(), reason="ask them")
    with pytest.raises(approvals.ApprovalMissing):
        facade.settle_case(case_id=case.id, note="their fee", principal=fay, now=now())
    assert CaseRow.objects.get(id=case.id).state == "open"


def test_a_case_is_settled_with_a_note_by_who_may(shop, sandbox):
    case = open_case(shop, sandbox, bill_minor=8900)
    with pytest.raises(CaseNotFound):
        facade.settle_case(case_id=case.id, note="x", principal=shop.cashier, now=now())
    with pytest.raises(InvalidValue):
        facade.settle_case(case_id=case.id, note="  ", principal=finance(shop), now=now())
    with pytest.raises(NotAllowed):
        facade.reconcile(provider="sandbox", bill_date=today(), now=now(), principal=shop.cashier)


def test_readers_see_the_cases_of_their_places(shop, sandbox):
    shop.start(mode="we_scan", auth_code=sandbox.code(bill_missing=True))
    sandbox.control("extras", bill_date=today().isoformat(), amount_minor=700)
    reconcile()
    seen = facade.cases(store_ids={shop.here.id}, whole_chains=())
    assert [case.kind for case in seen] == ["missing_there"]
    assert facade.cases(store_ids={shop.there.id}, whole_chains=()) == ()
    assert len(facade.cases(store_ids={shop.here.id}, whole_chains={shop.chain_id})) == 2
