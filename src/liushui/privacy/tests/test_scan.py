"""The scan finds what leaked, tells it apart from what only looks like a number, and never repeats it."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path
from uuid import UUID

import pytest

from liushui.privacy import facade
from liushui.privacy.scanning import ScanReport
from liushui.privacy.tests.conftest import NOW, PHONE, staff
from liushui.runtime import audit

pytestmark = pytest.mark.django_db


def places(report: ScanReport) -> list[tuple[str, str, int]]:
    return [(leak.where, leak.field, leak.people) for leak in report.leaks]


def test_what_privacy_keeps_is_no_leak(person: UUID) -> None:
    facade.update_subject(subject_id=person, fields={"name": "兰"}, principal=None, reason="typo", now=NOW)
    report = facade.scan()
    assert places(report) == []
    assert report.columns > 100


@pytest.mark.parametrize("written", [PHONE, "138 1234 5678", "+8613812345678", "86-138-1234-5678"])
def test_a_number_in_a_table_is_found_by_its_column(person: UUID, written: str) -> None:
    audit.record(principal=staff("it_admin"), action="x.y", target="x:1", after={"note": f"called {written} twice"})
    audit.record(principal=staff("it_admin"), action="x.y", target="x:1", after={"mail": "ruolan.ouyang@mail.example"})
    report = facade.scan()
    assert places(report) == [("runtime_auditentry.after", "email", 1), ("runtime_auditentry.after", "phone", 1)]
    assert PHONE not in repr(report)


def test_what_only_looks_like_a_number_is_none(person: UUID) -> None:
    audit.record(
        principal=staff("it_admin"), action="x.y", target="x:1", after={"note": "order 13812345679, 9913812345678"}
    )
    assert places(facade.scan()) == []


def test_files_are_looked_through_also_packed_ones(person: UUID, tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    for name in ("server.log", "static/built.js"):
        (tmp_path / name).write_text(f"GET /x?phone={PHONE}")
    (tmp_path / "clean.log").write_text("GET /x?phone=138****5678")
    with gzip.open(tmp_path / "old.log.gz", "wt") as file:
        file.write("x" * (1 << 22))
        file.write(PHONE)
    with zipfile.ZipFile(tmp_path / "export.xlsx", "w", zipfile.ZIP_DEFLATED) as whole:
        whole.writestr("sheet.xml", f"<c>{PHONE}</c>")
    with (tmp_path / "border.bin").open("wb") as out:
        out.write(b"x" * ((1 << 22) - 5) + PHONE.encode())
    report = facade.scan(folders=[tmp_path])
    assert places(report) == [
        (name, "phone", 1) for name in ("border.bin", "export.xlsx", "old.log.gz", "server.log")
    ]  # fmt: skip
    assert report.files == 5
