"""Many rows in one statement: the fast path of imports and projections, past the ORM but in its stored form.

Measured choices: docs/decisions/0012-bulk-rows.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection, transaction

from liushui.kernel.errors import InvalidValue
from liushui.runtime import row_security
from liushui.runtime.at_once import ALWAYS, Statement
from liushui.runtime.bulk_values import Column, array_literal, columns_of, stored

Row = Sequence[Any]

# COPY is faster per row, but it waits for the server twice; up to here one round trip is worth more. PostgreSQL refuses
# it where row security looks at every row, which is in requests (docs/decisions/0099).
COPY_FROM_ROWS = 201


def insert_rows(*, table: str, columns: Sequence[str], rows: Sequence[Row], skip_existing: bool = False) -> None:
    """Add rows to a model's table by one statement, however many; values stand in the order of `columns`.

    Takes None, bool, int, float, str, bytes, UUID, date, time, aware datetime, and dict or list for JSON columns.
    Defaults of the model are not applied: a column that is left out gets the database's, which is NULL or an id.
    `skip_existing` leaves out rows that a unique constraint refuses; otherwise they raise IntegrityError.
    Raises InvalidValue, before anything is sent, for a text with a NUL or longer than its column, for a number out
    of range and for a time without a zone.
    """
    if not rows:
        return
    plan = columns_of(table, tuple(columns))
    values = stored(plan, list(zip(*rows, strict=True)))
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        if connection.vendor != "postgresql" or skip_existing or len(rows) < COPY_FROM_ROWS or row_security.is_bound():
            _insert(cursor, table, plan, values, " ON CONFLICT DO NOTHING" if skip_existing else "")
            return
        command = f"COPY {table} ({_names(columns)}) FROM STDIN (FORMAT BINARY)"
        with connection.wrap_database_errors, cursor.copy(command) as copy:
            copy.set_types([column.type for column in plan])
            for row in zip(*values, strict=True):
                copy.write_row(row)


def insert_statement(
    *, table: str, columns: Sequence[str], rows: Sequence[Row], only_if: Statement = ALWAYS, after: str = ""
) -> Statement:
    """As insert_rows, for a message of several statements (PostgreSQL only): adds nothing where the condition
    `only_if` does not hold. `after` is SQL of our own, such as ON CONFLICT … RETURNING."""
    plan = columns_of(table, tuple(columns))
    arrays = ", ".join(f"%s::{column.type}[]" for column in plan)
    return Statement(
        f"INSERT INTO {table} ({_names(columns)}) SELECT * FROM unnest({arrays}) WHERE {only_if.sql}{after}",  # noqa: S608  # nosec B608  # our own names
        [*(array_literal(column) for column in stored(plan, list(zip(*rows, strict=True)))), *only_if.values],
    )


def add_to_totals(*, table: str, keys: Sequence[str], sums: Sequence[str], rows: Iterable[Row]) -> None:
    """Add to running totals by one upsert: each row is its keys, then what is added to its sums.

    Rows with the same keys are added up before they are sent, and sent in the order of their keys, so that two
    workers cannot lock each other out. The keys are the columns of a unique constraint, none of them NULL.
    """
    add_merged(table=table, keys=keys, sums=sums, totals=_merged(rows, len(keys)))


def add_merged(
    *,
    table: str,
    keys: Sequence[str],
    sums: Sequence[str],
    totals: Mapping[tuple[Any, ...], Sequence[int]],
    same: tuple[Any, ...] = (),
) -> None:
    """As add_to_totals, for what is added up already: the sums by their keys. `same` are the values of the first keys
    where all rows share them."""
    if not totals:
        return
    plan = columns_of(table, (*keys, *sums))
    ordered = sorted(totals)
    columns: list[Sequence[Any]] = [[value] * len(ordered) for value in same]
    columns += zip(*ordered, strict=True)
    columns += zip(*map(totals.__getitem__, ordered), strict=True)
    updates = ", ".join(f'"{name}" = {table}."{name}" + excluded."{name}"' for name in sums)
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        after = f" ON CONFLICT ({_names(keys)}) DO UPDATE SET {updates}"  # nosec B608  # our own names
        _insert(cursor, table, plan, stored(plan, columns), after)


def _merged(rows: Iterable[Row], width: int) -> dict[tuple[Any, ...], list[int]]:
    """The sums of each distinct key, added."""
    totals: dict[tuple[Any, ...], list[int]] = {}
    for row in rows:
        key, amounts = tuple(row[:width]), row[width:]
        known = totals.get(key)
        if known is None:
            if None in key:
                raise InvalidValue(f"A total needs all of its keys; one of {key!r} is missing")
            totals[key] = list(amounts)
        else:
            for position, amount in enumerate(amounts):
                known[position] += amount
    return totals


def _insert(cursor: Any, table: str, plan: Sequence[Column], values: Sequence[Sequence[Any]], after: str) -> None:
    target = f"INSERT INTO {table} ({_names(column.name for column in plan)})"
    if connection.vendor == "postgresql":
        # One array for each column. WHERE true keeps "ON CONFLICT" from being read as a join condition.
        arrays = ", ".join(f"%s::{column.type}[]" for column in plan)
        selected = f"SELECT * FROM unnest({arrays}) WHERE true"  # noqa: S608  # nosec B608  # our own names
        cursor.execute(f"{target} {selected}{after}", [array_literal(column) for column in values])
        return
    marks = ", ".join(["%s"] * len(plan))
    cursor.executemany(f"{target} VALUES ({marks}){after}", list(zip(*values, strict=True)))


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)
