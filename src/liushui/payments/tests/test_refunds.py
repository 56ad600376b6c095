"""Money given back through the provider: once, in parts, never more than was paid."""

from __future__ import annotations

from datetime import timedelta

import pytest

from liushui.kernel.errors import InvalidValue, NotAllowed
from liushui.kernel.ids import new_id
from liushui.payments import facade
from liushui.payments.errors import PaymentNotPaid, RefundConflict, RefundTooMuch
from liushui.payments.models import CaseRow, PaymentRow, RefundRow
from liushui.payments.tests.conftest import now
from liushui.payments.tests.test_payments import events
from liushui.runtime.access import Principal

pytestmark = pytest.mark.django_db
REFUNDED = "liushui.payment.refunded.v1"


@pytest.fixture
def paid(shop, sandbox):
    return shop.start(mode="we_scan", auth_code=sandbox.code())


def later():
    return now() + timedelta(minutes=1)


def test_a_part_then_the_rest(shop, sandbox, paid):
    shop.refund(paid, 3000)
    facade.resolve_unknown(now=later())
    part = facade.payment(payment_id=paid.id)
    assert (part.state, part.refunded_minor) == ("paid", 3000)
    shop.refund(paid, 5800)
    facade.resolve_unknown(now=later())
    whole = facade.payment(payment_id=paid.id)
    assert (whole.state, whole.refunded_minor) == ("refunded", 8800)
    assert [refund.amount_minor for refund in facade.refunds_of(payment_id=paid.id)] == [3000, 5800]
    assert [type for type, _amount in events(paid)] == ["liushui.payment.paid.v1", REFUNDED, REFUNDED]
    assert sandbox.look(paid.id)["state"] == "refunded"


def test_the_same_refund_id_gives_back_once(shop, sandbox, paid):
    refund_id = new_id()
    for _again in range(3):
        assert shop.refund(paid, 3000, refund_id).amount_minor == 3000
    facade.resolve_unknown(now=later())
    assert facade.payment(payment_id=paid.id).refunded_minor == 3000
    assert sandbox.look(paid.id)["refunded_minor"] == 3000
    with pytest.raises(RefundConflict):
        shop.refund(paid, 3001, refund_id)


def test_never_more_than_was_paid(shop, sandbox, paid):
    shop.refund(paid, 8000)
    with pytest.raises(RefundTooMuch) as raised:
        shop.refund(paid, 801)
    assert raised.value.context == {"left_minor": 800}
    assert RefundRow.objects.count() == 1
    assert sandbox.look(paid.id)["refunded_minor"] == 8000


def test_an_unpaid_payment_has_nothing_to_give_back(shop, sandbox):
    with pytest.raises(PaymentNotPaid):
        shop.refund(shop.start(), 100)


@pytest.mark.parametrize("amount", [0, -1])
def test_a_refund_is_of_something(shop, sandbox, paid, amount):
    with pytest.raises(InvalidValue):
        shop.refund(paid, amount)


def test_only_who_works_in_the_store_refunds_there(sandbox, shop, paid):
    stranger = Principal(subject="staff:9", name="Eve", grants=())
    with pytest.raises(NotAllowed):
        facade.refund(refund_id=new_id(), payment_id=paid.id, amount_minor=1, reason="x", principal=stranger, now=now())


def test_a_refund_whose_answer_is_lost_is_found_out_by_asking(shop, sandbox):
    paid = shop.start(mode="we_scan", auth_code=sandbox.code(no_answer=["refund"]))
    refund = shop.refund(paid, 3000)
    assert refund.state == "created"
    assert sandbox.look(paid.id)["refunded_minor"] == 3000
    assert facade.resolve_unknown(now=later()) == 1
    [found] = facade.refunds_of(payment_id=paid.id)
    assert (found.state, found.amount_minor) == ("done", 3000)
    assert sandbox.look(paid.id)["refunded_minor"] == 3000


def test_a_refund_that_never_arrived_is_sent_again_under_its_id(shop, sandbox):
    paid = shop.start(mode="we_scan", auth_code=sandbox.code(error_before=["refund"]))
    refund = shop.refund(paid, 3000)
    assert (refund.state, sandbox.look(paid.id)["refunded_minor"]) == ("created", 0)
    facade.resolve_unknown(now=later())
    facade.resolve_unknown(now=later() + timedelta(minutes=1))
    [found] = facade.refunds_of(payment_id=paid.id)
    assert (found.id, found.state) == (refund.id, "done")
    assert [each["amount_minor"] for each in sandbox.look(paid.id)["refunds"]] == [3000]


def test_a_refused_refund_frees_what_was_set_aside(shop, sandbox):
    paid = shop.start(mode="we_scan", auth_code=sandbox.code(refund_declined=True))
    refund = shop.refund(paid, 8800)
    assert refund.state == "failed"
    after = facade.payment(payment_id=paid.id)
    assert (after.state, after.refunded_minor) == ("paid", 0)
    [case] = CaseRow.objects.all()
    assert (case.kind, case.refund_id, case.ours_minor, case.theirs_minor) == ("refund_failed", refund.id, 8800, 0)
    assert shop.refund(paid, 8800, refund.id) == refund
    assert [type for type, _amount in events(paid)] == ["liushui.payment.paid.v1"]


def test_a_refund_on_its_way_is_not_counted_as_done(shop, sandbox):
    paid = shop.start(mode="we_scan", auth_code=sandbox.code(refund_processing=600))
    shop.refund(paid, 8800)
    facade.resolve_unknown(now=later())
    row = PaymentRow.objects.get(id=paid.id)
    assert (row.state, row.refunded_minor, row.refunds_done_minor) == ("paid", 8800, 0)
    assert [type for type, _amount in events(paid)] == ["liushui.payment.paid.v1"]


def test_a_sold_payment_keeps_its_sale_when_it_is_refunded(shop, sandbox, paid):
    sale_id = new_id()
    facade.capture(payment_ids=[paid.id], sale_id=sale_id, now=now())
    shop.refund(paid, 8800)
    facade.resolve_unknown(now=later())
    after = facade.payment(payment_id=paid.id)
    assert (after.state, after.sale_id) == ("refunded", sale_id)
    assert facade.capture(payment_ids=[paid.id], sale_id=sale_id, now=now()) == (after,)
