"""Files as batches of text columns: CSV, Excel and JSON Lines. Parquet is typed and read by DuckDB where it lies."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from liushui.intake.domain.mapping import FileForm
from liushui.intake.domain.section import did_you_mean
from liushui.intake.errors import MissingColumn, UnreadableFile
from liushui.runtime.workbooks import check_workbook

BATCH_ROWS = 20_000
_SUFFIXES = {
    ".csv": "csv", ".txt": "csv", ".tsv": "csv", ".xlsx": "excel", ".xlsm": "excel", ".xls": "excel", ".xlsb": "excel",
    ".ods": "excel", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet",
}  # fmt: skip


class Rows(NamedTuple):
    """Some rows: their numbers in the file, their cells by column, and by row what was wrong with its form."""

    numbers: list[int]
    columns: dict[str, list[str | None]]
    faults: list[str | None]


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that can be read: what it turned out to be, and its columns (JSON Lines: those of the first rows)."""

    path: Path
    format: str
    encoding: str
    delimiter: str
    columns: tuple[str, ...]


def open_file(path: Path, form: FileForm, *, name: str = "") -> Opened:
    """Find out what a file is; raises UnreadableFile when it is not what it is said to be."""
    kind = form.format if form.format != "auto" else _SUFFIXES.get(Path(name or path.name).suffix.lower(), "")
    if not path.is_file():
        raise UnreadableFile(f"{path} is not a file", remedy="Check the path.")
    if path.stat().st_size == 0:
        raise UnreadableFile("The file is empty.", remedy="Export it again.")
    match kind:
        case "parquet":
            return Opened(path, kind, "", "", _parquet_columns(path))
        case "excel":
            return Opened(path, kind, "", "", tuple(_header(next(_sheet(path, form), []), form.header_row)))
        case "jsonl":
            encoding = find_encoding(path, form.encoding)
            return Opened(path, kind, encoding, "", _jsonl_columns(path, encoding))
        case "csv":
            encoding = find_encoding(path, form.encoding)
            delimiter = form.delimiter or _delimiter(path, encoding)
            with path.open(encoding=encoding, newline="") as file:
                header = _header(_csv_header(file, delimiter, form.header_row), form.header_row)
            return Opened(path, kind, encoding, delimiter, tuple(header))
    raise UnreadableFile(
        f"{path.name}: what kind of file it is cannot be seen from its name",
        remedy='Set file.format to "csv", "excel", "jsonl" or "parquet" in the mapping.',
    )


def require_columns(opened: Opened, needed: frozenset[str]) -> None:
    """Raise MissingColumn, naming all that are missing and what they may be called here."""
    missing = sorted(needed - set(opened.columns))
    if opened.format == "jsonl" or not missing:
        return
    raise MissingColumn(
        f"The file has no column {', '.join(repr(name) for name in missing)}",
        remedy=f"{did_you_mean(missing[0], opened.columns)} Correct the mapping, or export the file with it.",
        context={"missing": missing, "columns": list(opened.columns)},
    )


def read_rows(opened: Opened, form: FileForm, columns: frozenset[str]) -> Iterator[Rows]:
    """All rows in batches, every cell as text; JSON Lines give the named columns only, and the raw line as `__line`."""
    match opened.format:
        case "csv":
            with opened.path.open(encoding=opened.encoding, newline="") as file:
                _csv_header(file, opened.delimiter, form.header_row)
                reader = csv.reader(file, delimiter=opened.delimiter)
                yield from _table(_csv_records(reader), opened.columns, form.header_row + 1)
        case "excel":
            rows = _sheet(opened.path, form)
            next(rows, None)
            records = ([_excel_text(cell) for cell in row] for row in rows)
            yield from _table((r for r in _padded(records, len(opened.columns))), opened.columns, form.header_row + 1)
        case "jsonl":
            yield from _jsonl(opened, sorted(columns))


def find_encoding(path: Path, wanted: str) -> str:
    """The encoding, checked over the whole file: a byte-order mark decides, then UTF-8, then GB18030."""
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith((b"PK\x03\x04", b"PAR1")):
        raise UnreadableFile(
            "The file is not text: it begins like an Excel or Parquet file",
            remedy="Give it its right suffix, or set file.format in the mapping.",
        )
    if wanted != "auto":
        tries = ["utf-8-sig" if wanted == "utf-8" else wanted]
    elif head.startswith(codecs.BOM_UTF8):
        tries = ["utf-8-sig"]
    elif head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        tries = ["utf-16"]
    else:
        tries = ["utf-8", "gb18030"]
    wrong = ""
    for encoding in tries:
        wrong = _undecodable(path, encoding)
        if not wrong:
            return encoding
    raise UnreadableFile(
        f"The file is not {' nor '.join(tries)}: {wrong}",
        remedy="Set file.encoding in the mapping to what the file was written in, or save it as UTF-8.",
    )


