"""Tables as files that people open in a spreadsheet: CSV and XLSX, written row by row, safe against formulas."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse

from liushui.kernel.errors import InvalidValue

Kind = Literal["text", "integer", "amount", "date", "datetime"]
# A spreadsheet takes a cell that begins so for a formula (OWASP, CSV injection); full-width forms included.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_OVERLOOKED = " \0\v\f\x1c\x1d\x1e\x1f\x85\xa0\u3000\ufeff\u200b"
FORMATS = ("csv", "xlsx")
_XLSX_ROWS_MAX = 1_048_576
_CSV_ROWS_AT_ONCE = 500
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of an exported table.

    `text`: any value, as str. `integer`: int. `amount`: int of minor units, shown with `places` decimal places and
    never through a float in CSV. `date`, `datetime`: as they are; an aware time is shown on the wall clock it carries.
    None is an empty cell everywhere.
    """

    title: Any  # may be a lazy translation
    kind: Kind = "text"
    places: int = 0


def looks_like_formula(text: str) -> bool:
    """Whether a spreadsheet may take the text for a formula; blanks and U+0000 in front do not hinder all of them."""
    return text.startswith(FORMULA_STARTS) or text.lstrip(_OVERLOOKED).startswith(FORMULA_STARTS)


def safe_text(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe in front of one that looks like it."""
    return "'" + text if looks_like_formula(text) else text


def table_response(
    *, filename: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]], format: str
) -> HttpResponseBase:
    """A download of the table. `filename` comes without its ending; `format` is one of FORMATS."""
    if format not in FORMATS:
        raise InvalidValue(f"{format!r} is not a format of exports", remedy=f"Use one of {', '.join(FORMATS)}.")
    name = f"{filename}.{format}"
    if format == "csv":
        response = StreamingHttpResponse(csv_chunks(columns=columns, rows=rows), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = FileResponse(io.BytesIO(), as_attachment=True, filename=name)[
            "Content-Disposition"
        ]
        return response
    file = tempfile.TemporaryFile()  # noqa: SIM115  # FileResponse closes it, and closing deletes it
    write_xlsx(file=file, columns=columns, rows=rows)
    file.seek(0)
    return FileResponse(
        file,
        as_attachment=True,
        filename=name,
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )


def write_table(*, path: Path, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> None:
    """Write the table to a file whose ending says the format."""
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as text:
            text.writelines(csv_chunks(columns=columns, rows=rows))
    elif path.suffix == ".xlsx":
        with path.open("wb") as file:
            write_xlsx(file=file, columns=columns, rows=rows)
    else:
        raise InvalidValue(f"{path.name!r} does not say its format", remedy="End the name with .csv or .xlsx.")


def csv_chunks(*, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The table as RFC 4180 text with a BOM, without which Excel takes UTF-8 for the local code page."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(_BOM)
    writer.writerow([safe_text(str(column.title)) for column in columns])
    for number, row in enumerate(rows, start=1):
        writer.writerow([_csv_cell(column, value) for column, value in zip(columns, row, strict=True)])
        if number % _CSV_ROWS_AT_ONCE == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _csv_cell(column: Column, value: Any) -> str:
    if value is None:
        return ""
    if column.kind == "text":
        return safe_text(str(value))
    if column.kind == "amount":
        return decimal_text(value, column.places)
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(int(value))


def decimal_text(amount: int, places: int) -> str:
    """A whole number of 10**-places as a plain decimal: (-1205, 2) is -12.05."""
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def write_xlsx(*, file: Any, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> None:
    """Write the table as a workbook into a binary file; rows beyond a sheet's limit go on in a further sheet."""
    import xlsxwriter  # a fifth of a second, which only a process that writes workbooks should spend

    book = xlsxwriter.Workbook(
        file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "remove_timezone": True}
    )
    formats = [_xlsx_format(book, column) for column in columns]
    sheet, line = _new_sheet(book, columns), 1
    for row in rows:
        if line == _XLSX_ROWS_MAX:
            sheet, line = _new_sheet(book, columns), 1
        for place, (column, value) in enumerate(zip(columns, row, strict=True)):
            _xlsx_cell(sheet, line, place, column, value, formats[place])
        line += 1
    book.close()


def _new_sheet(book: Any, columns: Sequence[Column]) -> Any:
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True, "bottom": 1})
    for place, column in enumerate(columns):
        title = safe_text(str(column.title))
        sheet.set_column(place, place, 20 if column.kind in ("text", "datetime") else max(12, len(title) + 2))
        sheet.write_string(0, place, title, bold)
    sheet.freeze_panes(1, 0)
    return sheet


def _xlsx_format(book: Any, column: Column) -> Any:
    patterns = {"integer": "#,##0", "date": "yyyy-mm-dd", "datetime": "yyyy-mm-dd hh:mm:ss"}
    pattern = patterns.get(column.kind, "@")
    if column.kind == "amount":
        pattern = "#,##0" + ("." + "0" * column.places if column.places else "")
    return book.add_format({"num_format": pattern})


def _xlsx_cell(sheet: Any, line: int, place: int, column: Column, value: Any, style: Any) -> None:
    if value is None:
        return
    if column.kind == "text":
        sheet.write_string(line, place, safe_text(str(value)), style)
    elif column.kind in ("date", "datetime"):
        sheet.write_datetime(line, place, value, style)
    elif column.kind == "amount":
        # A workbook holds binary floats only; 15 digits of them are exact, and Excel shows no more.
        sheet.write_number(line, place, value / 10**column.places, style)
    else:
        sheet.write_number(line, place, int(value), style)
