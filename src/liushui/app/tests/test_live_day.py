"""The receipts that the tills of the demo's live day make up."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

import numpy as np

from liushui.app.demo.assortment import demo_assortment
from liushui.app.demo.baskets import TIME_ZONE, Baskets
from liushui.app.demo.chain import demo_stores
from liushui.app.demo.live import NIGHT_EVERY, LiveDay, sale_body
from liushui.app.demo.people import MEMBERS, mark


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


def test_members_buy_pay_a_little_with_points_and_bring_things_back() -> None:
    assortment, noon = demo_assortment(), datetime(2026, 11, 20, 12, tzinfo=TIME_ZONE)
    day = LiveDay(
        baskets=Baskets(assortment=assortment, tickets=2),
        items=assortment.items,
        stores=demo_stores(),
        rng=np.random.default_rng(5),
        numbers={mark(index): f"M{index:011}" for index in range(MEMBERS)},
    )
    sales, backs = [], []
    for _ in range(400):
        sale = day.sale(at=noon)
        if sale.returns is None:
            sale_id = uuid4()
            sales.append((sale, sale_id))
            day.members.sold(sale, sale_id)
        else:
            backs.append(sale)
    of_members = [sale for sale, _id in sales if sale.customer]
    assert 100 < len(of_members) < 180
    paid = [sale for sale in of_members if sale.account]
    assert 2 <= len(paid) <= 20
    for sale in paid:
        body = sale_body(sale)
        assert body["member"] == sale.customer
        assert body["tenders"][0] == {"type": "points", "method": "", "amount_minor": 200}
        assert sum(tender["amount_minor"] for tender in body["tenders"]) == sum(
            line["amount_minor"] for line in body["lines"]
        )
    known = {sale_id: sale.store for sale, sale_id in sales}
    assert backs
    known_numbers = {sale.receipt_number for sale, _id in sales}
    for sale in backs:
        head, place = sale.receipt_number[:-5], int(sale.receipt_number[-5:])
        assert head == f"{sale.store}1120"  # the next number of its store's day, as any receipt has it
        assert f"{head}{place - 1:05d}" in known_numbers | {back.receipt_number for back in backs}
        assert sale.receipt_number not in known_numbers
        [line] = sale_body(sale)["lines"]
        assert known[UUID(line["original"]["sale_id"])] == sale.store
        assert (line["units"], line["original"]["line"], line["condition"]) == (-1, 1, "sealed")
        assert sale_body(sale)["tenders"] == []  # what goes back is the server's to say
