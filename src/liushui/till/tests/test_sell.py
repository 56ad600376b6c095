"""A ticket from the first scan to the receipt."""

from __future__ import annotations

import pytest

from liushui.orders import facade as orders
from liushui.till import facade
from liushui.till.tests.conftest import NOON

pytestmark = pytest.mark.django_db


def test_three_items_are_scanned_and_paid_with_a_note(selling):
    sold = selling.sell("MILK", "MILK", "TEA", given=5_000)
    assert (sold.state, sold.number, sold.total_minor, sold.change_minor) == ("settled", "S01-T1-000001", 2_300, 2_700)
    assert [(line.sku, line.units, line.amount_minor) for line in sold.lines] == [("MILK", 2, 1_300), ("TEA", 1, 1_000)]
    sale = orders.sale(sale_id=sold.sale_id, store_ids={selling.store.id})
    assert (sale.summary.source, sale.summary.source_id, sale.summary.total_minor) == ("till", sold.id.hex, 2_300)
    assert [(tender.type, tender.amount_minor) for tender in sale.tenders] == [("cash", 2_300)]
    report = facade.x_report(shift_id=sold.shift_id, store_ids={selling.store.id}, now=NOON, blind=False)
    assert (report.tickets, report.total_minor, report.tenders[0].expected_minor) == (1, 2_300, 12_300)
