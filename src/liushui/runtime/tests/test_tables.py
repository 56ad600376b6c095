"""Tables out and in: formulas, numbers, encodings, separators, spreadsheets."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from liushui.kernel.errors import InvalidValue
from liushui.runtime.export import Column, decimal_text, safe_text, table_response, write_table
from liushui.runtime.tabular import UnreadableTable, count_rows, detect_encoding, open_table

COLUMNS = (
    Column(title="名称"),
    Column(title="amount", kind="amount", places=2),
    Column(title="count", kind="integer"),
    Column(title="day", kind="date"),
    Column(title="time", kind="datetime"),
)
ROWS = [
    ("=1+1", -1205, 3, date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ('a "b", c', 5, None, None, None),
]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "－1"])
def test_what_a_spreadsheet_would_take_for_a_formula_gets_an_apostrophe(text) -> None:
    assert safe_text(text) == "'" + text


@pytest.mark.parametrize("text", ["", "a=1", "1-2", "薯片", "'=1"])
def test_any_other_text_stays_as_it_is(text) -> None:
    assert safe_text(text) == text


def test_csv_has_a_bom_and_numbers_stay_numbers() -> None:
    response = table_response(filename="表", columns=COLUMNS, rows=ROWS, format="csv")
    assert b"".join(response.streaming_content).decode() == (
        "\ufeff名称,amount,count,day,time\r\n"
        "'=1+1,-12.05,3,2026-01-02,2026-01-02 03:04:05+00:00\r\n"
        '"a ""b"", c",0.05,,,\r\n'
    )
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''%E8%A1%A8.csv"


def test_a_long_table_is_streamed_in_pieces() -> None:
    response = table_response(
        filename="t", columns=[Column(title="n", kind="integer")], rows=((n,) for n in range(1200)), format="csv"
    )
    pieces = list(response.streaming_content)
    assert len(pieces) == 3
    assert b"".join(pieces).decode().split("\r\n")[1:-1] == [str(n) for n in range(1200)]


def test_xlsx_holds_texts_as_texts_and_numbers_as_numbers(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    write_table(path=path, columns=COLUMNS, rows=ROWS)
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert rows[1] == ["'=1+1", -12.05, 3.0, date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5)]  # noqa: DTZ001
    assert rows[2][:2] == ['a "b", c', 0.05]


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(InvalidValue):
        table_response(filename="t", columns=COLUMNS, rows=[], format="pdf")


@pytest.mark.parametrize(
    ("amount", "places", "text"), [(-5, 2, "-0.05"), (1205, 2, "12.05"), (7, 0, "7"), (1, 3, "0.001"), (0, 2, "0.00")]
)
def test_amounts_are_written_without_floats(amount, places, text) -> None:
    assert decimal_text(amount, places) == text


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_what_was_exported_is_read_back_as_it_was(tmp_path: Path, ending) -> None:
    path = tmp_path / f"t{ending}"
    write_table(path=path, columns=COLUMNS[:3], rows=[row[:3] for row in ROWS])
    with open_table(path=path) as table:
        assert table.headers == ("名称", "amount", "count")
        assert list(table.rows) == [
            (2, {"名称": "=1+1", "amount": "-12.05", "count": "3"}),
            (3, {"名称": 'a "b", c', "amount": "0.05", "count": ""}),
        ]


@pytest.mark.parametrize(
    ("encoding", "detected"),
    [
        ("utf-8", "utf-8-sig"),
        ("utf-8-sig", "utf-8-sig"),
        ("gbk", "gb18030"),
        ("gb18030", "gb18030"),
        ("utf-16", "utf-16"),
    ],
)
def test_the_encoding_is_found_out(tmp_path: Path, encoding, detected) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("编码;品名\n1;薯片\n".encode(encoding))
    assert detect_encoding(path=path) == detected
    with open_table(path=path) as table:
        assert (list(table.rows), table.separator) == ([(2, {"编码": "1", "品名": "薯片"})], ";")


def test_bytes_of_no_encoding_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n\xff\xff,\x81")
    with pytest.raises(UnreadableTable), open_table(path=path):
        pass


def test_line_numbers_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('\na,b\n1,"two\nlines"\n\n,\n2,x\n', encoding="utf-8")
    with open_table(path=path) as table:
        assert list(table.rows) == [(3, {"a": "1", "b": "two\nlines"}), (7, {"a": "2", "b": "x"})]
    assert count_rows(path=path) == 2


def test_short_rows_are_filled_and_double_headers_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,a,\n1\n", encoding="utf-8")
    with open_table(path=path) as table:
        assert table.headers == ("a", "a #2", "#3")
        assert list(table.rows) == [(2, {"a": "1", "a #2": "", "#3": ""})]


def test_numbers_of_a_workbook_come_as_people_see_them(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.write_row(2, 1, ["code", "price", "tiny", "yes"])
    sheet.write_row(3, 1, [6901234567892, 0.1 + 0.2, 0.00001, True])
    book.close()
    with open_table(path=path) as table:
        ((line, row),) = table.rows
    assert (line, row["code"], row["price"], row["tiny"], row["yes"]) == (4, "6901234567892", "0.3", "0.00001", "true")


def test_a_file_that_only_calls_itself_a_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(b"not a workbook")
    with pytest.raises(UnreadableTable), open_table(path=path):
        pass


def test_a_quotation_mark_that_is_never_closed_is_said(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('a,b\n1,"' + "x" * 200_000, encoding="utf-8")
    with pytest.raises(UnreadableTable, match="Line 2"), open_table(path=path) as table:
        list(table.rows)
