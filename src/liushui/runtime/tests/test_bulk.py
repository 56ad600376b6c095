"""Bulk rows: one statement, the ORM's own form, nothing cut or lost on the way."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.safestring import mark_safe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liushui.kernel.errors import InvalidValue
from liushui.kernel.ids import new_id
from liushui.runtime import bulk
from liushui.runtime.bulk_values import Column, array_literal, stored
from liushui.runtime.models import AuditEntry, ConsumerPosition, OutboxEvent, RelayState, StaffUser

pytestmark = pytest.mark.django_db
AUDIT = ("id", "at", "subject", "subject_name", "action", "target", "store_id", "before", "after", "address", "reason")
SHANGHAI = timezone(timedelta(hours=8))


def audit_row(**changes):
    row = {
        "id": new_id(),
        "at": datetime(2026, 3, 1, 0, 30, tzinfo=SHANGHAI),
        "subject": "staff:1",
        "subject_name": 'O"Neil \\ 李\n\t雷, {NULL}',
        "action": "sale.void",
        "target": "NULL",
        "store_id": None,
        "before": {"名": ["a\\b", 'c"d', None, 1.5, True]},
        "after": None,
        "address": "",
        "reason": "%s {} 'quoted'",
    } | changes
    return [row[name] for name in AUDIT]


@pytest.mark.parametrize("skip_existing", [False, True])
def test_rows_come_back_through_the_orm_exactly_as_they_were_given(skip_existing):
    row = audit_row()
    bulk.insert_rows(table="runtime_auditentry", columns=AUDIT, rows=[row], skip_existing=skip_existing)
    stored = AuditEntry.objects.get()
    assert [getattr(stored, name) for name in AUDIT] == row
    assert stored.at == datetime(2026, 2, 28, 16, 30, tzinfo=UTC)
    assert AuditEntry.objects.filter(id=row[0], at=row[1], after__isnull=True).exists()  # lookups find that form too


@pytest.mark.parametrize("skip_existing", [False, True])
def test_bytes_booleans_and_texts_marked_as_safe_come_back(skip_existing):
    event_id, body = new_id(), bytes(range(256))
    bulk.insert_rows(
        table="runtime_outboxevent",
        columns=("id", "source", "type", "subject", "time", "data"),
        rows=[(event_id, mark_safe("s"), "t", "x", datetime(2026, 1, 1, 1, 2, 3, 456789, UTC), body)],
        skip_existing=skip_existing,
    )
    event = OutboxEvent.objects.get(id=event_id)
    assert (event.source, bytes(event.data), event.seq) == ("s", body, None)
    assert event.time == datetime(2026, 1, 1, 1, 2, 3, 456789, UTC)
    bulk.insert_rows(
        table="runtime_staffuser",
        columns=(
            "password",
            "username",
            "display_name",
            "language",
            "is_active",
            "created_at",
            "must_change_password",
            "sessions_epoch",
        ),
        rows=[("!", name, name, "", name == "a", datetime(2026, 1, 1, tzinfo=UTC), False, 0) for name in "ab"],
        skip_existing=skip_existing,
    )
    assert list(StaffUser.objects.order_by("username").values_list("is_active", flat=True)) == [True, False]


def test_rows_that_are_there_already_are_skipped_or_refused():
    first, second = audit_row(reason="first"), audit_row(reason="second")
    bulk.insert_rows(table="runtime_auditentry", columns=AUDIT, rows=[first])
    again = audit_row(id=first[0], reason="again")
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert_rows(table="runtime_auditentry", columns=AUDIT, rows=[second, again])
    assert list(AuditEntry.objects.values_list("reason", flat=True)) == ["first"]  # all or nothing
    bulk.insert_rows(table="runtime_auditentry", columns=AUDIT, rows=[second, again], skip_existing=True)
    assert sorted(AuditEntry.objects.values_list("reason", flat=True)) == ["first", "second"]


@pytest.mark.parametrize("skip_existing", [False, True])
@pytest.mark.parametrize("rows", [1, 500])
def test_however_many_rows_there_are_it_is_one_statement(rows, skip_existing):
    data = [audit_row(reason=str(number)) for number in range(rows)]
    with CaptureQueriesContext(connection) as queries:
        bulk.insert_rows(table="runtime_auditentry", columns=AUDIT, rows=data, skip_existing=skip_existing)
    assert len(queries) == 1
    assert AuditEntry.objects.count() == rows


def test_no_rows_ask_nothing_of_the_database():
    with CaptureQueriesContext(connection) as queries:
        bulk.insert_rows(table="runtime_auditentry", columns=AUDIT, rows=[])
        bulk.add_to_totals(table="runtime_consumerposition", keys=["consumer"], sums=["seq"], rows=[])
    assert len(queries) == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reason": "a\0b"}, "NUL"),
        ({"reason": "x" * 401}, "401 characters; 400 are the most"),
        ({"reason": mark_safe("x" * 401)}, "401 characters"),
        ({"at": datetime(2026, 1, 1)}, "no zone"),  # noqa: DTZ001
        ({"store_id": 2**63}, "out of range"),
        ({"store_id": -(2**63) - 1}, "out of range"),
    ],
)
def test_a_value_that_the_column_cannot_hold_is_refused_before_anything_is_sent(changes, message):
    with CaptureQueriesContext(connection) as queries, pytest.raises(InvalidValue, match=message):
        bulk.insert_rows(table="runtime_auditentry", columns=AUDIT, rows=[audit_row(), audit_row(**changes)])
    assert len(queries) == 0


def test_a_number_too_long_for_an_integer_is_refused_and_not_cut():
    def insert(number):
        bulk.insert_rows(
            table="runtime_consumerposition",
            columns=("consumer", "seq", "failures", "failure"),
            rows=[("reader", 0, number, "")],
        )

    with pytest.raises(InvalidValue, match="2147483648 is out of range for failures"):
        insert(2**31)
    insert(2**31 - 1)
    assert ConsumerPosition.objects.get().failures == 2147483647


def test_a_value_of_a_foreign_type_and_a_row_of_another_length_are_mistakes():
    with pytest.raises(ValueError, match="store_id cannot be given a complex"):
        bulk.insert_rows(table="runtime_auditentry", columns=AUDIT, rows=[audit_row(store_id=1j)])
    with pytest.raises(ValueError, match=r"shorter|rows have"):
        bulk.insert_rows(table="runtime_auditentry", columns=AUDIT, rows=[audit_row(), audit_row()[:-1]])
    with pytest.raises(ValueError, match="no column colour"):
        bulk.insert_rows(table="runtime_auditentry", columns=("colour",), rows=[("red",)])
    with pytest.raises(ValueError, match="no model has the table"):
        bulk.insert_rows(table="nothing", columns=("a",), rows=[(1,)])


def test_dates_are_stored_as_the_orm_stores_them():
    # No table of this module has a column of dates; the forms of values are the same code for all tables.
    (days,) = stored([Column("day", "date", None, None)], [(date(2026, 2, 28), None)])
    assert list(days) == ([date(2026, 2, 28), None] if connection.vendor == "postgresql" else ["2026-02-28", None])


def test_totals_are_added_to_and_rows_of_the_same_key_are_merged():
    table = {"table": "runtime_relaystate", "keys": ["id"], "sums": ["last_seq"]}
    with CaptureQueriesContext(connection) as queries:
        bulk.add_to_totals(**table, rows=iter([(2, 5), (1, 10), (2, -7), (1, 2**40)]))
    assert len(queries) == 1
    bulk.add_to_totals(**table, rows=[(1, 1)])
    assert list(RelayState.objects.order_by("id").values_list("id", "last_seq")) == [(1, 2**40 + 11), (2, -2)]


def test_thousands_of_totals_are_one_statement():
    rows = [(number % 5000, number) for number in range(20_000)]
    with CaptureQueriesContext(connection) as queries:
        bulk.add_to_totals(table="runtime_relaystate", keys=["id"], sums=["last_seq"], rows=rows)
    assert len(queries) == 1
    assert RelayState.objects.count() == 5000
    assert RelayState.objects.get(id=7).last_seq == 7 + 5007 + 10007 + 15007


def test_totals_need_all_of_their_keys():
    with pytest.raises(InvalidValue, match="one of \\(None,\\) is missing"):
        bulk.add_to_totals(table="runtime_relaystate", keys=["id"], sums=["last_seq"], rows=[(None, 1)])


def test_totals_that_are_merged_already_are_added_to():
    for amount in (5, -7):
        totals = {(2,): [amount], (1,): (1,)}
        bulk.add_merged(table="runtime_relaystate", keys=["id"], sums=["last_seq"], totals=totals)
    bulk.add_merged(table="runtime_relaystate", keys=["id"], sums=["last_seq"], totals={(): (4,)}, same=(1,))
    bulk.add_merged(table="runtime_relaystate", keys=["id"], sums=["last_seq"], totals={})
    assert list(RelayState.objects.order_by("id").values_list("id", "last_seq")) == [(1, 6), (2, -2)]


def test_totals_of_several_keys_and_sums_are_merged():
    rows = [("b", 1, 10, 1), ("a", 2, 5, 0), ("b", 1, -3, 1), ("a", 1, 7, 7)]
    assert sorted(bulk._merged(rows, 2).items()) == [(("a", 1), [7, 7]), (("a", 2), [5, 0]), (("b", 1), [7, 2])]
    assert rows == [("b", 1, 10, 1), ("a", 2, 5, 0), ("b", 1, -3, 1), ("a", 1, 7, 7)]  # the caller's rows stay


@pytest.mark.services
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    texts=st.lists(st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))),
    numbers=st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)),
    bodies=st.lists(st.none() | st.binary()),
    flags=st.lists(st.none() | st.booleans()),
    ids=st.lists(st.none() | st.uuids()),
    days=st.lists(st.none() | st.dates()),
)
def test_any_array_reaches_postgresql_unchanged(texts, numbers, bodies, flags, ids, days):
    kinds = {"text": texts, "bigint": numbers, "bytea": bodies, "boolean": flags, "uuid": ids, "date": days}
    for kind, values in kinds.items():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT unnest(%s::{kind}[])", [array_literal(values)])
            found = [bytes(row[0]) if kind == "bytea" and row[0] is not None else row[0] for row in cursor.fetchall()]
        assert found == values
