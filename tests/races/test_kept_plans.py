"""Plans that connections keep (decision 0202): the same rows as without, whoever asks, whatever happened before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from liushui.orders.models import Sale
from liushui.runtime import at_once, row_security
from liushui.runtime.at_once import Statement
from liushui.runtime.postgresql import plans
from liushui.runtime.row_security import EVERYTHING, NOTHING, Scope

pytestmark = pytest.mark.services
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ASK = "SELECT store_id FROM orders_sale WHERE store_id >= %s ORDER BY store_id"


@pytest.fixture
def sales(transactional_db: None) -> Iterator[None]:
    """One sale in each of four stores, and a connection that keeps no plans yet."""
    connection.close()
    Sale.objects.bulk_create(
        Sale(
            id=uuid4(), source="till", source_id=str(store_id), chain_id=1, store_id=store_id, completed_at=NOON,
            recorded_at=NOON, business_date=NOON.date(), local_hour=12, line_count=1, returned_line_count=0, units=1,
            regular_minor=1, discount_minor=0, returned_minor=0, total_minor=1, tax_minor=0, variance_minor=0,
        )
        for store_id in range(1, 5)
    )  # fmt: skip
    yield
    connection.close()


def seen(scope: Scope) -> list[int]:
    with row_security.entered(scope):
        return [store_id for (store_id,) in at_once.ask(ASK, [1])]


def kept() -> dict[str, bytes]:
    found: dict[str, bytes] = connection.connection.__dict__.get("liushui_plans", {})
    return found


def test_one_plan_shows_each_scope_its_own_rows(sales: None) -> None:
    scopes = {
        Scope(("1", "1", "")): [1], Scope(("2,4", "1", "")): [2, 4], EVERYTHING: [1, 2, 3, 4], NOTHING: [],
    }  # fmt: skip
    for _ in range(8):  # the server makes a plan for all values from the sixth time on
        for scope, rows in scopes.items():
            assert seen(scope) == rows
            with transaction.atomic():
                assert seen(scope) == rows
    assert list(kept()) == [ASK]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", 'it\'s 100% \\ "quoted"; DROP TABLE orders_sale --\n$1 %s 流水'),
        ("text", ""),
        ("text", None),
        ("bigint", -(2**62)),
        ("boolean", True),
        ("boolean", False),
        ("uuid", UUID(int=7)),
        ("date", date(2026, 2, 28)),
        ("timestamptz", datetime(2026, 11, 22, 12, 0, 0, 5, tzinfo=timezone(timedelta(hours=8)))),
        ("timestamptz", NOON),
        ("bytea", b"\x00'\\\xff"),
        ("text[]", ["a,b", 'c"d', "e\\f", "{"]),
        ("bigint[]", [1, 2**40]),
        ("bigint[]", []),
    ],
)
def test_values_arrive_as_they_are(db: None, kind: str, value: Any) -> None:
    for _ in range(2):
        [[found]] = at_once.ask(f"SELECT CAST(%s AS {kind})", [value])
        assert (bytes(found) if kind == "bytea" else found) == value


def test_a_percent_sign_in_a_statement_is_one(db: None) -> None:
    assert at_once.ask("SELECT %s LIKE 'a%%'", ["abc"]) == [(True,)]


def test_a_message_that_fails_leaves_the_connection_as_good_as_before(sales: None) -> None:
    asking, failing = Statement(ASK, [3]), Statement("SELECT 1 / (%s::bigint - 1)", [1])
    for _ in range(3):
        with pytest.raises(DataError):
            at_once.send([asking, failing])
        assert kept() == {}
    assert at_once.send([asking, Statement(failing.sql, [2])]) == [[(3,), (4,)], [(1,)]]
    assert set(kept()) == {ASK, failing.sql}
    assert at_once.send([asking, Statement(failing.sql, [0])]) == [[(3,), (4,)], [(-1,)]]


def test_all_of_a_message_or_nothing(sales: None) -> None:
    delete = Statement("DELETE FROM orders_sale WHERE store_id = %s RETURNING store_id", [1])
    known = Statement("INSERT INTO runtime_outboxevent SELECT * FROM runtime_outboxevent WHERE %s / 0 = 1", [1])
    for _ in range(2):
        with pytest.raises((IntegrityError, DataError)):
            at_once.send([delete, known])
    assert seen(EVERYTHING) == [1, 2, 3, 4]


def test_a_table_may_change_under_a_plan(sales: None) -> None:
    for _ in range(7):
        assert seen(EVERYTHING) == [1, 2, 3, 4]
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orders_sale ADD COLUMN later bigint")
        try:
            assert seen(EVERYTHING) == [1, 2, 3, 4]
            assert seen(Scope(("3", "1", ""))) == [3]
        finally:
            cursor.execute("ALTER TABLE orders_sale DROP COLUMN later")


def test_a_connection_keeps_no_more_than_so_many(transactional_db: None) -> None:
    connection.close()
    with mock.patch.object(plans, "PLANS_MAX", 3):
        for number in range(5):
            assert at_once.ask(f"SELECT {number} + %s", [1]) == [(number + 1,)]
        assert len(kept()) == 3
        assert at_once.ask("SELECT 0 + %s", [5]) == [(5,)]
    many = ", ".join(["%s"] * (plans.VALUES_MAX + 1))
    assert at_once.ask(f"SELECT 1 WHERE 7 IN ({many})", [7] * (plans.VALUES_MAX + 1)) == [(1,)]
    assert len(kept()) == 3
    connection.close()
