"""Promotions read the events of sales without importing orders: their names and data are the same all the same."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

from liushui.app.consumers import CONSUMERS, TICKS
from liushui.orders.contracts import SALE_COMPLETED, SALE_VOIDED, SaleFact
from liushui.orders.facts import event_of
from liushui.promotions import handlers

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def test_the_events_that_promotions_wait_for_are_those_that_orders_tell():
    assert (handlers.SALE_COMPLETED, handlers.SALE_VOIDED) == (SALE_COMPLETED, SALE_VOIDED)
    [consumer] = [each for each in CONSUMERS if each.name == "promotions"]
    assert consumer.types == {SALE_COMPLETED, SALE_VOIDED}
    assert "promotions-expire" in [tick.name for tick in TICKS]


def test_what_a_sale_tells_is_what_promotions_read():
    fact = SaleFact(
        sale_id=UUID(int=7), chain_id=1, store_id=2, store_code="S1", source="till", source_id="abc",
        receipt_number="1", channel="pos", currency="CNY", completed_at=NOON, business_date=date(2026, 11, 22),
        local_hour=12, workstation="", operator="", customer="", lines=(), tenders=(),
    )  # fmt: skip
    read = handlers._decoder.decode(event_of(fact, type=SALE_COMPLETED, at=NOON).data)
    assert (read.sale_id, read.source, read.source_id) == (UUID(int=7), "till", "abc")
