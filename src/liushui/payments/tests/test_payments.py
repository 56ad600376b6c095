"""Payments from the till's side: begun, paid, lost, cancelled, given to a sale, given back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from liushui.kernel.errors import InvalidValue, NotAllowed
from liushui.kernel.ids import new_id
from liushui.payments import facade
from liushui.payments.errors import (
    PaymentConflict,
    PaymentNotFound,
    PaymentNotPaid,
    PaymentTaken,
    ProviderUnknown,
)
from liushui.payments.models import AttemptRow, CaseRow, PaymentRow, RefundRow
from liushui.payments.tests.conftest import now
from liushui.payments.tests.sandbox_process import free_port
from liushui.runtime.models import AuditEntry, OutboxEvent

pytestmark = pytest.mark.django_db


def events(payment):
    rows = OutboxEvent.objects.filter(subject=f"payment:{payment.id}").order_by("id")
    return [(row.type, facade.decode_fact(bytes(row.data)).amount_minor) for row in rows]


def said(payment):
    return list(
        AttemptRow.objects.filter(payment_id=payment.id).order_by("id").values_list("operation", "outcome", "detail")
    )


PAID = ("liushui.payment.paid.v1", 8800)
REVERSED = ("liushui.payment.reversed.v1", 8800)


def test_the_customer_scans_and_pays(shop, sandbox):
    payment = shop.start()
    assert (payment.state, payment.failure, payment.method) == ("pending", "", "")
    assert payment.qr_text.startswith(f"{sandbox.url}/wallet/")
    assert shop.refresh(payment).state == "pending"
    sandbox.pay(payment.id)
    paid = shop.refresh(payment)
    assert (paid.state, paid.method, paid.refunded_minor, paid.sale_id) == ("paid", "wechat", 0, None)
    assert paid.paid_at is not None
    assert events(payment) == [PAID]
    assert said(payment) == [
        ("begin", "sent", ""),
        ("begin", "pending", ""),
        ("query", "pending", ""),
        ("query", "paid", ""),
    ]


def test_we_scan_the_customer(shop, sandbox):
    payment = shop.start(mode="we_scan", auth_code=sandbox.code())
    assert (payment.state, payment.method, payment.qr_text) == ("paid", "alipay", "")
    assert events(payment) == [PAID]


def test_the_customers_code_is_kept_nowhere(shop, sandbox):
    code = sandbox.code()
    payment = shop.start(mode="we_scan", auth_code=code)
    kept = [str(row) for model in (PaymentRow, AttemptRow, OutboxEvent, AuditEntry) for row in model.objects.values()]
    assert str(payment.id) in "".join(kept)
    assert code not in "".join(kept)


def test_a_customer_who_must_confirm_is_waited_for(shop, sandbox):
    payment = shop.start(mode="we_scan", auth_code=sandbox.code(user_paying=True))
    assert (payment.state, payment.user_is_paying) == ("pending", True)
    sandbox.pay(payment.id)
    paid = shop.refresh(payment)
    assert (paid.state, paid.user_is_paying) == ("paid", False)


def test_a_declined_charge_fails(shop, sandbox):
    payment = shop.start(mode="we_scan", auth_code=sandbox.code(decline=True))
    assert (payment.state, payment.failure) == ("failed", "declined")
    assert events(payment) == []


def test_the_same_id_is_the_same_payment(shop, sandbox):
    command = shop.command()
    first = facade.start(command=command, principal=shop.cashier, now=now())
    again = facade.start(command=command, principal=shop.cashier, now=now())
    assert again == first
    assert PaymentRow.objects.count() == 1
    with pytest.raises(PaymentConflict):
        facade.start(command=replace(command, amount_minor=8801), principal=shop.cashier, now=now())


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_minor": 0},
        {"amount_minor": -1},
        {"currency": "XXX"},
        {"mode": "cash"},
        {"auth_code": "281234567890123456"},
        {"mode": "we_scan"},
        {"description": "x" * 129},
    ],
)
def test_what_is_not_a_payment_is_refused(shop, sandbox, changes):
    with pytest.raises(InvalidValue):
        shop.start(**changes)
    assert PaymentRow.objects.count() == 0


def test_only_who_sells_in_the_store_starts_payments_there(shop, sandbox):
    with pytest.raises(NotAllowed):
        shop.start(store_id=shop.there.id)


def test_no_provider_is_offered_unless_it_is_set_up(shop, settings):
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"sandbox_pay_url": ""})
    assert facade.providers(chain_id=shop.chain_id) == ()
    with pytest.raises(ProviderUnknown):
        shop.start()


def test_the_sandbox_is_offered_as_what_it_is(shop, sandbox):
    [view] = facade.providers(chain_id=shop.chain_id)
    assert (view.name, view.modes, view.is_sandbox) == ("sandbox", ("customer_scans", "we_scan"), True)


def test_a_provider_that_cannot_be_reached_fails_the_payment_at_once(shop, sandbox, settings):
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"sandbox_pay_url": f"http://127.0.0.1:{free_port()}"})
    payment = shop.start()
    assert (payment.state, payment.failure) == ("failed", "unreachable")
    assert said(payment) == [("begin", "sent", ""), ("begin", "not_delivered", "unreachable")]


@pytest.mark.parametrize("fault", ["no_answer", "error_after", "bad_signature"])
def test_a_charge_whose_answer_is_lost_is_found_out_by_asking(shop, sandbox, fault):
    payment = shop.start(mode="we_scan", auth_code=sandbox.code(**{fault: ["charge"]}))
    assert (payment.state, payment.paid_at) == ("created", None)
    assert sandbox.look(payment.id)["state"] == "paid"
    assert facade.resolve_unknown(now=now()) == 0  # it may still be on its way
    assert facade.resolve_unknown(now=now() + timedelta(seconds=6)) == 1
    paid = facade.payment(payment_id=payment.id)
    assert paid.state == "paid"
    assert events(payment) == [PAID]
    assert [row[:2] for row in said(payment)] == [("charge", "sent"), ("charge", "unknown"), ("query", "paid")]
    assert facade.resolve_unknown(now=now() + timedelta(days=1)) == 0


def test_a_qr_code_whose_answer_is_lost_is_asked_for_again(shop, sandbox):
    sandbox.next(no_answer=["begin"])
    payment = shop.start()
    assert (payment.state, payment.qr_text) == ("created", "")
    found = shop.refresh(payment)
    assert found.state == "pending"
    assert found.qr_text == f"{sandbox.url}/wallet/{sandbox.look(payment.id)['code']}"


def test_a_charge_that_never_arrived_is_given_up_after_a_while(shop, sandbox):
    command = shop.command(mode="we_scan", auth_code=sandbox.code())
    sandbox.control("rules", when={"out_trade_no": command.id.hex}, do={"error_before": ["charge"]})
    payment = facade.start(command=command, principal=shop.cashier, now=now())
    assert payment.state == "created"
    assert shop.refresh(payment).state == "created"
    later = facade.refresh(payment_id=payment.id, now=now() + timedelta(seconds=10))
    assert (later.state, later.failure) == ("failed", "never_arrived")
    assert not sandbox.knows(payment.id)


def test_an_unpaid_payment_is_cancelled_at_the_provider_too(shop, sandbox):
    payment = shop.start()
    gone = shop.cancel(payment)
    assert (gone.state, gone.failure) == ("failed", "cancelled")
    assert sandbox.look(payment.id)["state"] == "closed"
    sandbox.pay(payment.id)
    assert sandbox.look(payment.id)["state"] == "closed"
    assert shop.cancel(payment) == gone
    assert events(payment) == []


def test_cancel_answers_paid_when_it_was_paid_after_all(shop, sandbox):
    payment = shop.start()
    sandbox.pay(payment.id)
    assert shop.cancel(payment).state == "paid"
    assert sandbox.look(payment.id)["state"] == "paid"


def test_a_charge_that_waits_for_a_password_is_reversed_by_cancel(shop, sandbox):
    payment = shop.start(mode="we_scan", auth_code=sandbox.code(user_paying=True))
    gone = shop.cancel(payment)
    assert (gone.state, gone.failure) == ("failed", "cancelled")
    assert said(payment)[-2:] == [("reverse", "sent", ""), ("reverse", "closed", "closed")]


def test_cancelling_goes_on_when_the_provider_did_not_answer(shop, sandbox):
    payment = shop.start()
    sandbox.control(f"payments/{payment.id.hex}/behave", do={"error_before": ["close"]})
    assert shop.cancel(payment).state == "pending"
    assert facade.resolve_unknown(now=now() + timedelta(seconds=1)) == 1
    assert facade.payment(payment_id=payment.id).state == "failed"


def test_a_payment_that_nobody_makes_expires(shop, sandbox):
    payment = shop.start()
    gone = facade.refresh(payment_id=payment.id, now=payment.expires_at)
    assert (gone.state, gone.failure) == ("failed", "expired")
    assert sandbox.look(payment.id)["state"] == "closed"


def test_a_customer_who_turns_away_ends_it(shop, sandbox):
    payment = shop.start()
    sandbox.control(f"payments/{payment.id.hex}/cancel")
    gone = shop.refresh(payment)
    assert (gone.state, gone.failure) == ("failed", "user_cancelled")


def test_another_amount_is_a_case_and_never_booked(shop, sandbox):
    payment = shop.start(mode="we_scan", auth_code=sandbox.code(paid_minor=1))
    assert (payment.state, payment.failure) == ("failed", "amount_differs")
    assert events(payment) == []
    [case] = CaseRow.objects.all()
    assert (case.kind, case.ours_minor, case.theirs_minor, case.store_id) == (
        "amount_differs", 8800, 1, shop.here.id,
    )  # fmt: skip
    with pytest.raises(PaymentNotPaid):
        facade.capture(payment_ids=[payment.id], sale_id=new_id(), now=now())


def test_a_sale_takes_its_payments_once_and_no_other_sale_gets_them(shop, sandbox):
    payments = [shop.start(mode="we_scan", auth_code=sandbox.code()) for _each in range(2)]
    ids, sale_id = [payment.id for payment in payments], new_id()
    for _twice in range(2):
        taken = facade.capture(payment_ids=ids, sale_id=sale_id, now=now())
        assert {payment.sale_id for payment in taken} == {sale_id}
    with pytest.raises(PaymentTaken):
        facade.capture(payment_ids=ids[:1], sale_id=new_id(), now=now())
    assert {facade.payment(payment_id=each).sale_id for each in ids} == {sale_id}


def test_a_sale_takes_all_of_its_payments_or_none(shop, sandbox):
    paid, waiting = shop.start(mode="we_scan", auth_code=sandbox.code()), shop.start()
    with pytest.raises(PaymentNotPaid):
        facade.capture(payment_ids=[paid.id, waiting.id], sale_id=new_id(), now=now())
    with pytest.raises(PaymentNotFound):
        facade.capture(payment_ids=[paid.id, new_id()], sale_id=new_id(), now=now())
    assert facade.payment(payment_id=paid.id).sale_id is None


def test_a_paid_payment_that_no_sale_takes_is_given_back(shop, sandbox):
    payment = shop.start(mode="we_scan", auth_code=sandbox.code())
    assert [each.id for each in facade.uncaptured(paid_before=now())] == [payment.id]
    gone = facade.release(payment_id=payment.id, reason="the till was reset", now=now())
    assert gone.state == "reversed"
    assert sandbox.look(payment.id)["state"] == "reversed"
    assert facade.uncaptured(paid_before=now()) == ()
    assert events(payment) == [PAID, REVERSED]
    assert facade.release(payment_id=payment.id, reason="again", now=now()) == gone
    [entry] = AuditEntry.objects.filter(action="payment.release")
    assert (entry.reason, entry.store_id) == ("the till was reset", shop.here.id)
    with pytest.raises(PaymentNotPaid):
        facade.capture(payment_ids=[payment.id], sale_id=new_id(), now=now())


def test_giving_back_goes_on_when_the_provider_did_not_answer(shop, sandbox):
    payment = shop.start(mode="we_scan", auth_code=sandbox.code(error_before=["reverse"]))
    assert facade.release(payment_id=payment.id, reason="reset", now=now()).state == "paid"
    with pytest.raises(PaymentNotPaid):
        facade.capture(payment_ids=[payment.id], sale_id=new_id(), now=now())
    assert facade.resolve_unknown(now=now()) == 1
    assert facade.payment(payment_id=payment.id).state == "reversed"


def test_too_late_to_reverse_is_refunded(shop, sandbox):
    payment = shop.start(mode="we_scan", auth_code=sandbox.code())
    sandbox.control(f"payments/{payment.id.hex}/behave", paid_at=now().timestamp() - 2 * 86400)
    facade.release(payment_id=payment.id, reason="reset", now=now())
    facade.resolve_unknown(now=now() + timedelta(minutes=1))
    gone = facade.payment(payment_id=payment.id)
    assert (gone.state, gone.refunded_minor) == ("refunded", 8800)
    assert sandbox.look(payment.id)["refunded_minor"] == 8800
    assert len(sandbox.look(payment.id)["refunds"]) == 1


def test_an_open_payment_is_given_up_and_a_sold_one_is_not(shop, sandbox):
    waiting = shop.start()
    assert facade.release(payment_id=waiting.id, reason="reset", now=now()).state == "failed"
    sold = shop.start(mode="we_scan", auth_code=sandbox.code())
    facade.capture(payment_ids=[sold.id], sale_id=new_id(), now=now())
    with pytest.raises(PaymentTaken):
        facade.release(payment_id=sold.id, reason="reset", now=now())
    assert sandbox.look(sold.id)["state"] == "paid"


def test_money_that_comes_after_we_gave_up_goes_back_by_itself(shop, sandbox):
    payment = shop.start()
    PaymentRow.objects.filter(id=payment.id).update(state="failed", failure="cancelled", next_try_at=None)
    sandbox.pay(payment.id)
    headers, body = sandbox.notification(payment.id)
    assert facade.take_notification(provider="sandbox", headers=headers, body=body, now=now())[0] == 200
    [case] = CaseRow.objects.all()
    assert (case.kind, case.ours_minor, case.theirs_minor) == ("paid_late", 0, 8800)
    assert facade.resolve_unknown(now=now()) == 1
    facade.resolve_unknown(now=now() + timedelta(minutes=1))
    after = facade.payment(payment_id=payment.id)
    assert (after.state, after.refunded_minor) == ("failed", 8800)
    [refund] = RefundRow.objects.all()
    assert (refund.state, refund.is_automatic, refund.amount_minor) == ("done", True, 8800)
    assert sandbox.look(payment.id)["state"] == "refunded"


def test_payments_are_found_by_their_reference(shop, sandbox):
    first = shop.start(reference="ticket:1")
    second = shop.start(reference="ticket:1")
    shop.start(reference="ticket:2")
    assert [payment.id for payment in facade.of_reference(reference="ticket:1")] == [first.id, second.id]
