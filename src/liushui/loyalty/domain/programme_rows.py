"""Changing a programme's document as its editor does: one row of a table, or some fields, at a time.

What comes out is read strictly again, so an error names the path of what is wrong in the document as it would be.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from liushui.loyalty.domain.programme_json import read_programme, write_programme
from liushui.loyalty.errors import InvalidProgramme

TABLES: Mapping[str, tuple[str, str]] = {
    "earning.rows": ("earning", "rows"),
    "tiers.levels": ("tiers", "levels"),
    "stored_value.top_up_bonus": ("stored_value", "top_up_bonus"),
}
_ORDERED = {"tiers.levels": "spend_minor", "stored_value.top_up_bonus": "paid_minor"}  # kept in order of this
Document = dict[str, Any]


def rows(document: str, table: str) -> tuple[Mapping[str, Any], ...]:
    """The rows of a table in normal form, in order."""
    part, name = _names(table)
    return tuple(write_programme(read_programme(document))[part][name])


def with_row(document: str, table: str, row: Mapping[str, Any], *, index: int | None) -> Document:
    """The document with a row in place of the one at `index`, or at the end."""

    def put(known: list[Any]) -> None:
        if index is None:
            known.append(row)
        else:
            known[_checked(index, known, table)] = row

    return _changed(document, table, put)


def without_row(document: str, table: str, *, index: int) -> Document:
    """The document without a row."""
    return _changed(document, table, lambda known: known.pop(_checked(index, known, table)))


def with_row_moved(document: str, table: str, *, index: int, to: int) -> Document:
    """The document with a row at another place of its table."""

    def move(known: list[Any]) -> None:
        _checked(to, known, table)
        known.insert(to, known.pop(_checked(index, known, table)))

    return _changed(document, table, move)


def with_fields(document: str, fields: Mapping[str, Any]) -> Document:
    """The document with other values; those of earning, tiers and stored_value are put beside what is there."""
    found = write_programme(read_programme(document))
    for name, value in fields.items():
        known = found.get(name)
        together = name in ("earning", "tiers", "stored_value") and isinstance(value, Mapping)
        found[name] = {**known, **value} if together and isinstance(known, Mapping) else value
    return write_programme(read_programme(found))


def differing(before: str, after: str) -> tuple[str, ...]:
    """The parts in which two documents differ: names of fields, those of tables with their table."""
    one, other = json.loads(before), json.loads(after)
    found = []
    for name in one:
        if isinstance(one[name], dict) and isinstance(other[name], dict) and one[name].keys() == other[name].keys():
            found += [f"{name}.{key}" for key in one[name] if one[name][key] != other[name][key]]
        elif one[name] != other[name]:
            found.append(name)
    return tuple(found)


def _changed(document: str, table: str, change: Any) -> Document:
    part, name = _names(table)
    found = write_programme(read_programme(document))
    known = found[part][name]
    change(known)
    if table in _ORDERED:
        known.sort(key=lambda row: _threshold(row, _ORDERED[table]))
    return write_programme(read_programme(found))


def _threshold(row: Any, name: str) -> int:
    """What orders a row; one without it is refused when it is read."""
    value = row.get(name) if isinstance(row, Mapping) else None
    return value if type(value) is int else -1


def _names(table: str) -> tuple[str, str]:
    if table not in TABLES:
        raise InvalidProgramme(
            f"There is no table {table[:60]!r}", pointer="$", remedy=f"It is one of {', '.join(TABLES)}."
        )
    return TABLES[table]


def _checked(index: int, known: list[Any], table: str) -> int:
    if not 0 <= index < len(known):
        raise InvalidProgramme(f"The table has {len(known)} rows", pointer=f"{table}[{index}]")
    return index
