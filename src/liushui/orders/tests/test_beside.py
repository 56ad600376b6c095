"""What becomes final with a sale is written in the sale's own message: with it, or not at all (PostgreSQL)."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from liushui.orders import facade
from liushui.orders.errors import SaleConflict
from liushui.orders.models import Sale
from liushui.orders.tests.examples import other_body, sale
from liushui.runtime.at_once import Message, Reply, Statement
from liushui.runtime.models import OutboxEvent

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
NOW = datetime(2026, 11, 22, 4, 1, tzinfo=UTC)


class Noting:
    """Adds one of whatever the condition lets through."""

    def __init__(self, sql: str = "SELECT %s::uuid WHERE {condition}") -> None:
        self.sql = sql
        self.reply = Reply()

    def beside(self, message: Message, sale_id: UUID, only_if: Statement) -> None:
        values = [sale_id, *only_if.values]
        self.reply = message.add([Statement(self.sql.format(condition=only_if.sql), values)])


def record(command, noting):
    [answer] = facade.record_sales(commands=[command], recorded_at=NOW, beside=noting.beside)
    return answer


def test_it_is_done_for_the_sale_that_the_message_records_and_never_again():
    first = Noting()
    answer = record(sale(), first)
    assert first.reply.rows == [(answer.sale_id,)]
    again = Noting()
    assert record(sale(), again).is_replay
    assert again.reply.rows == []
    conflict = Noting()
    assert isinstance(record(other_body(sale()), conflict), SaleConflict)
    assert conflict.reply.rows == []


def test_what_the_database_refuses_of_it_keeps_no_sale_back():
    refused = Noting(
        "INSERT INTO orders_return_counter (sale_id, line_number, returned_units) SELECT %s, NULL, 1 WHERE {condition}"
    )
    answer = record(sale(), refused)
    assert refused.reply.rows == []
    assert Sale.objects.get().id == answer.sale_id
    assert OutboxEvent.objects.count() == 1
