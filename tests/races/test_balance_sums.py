"""Sums of the ledger while others book: an entry that is committed late is in no sum that stands before it."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime

import pytest
from django.db import connection, transaction

from liushui.kernel.ids import new_id
from liushui.loyalty import balances, facade
from liushui.loyalty.models import EntryRow

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def book(points: int) -> None:
    EntryRow.objects.create(
        account_id=new_id(), account_kind="member", chain_id=1, kind="adjust", cause="test", points=points,
        currency="CNY", at=NOON, on_date=date(2026, 10, 5),
    )  # fmt: skip


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer, whose ids are in order")
def test_an_entry_that_is_committed_after_a_later_one_is_waited_for() -> None:
    has_booked, may_commit = threading.Event(), threading.Event()

    def book_slowly() -> None:
        with transaction.atomic():
            book(100)
            has_booked.set()
            assert may_commit.wait(20)
        connection.close()

    slow = threading.Thread(target=book_slowly)
    slow.start()
    assert has_booked.wait(20)
    book(20)  # a higher id, to be seen before the other
    try:
        assert facade.snapshot_balances(now=NOON) == 0
        assert balances.taken_in() == 0
        assert [*balances.before(chain_id=1, day=date(2026, 11, 1)).sums.values()] == [balances.Sums(20)]
    finally:
        may_commit.set()
        slow.join()
    assert facade.snapshot_balances(now=NOON) >= 2
    found = balances.before(chain_id=1, day=date(2026, 11, 1))
    assert ([*found.sums.values()], found.entries_read) == ([balances.Sums(120)], 0)
    assert facade.verify_balances() == ()
