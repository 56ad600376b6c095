"""A duplicate buys something at the moment in which it is merged: nothing of what was spent is lost to the tier."""

from __future__ import annotations

import time
from threading import Event, Thread

import pytest
from django.db import connection, connections, transaction

from liushui.loyalty import facade
from liushui.loyalty.models import MemberDayRow
from liushui.loyalty.tests.accounts import open_chain, staff
from liushui.loyalty.tests.chains import NOON, TODAY

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer: nobody waits in between")
def test_a_sale_that_is_counted_while_the_merge_waits_is_not_lost() -> None:
    house = open_chain()
    keep, drop = house.member(), house.member()
    house.earn(house.sale(keep, 10_000), house.sale(drop, 20_000))
    counted = Event()
    sale = house.sale(drop, 50)  # too little for a point: no account is locked

    def count() -> None:
        try:
            with transaction.atomic():
                house.earn(sale)
                counted.set()
                until = time.monotonic() + 20
                while not waits_for_a_lock() and time.monotonic() < until:
                    time.sleep(0.01)
        finally:
            connections.close_all()

    seller = Thread(target=count)
    seller.start()
    assert counted.wait(20)
    facade.merge(keep_id=keep.id, drop_id=drop.id, reason="twice", principal=staff(house), now=NOON)
    seller.join()
    facade.finish_merges(now=NOON)
    days = MemberDayRow.objects.values_list("member_id", "business_date", "spend_minor", "purchases")
    assert list(days) == [(keep.id, TODAY, 30_050, 3)]
    assert facade.balances(member_id=keep.id).points == 300
    assert facade.verify() == ()
