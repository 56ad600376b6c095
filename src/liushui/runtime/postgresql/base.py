"""Connections that are in the right scope at every statement, without a round trip more (docs/decisions/0100)."""

from __future__ import annotations

from typing import Any

import structlog
from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations
from psycopg import Connection
from psycopg.pq import TransactionStatus

from liushui.runtime import row_security
from liushui.runtime.at_once import Text
from liushui.runtime.postgresql.plans import Message, learn, message_of
from liushui.runtime.row_security import EVERYTHING, SETTINGS, WEB_ROLE, Scope

_logger = structlog.get_logger(__name__)
_UNKNOWN = Scope(("?", "?", "?"))  # equal to nothing that is ever wanted
_CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
_Cursor: Any = base.Cursor  # of psycopg 3; its stubs know the one of psycopg 2
_usable: bool | None = None  # whether the database is prepared; asked once by each process


class ScopedCursor(_Cursor):  # type: ignore[misc]
    """Sends the change of scope, when there is one, in front of the statement and in the same message.

    A scope that is set outside a transaction stays with the connection; one that is set inside is gone with it,
    committed or not, so that no rollback can leave a connection in another scope than it is taken to be in.
    """

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        if isinstance(query, str) and query.lstrip()[:9].upper().startswith(_CONTROL):
            answer = super().execute(query, params, **options)
            if query.lstrip()[:8].upper() == "ROLLBACK":
                self.connection.liushui_local = _UNKNOWN
            return answer
        change = scope_change(self.connection)
        if isinstance(query, Text) and (message := message_of(self.connection, query, params or ())) is not None:
            return self._planned(message, change)
        if change is None:
            return self._watched(query, params, options)
        if not isinstance(query, str) or options:
            send(self.connection, change)
            return self._watched(query, params, options)
        self._watched(f"{_statement(self.connection, change)}; {query}", params, options)
        _note(self.connection, change)
        self.nextset()  # beyond the answer of the change
        return self

    def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
        enter_scope(self.connection)
        super().executemany(query, params_seq, **options)

    def copy(self, statement: Any, *arguments: Any, **options: Any) -> Any:
        enter_scope(self.connection)
        return super().copy(statement, *arguments, **options)

    def _planned(self, message: Message, change: Scope | None) -> Any:
        """Send a message of statements that are prepared, and stand at the first one's answer."""
        sql, before = message.sql, len(message.prepared)
        if change is not None:
            sql, before = b"%b; %b" % (_statement(self.connection, change).encode(), sql), before + 1
        self._watched(sql, None, {})
        learn(self.connection, message)
        if change is not None:
            _note(self.connection, change)
        for _ in range(before):
            self.nextset()
        return self

    def _watched(self, query: Any, params: Any, options: dict[str, Any]) -> Any:
        try:
            return super().execute(query, params, **options)
        except Exception:
            if self.connection.pgconn.transaction_status != TransactionStatus.IDLE:
                self.connection.liushui_local = _UNKNOWN
            raise


class Operations(DatabaseOperations):
    """Django's; what was sent as EXECUTE is logged as the statement that it is."""

    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> Any:
        if isinstance(sql, Text):
            return self.compose_sql(sql, params)
        return super().last_executed_query(cursor, sql, params)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, with cursors that keep to the scope."""

    ops_class = Operations

    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "cursor_factory": ScopedCursor}

    def create_cursor(self, name: str | None = None) -> Any:
        if name:  # a cursor on the server's side, whose DECLARE takes nothing in front of it
            enter_scope(self.connection)
        return super().create_cursor(name)


def enter_scope(connection: Connection[Any]) -> None:
    """Bring the connection into the scope of this moment, by a message of its own when it is in another."""
    change = scope_change(connection)
    if change is not None:
        send(connection, change)


def scope_change(connection: Any) -> Scope | None:
    """The scope that the connection must be brought into before the next statement; None when it is there."""
    wanted = row_security.current()
    status = connection.pgconn.transaction_status
    if status == TransactionStatus.IDLE:
        connection.liushui_local = None
    have = getattr(connection, "liushui_local", None) or getattr(connection, "liushui_session", EVERYTHING)
    if have is wanted or have == wanted or status == TransactionStatus.INERROR:
        return None
    return wanted if _is_usable(connection) else None


def send(connection: Any, scope: Scope) -> None:
    """Change the scope by a message of its own."""
    with _Cursor(connection) as cursor:
        cursor.execute(_statement(connection, scope))
    _note(connection, scope)


def _statement(connection: Any, scope: Scope) -> str:
    local = "false" if _stays(connection) else "true"
    values = (
        {"role": "none"}
        if scope.settings is None
        else {"role": WEB_ROLE} | dict(zip(SETTINGS, scope.settings, strict=True))
    )
    # Digits and commas, and names of our own: nothing here needs quoting.
    return "SELECT " + ", ".join(f"set_config('{name}', '{value}', {local})" for name, value in values.items())


def _note(connection: Any, scope: Scope) -> None:
    if connection.pgconn.transaction_status == TransactionStatus.IDLE:
        connection.liushui_session = scope
    else:
        connection.liushui_local = scope


def _stays(connection: Any) -> bool:
    """Whether the next statement is a transaction of its own; psycopg begins one before it when not in autocommit."""
    return bool(connection.autocommit) and connection.pgconn.transaction_status == TransactionStatus.IDLE


def _is_usable(connection: Any) -> bool:
    """Whether this database has the role and the policies; without them the wall is not there, and the log says so."""
    global _usable
    if _usable is None:
        with _Cursor(connection) as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM pg_policies WHERE %s = ANY(roles)) AND EXISTS (SELECT 1 FROM pg_roles"
                " WHERE rolname = %s AND pg_has_role(oid, 'MEMBER')"
                " AND has_table_privilege(oid, to_regclass('runtime_auditentry')::oid, 'SELECT'))",
                [WEB_ROLE, WEB_ROLE],
            )
            [_usable] = cursor.fetchone() or [False]
        if not _usable:
            _logger.warning("row_security_off", remedy="liushui doctor says what is missing")
    return bool(_usable)
