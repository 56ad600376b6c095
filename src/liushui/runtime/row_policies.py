"""Policies of row security: what each table shows the role of the web server, and putting them into the database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import structlog
from django.db import connection, transaction

from liushui.runtime.row_security import WEB_ROLE

_logger = structlog.get_logger(__name__)


def _ids(setting: str) -> str:
    # IN over a sub-select becomes a hash table made once a statement, so that a row costs the same in a chain of two
    # stores and of two thousand. A setting that is missing or empty gives no ids, and so no rows.
    return f"(SELECT unnest(string_to_array(current_setting('liushui.{setting}', true), ',')::bigint[]))"


STORES, CHAINS, WHOLE_CHAINS = _ids("stores"), _ids("chains"), _ids("whole_chains")
OPEN = "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which rows the web server reads, adds and changes: SQL conditions over the columns; None is none at all."""

    read: str | None
    insert: str | None
    change: str | None


def same(condition: str) -> Policy:
    """One condition for whatever is done."""
    return Policy(read=condition, insert=condition, change=condition)


def read_only(condition: str) -> Policy:
    """Rows that only the worker and commands write."""
    return Policy(read=condition, insert=None, change=None)


def part_of(table: str, *, key: str, id: str = "id") -> str:
    """A row that hangs on one of another table, which says itself who sees it.

    OFFSET 0 keeps PostgreSQL from reading that whole table into a hash: each row is looked up by its key.
    """
    return f"EXISTS (SELECT 1 FROM {table} AS whole WHERE whole.{id} = {key} OFFSET 0)"  # noqa: S608  # nosec B608  # our own names and marks, values are parameters


BY_STORE = same(f"store_id IN {STORES}")
BY_CHAIN = same(f"chain_id IN {CHAINS}")
# A row of a store, or of a chain as a whole.
_WITHIN = f"store_id IN {STORES} OR store_id IS NULL AND chain_id IN {WHOLE_CHAINS}"
WITHIN = same(_WITHIN)
# Or of no place at all: an installation's own affairs, for readers of any whole chain.
WITHIN_OR_NOWHERE = same(
    f"{_WITHIN} OR store_id IS NULL AND chain_id IS NULL AND current_setting('liushui.whole_chains', true) <> ''"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is there of the wall in this database. `missing` says in words what is not; `advice` what weakens it."""

    missing: tuple[str, ...]
    advice: tuple[str, ...]


def install(*, policies: Mapping[str, Policy], again: bool = False) -> bool:
    """Bring role, rights and policies to what this program wants; answers whether the wall stands afterwards.

    Asks one question and writes nothing when all is there already, unless `again`. Does nothing on SQLite. Without the
    role, and without the right to make it, it says so in the log: `liushui doctor` tells what to do.
    """
    if connection.vendor != "postgresql":
        return False
    tables = _tables()
    present = {table: policy for table, policy in policies.items() if table in tables}
    statements = [statement for table, policy in sorted(present.items()) for statement in _statements(table, policy)]
    mark = f"row security {hashlib.sha256(';'.join(statements).encode()).hexdigest()}"
    if not present or (not again and _is_marked(min(present), mark)):
        return bool(present)
    if not ensure_role():
        _logger.warning("row_security_not_installed", remedy="liushui doctor says what is missing")
        return False
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        [schema] = cursor.fetchone()
        for rights, what in (
            ("USAGE", f"SCHEMA {schema}"),
            ("SELECT, INSERT, UPDATE, DELETE", f"ALL TABLES IN SCHEMA {schema}"),
            ("USAGE, SELECT", f"ALL SEQUENCES IN SCHEMA {schema}"),
        ):
            cursor.execute(f"GRANT {rights} ON {what} TO {WEB_ROLE}")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute(f"COMMENT ON TABLE {min(present)} IS '{mark}'")
    return True


def state(*, policies: Mapping[str, Policy]) -> State:
    """Look at what is there; on PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper OR rolbypassrls, pg_has_role(oid, 'MEMBER'),"
            " EXISTS (SELECT 1 FROM pg_class WHERE relname = ANY(%s) AND relnamespace = current_schema()::regnamespace"
            " AND pg_has_role(pg_roles.oid, relowner, 'USAGE')) FROM pg_roles WHERE rolname = %s",
            [list(policies), WEB_ROLE],
        )
        role = cursor.fetchone()
        cursor.execute("SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        name, is_super, bypasses = cursor.fetchone()
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relrowsecurity AND relnamespace = current_schema()::regnamespace"
        )
        guarded = {row[0] for row in cursor.fetchall()}
    missing = []
    if role is None or not role[1]:
        missing.append(f"{name} is no member of a role {WEB_ROLE}")
    elif role[0] or role[2]:
        missing.append(f"{WEB_ROLE} passes row security by")
    if unguarded := sorted(set(policies) - guarded):
        missing.append(f"{len(unguarded)} tables are unguarded, first {unguarded[0]}")
    advice = [f"{name} is a {word}" for word, found in (("superuser", is_super), ("BYPASSRLS role", bypasses)) if found]
    return State(missing=tuple(missing), advice=tuple(advice))


def _statements(table: str, policy: Policy) -> Iterator[str]:
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    for name, action, condition, clause in (
        ("read", "SELECT", policy.read, "USING ({0})"),
        ("insert", "INSERT", policy.insert, "WITH CHECK ({0})"),
        ("change", "UPDATE", policy.change, "USING ({0}) WITH CHECK ({0})"),
        ("remove", "DELETE", policy.change, "USING ({0})"),
    ):
        yield f"DROP POLICY IF EXISTS liushui_{name} ON {table}"
        if condition is not None:
            yield f"CREATE POLICY liushui_{name} ON {table} FOR {action} TO {WEB_ROLE} {clause.format(condition)}"


def ensure_role() -> bool:
    """Whether the role is there and this login a member of it, made by now if that is possible."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_has_role(oid, 'MEMBER') FROM pg_roles WHERE rolname = %s", [WEB_ROLE])
        found = cursor.fetchone()
        if found is not None and found[0]:
            return True
        cursor.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
        if not cursor.fetchone()[0]:
            return False
        if found is None:
            cursor.execute(f"CREATE ROLE {WEB_ROLE} NOLOGIN")
        cursor.execute(f"GRANT {WEB_ROLE} TO CURRENT_USER")
    return True


def _tables() -> set[str]:
    with connection.cursor() as cursor:
        return set(connection.introspection.table_names(cursor))


def _is_marked(table: str, mark: str) -> bool:
    """Whether all is there already. A database that was restored from a dump has the mark, but lacks the rights."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = %s"
            " AND has_table_privilege(oid, %s::regclass, 'SELECT') AND obj_description(%s::regclass, 'pg_class') = %s)",
            [WEB_ROLE, table, table, mark],
        )
        return bool(cursor.fetchone()[0])
