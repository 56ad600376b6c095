"""Texts that mean something to a database, a browser, a spreadsheet, a log or a regular expression stay texts."""

from __future__ import annotations

import csv
import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import structlog
from django.db import connection
from tests.architecture import test_access_matrix as matrix
from tests.security.conftest import SYSTEM
from tests.security.test_objects_of_others import asked_for, parameters_of

from liushui.catalog import facade as catalog
from liushui.catalog.contracts import NewCategory, NewItem
from liushui.catalog.domain import checks as catalog_checks
from liushui.catalog.domain import import_columns, import_values, search_text, weighed
from liushui.intake.domain import sale_json
from liushui.kernel import money, strict_json
from liushui.promotions.domain import documents, rule_kinds
from liushui.promotions.pages import form_change, form_document, form_values
from liushui.runtime import api_clients, scrub, staff, telemetry
from liushui.runtime.export import Column, csv_chunks, safe_text, write_xlsx
from liushui.runtime.models import StaffUser
from liushui.runtime.tabular import open_table
from liushui.stores import facade as stores
from liushui.stores.contracts import NewWorkstation
from liushui.stores.domain import checks as store_checks

__all__ = ["asked_for"]

SQL = (
    "'", '"', "\\", "' OR '1'='1", "' OR 1=1 --", '" OR ""="', "1) OR (1=1", "'; DROP TABLE stores_store; --", "%", "_",
    "1 UNION SELECT password FROM runtime_staffuser", "-1' UNION SELECT 1,2,3 --", "sku) DESC; --", "*", "NEAR(a b)",
    'a" OR "b', "AND", "\x00", "\ud7ff\uffff", "9" * 40, "-9223372036854775809", "1e999", "'||(SELECT 1)||'", "{0}",
    "%s", "$1", ":name", "0x27", "＇ OR 1=1", "a" * 5_000,
)  # fmt: skip
READING = {row["route"]: row for row in matrix.rows() if row["method"] == "GET"}


@pytest.mark.slow
@pytest.mark.parametrize("subject", ["store_manager", "machine"])
def test_no_parameter_reaches_the_database_as_sql(
    world: Any, speak: Callable[..., Any], asked_for: set[str], subject: str
) -> None:
    """Every parameter that any page or operation asks for, with what breaks out of strings, patterns and numbers."""
    tried, wrong = 0, []
    for route, row in READING.items():
        path = world.fill((row["path"] or "/" + route).split("?")[0], target="own")
        asked_for.clear()
        answer, body = speak(subject, scope="chain")("GET", path)
        if answer.status_code != 200 or route in ("metrics", "healthz", "readyz"):
            continue
        names = sorted(parameters_of(body, set(asked_for)) | (API_PARAMETERS if route.startswith("api/") else set()))
        for value in SQL[:: 1 if route.startswith("api/") else 4]:
            # One at a time would be ten thousand requests; together they reach every place that any of them reaches,
            # and those that end the request early (places, dates, cursors, sorting) are tried alone as well.
            early = {"chain", "region", "store", "from", "to", "first", "last", "after", "cursor", "sort", "format"}
            for query in (dict.fromkeys(set(names) - early, value), dict.fromkeys(set(names) & early, value)):
                tried += 1
                answer, body = speak(subject, scope="chain")("GET", f"{path}?{urlencode(query, errors='replace')}")
                if answer.status_code >= 500 or b"zzrivalmark" in body:
                    wrong.append(f"{path}?{urlencode(query, errors='replace')[:200]}: {answer.status_code}")
    assert wrong == []
    assert tried > 300


API_PARAMETERS = {
    "q",
    "text",
    "limit",
    "cursor",
    "offset",
    "sort",
    "store",
    "chain",
    "from",
    "to",
    "page",
    "sku",
    "category",
}


@pytest.mark.parametrize("value", [value for value in SQL if value not in ("\x00",)])
def test_no_part_of_a_path_reaches_the_database_as_sql(world: Any, speak: Callable[..., Any], value: str) -> None:
    for path in ("/api/v1/items/{}", "/api/v1/items/{}/prices", "/api/v1/reports/{}", "/settings/api-clients/{}/"):
        subject = "it_admin" if path.startswith("/settings") else "machine"
        answer, _ = speak(subject, scope="chain")("GET", path.format(quote(value, safe="")))
        assert answer.status_code in (400, 404, 422), f"{path} {answer.status_code}"


