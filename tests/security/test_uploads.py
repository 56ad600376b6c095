"""Files that are not what they seem: bombs, outsiders' references, names that are paths, bodies without end."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory

from liushui.catalog.models import ImportRun
from liushui.intake import readers
from liushui.intake.domain.mapping import FileForm
from liushui.intake.domain.values import NumberFormat
from liushui.kernel.errors import LiushuiError
from liushui.runtime.tabular import open_table
from liushui.runtime.workbooks import CELLS_MAX, WorkbookTooLarge, check_workbook

_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="rId1" Type="{_RELATION}/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATION}"><sheets><sheet name="S" sheetId="1" '
    'r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="rId1" '
    f'Type="{_RELATION}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def book(path: Path, rows: str, *, head: str = "", more: dict[str, bytes] | None = None) -> Path:
    """A workbook of one sheet with these rows."""
    sheet = f'<?xml version="1.0"?>{head}<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in {**_PARTS, "xl/worksheets/sheet1.xml": sheet, **(more or {})}.items():
            file.writestr(name, content)
    return path


def text_cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


HEADS = f'<row r="1">{text_cell("A1", "sku")}{text_cell("B1", "name_zh")}</row>'


def read(path: Path) -> list[dict[str, str]]:
    with open_table(path=path) as table:
        return [row for _line, row in table.rows]


def test_an_honest_workbook_passes(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", f'{HEADS}<row r="2">{text_cell("A2", "TEA")}{text_cell("B2", "茶")}</row>')
    check_workbook(path=path)
    assert read(path) == [{"sku": "TEA", "name_zh": "茶"}]


@pytest.mark.parametrize("place", ["XFD1048576", "BZZ60000", "xfd1048576"])
@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_cell_far_out_does_not_fill_the_memory(tmp_path: Path, place: str, quote: str) -> None:
    """Some hundred bytes of XML that a reader makes a table of four gigabytes of."""
    far = text_cell(place, "x").replace('"', quote)
    path = book(tmp_path / "far.xlsx", f"{HEADS}<row>{far}</row>")
    assert path.stat().st_size < 2_000
    with pytest.raises(WorkbookTooLarge, match="its cells lie in a table of"):
        read(path)
    with pytest.raises(WorkbookTooLarge):
        readers.open_file(path, form())


def test_a_row_far_down_is_counted_with_the_columns_there_are(tmp_path: Path) -> None:
    wide = "".join(text_cell(f"{letter}1", letter) for letter in ("A", "ZZ"))
    path = book(tmp_path / "tall.xlsx", f'<row r="1">{wide}</row><row r="1048576"><c><v>1</v></c></row>')
    assert CELLS_MAX < 702 * 1_048_576
    with pytest.raises(WorkbookTooLarge):
        check_workbook(path=path)


def test_a_reference_across_two_pieces_is_seen(tmp_path: Path) -> None:
    for shift in (-6, -3, -1):
        padding = " " * ((1 << 20) - len(_sheet_start()) + shift)
        path = book(tmp_path / f"{shift}.xlsx", f"{padding}{text_cell('XFD1048576', 'x')}")
        with pytest.raises(WorkbookTooLarge):
            check_workbook(path=path)


def _sheet_start() -> str:
    return f'<?xml version="1.0"?><worksheet xmlns="{_MAIN}"><sheetData>'


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liushui.runtime.workbooks.UNPACKED_BYTES_MAX", 5_000_000)
    path = book(tmp_path / "bomb.xlsx", HEADS, more={"xl/sharedStrings.xml": b"<sst>" + b"a" * 6_000_000})
    assert path.stat().st_size < 20_000
    with pytest.raises(WorkbookTooLarge, match="unpacks to more than"):
        check_workbook(path=path)


def test_a_zip_that_lies_about_its_size_is_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sizes in its directory are what it says of itself; bytes are counted as they come."""
    monkeypatch.setattr("liushui.runtime.workbooks.UNPACKED_BYTES_MAX", 5_000_000)
    path = book(tmp_path / "liar.xlsx", HEADS, more={"xl/sharedStrings.xml": b"a" * 6_000_000})
    packed = path.read_bytes().replace((6_000_000).to_bytes(4, "little"), (60).to_bytes(4, "little"))
    path.write_bytes(packed)
    with zipfile.ZipFile(path) as lying:
        assert lying.getinfo("xl/sharedStrings.xml").file_size == 60
    with pytest.raises(WorkbookTooLarge):
        check_workbook(path=path)


