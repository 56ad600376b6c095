"""A ticket from the first scan to the receipt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem, NewPrice
from liushui.orders import facade as orders
from liushui.runtime.access import Grant, Principal
from liushui.stores import facade as stores
from liushui.stores.contracts import NewStore, NewWorkstation
from liushui.till import facade
from liushui.till.tests.conftest import NOON

pytestmark = pytest.mark.django_db


def test_another_chain_may_have_a_store_and_a_till_of_the_same_codes(selling):
    selling.sell("TEA")
    chain = stores.save_chain(code="FAR", name_zh="远方", name_en="Far", currency="CNY")
    stores.save_region(chain_code="FAR", code="ALL", name_zh="全部", name_en="All")
    [store] = stores.save_stores(
        stores=[NewStore(chain_code="FAR", region_code="ALL", code="S01", name_zh="远", name_en="Far")]
    )
    [station] = stores.save_workstations(
        workstations=[NewWorkstation(chain_code="FAR", store_code="S01", code="T1", name="T1")]
    )
    catalog.save_items(items=[NewItem(chain_id=chain.id, sku="TEA", name_zh="茶", name_en="Tea")])
    catalog.save_prices(prices=[NewPrice(chain_id=chain.id, sku="TEA", amount_minor=1, starts_at=NOON)])
    grants = (Grant(role="cashier", chain_id=chain.id, store_id=store.id),)
    there = replace(
        selling.till,
        workstation_id=station.id,
        store_id=store.id,
        chain_id=chain.id,
        principal=Principal(subject="staff:far", name="Far", grants=grants),
    )
    facade.open_shift(till=there, float_minor=0, now=NOON)
    sold = selling.sell("TEA", till=there)
    assert (sold.number, sold.store_id, sold.total_minor) == ("S01-T1-000001", store.id, 1)
    assert [ticket.id for ticket in facade.finished(till=there)] == [sold.id]


def test_three_items_are_scanned_and_paid_with_a_note(selling):
    sold = selling.sell("MILK", "MILK", "TEA", given=5_000)
    assert (sold.state, sold.number, sold.total_minor, sold.change_minor) == ("settled", "S01-T1-000001", 2_300, 2_700)
    assert [(line.sku, line.units, line.amount_minor) for line in sold.lines] == [("MILK", 2, 1_300), ("TEA", 1, 1_000)]
    sale = orders.sale(sale_id=sold.sale_id, store_ids={selling.store.id})
    assert (sale.summary.source, sale.summary.source_id, sale.summary.total_minor) == ("till", sold.id.hex, 2_300)
    assert [(tender.type, tender.amount_minor) for tender in sale.tenders] == [("cash", 2_300)]
    report = facade.x_report(shift_id=sold.shift_id, store_ids={selling.store.id}, now=NOON, blind=False)
    assert (report.tickets, report.total_minor, report.tenders[0].expected_minor) == (1, 2_300, 12_300)
