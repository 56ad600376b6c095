"""Goods that come back in another store of the chain, and what was paid by phone there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from liushui.orders import facade as orders
from liushui.payments import facade as payments
from liushui.runtime.access import Grant, Principal
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore, NewWorkstation
from liushui.till import facade
from liushui.till.errors import NotVoidable
from liushui.till.return_queries import ReceiptSearch
from liushui.till.tests.conftest import NOON
from liushui.till.tests.test_mobile import scan_code, wallet

__all__ = ["wallet"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def elsewhere(selling):
    """A till with an open shift in a second store, whose cashier may do nothing in the first."""
    [store] = stores.save_stores(
        stores=[NewStore(chain_code="HM", region_code="EAST", code="S02", name_zh="二店", name_en="Second")]
    )
    [station] = stores.save_workstations(
        workstations=[NewWorkstation(chain_code="HM", store_code="S02", code="T1", name="T1", kind="till")]
    )
    grant = Grant(role="cashier", chain_id=store.chain_id, store_id=store.id)
    cashier = Principal(subject="staff:eve", name="Eve", grants=(grant,))
    there = replace(
        selling.till, store_id=store.id, workstation_id=station.id, principal=cashier, operator="eve",
        operator_name="Eve",
    )  # fmt: skip
    facade.open_shift(till=there, float_minor=5_000, now=NOON)
    return there


def test_a_receipt_is_found_and_taken_back_in_another_store(selling, elsewhere):
    sold = selling.sell("TEA", "TEA")
    [found] = facade.find_receipts(till=elsewhere, wanted=ReceiptSearch(text=sold.number))
    assert found.id == sold.sale_id
    assert facade.find_receipts(till=elsewhere, wanted=ReceiptSearch(amount_minor=2_000)) == ()
    [found] = facade.find_receipts(
        till=elsewhere, wanted=ReceiptSearch(day=sold.business_date, amount_minor=2_000, everywhere=True)
    )
    assert found.id == sold.sale_id
    ticket = facade.return_units(till=elsewhere, sale_id=found.id, line_number=1, units=1, now=NOON)
    assert (ticket.store_id, ticket.returned.receipts[0].store_id) == (elsewhere.store_id, selling.store.id)
    back = facade.give_back(till=elsewhere, ticket_id=ticket.id, version=ticket.version, now=NOON)
    recorded = orders.sale(sale_id=back.sale_id, store_ids={elsewhere.store_id})
    assert (recorded.summary.total_minor, recorded.lines[0].original.sale_id) == (-1_000, sold.sale_id)
    report = facade.x_report(shift_id=back.shift_id, store_ids={elsewhere.store_id}, now=NOON, blind=False)
    assert report.tenders[0].expected_minor == 4_000  # this drawer bears it
    with pytest.raises(NotVoidable):
        facade.void_sale(till=selling.till, ticket_id=sold.id, reason="x", approval_id=None, now=NOON)


def test_what_a_phone_paid_there_goes_back_to_the_phone(selling, elsewhere, wallet):
    sold = scan_code(selling, facade.scan(till=selling.till, code="TEA", units=2, now=NOON))
    payment_id = sold.tenders[0].payment_id
    ticket = facade.return_units(till=elsewhere, sale_id=sold.sale_id, line_number=1, units=1, now=NOON)
    back = facade.give_back(till=elsewhere, ticket_id=ticket.id, version=ticket.version, now=NOON)
    assert [(tender.type, tender.amount_minor, tender.payment_id) for tender in back.tenders] == [
        ("mobile", -1_000, payment_id)
    ]
    assert wallet.kept_minor([payment_id.hex]) == 1_000
    assert [refund.amount_minor for refund in payments.refunds_of(payment_id=payment_id)] == [1_000]
    facade.recover(now=NOON)
    assert wallet.kept_minor([payment_id.hex]) == 1_000


def test_a_refund_at_a_card_machine_keeps_its_slip(selling):
    ticket = facade.scan(till=selling.till, code="TEA", now=NOON)
    sold = facade.pay_recorded(
        till=selling.till, ticket_id=ticket.id, version=ticket.version, type="card", method="pos-terminal",
        note="A-1", now=NOON,
    )  # fmt: skip
    ticket = facade.return_everything(till=selling.till, sale_id=sold.sale_id, now=NOON)
    back = facade.give_back(till=selling.till, ticket_id=ticket.id, version=ticket.version, slips={1: "R-7"}, now=NOON)
    assert [(tender.type, tender.amount_minor, tender.note) for tender in back.tenders] == [("card", -1_000, "R-7")]
    assert orders.sale(sale_id=back.sale_id, store_ids={selling.store.id}).tenders[0].reference == "R-7"
