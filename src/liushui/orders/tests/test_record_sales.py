"""Sales are written down once, completely, in a number of statements that does not grow."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from liushui.orders import facade
from liushui.orders.contracts import SALE_COMPLETED, SaleRecorded, Tender
from liushui.orders.errors import SaleConflict, SaleUnbalanced
from liushui.orders.models import DiscountRow, Sale, SaleLineRow, TenderRow
from liushui.orders.tests.examples import NOON, line, numbered, other_body, sale
from liushui.runtime.models import OutboxEvent

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 4, 1, tzinfo=UTC)


def record(*commands):
    return facade.record_sales(commands=commands, recorded_at=NOW)


def test_a_sale_is_answered_with_its_sums_and_found_again_as_it_was_sent():
    command = sale(lines=(line(1, amount=1000, regular=1200, units=2), line(2, amount=-300, units=-1, tax_minor=-25)))
    [answer] = record(command)
    assert (answer.total_minor, answer.tax_minor, answer.line_count, answer.is_replay) == (700, -25, 2, False)
    found = facade.sale(sale_id=answer.sale_id, store_ids={1})
    assert found.lines == command.lines
    assert found.tenders == command.tenders
    assert found.recorded_at == NOW
    summary = found.summary
    assert (summary.units, summary.regular_minor, summary.discount_minor, summary.returned_minor) == (1, 900, 200, 300)
    assert (summary.completed_at, summary.business_date.isoformat(), summary.status) == (
        NOON,
        "2026-11-22",
        "completed",
    )


def test_the_event_says_everything_that_was_recorded():
    command = sale(lines=numbered(3))
    [answer] = record(command)
    event = OutboxEvent.objects.get()
    assert (event.type, event.source, event.subject) == (SALE_COMPLETED, "liushui/orders", f"sale:{answer.sale_id}")
    fact = facade.decode_fact(bytes(event.data))
    assert fact.lines == command.lines
    assert (fact.sale_id, fact.completed_at, fact.tenders) == (answer.sale_id, NOON, command.tenders)
    assert facade.sale_facts(after=None, limit=10) == [(fact, "completed")]


def test_the_same_sale_again_answers_the_first_answer_and_writes_nothing():
    [first] = record(sale(lines=numbered(4)))
    [again] = record(sale(lines=numbered(4)))
    assert again == SaleRecorded(**{name: getattr(first, name) for name in first.__slots__} | {"is_replay": True})
    assert (Sale.objects.count(), SaleLineRow.objects.count(), TenderRow.objects.count()) == (1, 4, 1)
    assert (DiscountRow.objects.count(), OutboxEvent.objects.count()) == (2, 1)


def test_another_body_under_the_same_id_is_a_conflict_that_names_both():
    [first] = record(sale())
    [conflict] = record(other_body(sale()))
    assert isinstance(conflict, SaleConflict)
    assert conflict.problem() == {
        "type": "urn:liushui:problem:sale-conflict",
        "title": "This sale is already recorded with other contents",
        "status": 409,
        "detail": "pos sent 'T1-0001' before with other contents: recorded is aaaaaaaaaaaa…, this one is bbbbbbbbbbbb…",
        "remedy": "Send the sale as it was sent first, or give a changed sale an id of its own.",
        "source": "pos",
        "source_id": "T1-0001",
        "sale_id": str(first.sale_id),
        "recorded_sha256": "a" * 64,
        "given_sha256": "b" * 64,
    }
    assert Sale.objects.get().operator == "7"


def test_a_batch_that_repeats_itself_records_each_sale_once():
    answers = record(sale("1"), sale("2"), sale("1"), other_body(sale("2")), sale("3"))
    assert [isinstance(answer, SaleConflict) for answer in answers] == [False, False, False, True, False]
    assert [answer.is_replay for answer in answers if not isinstance(answer, SaleConflict)] == [
        False,
        False,
        True,
        False,
    ]
    assert answers[0].sale_id == answers[2].sale_id
    assert Sale.objects.count() == OutboxEvent.objects.count() == 3


def test_a_batch_of_known_and_new_sales_adds_only_the_new_ones():
    record(sale("1"), sale("3"))
    answers = record(sale("4"), sale("3"), sale("2"), sale("1"))
    assert [(answer.source_id, answer.is_replay) for answer in answers] == [
        ("4", False),
        ("3", True),
        ("2", False),
        ("1", True),
    ]
    assert SaleLineRow.objects.count() == OutboxEvent.objects.count() == 4


def test_one_id_of_two_sources_is_two_sales():
    answers = record(sale("1"), sale("1", source="web"))
    assert len({answer.sale_id for answer in answers}) == 2


def test_an_empty_batch_is_answered_by_nothing():
    with CaptureQueriesContext(connection) as queries:
        assert record() == []
    assert len(queries) == 0


def test_tenders_that_do_not_sum_to_the_lines_record_nothing():
    with pytest.raises(SaleUnbalanced, match=r"come to 1249, the lines to 1250"):
        record(sale(tenders=(Tender(type="cash", amount_minor=1249),)))
    assert Sale.objects.count() == 0


def test_a_return_has_a_negative_total():
    [answer] = record(sale(lines=(line(1, amount=-500, units=-1),)))
    assert answer.total_minor == -500
    assert Sale.objects.get().returned_minor == 500


def test_the_database_refuses_a_line_whose_amounts_do_not_add_up():
    with pytest.raises(IntegrityError, match=r"sale_total|line_amount"), transaction.atomic():
        record(sale(lines=(line(1, amount=500, discount_minor=1),)))
    assert Sale.objects.count() == 0


def statements(*commands) -> int:
    """Statements that pass Django's cursor, without savepoints of the test's own transaction."""
    seen: list[str] = []

    def watch(execute, sql, params, many, context):
        if "SAVEPOINT" not in sql:
            seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        record(*commands)
    return len(seen)


def test_the_number_of_statements_is_the_same_for_any_number_of_sales_and_lines():
    one_line = (line(1, amount=900, regular=1000),)
    counts = (
        statements(sale("a", lines=one_line)),
        statements(sale("b", lines=numbered(200))),
        statements(*(sale(f"c{n}", lines=numbered(10)) for n in range(500))),
    )
    # SQLite: find known, then sales, lines, discounts, tenders, events. PostgreSQL: one message for a single sale; from
    # bulk.COPY_FROM_ROWS rows on each table has a COPY, which Django's wrapper does not see (tests/races counts it).
    assert counts == ((6, 6, 6) if connection.vendor == "sqlite" else (1, 1, 1))
