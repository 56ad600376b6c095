"""Texts that mean something to a spreadsheet stay texts in every file that is exported."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.security.conftest import SYSTEM
from tests.security.reading import READING, renamed

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewItem
from liushui.runtime.export import Column, csv_chunks, safe_text, write_xlsx
from liushui.runtime.tabular import open_table
from liushui.stores import facade as stores

FORMULAS = (
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", "＝1+1", "＋1", "－1", "＠A1", " =1+1",
    "\x00=1+1", "\u00a0=cmd|' /C calc'!A0", "\ufeff=1", '=HYPERLINK("https://evil.example","x")', "\u3000=1",
)  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_is_a_formula_in_a_file(tmp_path: Path, text: str) -> None:
    columns = [Column(title=text), Column(title="b")]
    [head, row] = csv.reader(
        io.StringIO("".join(csv_chunks(columns=columns, rows=[(text, "x")])).removeprefix("\ufeff"))
    )
    assert head[0].startswith("'")
    assert row[0].startswith("'")
    path = tmp_path / "a.xlsx"
    with path.open("wb") as file:
        write_xlsx(file=file, columns=columns, rows=[(text, "x")])
    from zipfile import ZipFile

    sheet = ZipFile(path).read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet


def test_a_quoted_text_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for text in ("=1+1", "-x", "@a"):
        path.write_text(f"a,b\n{safe_text(text)},1\n")
        with open_table(path=path) as table:
            assert [row["a"] for _line, row in table.rows] == [text]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_export_holds_a_formula(world: Any, speak: Callable[..., Any], kind: str, tmp_path: Path) -> None:
    """Every address that gives a table, after every text was made a formula."""
    words = world.words["own"]
    evil = "=HYPERLINK(1)"
    chain_id = int(words["chain_id"])
    catalog.save_items(
        items=[NewItem(chain_id=chain_id, sku="EVIL", name_zh=evil, name_en=evil, brand=evil, unit=evil, cost_minor=1)]
    )
    here = stores.store(store_id=int(words["store_id"]))
    stores.change_store(store_id=here.id, store=renamed(here, words, evil), is_open=True, principal=SYSTEM)
    sale = {
        "id": evil, "store": words["store"], "completed_at": datetime.now(UTC).isoformat(), "receipt_number": evil,
        "operator": evil, "customer": evil, "workstation": evil,
        "lines": [{"code": "EVIL", "amount": "1.00", "name": evil}],
    }  # fmt: skip
    speak("machine")("POST", "/api/v1/sales", sale)
    speak("machine")("POST", "/api/v1/sales", sale | {"id": evil + "q", "lines": [{"code": evil, "amount": "1.00"}]})
    tables, evils = 0, 0
    for route, row in READING.items():
        for subject in ("store_manager", "auditor", "marketer"):
            path = world.fill(row["path"] or "/" + route, target="own")
            if not route.endswith(("export/", "template/", "wrong-rows/")):
                continue
            answer, body = speak(subject, scope="chain")("GET", f"{path}{'&' if '?' in path else '?'}format={kind}")
            if answer.status_code != 200 or answer.headers["Content-Type"].startswith("text/html"):
                continue
            tables += 1
            cells = _cells(body, kind, tmp_path)
            evils += sum("HYPERLINK" in cell for cell in cells)
            wrong = [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r")) or "-H" in cell[:2]]
            assert wrong == [], path
    assert tables > 10
    assert evils > 5, "the formulas are in the files, quoted"


def _cells(body: bytes, kind: str, folder: Path) -> list[str]:
    if kind == "csv" or not body.startswith(b"PK"):  # some answer in one form only
        return [cell for row in csv.reader(io.StringIO(body.decode("utf-8-sig"))) for cell in row]
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(body))
    return [str(cell) for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python() for cell in row]