def test_a_zip_of_many_parts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "many.xlsx"
    with zipfile.ZipFile(path, "w") as file:
        for number in range(10_001):
            file.writestr(f"{number}", b"")
    with pytest.raises(WorkbookTooLarge, match="10,001 parts"):
        check_workbook(path=path)


def test_an_ods_that_repeats_a_cell_for_ever_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.ods"
    cell = '<table:table-cell table:number-columns-repeated="16000" office:value-type="float" office:value="1"/>'
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(
            "content.xml", f'<table:table-row table:number-rows-repeated="100000000">{cell}</table:table-row>'
        )
    with pytest.raises(WorkbookTooLarge, match="repeats a cell 100,000,000 times"):
        check_workbook(path=path)


def test_a_binary_sheet_with_a_cell_far_out_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "far.xlsb"
    row = b"\x00\x04" + (1_048_575).to_bytes(4, "little")
    cell = b"\x05\x10" + (16_383).to_bytes(4, "little") + bytes(12)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("xl/worksheets/sheet1.bin", row + cell)
    with pytest.raises(WorkbookTooLarge, match="1,048,576 rows and 16,384 columns"):
        check_workbook(path=path)


ENTITY = '<!DOCTYPE w [<!ENTITY x SYSTEM "file://{path}"><!ENTITY % p SYSTEM "http://127.0.0.1:9/evil.dtd">{more}]>'
LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "lol" * 10}">' for i in range(12))


def test_no_entity_is_fetched_or_unfolded(tmp_path: Path) -> None:
    """XXE and a billion laughs: references stay what they are, or the sheet is refused."""
    secret = tmp_path / "secret"
    secret.write_text("zzsecret")
    head = ENTITY.format(path=secret, more=LAUGHS)
    cells = text_cell("A2", "&x;") + text_cell("B2", "&l11;")
    path = book(tmp_path / "xxe.xlsx", f'{HEADS}<row r="2">{cells}</row>', head=head)
    try:
        said = json.dumps(read(path))
    except LiushuiError as error:
        said = error.detail
    assert "zzsecret" not in said
    assert len(said) < 5_000


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"\xd0\xcf\x11\xe0" * 200, b"", b"\0" * 512]
)
@pytest.mark.parametrize("ending", [".xlsx", ".xls", ".xlsb", ".ods"])
def test_what_is_no_workbook_is_refused_by_name(tmp_path: Path, content: bytes, ending: str) -> None:
    path = tmp_path / f"broken{ending}"
    path.write_bytes(content)
    with pytest.raises(LiushuiError):
        read(path)


