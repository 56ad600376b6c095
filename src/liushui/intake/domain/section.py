"""Strict reading of one table of a TOML file: every key is asked for, and one that nobody asked for is an error."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from liushui.intake.errors import MappingError


def did_you_mean(word: str, known: Collection[str]) -> str:
    """A remedy that names the likeliest of the known words, else all of them."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(sorted(known))}."


class Section:
    """One table with its path. `finish()` refuses keys that were not read."""

    def __init__(self, table: Any, path: str) -> None:
        if not isinstance(table, Mapping):
            raise MappingError(f"{path or 'the file'} must be a table", pointer=path)
        self.path = path
        self._table = table
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        self._asked.add(key)
        return key in self._table

    def at(self, key: str) -> str:
        """Path of a key of this table."""
        return f"{self.path}.{key}" if self.path else key

    def wrong(self, key: str, text: str, remedy: str | None = None) -> MappingError:
        """The error for a value of this table."""
        return MappingError(f"{self.at(key)}: {text}", pointer=self.at(key), remedy=remedy)

    def get(self, key: str, default: Any = None) -> Any:
        self._asked.add(key)
        return self._table.get(key, default)

    def required(self, key: str) -> Any:
        if key not in self:
            raise self.wrong(key, "is missing", f"Add {key!r} to [{self.path or 'the top of the file'}].")
        return self._table[key]

    def text(self, key: str, default: str = "") -> str:
        value = self.get(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, f"{value!r} is not a text", "Put it in quotes.")
        return value

    def whole(self, key: str, default: int) -> int:
        value = self.get(key, default)
        if type(value) is not int:
            raise self.wrong(key, f"{value!r} is not a whole number")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        value = self.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, f"{value!r} is neither true nor false")
        return value

    def choice(self, key: str, known: Collection[str], default: str) -> str:
        value = self.text(key, default)
        if value not in known:
            raise self.wrong(key, f"{value!r} is not known", did_you_mean(value, known))
        return value

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        value = self.get(key, list(default))
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise self.wrong(key, f"{value!r} is not a list of texts", 'Write it as ["one", "two"].')
        return tuple(value)

    def section(self, key: str) -> Section:
        """A table inside this one, empty when absent."""
        return Section(self.get(key, {}), self.at(key))

    def sections(self, key: str) -> list[Section]:
        """The tables of an array of tables."""
        value = self.get(key, [])
        if not isinstance(value, list):
            raise self.wrong(key, "is not a list of tables", f"Write it as [[{self.at(key)}]].")
        return [Section(table, f"{self.at(key)}[{i}]") for i, table in enumerate(value)]

    def finish(self) -> None:
        """Refuse the keys that nobody asked for."""
        for key in self._table:
            if key not in self._asked:
                raise self.wrong(key, "is not a key of this table", did_you_mean(key, self._asked))
