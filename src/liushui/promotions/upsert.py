"""One statement that adds rows, or changes those that are there where a condition holds, and tells which it did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection


def upsert(
    *,
    table: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    keys: str,
    sets: str,
    returning: str,
    where: str = "",
    where_values: Sequence[Any] = (),
) -> list[tuple[Any, ...]]:
    """The `returning` of each row that was added or changed, in no order; a row whose condition fails is not told.

    Without `sets`, rows that are there are left alone. Rows are locked in the order given. Values are as the database
    takes them: times by `connection.ops.adapt_datetimefield_value`, JSON as text.
    """
    if not rows:
        return []
    row_marks = f"({', '.join(['%s'] * len(columns))})"
    change = f"UPDATE SET {sets}{f' WHERE {where}' if where else ''}" if sets else "NOTHING"
    sql = (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row_marks] * len(rows))}"  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
        f" ON CONFLICT ({keys}) DO {change} RETURNING {returning}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for row in rows for value in row] + list(where_values))
        return list(cursor.fetchall())
