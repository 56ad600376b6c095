"""Connections that are in the right scope at every statement, without a round trip more (docs/decisions/0100)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.backends.postgresql import base

from liushui.runtime.at_once import Answer, Text
from liushui.runtime.postgresql import scopes
from liushui.runtime.postgresql.exchange import exchange

_CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
_Cursor: Any = base.Cursor  # of psycopg 3; its stubs know the one of psycopg 2


class ScopedCursor(_Cursor):  # type: ignore[misc]
    """Sends the change of scope, when there is one, in front of the statement and in the same message."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        if isinstance(query, str) and query.lstrip()[:9].upper().startswith(_CONTROL):
            answer = super().execute(query, params, **options)
            if query.lstrip()[:8].upper() == "ROLLBACK":
                scopes.roll_back(self.connection)
            return answer
        change = scopes.change(self.connection)
        if change is None:
            return self._watched(query, params, options)
        if not isinstance(query, str) or options:
            scopes.send(self.connection, change)
            return self._watched(query, params, options)
        self._watched(f"{scopes.statement(self.connection, change).decode()}; {query}", params, options)
        scopes.note(self.connection, change)
        self.nextset()  # beyond the answer of the change
        return self

    def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
        scopes.enter(self.connection)
        super().executemany(query, params_seq, **options)

    def copy(self, statement: Any, *arguments: Any, **options: Any) -> Any:
        scopes.enter(self.connection)
        return super().copy(statement, *arguments, **options)

    def _watched(self, query: Any, params: Any, options: dict[str, Any]) -> Any:
        try:
            return super().execute(query, params, **options)
        except Exception:
            scopes.forget(self.connection)
            raise


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, with cursors that keep to the scope, and messages that pass them by."""

    def exchange(self, text: Text, values: Sequence[Any]) -> list[Answer]:
        """Send statements as one message; the rows that each answers (runtime.at_once)."""
        return exchange(self, text, values)

    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "cursor_factory": ScopedCursor}

    def create_cursor(self, name: str | None = None) -> Any:
        if name:  # a cursor on the server's side, whose DECLARE takes nothing in front of it
            scopes.enter(self.connection)
        return super().create_cursor(name)
