"""A sale over the limit is voided by two: one asks and does it, another agrees and is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from liushui.orders import facade
from liushui.orders.contracts import SALE_VOIDED
from liushui.orders.errors import VoidNeedsNobody
from liushui.orders.models import Sale
from liushui.orders.tests.examples import NOON, line, sale
from liushui.runtime import approvals
from liushui.runtime.approvals import ApprovalMissing, SamePerson
from liushui.runtime.grants import system_principal
from liushui.runtime.models import ApprovalRow, AuditEntry, OutboxEvent, StaffUser

pytestmark = pytest.mark.django_db
DAY_LATER = NOON + timedelta(hours=24)


def sell(house, name, *lines):
    command = sale(name, chain_id=house.chain_id, store_id=house.here.id, lines=lines)
    [answer] = facade.record_sales(commands=[command], recorded_at=NOON)
    return answer.sale_id


@pytest.fixture
def large(house):
    return sell(house, "large", line(amount=50_001))


def boss(house):
    return replace(house.principal(), subject="staff:2", name="Mia")


def void(house, sale_id, now=NOON, principal=None):
    return facade.void_sale(sale_id=sale_id, reason="mistake", principal=principal or house.principal(), now=now)


def ask(house, sale_id, now=NOON):
    return facade.ask_void(sale_id=sale_id, reason="rung up twice", principal=house.principal(), now=now)


def test_up_to_the_limit_one_person_is_enough(house):
    small = sell(house, "small", line(amount=50_000))
    assert void(house, small).void_approved_by == ""
    other = sell(house, "other", line(amount=50_000))
    with pytest.raises(VoidNeedsNobody):
        ask(house, other)


def test_above_it_another_agrees_and_is_named_once(house, large):
    with pytest.raises(ApprovalMissing) as missing:
        void(house, large)
    assert missing.value.context == {
        "kind": "orders.void", "approval_problem": "missing", "amount_minor": 50_001, "limit_minor": 50_000,
    }  # fmt: skip
    asked = ask(house, large)
    assert (ask(house, large).id, asked.amount_minor, asked.target) == (asked.id, 50_001, f"sale:{large}")
    with pytest.raises(ApprovalMissing) as pending:
        void(house, large)
    assert pending.value.context["approval_problem"] == "pending"
    with pytest.raises(SamePerson):
        approvals.decide(approval_id=asked.id, approve=True, principal=house.principal(), now=NOON)
    approvals.decide(approval_id=asked.id, approve=True, principal=boss(house), now=NOON)
    assert ask(house, large).id == asked.id
    with pytest.raises(ApprovalMissing):  # who agreed does not do it: it was asked by another
        void(house, large, principal=boss(house))
    detail = void(house, large)
    assert (detail.summary.status, detail.voided_by, detail.void_approved_by) == ("voided", "staff:1", "Mia")
    assert AuditEntry.objects.get(action="sale.void").after == {"status": "voided", "approved_by": "staff:2"}
    assert ApprovalRow.objects.get().used_at == NOON
    assert void(house, large, now=DAY_LATER) == detail
    assert OutboxEvent.objects.filter(type=SALE_VOIDED).count() == 1
    with pytest.raises(VoidNeedsNobody):
        ask(house, large)


def test_an_approval_is_for_one_sale_for_a_day(house, large):
    other = sell(house, "other", line(amount=60_000))
    asked = ask(house, large)
    approvals.decide(approval_id=asked.id, approve=True, principal=boss(house), now=NOON)
    for sale_id, now in ((other, NOON), (large, DAY_LATER)):
        with pytest.raises(ApprovalMissing):
            void(house, sale_id, now=now)
    assert Sale.objects.filter(status="voided").count() == 0
    assert facade.last_void_request(sale_id=large, principal=house.principal()).outcome_at(DAY_LATER) == "expired"


def test_an_exchange_counts_in_full_and_the_command_line_needs_nobody(house):
    swap = sell(house, "swap", line(1, amount=60_000), line(2, amount=-60_000, units=-1))
    with pytest.raises(ApprovalMissing) as missing:
        void(house, swap)
    assert missing.value.context["amount_minor"] == 60_000
    assert void(house, swap, principal=system_principal(name="test")).void_approved_by == ""


def test_on_the_page_the_first_press_asks_and_the_second_voids(house, signed_in, settings):
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"void_limit_minor": 1_000})  # below what asks for a password
    large, client = sell(house, "dear", line(amount=1_001)), signed_in()
    address = f"/orders/{large}/"
    assert "Ask for approval" in client.get(address).content.decode()
    page = client.post(f"{address}void/", {"reason": "rung up twice"}, follow=True).content.decode()
    assert "Not voided yet: another person has to approve it, under Approvals." in page
    assert "void-reason" not in page
    asked = ApprovalRow.objects.get()
    assert (asked.kind, asked.reason, asked.requested_by) == (
        "orders.void", "rung up twice", f"staff:{StaffUser.objects.get().pk}",
    )  # fmt: skip
    approvals.decide(approval_id=asked.id, approve=True, principal=boss(house), now=asked.requested_at)
    page = client.get(address).content.decode()
    assert "Mia has approved it." in page
    assert 'value="rung up twice"' in page
    page = client.post(f"{address}void/", {"reason": "rung up twice"}, follow=True).content.decode()
    assert "The sale is voided." in page
    assert "<dt>Approved by</dt><dd>Mia</dd>" in page