NAMES = [
    "../../../etc/passwd.csv", "..\\..\\evil.csv", "/etc/cron.d/evil.csv", "a\x00.csv", "a\r\nX: y.csv", "C:\\evil.csv",
    "‮vsc.exe.csv", "a" * 300 + ".csv", "<img src=x onerror=alert(1)>.csv", "CON.csv", "%2e%2e%2fevil.csv",
    ";rm -rf.csv",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_no_file_name_is_a_path(world: Any, name: str) -> None:
    """Kept under a name of our own, inside the data folder; shown escaped; offered for download without its folders."""
    browser: Client = world.browser(subject="marketer", scope="chain")
    upload = SimpleUploadedFile("x.csv", "sku,name_zh\n,无\n".encode())
    upload._name = name  # type: ignore[attr-defined]  # past the cleaning that the test's own class does
    before = set(ImportRun.objects.values_list("id", flat=True))
    answer = browser.post("/catalog/imports/", {"kind": "items", "chain": world.words["own"]["chain"], "file": upload})
    assert answer.status_code in (302, 422)
    for run in ImportRun.objects.exclude(id__in=before):
        kept = Path(settings.LIUSHUI.data_dir, run.file_path).resolve()
        assert kept.is_relative_to(Path(settings.LIUSHUI.data_dir).resolve() / "catalog-imports")
        assert kept.name == f"{run.id}.csv"
        assert not set("/\\\r\n\0") & set(run.file_name) or "\\" in run.file_name
        page = browser.get(f"/catalog/imports/{run.id}/").content
        assert b"<img src=x" not in page
        download = browser.get(f"/catalog/imports/{run.id}/wrong-rows/")
        assert "\n" not in download["Content-Disposition"]
        assert "/" not in download["Content-Disposition"].replace("filename*=utf-8''", "").split("filename=")[-1]


@pytest.mark.parametrize(
    "name",
    ["../../pyproject", "/etc/passwd", "..%2f..%2fsecret_key", "online-retail\x00", "online-retail/../x", "", "."],
)
def test_no_mapping_is_asked_for_by_a_path(world: Any, speak: Callable[..., Any], name: str) -> None:
    from urllib.parse import quote

    answer, body = speak("it_admin")("GET", f"/intake/imports/mapping/?name={quote(name)}")
    assert answer.status_code == (200 if name == "" else 422)
    assert b"[project]" not in body
    assert b"root:" not in body
    form_body = f"chain={world.words['own']['chain']}&mapping={quote(name)}&do=start"
    answer, _ = speak("it_admin", scope="chain")("POST", "/intake/imports/new/", form_body)
    assert answer.status_code == 422


@pytest.mark.parametrize("kept", ["../../secret_key", "WyIuLi8uLi9zZWNyZXRfa2V5Iiwi", "a:b:c", "x" * 10_000])
def test_no_kept_file_is_named_by_the_sender(world: Any, speak: Callable[..., Any], kept: str) -> None:
    """The field of the preview that names the uploaded file is signed; another salt's signature is none."""
    from django.core import signing

    for value in (kept, signing.dumps([kept, "x.csv"]), signing.dumps([kept, "x.csv"], salt="django.core.signing")):
        form_body = f"chain={world.words['own']['chain']}&mapping=online-retail&do=start&file_kept={value}"
        answer, body = speak("it_admin", scope="chain")("POST", "/intake/imports/new/", form_body)
        assert answer.status_code == 422
        assert settings.SECRET_KEY.encode() not in body


@pytest.mark.parametrize("depth", [1_000, 100_000])
@pytest.mark.parametrize("shape", ["[", '{"a":'])
@pytest.mark.parametrize("path", ["/api/v1/sales", "/api/v1/sales/batch", "/api/v1/items/batch", "/api/v1/items/X"])
def test_json_nested_without_end_is_refused(
    world: Any, speak: Callable[..., Any], path: str, shape: str, depth: int
) -> None:
    method = "PUT" if path.endswith("/X") else "POST"
    closing = "]" if shape == "[" else "}"
    for body in (shape * depth, shape * depth + "1" + closing * depth):
        answer, said = speak("machine", scope="chain")(
            method, f"{path}?chain=ACME", body, content_type="application/json"
        )
        assert answer.status_code in (400, 422), said[:300]


def test_a_line_of_json_nested_without_end_is_one_wrong_row(tmp_path: Path) -> None:
    path = tmp_path / "deep.jsonl"
    path.write_text('{"a": "1"}\n' + '{"a":' * 50_000 + "1" + "}" * 50_000 + "\n")
    opened = readers.open_file(path, form())
    [rows] = readers.read_rows(opened, form(), frozenset({"a"}))
    assert rows.faults == [None, "The line is not a row: it is nested too deeply."]


def form() -> FileForm:
    return FileForm(
        format="auto", encoding="auto", delimiter="", sheet="", header_row=1, missing=frozenset(),
        numbers=NumberFormat(),
    )  # fmt: skip


@pytest.mark.parametrize("path", ["/sign-in/", "/orders/x/void/", "/language/", "/theme/", "/oauth/token/"])
def test_a_body_beyond_the_limit_is_refused_by_its_length(world: Any, path: str) -> None:
    """Also by somebody unknown, and before the CSRF check reads it all into a file."""
    huge = str(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    for kind in ("multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
        answer = browser.generic("POST", path, b"a=b", content_type=kind, CONTENT_LENGTH=huge)
        assert answer.status_code in (404, 413)


def test_a_file_beyond_the_limit_is_refused_by_its_length(world: Any) -> None:
    browser: Client = world.browser(subject="it_admin", scope="chain")
    for length in (settings.LIUSHUI.upload_max_bytes + 2_000_000, 10**30):
        answer = browser.generic(
            "POST",
            "/intake/imports/new/",
            b"",
            content_type="multipart/form-data; boundary=x",
            CONTENT_LENGTH=str(length),
        )
        assert answer.status_code == 413


def test_a_form_of_too_many_fields_is_refused(world: Any) -> None:
    body = "&".join(f"a{number}=1" for number in range(5_000))
    answer = Client(raise_request_exception=False).post(
        "/sign-in/", body, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 400


def test_a_body_without_a_length_is_no_body() -> None:
    request = RequestFactory().generic("POST", "/sign-in/", b"username=x")
    del request.META["CONTENT_LENGTH"]
    request.META["wsgi.input"] = io.BytesIO(b"username=x")
    assert request.POST.dict() == {}
