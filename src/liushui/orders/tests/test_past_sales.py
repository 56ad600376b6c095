"""Purchases of the past come in the order of time, without what was voided or came back."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from liushui.orders import facade
from liushui.orders.contracts import PastTotals, Tender
from liushui.orders.domain.spans import Day, spans
from liushui.orders.tests.examples import NOON, line, sale

DAY = date(2026, 11, 22)


def record(*commands):
    return [answer.sale_id for answer in facade.record_sales(commands=commands, recorded_at=NOON)]


def test_purchases_come_by_time_with_what_was_bought(house):
    late, early, elsewhere = record(
        sale("a", store_id=house.here.id, completed_at=NOON + timedelta(hours=1), customer="m1"),
        sale(
            "b", store_id=house.here.id,
            lines=(line(1, amount=900, regular=1000, units=3, cost_minor=500), line(2, amount=-100, units=-1)),
        ),
        sale("c", store_id=house.there.id),
    )  # fmt: skip
    [batch] = facade.past_sales(store_ids={house.here.id}, first=DAY, last=DAY)
    assert [each.id for each in batch] == [early, late]
    assert elsewhere not in {each.id for each in batch}
    assert batch[0].lines == ((1, "S001", "food/fruit", 3, 1000, 900, 900, 500),)
    assert (batch[1].customer, batch[1].completed_at) == ("m1", NOON + timedelta(hours=1))


def test_what_is_no_purchase_is_counted_and_left_out(house):
    kept, gone, back = record(
        sale("a", store_id=house.here.id, lines=(line(1), line(2, amount=-100, units=-1))),
        sale("b", store_id=house.here.id, chain_id=house.chain_id),
        sale("c", store_id=house.here.id, lines=(line(1, amount=-100, units=-1),)),
    )
    facade.void_sale(sale_id=gone, reason="mistake", principal=house.principal(), now=NOON)
    [batch] = facade.past_sales(store_ids={house.here.id}, first=DAY, last=DAY)
    assert [each.id for each in batch] == [kept]
    assert back not in {each.id for each in batch}
    assert facade.past_totals(store_ids={house.here.id}, first=DAY, last=DAY) == PastTotals(
        sales=1, sales_voided=1, sales_returned=1, lines_returned=2, currencies=("CNY",)
    )


def test_other_days_are_not_read(house):
    record(sale("a", store_id=house.here.id, business_date=DAY - timedelta(days=1)))
    assert list(facade.past_sales(store_ids={house.here.id}, first=DAY, last=DAY)) == []


def test_earlier_purchases_of_a_customer_are_counted_in_all_stores_named(house):
    before = {"business_date": DAY - timedelta(days=9), "completed_at": NOON - timedelta(days=9)}
    record(
        sale("a", store_id=house.there.id, customer="m1", **before),
        sale("b", store_id=house.there.id, customer="m1", completed_at=NOON - timedelta(hours=2)),
        sale("c", store_id=house.here.id, customer="m1", completed_at=NOON - timedelta(hours=1)),
        sale("d", store_id=house.here.id, customer="m1"),
        sale("e", store_id=house.here.id, customer="m2"),
        sale("f", store_id=house.here.id, customer=""),
    )
    both = {house.here.id, house.there.id}
    [batch] = facade.past_sales(store_ids={house.here.id}, first=DAY, last=DAY, counted_store_ids=both)
    assert sorted((each.customer, each.orders_before) for each in batch) == [("", 0), ("m1", 2), ("m1", 3), ("m2", 0)]


def test_how_it_was_paid_is_said_when_there_was_one_way(house):
    record(
        sale("a", store_id=house.here.id, tenders=(Tender(type="mobile", method="wechat", amount_minor=1250),)),
        sale("b", store_id=house.here.id, completed_at=NOON + timedelta(minutes=1)),
        sale(
            "c", store_id=house.here.id, completed_at=NOON + timedelta(minutes=2),
            tenders=(Tender(type="cash", amount_minor=250), Tender(type="card", amount_minor=1000)),
        ),
    )  # fmt: skip
    [batch] = facade.past_sales(store_ids={house.here.id}, first=DAY, last=DAY, methods=True)
    assert [each.method for each in batch] == ["wechat", "cash", ""]


def test_thousands_of_receipts_at_one_instant_come_once_each(house, monkeypatch):
    monkeypatch.setattr("liushui.orders.past_sales._BATCH", 3)
    ids = record(*(sale(f"s{n}", store_id=house.here.id) for n in range(10)))
    found = [each.id for batch in facade.past_sales(store_ids={house.here.id}, first=DAY, last=DAY) for each in batch]
    assert found == sorted(ids)


def test_business_days_that_overlap_come_by_time(house, monkeypatch):
    monkeypatch.setattr("liushui.orders.past_sales._BATCH", 2)
    late_night = {"business_date": DAY - timedelta(days=1)}  # sold after midnight, and after others opened
    ids = record(
        *(sale(f"d{n}", store_id=house.here.id, completed_at=NOON + timedelta(minutes=10 * n)) for n in range(7)),
        *(
            sale(f"n{n}", store_id=house.there.id, completed_at=NOON + timedelta(minutes=10 * n + 5), **late_night)
            for n in range(7)
        ),
    )
    found = facade.past_sales(store_ids={house.here.id, house.there.id}, first=DAY - timedelta(days=1), last=DAY)
    assert [each.id for batch in found for each in batch] == [ids[n // 2 + 7 * (n % 2)] for n in range(14)]


@given(
    days=st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5000), st.integers(0, 4000)), min_size=0, max_size=12),
    size=st.integers(1, 30),
)
def test_spans_hold_every_instant_of_every_day_once(days, size):
    known = [
        Day(
            DAY + timedelta(days=n), receipts, NOON + timedelta(minutes=begin), NOON + timedelta(minutes=begin + length)
        )
        for n, (receipts, begin, length) in enumerate(days)
    ]
    found = list(spans(known, size=size))
    assert [each.begin for each in found[1:]] == sorted(each.begin for each in found[1:])
    assert all(before.end <= after.begin for before, after in pairwise(found))
    for day in known:
        for at in (day.begin, day.end, day.begin + (day.end - day.begin) / 2):
            assert sum(span.begin <= at < span.end and span.first <= day.day <= span.last for span in found) == 1
