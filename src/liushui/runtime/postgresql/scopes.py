"""Which scope of row security a connection is in, and what brings it into the one of this moment (docs/decisions/0100).

A scope that is set outside a transaction stays with the connection; one that is set inside is gone with it, committed
or not, so that no rollback can leave a connection in another scope than it is taken to be in.
"""

from __future__ import annotations

from typing import Any

import structlog
from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

from liushui.runtime import row_security
from liushui.runtime.row_security import EVERYTHING, SETTINGS, WEB_ROLE, Scope

_logger = structlog.get_logger(__name__)
_UNKNOWN = Scope(("?", "?", "?"))  # equal to nothing that is ever wanted
_Cursor: Any = base.Cursor  # of psycopg 3; its stubs know the one of psycopg 2
_usable: bool | None = None  # whether the database is prepared; asked once by each process


def enter(connection: Any) -> None:
    """Bring the connection into the scope of this moment, by a message of its own when it is in another."""
    wanted = change(connection)
    if wanted is not None:
        send(connection, wanted)


def change(connection: Any) -> Scope | None:
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
        cursor.execute(statement(connection, scope))
    note(connection, scope)


def statement(connection: Any, scope: Scope) -> bytes:
    """What changes the scope, and answers one row."""
    local = "false" if _stays(connection) else "true"
    values = (
        {"role": "none"}
        if scope.settings is None
        else {"role": WEB_ROLE} | dict(zip(SETTINGS, scope.settings, strict=True))
    )
    # Digits and commas, and names of our own: nothing here needs quoting.
    return (
        "SELECT " + ", ".join(f"set_config('{name}', '{value}', {local})" for name, value in values.items())
    ).encode()


def note(connection: Any, scope: Scope) -> None:
    """The change went well."""
    if connection.pgconn.transaction_status == TransactionStatus.IDLE:
        connection.liushui_session = scope
    else:
        connection.liushui_local = scope


def forget(connection: Any) -> None:
    """Something went wrong, or was rolled back: within a transaction nothing is known of its scope any more."""
    if connection.pgconn.transaction_status != TransactionStatus.IDLE:
        connection.liushui_local = _UNKNOWN


def roll_back(connection: Any) -> None:
    """A rollback, to wherever, has taken back the scope that was set since."""
    connection.liushui_local = _UNKNOWN


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
