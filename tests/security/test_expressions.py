"""No text keeps one of our regular expressions busy, and every expression is tried or bounded."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from liushui.catalog.domain import checks as catalog_checks
from liushui.catalog.domain import import_columns, import_values, search_text, tags, weighed
from liushui.intake.domain import people, sale_json
from liushui.kernel import money, strict_json
from liushui.promotions.domain import documents, rule_kinds
from liushui.promotions.pages import form_change, form_document, form_values
from liushui.runtime import api_clients, scrub, staff, telemetry
from liushui.stores.domain import checks as store_checks

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
    "tag": (lambda text: tags._TAG.fullmatch(text), ("a", "a.", "-", "茶_")),
    "tags": (tags.split_tags, ("a", ", ", "，", "a ;", "|")),
    "pattern": (lambda text: store_checks._PATTERN.fullmatch(text), ("p", "pw", "2pppvc", "w")),
    "code": (lambda text: store_checks._CODE.fullmatch(text), ("a.", "a")),
    "user name": (lambda text: staff.USERNAME.fullmatch(text), ("a@", "a")),
    "source name": (lambda text: api_clients.SOURCE_NAME.fullmatch(text), ("a.", "a")),
    "request id": (lambda text: telemetry._REQUEST_ID.fullmatch(text), ("a.",)),
    "scrub": (
        scrub.scrubbed,
        ("a@a", "token=", "1", "138", "a.b@c", "6222 ", "authorization bearer ", "token" * 3, '"', "a-", "0-0"),
    ),
    "people in a text": (people.hidden_text, ("@", "138 ", "1380-0013", "6222 0200 ", "６", "1" * 15)),
    "people in a body": (lambda text: people.hidden_body(text.encode()), ("@", "138 ", "%4", "\\uff", "1" * 19)),
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
        "catalog/domain/tags.py", "stores/domain/checks.py", "runtime/staff.py", "runtime/api_clients.py",
        "runtime/telemetry.py",
        "runtime/scrub.py", "intake/domain/people.py", "intake/domain/sale_json.py",
        "promotions/domain/rule_kinds.py", "promotions/domain/documents.py", "kernel/strict_json.py",
        "promotions/pages/form_document.py", "promotions/pages/form_values.py", "promotions/pages/form_change.py",
    }  # fmt: skip
    ours = {
        "app/demo/assortment.py": "names of the demo's own goods",
        "intake/actions/create_references.py": "one class of characters",
        "intake/domain/expressions.py": "written by whoever runs the machine, in a mapping file",
        "intake/pages/words.py": "texts of our own errors",
        "intake/pages/mend_form.py": "digits, at most fifteen",
        "runtime/error_words.py": "texts of our own errors, of at most 2,000 characters",
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
        "runtime/postgresql/plans.py": "one character behind a mark, in texts of our own statements",
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
