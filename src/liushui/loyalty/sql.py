"""Statements that the ORM cannot say, on either database: values as stored, updates that tell what they did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from liushui.runtime import at_once
from liushui.runtime.at_once import Statement


def stored(value: Any) -> Any:
    """A value as the present database takes it in raw SQL."""
    if isinstance(value, UUID):
        return value if connection.features.has_native_uuid_field else value.hex
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, date):
        return connection.ops.adapt_datefield_value(value)
    return value


def read_uuid(value: Any) -> UUID:
    """An id that raw SQL answered."""
    return value if isinstance(value, UUID) else UUID(value)


def read_date(value: Any) -> date | None:
    """A date that raw SQL answered."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def read_time(value: Any) -> datetime | None:
    """An instant that raw SQL answered: SQLite has it as text, in UTC."""
    at: datetime | None = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def statement(text: str, values: Sequence[Any]) -> Statement:
    """A statement for a message of several (runtime.at_once), its values as stored."""
    return Statement(text, _stored(values))


def run(statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """One statement; the rows that it answers."""
    return at_once.ask(statement, _stored(values))


def _stored(values: Sequence[Any]) -> Sequence[Any]:
    return values if connection.vendor == "postgresql" else [stored(value) for value in values]


def typed(kind: str) -> str:
    """A parameter's mark with its type, for places where PostgreSQL cannot tell it."""
    return f"CAST(%s AS {kind})" if connection.vendor == "postgresql" else "%s"


def insert(
    *, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], keys: str, returning: str
) -> list[tuple[Any, ...]]:
    """Add rows by one statement, leaving alone what a row with the same keys has; the `returning` of those added."""
    return at_once.send([insert_statement(table=table, columns=columns, rows=rows, keys=keys, returning=returning)])[0]


def insert_statement(
    *, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], keys: str, returning: str
) -> Statement:
    """What `insert` sends."""
    marks = f"({', '.join(['%s'] * len(columns))})"
    return statement(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([marks] * len(rows))}"  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
        f" ON CONFLICT ({keys}) DO NOTHING RETURNING {returning}",
        [value for row in rows for value in row],
    )
