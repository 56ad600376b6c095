"""Many rows in one statement: the fast path of imports and projections, past the ORM but in its stored form.

Measured choices: docs/decisions/0012-bulk-rows.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, date, datetime, time
from functools import cache
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection, transaction

from liushui.kernel.errors import InvalidValue

Row = Sequence[Any]
_Column = Sequence[Any]


def insert_rows(*, table: str, columns: Sequence[str], rows: Sequence[Row], skip_existing: bool = False) -> None:
    """Add rows to a model's table by one statement, however many; values stand in the order of `columns`.

    Takes None, bool, int, float, str, bytes, UUID, date, time, aware datetime, and dict or list for JSON columns.
    `skip_existing` leaves out rows that a unique constraint refuses; otherwise they raise IntegrityError.
    Raises InvalidValue, before anything is sent, for a text with a NUL and for a naive datetime.
    """
    if not rows:
        return
    stored = _stored(columns, rows)
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        if connection.vendor == "postgresql" and not skip_existing:
            with cursor.copy(f"COPY {table} ({_names(columns)}) FROM STDIN") as copy:
                for row in zip(*stored, strict=True):
                    copy.write_row(row)
            return
        after = " ON CONFLICT DO NOTHING" if skip_existing else ""
        _insert(cursor, table, columns, stored, after)


def add_to_totals(*, table: str, keys: Sequence[str], sums: Sequence[str], rows: Iterable[Row]) -> None:
    """Add to running totals by one upsert: each row is its keys, then what is added to its sums.

    Rows with the same keys are added up before they are sent, and sent in the order of their keys, so that two
    workers cannot lock each other out. The keys are the columns of a unique constraint, none of them NULL.
    """
    merged = _merged(rows, len(keys))
    if not merged:
        return
    columns = [*keys, *sums]
    updates = ", ".join(f'"{name}" = {table}."{name}" + excluded."{name}"' for name in sums)
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        after = f" ON CONFLICT ({_names(keys)}) DO UPDATE SET {updates}"
        _insert(cursor, table, columns, _stored(columns, merged), after)


def _merged(rows: Iterable[Row], width: int) -> list[Row]:
    """One row for each distinct key, sums added, sorted by key."""
    totals: dict[tuple[Any, ...], list[int]] = {}
    for row in rows:
        key, amounts = tuple(row[:width]), row[width:]
        if None in key:
            raise InvalidValue(f"A total needs all of its keys; one of {key!r} is missing")
        known = totals.get(key)
        if known is None:
            totals[key] = list(amounts)
        else:
            for position, amount in enumerate(amounts):
                known[position] += amount
    return [(*key, *totals[key]) for key in sorted(totals)]


def _insert(cursor: Any, table: str, columns: Sequence[str], stored: list[_Column], after: str) -> None:
    target = f"INSERT INTO {table} ({_names(columns)})"
    if connection.vendor == "postgresql":
        types = _array_types(table)
        arrays = ", ".join(f"%s::{types[name]}" for name in columns)
        # WHERE true keeps "ON CONFLICT" from being read as a join condition.
        cursor.execute(
            f"{target} SELECT * FROM unnest({arrays}) WHERE true{after}", [list(values) for values in stored]
        )
        return
    marks = ", ".join(["%s"] * len(columns))
    cursor.executemany(f"{target} VALUES ({marks}){after}", list(zip(*stored, strict=True)))


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


@cache
def _array_types(table: str) -> dict[str, str]:
    """PostgreSQL array type of each column. Texts are sent as text: a cast to varchar(n) would cut them silently."""
    model = next((m for m in apps.get_models(include_auto_created=True) if m._meta.db_table == table), None)
    if model is None:
        raise ValueError(f"no model has the table {table!r}")
    types: dict[str, str] = {}
    for field in model._meta.concrete_fields:
        kind = (field.rel_db_type(connection) if field.is_relation else field.db_type(connection)) or ""
        if kind:
            types[str(field.column)] = ("text" if kind.startswith("varchar") else kind) + "[]"
    return types


def _stored(columns: Sequence[str], rows: Sequence[Row]) -> list[_Column]:
    """The rows turned to columns, each value in the form that Django's ORM would store."""
    stored: list[_Column] = []
    for name, values in zip(columns, zip(*rows, strict=True), strict=True):
        kinds = set(map(type, values))
        if str in kinds and "\0" in "".join(value for value in values if type(value) is str):
            raise InvalidValue(
                f"A text for {name} contains a NUL character", remedy="Remove it where the text is read."
            )
        forms = {kind: form for kind in kinds if (form := _form(kind, name)) is not None}
        if forms:
            stored.append([form(value) if (form := forms.get(type(value))) else value for value in values])
        else:
            stored.append(values)
    if len(stored) != len(columns):
        raise ValueError(f"rows have {len(stored)} values, there are {len(columns)} columns")
    return stored


def _form(kind: type, name: str) -> Callable[[Any], Any] | None:
    """How a value of this type is put for the present database; None for as it is."""
    if issubclass(kind, datetime):
        return lambda value: _aware(value, name)
    if issubclass(kind, (dict, list, tuple)):
        return lambda value: json.dumps(value, ensure_ascii=False)
    if kind in _PLAIN or (connection.vendor == "postgresql" and issubclass(kind, (UUID, date, time))):
        return None
    if issubclass(kind, UUID):
        return lambda value: value.hex
    if issubclass(kind, (date, time)):
        return str
    if issubclass(kind, str):  # lazy or marked text
        return str.__str__
    raise ValueError(f"{name} cannot hold a {kind.__name__}")


_PLAIN: Collection[type] = frozenset({type(None), bool, int, float, str, bytes, memoryview})


def _aware(value: datetime, name: str) -> Any:
    if value.tzinfo is None:
        raise InvalidValue(f"The time for {name} has no zone", remedy="Give an offset such as +08:00.")
    if connection.vendor == "postgresql":
        return value
    return str(value.astimezone(UTC).replace(tzinfo=None))
