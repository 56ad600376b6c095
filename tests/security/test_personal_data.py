"""A member's whole life leaves nothing in clear: not in tables, logs, errors, events, the audit log, metrics, messages,
the database's own file or a backup. After an erasure nothing leads from receipts to the person."""

from __future__ import annotations

import base64
import json
import os
import re
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.security import leaking_words as words

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Lived:
    """What is left of it."""

    folder: Path
    facts: dict[str, Any]
    log: str

    @property
    def data(self) -> Path:
        return self.folder / "data"


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    folder = tmp_path_factory.mktemp("leaking")
    environment = {
        **os.environ,
        "LIUSHUI_DATA_DIR": str(folder / "data"),
        "LIUSHUI_DATABASE_URL": "",
        "LIUSHUI_LOG_LEVEL": "DEBUG",
        "LIUSHUI_SECOND_FACTOR": "optional",
        "LIUSHUI_ALLOWED_HOSTS": '["testserver"]',
        "DJANGO_SETTINGS_MODULE": "liushui.app.settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.security.leaking", str(folder)],
        cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return Lived(folder=folder, facts=json.loads(done.stdout.splitlines()[-1]), log=done.stderr)


def found_in(text: str) -> list[str]:
    """Which of the member's things stand in a text, in whatever way they may be written."""
    return [what for what, pattern in words.PATTERNS.items() if re.search(pattern, text)]


def all_bytes(folder: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        if file.name.endswith("-shm") and not file.exists():
            continue  # of a database whose last reader has gone meanwhile
        content = file.read_bytes()
        yield str(file.relative_to(folder)), content.decode("utf-8", errors="replace")


def rows_of(database: Path) -> Iterator[tuple[str, str]]:
    """Every row of every table, as text."""
    with closing(sqlite3.connect(database)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                yield (
                    table,
                    " ".join(
                        value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)
                        for value in row
                    ),
                )


def unpacked(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder


def test_the_patterns_know_what_they_look_for() -> None:
    for written in ("13612349876", "+8613612349876", "136 1234 9876", "136-1234-9876"):
        assert found_in(f"called {written}.") == ["phone"]
    assert found_in("欧阳若兰 <ruolan.oy@mail.example> 沪BD09321 1988-11-23") == ["name", "email", "plate", "birthday"]
    assert found_in("\\u6b27\\u9633\\u82e5\\u5170") == ["name"]
    assert found_in("136****9876 r***@mail.example order 1361234987612") == []


def test_the_scan_of_the_product_finds_nothing_and_looked(lived: Lived) -> None:
    assert lived.facts["leaks"] == []
    assert lived.facts["columns"] > 300
    assert lived.facts["rows"] > 200


def test_the_log_shows_nobody(lived: Lived) -> None:
    assert "lookup_failed" in lived.log
    assert "[hidden]" in lived.log
    assert "my/code/" in lived.log
    assert found_in(lived.log) == []


def test_tables_events_and_audit_show_nobody(lived: Lived) -> None:
    seen = set()
    for table, row in rows_of(lived.data / "liushui.sqlite3"):
        seen.add(table)
        assert found_in(row) == [], table
    assert {"runtime_auditentry", "runtime_outboxevent", "loyalty_member", "orders_sale", "privacy_erasure"} <= seen


def test_files_metrics_and_the_database_itself_show_nobody(lived: Lived) -> None:
    names = []
    for name, text in all_bytes(lived.folder):
        names.append(name)
        assert found_in(text) == [], name
    assert {"metrics.txt", "data/liushui.sqlite3", "data/outbox/messages.jsonl", "before.tar.gz"} <= set(names)
    assert "liushui_http_responses" in (lived.folder / "metrics.txt").read_text()


def test_what_sources_send_of_people_is_kept_nowhere_and_the_sales_are(lived: Lived) -> None:
    assert lived.facts["sent"] == [201, 422, 422, 422, 201, 200]
    assert lived.facts["imported"] == "done 2"
    rows = list(rows_of(lived.data / "liushui.sqlite3"))
    kept = {table for table, row in rows if "[hidden]" in row}
    assert {"intake_rawmessage", "intake_quarantineentryrow", "orders_sale", "runtime_auditentry"} <= kept
    assert not [path for path in (lived.data / "raw").rglob("*") if path.is_file()]  # the file named people
    assert not list((lived.data / "imports").glob("*"))


def test_not_even_who_has_the_keys_finds_the_phone_again(lived: Lived, tmp_path: Path) -> None:
    before, after = (unpacked(lived.folder / f"{name}.tar.gz", tmp_path / name) for name in ("before", "later"))
    index = lived.facts["digests"]["index of phone"]
    assert len(lived.facts["digests"]) == 13
    for folder, is_found in ((before, True), (after, False)):
        whole = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
        assert (bytes.fromhex(index) in whole) is is_found
    for what, digest in lived.facts["digests"].items():
        for spelling in (bytes.fromhex(digest), digest.encode(), base64.b64encode(bytes.fromhex(digest))):
            assert spelling not in whole, what
    for masked in ("136****9876", "r***@mail.example"):  # half a number is half a person
        assert masked.encode() not in whole, masked


def test_exports_of_lists_show_members_masked_only(lived: Lived) -> None:
    files = sorted(lived.folder.glob("export-*"))
    assert len(files) == 10
    for file in files:
        assert found_in(file.read_text("utf-8", errors="replace")) == [], file.name
    listed = (lived.folder / "export-members.csv").read_text("utf-8-sig")
    assert "136****9876" in listed
    assert lived.facts["number"] in listed


def test_a_backup_has_the_members_but_neither_keys_nor_clear_data(lived: Lived, tmp_path: Path) -> None:
    inside = unpacked(lived.folder / "before.tar.gz", tmp_path)
    assert not list(inside.rglob("privacy_keys.json"))
    assert not list(inside.rglob("outbox"))
    for name, text in all_bytes(inside):
        assert found_in(text) == [], name
    sealed = [row for table, row in rows_of(inside / "database.sqlite3") if table == "privacy_value"]
    assert len(sealed) == 5
    keys = json.loads((lived.data / "privacy_keys.json").read_text())
    whole = b"".join(path.read_bytes() for path in inside.rglob("*") if path.is_file())
    for secret in (*keys["keys"].values(), keys["index_secret"]):
        assert secret.encode() not in whole


def test_after_the_erasure_nothing_leads_from_receipts_to_the_person(lived: Lived, tmp_path: Path) -> None:
    inside = unpacked(lived.folder / "after.tar.gz", tmp_path)
    rows = list(rows_of(inside / "database.sqlite3"))
    assert [table for table, _row in rows if table in ("privacy_value", "privacy_blind_index", "portal_session")] == []
    member, number = lived.facts["member"].replace("-", ""), lived.facts["number"]
    [the_member] = [row for table, row in rows if table == "loyalty_member"]
    assert number in the_member
    assert "erased" in the_member
    sales = [row for table, row in rows if table == "orders_sale"]
    assert sum(number in row for row in sales) == 4  # the books are as they were
    subject = (lived.facts["subject"], lived.facts["subject"].replace("-", ""))
    naming = {table for table, row in rows if any(each in row for each in subject)}
    linking = {
        table
        for table, row in rows
        if any(each in row for each in subject) and (member in row or lived.facts["member"] in row or number in row)
    }
    assert linking == set()
    assert naming == {
        "privacy_subject", "privacy_erasure", "privacy_consent", "runtime_auditentry", "runtime_outboxevent",
        "privacy_rate",
    }  # fmt: skip
