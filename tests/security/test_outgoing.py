"""What the server asks of others: nothing but what is named here, so that no address of a user is ever fetched."""

from __future__ import annotations

import ast
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src" / "liushui"
ASKING = {"httpx", "urllib.request", "urllib3", "requests", "http.client", "aiohttp", "socket", "ftplib", "smtplib"}
# Who asks, and why that address is nobody's but the operator's.
KNOWN = {
    "app/commands_demo.py": "the demo's own server",
    "app/demo/live.py": "the demo's own server",
    "app/serve.py": "listens",
    "runtime/jobs.py": "the name of this machine",
    "payments/providers/sandbox.py": "LIUSHUI_SANDBOX_PAY_URL",
    "privacy/sms_gateway.py": "LIUSHUI_SMS_URL",
    "privacy/mail_gateway.py": "LIUSHUI_EMAIL_HOST",
}
ALSO = ("payments/", "app/sandbox", "app/commands_payments")  # the sandbox is a program of its own


def sources() -> dict[str, ast.Module]:
    return {
        str(path.relative_to(SOURCES)): ast.parse(path.read_text("utf-8"))
        for path in sorted(SOURCES.rglob("*.py"))
        if "tests" not in path.parts and "migrations" not in path.parts
    }


def imported(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_nothing_in_the_server_asks_an_address_but_what_is_listed() -> None:
    """Pictures of items, mapping files, redirect addresses: all are kept as text and never fetched."""
    asking = {name for name, tree in sources().items() if imported(tree) & ASKING}
    assert sorted(name for name in asking if name not in KNOWN and not name.startswith(ALSO)) == []
    assert not [name for name in asking if name.startswith(("catalog/", "intake/", "orders/", "console/", "stores/"))]


def keywords(name: str) -> list[str]:
    """Places where an argument of this name is given."""
    return [
        f"{path}:{node.value.lineno} {ast.unparse(node.value)}"
        for path, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == name
    ]


def test_nobody_follows_redirects() -> None:
    """httpx does not unless told to."""
    assert [place for place in keywords("follow_redirects") if not place.endswith(" False")] == []


def test_nobody_turns_the_check_of_certificates_off() -> None:
    assert [place for place in keywords("verify") if place.endswith(" False")] == []
    unchecked = {"_create_unverified_context", "CERT_NONE"}
    used = {
        f"{path}: {node.attr}"
        for path, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in unchecked
    }
    assert used == set()