def test_a_search_for_everything_by_trick_finds_nothing(world: Any, speak: Callable[..., Any]) -> None:
    """What would find all rows if it were SQL or a pattern finds none."""
    for value in ("' OR '1'='1", "%", "_", "*", "') OR 1=1 --"):
        _answer, body = speak("machine", scope="chain")("GET", f"/api/v1/items?text={quote(value)}")
        assert json.loads(body)["items"] == [], value
        _answer, body = speak("machine", scope="chain")("GET", f"/api/v1/orders?q={quote(value)}")
        assert next(found for found in json.loads(body).values() if isinstance(found, list)) == [], value


def test_the_tables_are_still_there(world: Any) -> None:
    """After a sale whose every text is SQL."""
    assert len(stores.stores()) == 3
    assert {"stores_store", "orders_sale"} <= set(connection.introspection.table_names())


# Browsers.

SCRIPT = "<script>zzxss()</script>"
PAYLOADS = (
    SCRIPT, '"><img src=zzxss onerror=zzxss()>', "' autofocus onfocus=zzxss() x='", "</script><script>zzxss()</script>",
    "<!--<script>", "{{7*7}}{% debug %}", "javascript:zzxss()", "</title></textarea><svg onload=zzxss()>",
)  # fmt: skip


class Reader(HTMLParser):
    """Reads a page as browsers do, and notes what would run."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.alive: list[str] = []
        self.kind: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.kind = dict(attrs).get("type") or "" if tag == "script" else None
        for name, value in attrs:
            runs = name.startswith("on") and name != "on"
            target = (value or "").strip().lower() if name in ("href", "src", "action", "formaction") else ""
            leads = target.startswith("javascript:")
            if runs or leads or name == "style":
                self.alive.append(f"<{tag} {name}={value!r}>")

    def handle_data(self, data: str) -> None:
        if self.kind is not None and (("zzxss" in data and "json" not in self.kind) or "<" in data):
            self.alive.append(data[:80])

    def handle_endtag(self, tag: str) -> None:
        self.kind = None


@pytest.fixture
def planted(world: Any, speak: Callable[..., Any]) -> Iterator[str]:
    """Every text field that somebody can fill, filled with every payload; yields the payloads as one text."""
    words = world.words["own"]
    chain_id, client = int(words["chain_id"]), speak("machine")
    text = " ".join(PAYLOADS)
    catalog.save_categories(
        categories=[NewCategory(chain_id=chain_id, path="xss", name_zh=text[:128], name_en=text[:128])]
    )
    catalog.save_items(
        items=[
            NewItem(
                chain_id=chain_id, sku=f"XSS-{number}", name_zh=payload, name_en=payload, category="xss", brand=payload,
                unit=payload[:32], cost_minor=1,
            )
            for number, payload in enumerate(PAYLOADS)
        ]
    )  # fmt: skip
    stores.save_region(chain_code=words["chain"], code=words["region"], name_zh=SCRIPT, name_en=SCRIPT)
    stores.save_workstations(
        workstations=[NewWorkstation(chain_code=words["chain"], store_code=words["store"], code="X9", name=text[:128])]
    )
    here = stores.store(store_id=int(words["store_id"]))
    stores.change_store(store_id=here.id, store=_renamed(here, words, PAYLOADS[1]), is_open=True, principal=SYSTEM)
    for number, payload in enumerate(PAYLOADS):
        sale = {
            "id": f"x{number}{payload}"[:128], "store": words["store"], "completed_at": datetime.now(UTC).isoformat(),
            "receipt_number": payload[:64], "operator": payload[:64], "workstation": payload[:32],
            "customer": payload[:64],
            "lines": [
                {"code": f"XSS-{number}", "regular_minor": 200, "amount_minor": 100, "name": payload,
                 "discounts": [{"code": payload[:64], "name": payload[:128], "amount_minor": 100}]}
            ],
            "tenders": [{"type": "other", "method": "x", "reference": payload[:64], "amount_minor": 100}],
        }  # fmt: skip
        client("POST", "/api/v1/sales", sale)
        client("POST", "/api/v1/sales", sale | {"id": f"q{number}", "lines": [{"code": payload, "amount": "1.00"}]})
    user = StaffUser.objects.get(username="cashier-own")
    StaffUser.objects.filter(pk=user.pk).update(display_name=text[:128])
    speak("store_manager")("POST", f"/orders/{words['sale_id']}/void/", urlencode({"reason": text[:400]}))
    yield text


def _renamed(store: Any, words: dict[str, str], name: str) -> Any:
    from liushui.stores.contracts import NewStore

    return NewStore(
        chain_code=words["chain"], region_code=words["region"], code=store.code, name_zh=name, name_en=name,
        time_zone=store.time_zone, currency=store.currency, day_starts_at=store.day_starts_at,
    )  # fmt: skip


def alive(body: bytes) -> str | None:
    """The first thing in the page that a browser would run, or that would break out of a block of JSON."""
    reader = Reader()
    reader.feed(body.decode(errors="replace"))
    return reader.alive[0] if reader.alive else None


@pytest.mark.slow
@pytest.mark.parametrize("subject", ["store_manager", "it_admin", "auditor", "marketer"])
def test_no_stored_text_runs_in_a_browser(world: Any, speak: Callable[..., Any], planted: str, subject: str) -> None:
    wrong, seen = [], 0
    for route, row in READING.items():
        if route.startswith("api/"):
            continue
        path = world.fill(row["path"] or "/" + route, target="own")
        for address in {path, path.split("?")[0]}:
            answer, body = speak(subject, scope="chain")("GET", address)
            assert answer.status_code != 500, address
            seen += b"zzxss" in body
            found = alive(body) if answer.headers.get("Content-Type", "").startswith("text/html") else None
            wrong += [f"{address}: {found}"] if found else []
    assert wrong == []
    assert seen >= 3, "the payloads are on pages at all"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_typed_runs_when_it_is_shown_again(world: Any, speak: Callable[..., Any], payload: str) -> None:
    typed = quote(payload)
    for path in (
        f"/search/?q={typed}", f"/orders/?q={typed}&from={typed}&min={typed}", 
        f"/catalog/items/?q={typed}&category={typed}",
        f"/stores/?q={typed}&state={typed}", f"/?store={typed}", f"/reports/items/?sort={typed}&q={typed}",
        f"/intake/quarantine/?reason={typed}", f"/{typed}/", f"/orders/export/?format={typed}",
    ):  # fmt: skip
        _answer, body = speak("store_manager", scope="chain")("GET", path)
        assert alive(body) is None, path
    _answer, body = speak()("POST", "/sign-in/", urlencode({"username": payload, "password": payload, "next": payload}))
    assert alive(body) is None
    _answer, body = speak("it_admin")("POST", "/settings/staff/new/", urlencode({"username": payload, "role": payload}))
    assert alive(body) is None


def test_the_look_for_scripts_sees_one() -> None:
    assert alive(b"<p><script>zzxss()</script>") is not None
    assert alive(b'<a title=""><img src=zzxss onerror=zzxss()>">') is not None
    assert alive(b'<script id="x" type="application/json">"</b>"</script>') is not None
    assert alive(b'<a href="JavaScript:zzxss()">') is not None
    assert alive(b'<input title="&quot; onfocus=zzxss()">') is None
    assert alive(b"<p>&lt;script&gt;zzxss()</p>") is None


# Spreadsheets.

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
    stores.change_store(store_id=here.id, store=_renamed(here, words, evil), is_open=True, principal=SYSTEM)
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


# Logs.


@pytest.mark.parametrize("json_lines", [True, False])
def test_no_request_writes_a_line_of_its_own_into_the_log(
    world: Any, speak: Callable[..., Any], capsys: pytest.CaptureFixture[str], json_lines: bool
) -> None:
    forged = "2026-01-01T00:00:00Z [info     ] sign-in of admin"
    disabled, before = logging.root.manager.disable, structlog.get_config()
    handlers, level = list(logging.root.handlers), logging.root.level
    try:
        logging.disable(logging.NOTSET)
        telemetry.configure_logging(json=json_lines)
        for path in (
            f"/x%0a{quote(forged)}/",
            f"/x%0d%0a{quote(forged)}",
            "/x%1b[2J%1b[31mred/",
            f"/x%e2%80%a8{quote(forged)}",
        ):
            speak()("GET", path)
        speak()("POST", "/sign-in/", urlencode({"username": f"x\n{forged}", "password": "x"}))
        speak()("GET", "/sign-in/", **{"x-request-id": "a b", "user-agent": "x"})
    finally:
        logging.disable(disabled)
        logging.root.handlers, logging.root.level = handlers, level
        structlog.configure(**before)
    said = capsys.readouterr().err
    assert forged in said or forged.replace(" ", "%20") in said, "it is logged"
    lines = said.splitlines()
    assert not [line for line in lines if line.startswith(forged)]
    assert "\x1b" not in said
    if json_lines:
        assert all(json.loads(line)["timestamp"] for line in lines)


def test_what_is_secret_does_not_reach_the_log(world: Any, speak: Callable[..., Any], caplog: Any) -> None:
    event = {"password": "zz1", "note": "token=zz2", "headers": {"Authorization": "Bearer zz3"}, "path": "/a"}
    assert "zz" not in json.dumps(scrub.scrub(None, "info", dict(event)))


# Regular expressions.

EXPRESSIONS: dict[str, tuple[Callable[[str], Any], tuple[str, ...]]] = {
    "amount": (lambda text: _quietly(money.parse_minor, text, "CNY"), ("1", "1.", "-1", "1,")),
    "import amount": (lambda text: import_values._THOUSANDS.fullmatch(text), ("1,111", ",111", "1")),
    "date": (lambda text: import_values._DATE.fullmatch(text), ("2026-", "1", "-1")),
    "search": (search_text.folded, ("茶", "a1", "ａ", " ")),
    "grams": (lambda text: search_text.query_grams(search_text.folded(text)), ("ab", "茶叶")),
    "header": (
        lambda text: import_columns.normal(text) if hasattr(import_columns, "normal") else text,
        ("(", "[(", "()"),
    ),
    "image": (lambda text: catalog_checks._IMAGE.fullmatch(text), ("https://", "/", "https:///")),
    "weighed": (lambda text: weighed._ELEMENT_STRING.fullmatch(text), ("01", "(01)", "]C1")),
    "pattern": (lambda text: store_checks._PATTERN.fullmatch(text), ("p", "pw", "2pppvc", "w")),
    "code": (lambda text: store_checks._CODE.fullmatch(text), ("a.", "a")),
    "user name": (lambda text: staff.USERNAME.fullmatch(text), ("a@", "a")),
    "source name": (lambda text: api_clients.SOURCE_NAME.fullmatch(text), ("a.", "a")),
    "request id": (lambda text: telemetry._REQUEST_ID.fullmatch(text), ("a.",)),
    "scrub": (
        scrub.scrubbed,
        ("a@a", "token=", "1", "138", "a.b@c", "6222 ", "authorization bearer ", "token" * 3, '"', "a-", "0-0"),
    ),
    "promotion language": (lambda text: rule_kinds._LANGUAGE.fullmatch(text), ("zh-Hans-", "a", "zh-")),
    "instant": (lambda text: strict_json._INSTANT.fullmatch(text), ("2026-", "2026-11-22T10:00:00.", "1")),
    "number in JSON": (lambda text: strict_json._LONG_INTEGER.search(text), ("1 ", "123456789012345,")),
    "percent": (lambda text: documents._PERCENT.fullmatch(text), ("1", "1.")),
    "promotion field": (lambda text: form_document._NAME.fullmatch(text), ("a.", "when.0.", "name.", "a_")),
    "promotion pointer": (lambda text: list(form_document._POINTER.finditer(text)), ("a.", "[1]", "[", ".")),
    "promotion hours": (lambda text: form_values._RANGE.fullmatch(text), ("10:00 ", "10:00-", " ")),
    "promotion deed": (lambda text: form_change._DEED.fullmatch(text), ("add:", "add:a.", "wrap:when.0.")),
    "json error": (lambda text: sale_json._AT.match(text), (" - at `", "`", "a - at ")),
}
ENDS = ("", "!", "\n", " ", "`", "x", "茶")


def _quietly(function: Callable[..., Any], *arguments: Any) -> None:
    try:
        function(*arguments)
    except Exception as error:
        assert type(error).__module__.startswith("liushui"), error


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", EXPRESSIONS)
def test_no_text_keeps_an_expression_busy(name: str) -> None:
    """Long repetitions with an end that does not fit. What backtracks exponentially takes years, and even what is
    quadratic is stopped by the time limit, which interrupts the engine."""
    use, seeds = EXPRESSIONS[name]
    for seed in seeds:
        for end in ENDS:
            use(seed * (20_000 // len(seed)) + end)


COMPILES = re.compile(r"\bre\.(compile|match|search|fullmatch|sub|split|findall)\(")


def test_every_expression_of_ours_is_among_them_or_bounded() -> None:
    """A module that compiles an expression is tried above, or its input is our own: named here with the reason."""
    root = Path(__file__).parents[2] / "src" / "liushui"
    tried = {
        "kernel/money.py", "catalog/domain/import_values.py", "catalog/domain/search_text.py",
        "catalog/domain/import_columns.py", "catalog/domain/checks.py", "catalog/domain/weighed.py",
        "stores/domain/checks.py", "runtime/staff.py", "runtime/api_clients.py", "runtime/telemetry.py",
        "runtime/scrub.py", "intake/domain/sale_json.py",
        "promotions/domain/rule_kinds.py", "promotions/domain/documents.py", "kernel/strict_json.py",
        "promotions/pages/form_document.py", "promotions/pages/form_values.py", "promotions/pages/form_change.py",
    }  # fmt: skip
    ours = {
        "app/demo/assortment.py": "names of the demo's own goods",
        "intake/actions/create_references.py": "one class of characters",
        "intake/domain/expressions.py": "written by whoever runs the machine, in a mapping file",
        "intake/pages/words.py": "texts of our own errors",
        "intake/pages/mend_form.py": "digits, at most fifteen",
        "runtime/operators.py": "one class of characters with a bound on their number",
        "till/pages/devices.py": "one class of characters with a bound on their number",
        "till/pages/approving.py": "one class of characters with a bound on their number",
        "till/pages/entry.py": "one class of characters with a bound on their number",
        "payments/sandbox/server.py": "a program for trying, not part of the server",
        "console/manual_pages.py": "texts of our own manual",
        "promotions/reason_words.py": "paths of our own answers",
        "promotions/lint_words.py": "paths of our own findings",
        "promotions/pages/try_it.py": "bounds on every repetition, or one class of characters",
        "promotions/pages/coupon_batch.py": "one class of characters",
        "till/actions/customer.py": "one class of characters with a bound on their number",
        "loyalty/domain/programme_json.py": "four digits",
        "privacy/scanning.py": "bounds on every repetition, by command over our own tables and files",
        "runtime/workbooks.py": "bounded repetitions, tried on bombs",
    }
    compiling = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if "tests" not in path.parts
        and re.search(r"\bre\.(compile|match|search|fullmatch|sub|split|findall)\(", path.read_text())
    }
    known = tried | set(ours)
    assert sorted(compiling - known) == []


def test_no_url_of_somebody_is_a_script(world: Any, speak: Callable[..., Any]) -> None:
    """Addresses of pictures are https or of this server; `javascript:` and others never get into the catalogue."""
    for url in (
        "javascript:alert(1)",
        "data:text/html,x",
        "http://x/y",
        "file:///etc/passwd",
        "https:///x",
        " /x",
        "ftp://x/y",
    ):
        body = {"name_zh": "杯", "image_url": url}
        answer, _ = speak("machine", scope="chain")(
            "PUT", f"/api/v1/items/CUP?chain={world.words['own']['chain']}", body
        )
        assert answer.status_code == 422, url
