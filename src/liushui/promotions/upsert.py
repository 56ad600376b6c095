"""One statement that adds rows, or changes those that are there where a condition holds, and tells which it did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from liushui.runtime import at_once
from liushui.runtime.at_once import Statement


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
    """Send what upsert_statements answers: the `returning` of each row that was added or changed, in no order."""
    statements = upsert_statements(
        table=table, columns=columns, rows=rows, keys=keys, sets=sets, returning=returning, where=where,
        where_values=where_values,
    )  # fmt: skip
    return [row for answer in at_once.send(statements) for row in answer] if statements else []


def upsert_statements(
    *,
    table: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    keys: str,
    sets: str,
    returning: str,
    where: str = "",
    where_values: Sequence[Any] = (),
) -> list[Statement]:
    """The statement that answers the `returning` of each row that was added or changed; a row whose condition fails is
    not told. None for no rows.

    Without `sets`, rows that are there are left alone. Rows are locked in the order given. Values are as the database
    takes them: times by `connection.ops.adapt_datetimefield_value`, JSON as text.
    """
    if not rows:
        return []
    row_marks = f"({', '.join(['%s'] * len(columns))})"
    change = f"UPDATE SET {sets}{f' WHERE {where}' if where else ''}" if sets else "NOTHING"  # nosec B608  # our own names and marks
    sql = (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row_marks] * len(rows))}"  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
        f" ON CONFLICT ({keys}) DO {change} RETURNING {returning}"
    )
    return [Statement(sql, [value for row in rows for value in row] + list(where_values))]
