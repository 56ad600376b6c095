"""A message of statements and what it answers, past the cursors of Django and psycopg (docs/decisions/0223).

A sale is a dozen short messages: to make a cursor for each took longer than the server took to answer it. Whoever
watches Django's statements (execute_wrapper, queries_log) watches these too.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg import abc, errors, generators
from psycopg.pq import ExecStatus, TransactionStatus

from liushui.runtime.at_once import Answer, Text
from liushui.runtime.postgresql import plans, scopes

_ANSWERS = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


def exchange(wrapper: DatabaseWrapper, text: Text, values: Sequence[Any]) -> list[Answer]:
    """Send the statements as one message; the rows that each answers, empty for one that answers none.

    The first message of a transaction brings its BEGIN along. Raises Django's database errors.
    """
    wrapper.close_if_health_check_failed()
    wrapper.ensure_connection()
    wrapper.validate_thread_sharing()
    send: Any = partial(_send, wrapper)
    if wrapper.execute_wrappers:
        context = {"connection": wrapper, "cursor": None}
        for watch in reversed(wrapper.execute_wrappers):
            send = partial(watch, send)
        answers: list[Answer] = send(text, values, False, context)
        return answers
    return _send(wrapper, text, values)


def _send(wrapper: DatabaseWrapper, text: Text, values: Sequence[Any], *_of_watchers: object) -> list[Answer]:
    wrapper.validate_no_broken_transaction()
    begun = time.monotonic() if wrapper.queries_logged else 0.0
    try:
        with wrapper.wrap_database_errors:
            return _exchange(wrapper.connection, wrapper, text, values)
    finally:
        if begun:
            took = f"{time.monotonic() - begun:.3f}"
            wrapper.queries_log.append({"sql": wrapper.ops.compose_sql(text, values), "time": took})


def _exchange(connection: Any, wrapper: DatabaseWrapper, text: Text, values: Sequence[Any]) -> list[Answer]:
    pgconn = connection.pgconn
    change = scopes.change(connection)
    parts: list[bytes] = []
    if not connection.autocommit and pgconn.transaction_status == TransactionStatus.IDLE:
        parts.append(b"BEGIN")
    if change is not None:
        parts.append(scopes.statement(connection, change))
    before = len(parts)
    message = plans.message_of(connection, text, values)
    if message is None:
        parts.append(wrapper.ops.compose_sql(text, values).encode())
    else:
        parts.append(message.sql)
        before += len(message.prepared)
    try:
        with connection.lock:
            pgconn.send_query(b"; ".join(parts))
            results = connection.wait(generators.execute(pgconn))
        for result in results:
            if result.status not in _ANSWERS:
                raise errors.error_from_result(result, encoding=connection.info.encoding)
    except Exception:
        scopes.forget(connection)
        raise
    if message is not None:
        plans.learn(connection, message)
    if change is not None:
        scopes.note(connection, change)
    reader = plans.transformer(connection)
    return [_rows(reader, result) for result in results[before:]]


def _rows(reader: abc.Transformer, result: Any) -> Answer:
    if not result.ntuples:
        return []
    reader.set_pgresult(result)
    return reader.load_rows(0, result.ntuples, tuple)
