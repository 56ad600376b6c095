"""The receipts that the tills of the demo's live day make up."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from liushui.app.demo.assortment import demo_assortment
from liushui.app.demo.baskets import TIME_ZONE, Baskets
from liushui.app.demo.chain import demo_stores
from liushui.app.demo.live import NIGHT_EVERY, LiveDay


def live_day() -> LiveDay:
    assortment = demo_assortment()
    baskets = Baskets(assortment=assortment, tickets=2)
    return LiveDay(baskets=baskets, items=assortment.items, stores=demo_stores(), rng=np.random.default_rng(7))


def test_a_stores_receipts_are_numbered_on_from_its_history_and_their_ids_are_their_own() -> None:
    day, noon = live_day(), datetime(2026, 11, 20, 12, tzinfo=TIME_ZONE)
    sales = [day.sale(at=noon) for _ in range(60)]
    store = demo_stores()[0]
    known = len(Baskets(assortment=demo_assortment(), tickets=2).day(store=store, day=noon.date()))
    numbers = [sale.receipt_number for sale in sales if sale.store == store.code]
    assert len(numbers) > 1
    assert numbers == [f"{store.code}1120{known + 1 + i:05d}" for i in range(len(numbers))]
    assert len({sale.source_id for sale in sales}) == 60


def test_only_the_night_shops_sell_when_the_others_are_closed() -> None:
    day = live_day()
    night = {day.sale(at=datetime(2026, 11, 20, 3, tzinfo=TIME_ZONE)).store for _ in range(80)}
    assert night == {store.code for store in demo_stores() if store.index % NIGHT_EVERY == 0}
