"""The second wall, by raw SQL: what the database shows the web server's role, table by table, whatever a query forgets.

Every value of a row is made of one number: row 1 lies in store 1 of chain 1 and hangs on the rows numbered 1, row 2
likewise in store 2 of chain 2. Check constraints are lifted meanwhile; the test's transaction takes all of it back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from psycopg import sql

from liushui.app.protected_tables import EXEMPT, POLICIES
from liushui.runtime import bulk, row_policies, row_security
from liushui.runtime.models import ApprovalRow
from liushui.runtime.row_policies import OPEN
from liushui.runtime.row_security import EVERYTHING, NOTHING, WEB_ROLE, Scope

STORE_1 = Scope(("1", "1", ""))  # somebody of store 1
CHAIN_1 = Scope(("1", "1", "1"))  # somebody of the whole of chain 1
ONE_EACH = {  # a place, or a sale, has one row there
    *(
        "promotions_chain_head",
        "loyalty_programme_head",
        "orders_price_explanation",
        "orders_return_head",
        "returns_policy",
    ),
    "loyalty_earned_sale",
}
WHOLE_CHAIN_ONLY = {"analytics_itemdaytotal", "analytics_itemmonthtotal"}
TABLES = sorted(POLICIES)
_PLACES = {
    *("chain_id", "region_id", "store_id", "chain_code", "sale_id", "payment_id", "run_id"),
    *("batch_id", "reservation_id"),
}
_OWNERS = {"loyalty_card": "member_id", "privacy_blind_index": "subject_id", "privacy_value": "subject_id"}  # of a part
_VALUES = {
    "bigint": "{n}",
    "integer": "{n}",
    "smallint": "{n}",
    "numeric": "{n}",
    "uuid": "'00000000-0000-0000-0000-00000000000{n}'",
    "character varying": "'{n}'",
    "text": "'{n}'",
    "date": "'2026-01-0{n}'",
    "timestamp with time zone": "'2026-01-0{n}T00:00Z'",
    "time without time zone": "'0{n}:00'",
    "boolean": "true",
    "jsonb": "'{n}'",
    "bytea": "'{n}'",
}


def test_every_table_with_a_place_is_guarded_or_excused() -> None:
    placed = {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if {"store_id", "chain_id"} & {field.attname for field in model._meta.concrete_fields}
    }
    assert sorted(placed - POLICIES.keys() - EXEMPT.keys()) == []
    assert sorted(POLICIES.keys() & EXEMPT.keys()) == []
    known = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    assert sorted((POLICIES.keys() | EXEMPT.keys()) - known) == []


def run(statement: str, parameters: Any = None) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else [cursor.rowcount]


def columns(table: str) -> list[tuple[str, str]]:
    return run(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_name = %s AND table_schema = current_schema() ORDER BY ordinal_position",
        [table],
    )


def insert(table: str, n: int, *, place: int | None = None) -> str:
    """A statement that adds row n, lying in another place when one is given."""
    values = {name: _VALUES[kind].format(n=n) for name, kind in COLUMNS[table]}
    if place is not None:
        values |= {name: _VALUES[kind].format(n=place) for name, kind in COLUMNS[table] if is_place(table, name)}
    names = ", ".join(f'"{name}"' for name in values)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join(values.values())})"


def is_place(table: str, column: str) -> bool:
    """Whether the column says where a row lies, or on which other row it hangs."""
    return column in _PLACES or _OWNERS.get(table) == column


COLUMNS: dict[str, list[tuple[str, str]]] = {}


@pytest.fixture
def two_places(db: None) -> None:
    """Rows 1 and 2 in every guarded table, and the places themselves."""
    for table in {*TABLES, "stores_chain"}:
        COLUMNS.setdefault(table, columns(table))
    checks = run(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c'"
        " AND connamespace = current_schema()::regnamespace"
    )
    with connection.cursor() as cursor:
        for table, name in checks:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        for table in ["stores_chain", *TABLES]:
            cursor.execute(insert(table, 1))
            cursor.execute(insert(table, 2))


@contextmanager
def refused() -> Iterator[None]:
    with pytest.raises(DatabaseError, match=r"row-level security|permission denied"), transaction.atomic():
        yield


def key_of(table: str) -> str:
    """A column in which the number of the row stands."""
    numbers = ("bigint", "uuid", "integer", "smallint", "character varying")
    return next(name for name, kind in COLUMNS[table] if kind in numbers and not is_place(table, name))


def seen(table: str) -> list[int]:
    found = run(f'SELECT "{key_of(table)}"::text FROM {table}')
    return sorted(int(key[-1]) for [key] in found)


@pytest.mark.services
@pytest.mark.parametrize("table", TABLES)
def test_who_says_nothing_sees_and_does_nothing(two_places: None, table: str) -> None:
    policy = POLICIES[table]
    with row_security.entered(NOTHING):
        assert seen(table) == ([1, 2] if policy.read == OPEN else [])
        if policy.insert != OPEN:
            with refused():
                run(insert(table, 3, place=1))
        column = COLUMNS[table][-1][0]
        assert run(f'UPDATE {table} SET "{column}" = "{column}"') == [0]
        assert run(f"DELETE FROM {table}") == [0]
    assert seen(table) == [1, 2]


@pytest.mark.services
@pytest.mark.parametrize("table", TABLES)
def test_a_chain_sees_and_changes_its_own_rows_only(two_places: None, table: str) -> None:
    policy = POLICIES[table]
    with row_security.entered(CHAIN_1):
        assert seen(table) == ([1, 2] if policy.read == OPEN else [1] if policy.read else [])
        if policy.insert != OPEN:
            with refused():
                run(insert(table, 3, place=2))
        adds = policy.insert is not None and table not in ONE_EACH
        if adds:
            run(insert(table, 3, place=1))
        changed = [1 + adds] if policy.change else [0]  # rows 1 and 3
        column = COLUMNS[table][-1][0]
        assert run(f'UPDATE {table} SET "{column}" = "{column}"') == changed
    own = [1, 3] if adds else [1]
    assert seen(table) == sorted([*own, 2])


@pytest.mark.services
@pytest.mark.parametrize("table", sorted(t for t in TABLES if POLICIES[t].read not in (OPEN, None)))
def test_a_store_does_not_see_what_is_summed_over_its_chain(two_places: None, table: str) -> None:
    with row_security.entered(STORE_1):
        assert seen(table) == ([] if table in WHOLE_CHAIN_ONLY else [1])


@pytest.mark.services
@pytest.mark.parametrize("table", ["orders_sale", "till_shift", "payments_paymentrow", "intake_quarantineentryrow"])
def test_nobody_moves_a_row_into_a_foreign_store(two_places: None, table: str) -> None:
    with row_security.entered(CHAIN_1), refused():
        run(f"UPDATE {table} SET store_id = 2")
    assert run(f"SELECT store_id FROM {table} ORDER BY 1") == [(1,), (2,)]


@pytest.mark.services
def test_rows_of_no_place_are_for_readers_of_a_whole_chain(two_places: None) -> None:
    run("UPDATE intake_quarantineentryrow SET store_id = NULL, chain_id = NULL WHERE store_id = 1")
    run("UPDATE intake_quarantineentryrow SET store_id = NULL WHERE store_id = 2")
    with row_security.entered(STORE_1):
        assert run("SELECT store_id, chain_id FROM intake_quarantineentryrow") == []
    with row_security.entered(CHAIN_1):
        assert run("SELECT store_id, chain_id FROM intake_quarantineentryrow") == [(None, None)]


@pytest.mark.services
def test_copy_is_refused_to_the_web_and_many_rows_go_in_all_the_same(two_places: None) -> None:
    names = ("sale_id", "position", "type", "method", "reference", "amount_minor")
    own, foreign = ([(UUID(int=n), position, "cash", "", "", 1) for position in range(100, 600)] for n in (1, 2))
    with row_security.entered(STORE_1):
        with refused():
            bulk.insert_rows(table="orders_tender", columns=names, rows=foreign)
        bulk.insert_rows(table="orders_tender", columns=names, rows=own)
        with (
            pytest.raises(psycopg.errors.FeatureNotSupported, match="COPY FROM not supported"),
            transaction.atomic(),
            connection.cursor() as cursor,
            cursor.copy("COPY orders_tender FROM STDIN"),
        ):
            pass
    assert run("SELECT count(*) FROM orders_tender WHERE position >= 100") == [(500,)]


@pytest.mark.services
def test_the_wall_stands_and_its_role_cannot_pass_it(db: None) -> None:
    assert row_policies.state(policies=POLICIES) == row_policies.State(missing=(), advice=())
    [(login, is_super)] = run("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
    assert (login, is_super) == ("liushui", False)
    with row_security.entered(NOTHING):
        [(speaker,)] = run("SELECT current_user")
        assert speaker == WEB_ROLE
        with pytest.raises(DatabaseError, match="must be owner"), transaction.atomic():
            run("ALTER TABLE orders_sale DISABLE ROW LEVEL SECURITY")
        with pytest.raises(DatabaseError, match="query would be affected by row-level security"), transaction.atomic():
            run("SET LOCAL row_security = off")
            run("SELECT * FROM orders_sale")


@pytest.mark.services
def test_what_is_missing_is_said(db: None) -> None:
    run("ALTER TABLE till_shift DISABLE ROW LEVEL SECURITY")
    assert row_policies.state(policies=POLICIES).missing == ("1 tables are unguarded, first till_shift",)
    assert row_policies.install(policies=POLICIES) is True  # sees that all was put in before, and does nothing
    assert row_policies.install(policies=POLICIES, again=True) is True
    assert row_policies.state(policies=POLICIES).missing == ()


@pytest.mark.services
def test_a_fresh_connection_on_which_nothing_was_ever_said_shows_nothing(transactional_db: None) -> None:
    now = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
    ApprovalRow.objects.create(
        id=UUID(int=1), kind="k", target="t", chain_id=1, store_id=1, requested_at=now, expires_at=now
    )
    known = ("dbname", "user", "password", "host", "port")
    parameters = {key: value for key, value in connection.get_connection_params().items() if key in known}
    with psycopg.connect(**parameters) as fresh:
        assert fresh.execute("SELECT count(*) FROM runtime_approvalrow").fetchone() == (1,)
        fresh.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(WEB_ROLE)))
        assert fresh.execute("SELECT current_setting('liushui.stores', true)").fetchone() == (None,)
        assert fresh.execute("SELECT count(*) FROM runtime_approvalrow").fetchone() == (0,)
    assert row_security.current() == EVERYTHING
