"""Several statements in one message to the server: one round trip, and all of them or none.

On PostgreSQL a message of several statements outside a transaction is a transaction of its own (the simple query
protocol, which our cursors speak: docs/decisions/0100). SQLite has no round trips to save: there the statements follow
each other in one transaction.

PostgreSQL reads and plans each of them once a connection and keeps the plan (runtime/postgresql/plans.py), so their
texts are few: values stand in parameters, never in the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction

Answer = list[tuple[Any, ...]]


class Text(str):
    """The text of one statement or several whose plans PostgreSQL keeps; to Django it is a text like any other."""

    statements: tuple[str, ...]


class Statement(NamedTuple):
    """One statement and its values, marked by %s."""

    sql: str
    values: Sequence[Any] = ()


ALWAYS = Statement("true")  # a condition


def send(statements: Sequence[Statement]) -> list[Answer]:
    """The rows that each statement answers, in their order; empty for one that answers none.

    A statement can't depend on what we think of the answer of one before it, only on what that one has done.
    """
    if connection.vendor != "postgresql":
        with transaction.atomic(savepoint=False), connection.cursor() as cursor:
            return [_one(cursor, statement) for statement in statements]
    return _exchange(
        _text_of(tuple([statement.sql for statement in statements])),
        [value for statement in statements for value in statement.values],
    )


def ask(sql: str, values: Sequence[Any] = ()) -> Answer:
    """The rows that one statement answers: for what is asked at every sale, past the ORM."""
    if connection.vendor == "postgresql":
        return _exchange(_text_of((sql,)), values)[0]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall()) if cursor.description else []


def ask_all(questions: Sequence[Statement]) -> list[Answer]:
    """The rows that each question answers, in one message where there are messages. Questions only: no transaction."""
    if connection.vendor == "postgresql":
        return send(questions)
    return [ask(question.sql, question.values) for question in questions]


def _exchange(text: Text, values: Sequence[Any]) -> list[Answer]:
    ours: Any = connections[DEFAULT_DB_ALIAS]  # runtime.postgresql's, not Django's
    answers: list[Answer] = ours.exchange(text, values)
    return answers


@lru_cache(maxsize=500)
def _text_of(statements: tuple[str, ...]) -> Text:
    text = Text("; ".join(statements))
    text.statements = statements
    return text


def _one(cursor: Any, statement: Statement) -> Answer:
    cursor.execute(statement.sql, list(statement.values))
    return list(cursor.fetchall()) if cursor.description else []


class Reply:
    """The rows that a part of a message answers, once it is sent."""

    def __init__(self) -> None:
        self.rows: Answer = []


class Message:
    """A message that several functions add their statements to, each reading its own reply after `send`."""

    def __init__(self) -> None:
        self._parts: list[tuple[Statement, Reply]] = []

    def add(self, statements: Sequence[Statement]) -> Reply:
        """Statements to be sent, in this order, behind those that were added before; one reply for them together."""
        reply = Reply()
        self._parts += [(statement, reply) for statement in statements]
        return reply

    def send(self) -> None:
        """Send what was added and fill the replies."""
        if not self._parts:
            return
        answers = send([statement for statement, _reply in self._parts])
        for (_statement, reply), answer in zip(self._parts, answers, strict=True):
            reply.rows += answer
        self._parts = []
