"""Reading tables that people send: CSV in whatever encoding and separator, and Excel, as rows of texts."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from liushui.kernel.errors import InvalidValue
from liushui.runtime.export import looks_like_formula
from liushui.runtime.workbooks import check_workbook

EXCEL_ENDINGS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
_SEPARATORS = ",;\t|"
_CHUNK = 1 << 20
_CELL_MAX = 131_072


class UnreadableTable(InvalidValue):
    """The file cannot be read as a table."""

    type = "unreadable-table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table under way. `rows` gives (line number in the file, texts by header), once, without the empty rows."""

    headers: tuple[str, ...]
    rows: Iterator[tuple[int, dict[str, str]]]
    encoding: str  # empty for Excel
    separator: str  # empty for Excel


@contextmanager
def open_table(*, path: Path, sheet: str = "") -> Iterator[Table]:
    """A table whose first row that is not empty holds the headers; Excel by the file's ending, else CSV.

    Texts come without blanks around them, and without the apostrophe that our own exports put before what looks
    like a formula. Excel's numbers come as people see them: 6901234567892, not 6.901234567892e12 nor with ".0".
    Memory stays flat for CSV; Excel files are unpacked whole. Raises UnreadableTable and WorkbookTooLarge.
    """
    if path.suffix.lower() in EXCEL_ENDINGS:
        yield _table(_excel_rows(path, sheet), encoding="", separator="")
        return
    encoding = detect_encoding(path=path)
    separator = _detect_separator(path, encoding)
    with path.open(encoding=encoding, newline="") as text:
        yield _table(_csv_rows(text, separator), encoding=encoding, separator=separator)


def count_rows(*, path: Path, sheet: str = "") -> int:
    """How many rows open_table will give."""
    with open_table(path=path, sheet=sheet) as table:
        return sum(1 for _ in table.rows)


def detect_encoding(*, path: Path) -> str:
    """utf-8-sig, utf-16 or gb18030: by the BOM, else UTF-8 when all bytes are UTF-8, else GB18030 (GBK's superset)."""
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in ("utf-8-sig", "gb18030"):
        if _decodes(path, encoding):
            return encoding
    raise UnreadableTable(
        f"{path.name} is neither UTF-8 nor GBK text", remedy="Save it as CSV UTF-8 or as .xlsx in the spreadsheet."
    )


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _detect_separator(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding, newline="") as text:
        for line in text:
            if line.strip():
                outside_quotes = "".join(line.split('"')[::2])
                return max(_SEPARATORS, key=outside_quotes.count)
    return ","


def _table(rows: Iterator[tuple[int, list[str]]], *, encoding: str, separator: str) -> Table:
    full = ((line, cells) for line, cells in rows if any(cells))
    first = next(full, None)
    if first is None:
        raise UnreadableTable("The file is empty", remedy="The first row holds the headers of the columns.")
    headers = _distinct(first[1])
    return Table(headers=headers, rows=_by_header(full, headers), encoding=encoding, separator=separator)


def _distinct(cells: Iterable[str]) -> tuple[str, ...]:
    headers: list[str] = []
    for place, cell in enumerate(cells, start=1):
        name = cell or f"#{place}"
        headers.append(name if name not in headers else f"{name} #{place}")
    return tuple(headers)


def _by_header(rows: Iterator[tuple[int, list[str]]], headers: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    for line, cells in rows:
        row = dict(zip(headers, cells, strict=False))
        row.update((header, "") for header in headers[len(cells) :])
        yield line, row


def _csv_rows(text: Iterable[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(text, delimiter=separator)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableTable(
                f"Line {line} is not CSV: {error}", remedy="Look for a quotation mark that is never closed."
            ) from None
        yield line, [_plain(cell) for cell in cells]
        line = reader.line_num + 1


def _excel_rows(path: Path, sheet: str) -> Iterator[tuple[int, list[str]]]:
    from python_calamine import CalamineError, CalamineWorkbook  # few processes read workbooks

    check_workbook(path=path)
    try:
        book = CalamineWorkbook.from_path(str(path))
        names = book.sheet_names
        if sheet and sheet not in names:
            raise UnreadableTable(f"{path.name} has no sheet {sheet!r}", remedy=f"It has {', '.join(names)}.")
        page = book.get_sheet_by_name(sheet) if sheet else book.get_sheet_by_index(0)
        first = (page.start or (0, 0))[0]
    except (CalamineError, OSError, IndexError) as error:
        raise UnreadableTable(f"{path.name} cannot be opened as a workbook: {error}") from None
    return ((line, [_cell(value) for value in row]) for line, row in enumerate(_from(page, first), start=first + 1))


def _from(page: Any, first: int) -> Iterator[list[Any]]:
    """The rows of a sheet from its first used one; calamine gives the empty ones before it too."""
    for number, row in enumerate(page.iter_rows()):
        if number >= first:
            yield row


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return _plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        # 15 digits are what Excel itself keeps; the rest is the noise of binary fractions.
        return str(int(value)) if value.is_integer() else format(Decimal(f"{value:.15g}"), "f")
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def _plain(text: str) -> str:
    plain = text.strip().strip("\ufeff")
    if len(plain) > _CELL_MAX:
        raise UnreadableTable(
            "A cell has more than 131,072 characters", remedy="Look for a quotation mark never closed."
        )
    return plain[1:] if plain.startswith("'") and looks_like_formula(plain[1:]) else plain