def _undecodable(path: Path, encoding: str) -> str:
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    with path.open("rb") as file:
        try:
            while block := file.read(1 << 20):
                decoder.decode(block)
                done += len(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            return f"byte 0x{error.object[error.start]:02x} near position {done + error.start}"
    return ""


def _delimiter(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding, newline="") as file:
        line = file.readline(100_000)
    return max(",;\t|", key=line.count)


def _csv_header(file: io.TextIOBase, delimiter: str, header_row: int) -> list[str]:
    reader = csv.reader(file, delimiter=delimiter)
    try:
        for _ in range(header_row - 1):
            next(reader)
        return next(reader)
    except (StopIteration, csv.Error) as error:
        raise UnreadableFile(
            f"The file has no header in row {header_row}: {error}", remedy="See file.header_row."
        ) from None


def _header(cells: Sequence[Any], header_row: int) -> list[str]:
    names = [str(cell).strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    seen: set[str] = set()
    for name in names:
        if name in seen or not name or "\x00" in name or name.startswith("__"):
            raise UnreadableFile(
                f"Row {header_row} is not a header: {name!r} stands there {'twice' if name in seen else 'as a name'}",
                remedy="Give every column a name of its own; file.header_row says which row has the names.",
            )
        seen.add(name)
    if not names:
        raise UnreadableFile(f"Row {header_row} is empty, the names of the columns should be there.")
    return names


def _csv_records(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise UnreadableFile(
            f"The file stops being CSV: {error}", remedy="Look for a quotation mark without its partner."
        ) from None


def _table(records: Iterator[list[str]], names: tuple[str, ...], first: int) -> Iterator[Rows]:
    width = len(names)
    batch: list[list[str]] = []
    numbers: list[int] = []
    faults: list[str | None] = []
    for number, record in enumerate(records, start=first):
        if not record or not any(record):
            continue  # an empty line is no row
        fault = None
        if len(record) != width:
            extra = [cell for cell in record[width:] if cell]
            fault = f"The row has {len(record)} cells, the header {width}." if extra or len(record) < width else None
            record = (record + [""] * width)[:width]
        batch.append(record)
        numbers.append(number)
        faults.append(fault)
        if len(batch) == BATCH_ROWS:
            yield _rows(names, batch, numbers, faults)
            batch, numbers, faults = [], [], []
    if batch:
        yield _rows(names, batch, numbers, faults)


def _rows(names: tuple[str, ...], batch: list[list[str]], numbers: list[int], faults: list[str | None]) -> Rows:
    cells = [list(column) for column in zip(*batch, strict=True)]
    return Rows(numbers, dict(zip(names, cells, strict=True)), faults)


def _padded(records: Iterator[list[str]], width: int) -> Iterator[list[str]]:
    for record in records:
        yield record + [""] * (width - len(record))


def _sheet(path: Path, form: FileForm) -> Iterator[list[Any]]:
    from python_calamine import CalamineError, CalamineWorkbook  # few processes read Excel files

    check_workbook(path=path)
    try:
        with path.open("rb") as file:  # not by its path: a kept file has no suffix
            book = CalamineWorkbook.from_filelike(file)
        if form.sheet and form.sheet not in book.sheet_names:
            raise UnreadableFile(f"There is no sheet {form.sheet!r}", remedy=did_you_mean(form.sheet, book.sheet_names))
        sheet = book.get_sheet_by_name(form.sheet) if form.sheet else book.get_sheet_by_index(0)
        rows = iter(sheet.to_python(skip_empty_area=False))
    except (CalamineError, OSError) as error:
        raise UnreadableFile(f"The file is not an Excel workbook: {error}", remedy="Save it again as .xlsx.") from None
    for _ in range(form.header_row - 1):
        next(rows, None)
    return rows


def _excel_text(cell: Any) -> str:
    """A cell as text. Excel has only binary fractions: 15 digits are what it shows and means."""
    match cell:
        case bool():
            return "true" if cell else "false"
        case float():
            return format(Decimal(f"{cell:.15g}"), "f")
        case datetime():
            return cell.isoformat(sep=" ")
        case date() | time():
            return cell.isoformat()
    return str(cell)


def _jsonl_columns(path: Path, encoding: str) -> tuple[str, ...]:
    """Names in the first rows; a broken line among them is quarantined later, but one of them has to be a row."""
    names: dict[str, None] = {}
    wrong = "it has no rows"
    with path.open(encoding=encoding, newline="\n") as file:
        for line, _ in zip(file, range(100), strict=False):
            record = _decoded(line) if line.strip() else {}
            if isinstance(record, str):
                wrong = record
            else:
                names.update(dict.fromkeys(record))
    if not names:
        raise UnreadableFile(f"The file is not JSON Lines: {wrong}", remedy="One JSON object on each line.")
    return tuple(names)


_json = msgspec.json.Decoder(float_hook=str)


def _decoded(line: str) -> dict[str, Any] | str:
    try:
        value = _json.decode(line)
        return _flat(value) if isinstance(value, dict) else "the line is not a JSON object"
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        return f"{error}"
    except RecursionError:
        return "it is nested too deeply"


def _flat(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        if isinstance(inner, dict):
            flat |= _flat(inner, f"{prefix}{key}.")
        else:
            flat[prefix + key] = inner
    return flat


def _json_text(value: Any) -> str | None:
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case list():
            return msgspec.json.encode(value).decode()
    return str(value)


def _jsonl(opened: Opened, names: list[str]) -> Iterator[Rows]:
    rows = Rows([], {name: [] for name in (*names, "__line")}, [])
    with opened.path.open(encoding=opened.encoding, newline="\n") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            record = _decoded(line)
            fault = record if isinstance(record, str) else None
            for name in names:
                rows.columns[name].append(None if isinstance(record, str) else _json_text(record.get(name)))
            rows.columns["__line"].append(line.rstrip("\n"))
            rows.numbers.append(number)
            rows.faults.append(f"The line is not a row: {fault}." if fault else None)
            if len(rows.numbers) == BATCH_ROWS:
                yield rows
                rows = Rows([], {name: [] for name in (*names, "__line")}, [])
    if rows.numbers:
        yield rows


def _parquet_columns(path: Path) -> tuple[str, ...]:
    import pyarrow.parquet as pq  # half a second and 60 MB, which few processes need

    try:
        return tuple(pq.read_schema(path).names)
    except Exception as error:  # pyarrow raises its own and OSError alike
        raise UnreadableFile(f"The file is not Parquet: {error}", remedy="Export it again.") from None
