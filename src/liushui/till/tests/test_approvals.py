"""A manager at the till approves by PIN: another person, for this thing, for a quarter of an hour."""

from __future__ import annotations

from datetime import timedelta

import pytest

from liushui.kernel.errors import InvalidValue, NotAllowed
from liushui.runtime import approvals, operators
from liushui.runtime.access import Grant
from liushui.runtime.approvals import ApprovalMissing, SamePerson
from liushui.runtime.grants import system_principal
from liushui.runtime.models import StaffUser
from liushui.runtime.operators import OperatorRefused
from liushui.runtime.staff import create_staff
from liushui.till import facade
from liushui.till.errors import OverLimit
from liushui.till.tests.conftest import NOON

pytestmark = pytest.mark.django_db
PIN = "2741"


@pytest.fixture
def people(selling):
    """A manager and a second cashier with PINs."""
    system = system_principal(name="tests")
    for name, role in (("lin", "store_manager"), ("wen", "cashier")):
        grants = [Grant(role=role, chain_id=selling.till.chain_id, store_id=selling.store.id)]
        user_id, _password = create_staff(username=name, display_name=name.title(), grants=grants, principal=system)
        operators.set_pin(user_id=user_id, pin=PIN, principal=system, now=NOON)
    return selling


def approve(shop, kind, target, *, username="lin", pin=PIN, till=None, now=NOON):
    return facade.approve_here(
        till=till or shop.till, kind=kind, target=target, reason="not wanted", username=username, pin=pin, now=now
    )


def test_a_manager_beside_the_cashier_approves_by_pin_and_is_named(people):
    ticket = facade.scan(till=people.till, code="TEA", now=NOON)
    approval = approve(people, "till.line_void", f"ticket:{ticket.id}/line:1")
    decided = approvals.approval(approval_id=approval)
    assert (decided.requested_by, decided.decided_by_name, decided.state) == ("staff:ann", "Lin", "approved")
    voided = facade.void_line(
        till=people.till, ticket_id=ticket.id, version=ticket.version, line_number=1, reason="", approval_id=approval,
        now=NOON,
    )  # fmt: skip
    assert (voided.total_minor, voided.lines[0].voided_by) == (0, "Lin")


def test_an_approval_is_good_for_once_and_for_a_quarter_of_an_hour(people):
    first, second = people.sell("TEA"), people.sell("MILK")
    late = NOON + timedelta(minutes=16)
    approval = approve(people, "till.void_sale", f"sale:{first.sale_id}")
    asked = {"till": people.till, "reason": "wrong"}
    with pytest.raises(ApprovalMissing):
        facade.void_sale(ticket_id=first.id, approval_id=approval, now=late, **asked)
    with pytest.raises(ApprovalMissing):
        facade.void_sale(ticket_id=second.id, approval_id=approval, now=NOON, **asked)
    assert facade.void_sale(ticket_id=first.id, approval_id=approval, now=NOON, **asked).state == "voided"
    with pytest.raises(ApprovalMissing):
        approvals.use(approval_id=approval, kind="till.void_sale", target=f"sale:{first.sale_id}", now=NOON)


def test_a_wrong_pin_a_cashier_and_oneself_approve_nothing(people):
    ticket = facade.scan(till=people.till, code="TEA", now=NOON)
    target = f"ticket:{ticket.id}"
    with pytest.raises(OperatorRefused):
        approve(people, "till.cancel", target, pin="0000")
    with pytest.raises(NotAllowed):
        approve(people, "till.cancel", target, username="wen")
    manager = StaffUser.objects.get(username="lin")
    as_manager = people.person(people.till, str(manager.pk))  # subject staff:<id>
    with pytest.raises(SamePerson):
        approve(people, "till.cancel", target, till=as_manager)
    with pytest.raises(InvalidValue):
        approve(people, "payment.case", target)
    assert approvals.history(principal=people.manager) == ()


def test_the_amount_of_a_refund_is_looked_up_and_not_believed(people, settings):
    sold = people.sell("RICE")
    target = f"sale:{sold.sale_id}"
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"till_refund_limit_minor": 4_989})
    with pytest.raises(OverLimit):
        approve(people, "till.void_sale", target)
    asked = facade.ask_approval(
        till=people.till, kind="till.void_sale", target=target, reason="wrong", amount_minor=1, now=NOON
    )
    assert (asked.amount_minor, asked.currency) == (4_990, "CNY")
    approvals.decide(approval_id=asked.id, approve=True, principal=people.manager, now=NOON)
    voided = facade.void_sale(till=people.till, ticket_id=sold.id, reason="wrong", approval_id=asked.id, now=NOON)
    assert (voided.state, voided.approved_by) == ("voided", "Mia")


def test_who_counted_does_not_approve_the_difference_though_another_asked(people):
    counter = people.person(people.till, "mia")  # the manager counts herself
    shift = facade.count_shift(till=counter, count={10_000: 1, 100: 1}, now=NOON)
    asked = facade.explain_difference(till=people.till, shift_id=shift.id, reason="a coin too many", now=NOON)
    approvals.decide(approval_id=asked.approval_id, approve=True, principal=people.manager, now=NOON)
    with pytest.raises(SamePerson):
        facade.finish_count(till=people.till, shift_id=shift.id, approval_id=asked.approval_id, now=NOON)
    assert facade.shift(shift_id=shift.id, store_ids={people.store.id}).state == "counted"
