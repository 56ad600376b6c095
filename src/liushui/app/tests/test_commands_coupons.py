"""Coupons from a terminal: a batch is made, handed out once, looked at, and taken out of use."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from liushui.app.cli import cli
from liushui.stores import facade as stores

pytestmark = pytest.mark.django_db
runner = CliRunner()


@pytest.fixture(autouse=True)
def _chain():
    stores.save_chain(code="c1", name_zh="一", name_en="One", currency="CNY")


def run(*arguments: str, code: int = 0) -> str:
    result = runner.invoke(cli, ["coupons", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def codes(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row["code"] for row in csv.DictReader(file)]


def test_a_batch_from_its_making_to_its_end(tmp_path):
    run("create", "SPRING", "--name", "春季券", "--size", "3000", "--until", "2099-01-01")
    path = tmp_path / "codes.csv"
    assert "2,500 codes in" in run("export", "SPRING", str(path), "--count", "2500", "--key", "leaflet")
    first = codes(path)
    assert len(set(first)) == 2500
    assert path.stat().st_mode & 0o777 == 0o600
    assert "handed out before" in run("export", "SPRING", str(path), "--key", "leaflet", code=1)
    run("export", "SPRING", str(tmp_path / "again.csv"), "--key", "leaflet", "--again")
    assert codes(tmp_path / "again.csv") == first
    rest = run("export", "SPRING").splitlines()
    assert len(rest) == 501
    assert rest[1].startswith("2501,")
    [found] = json.loads(run("status", "SPRING", "--json"))
    assert (found["issued"], found["used"], found["left"], found["kind"]) == (3000, 0, 3000, "unique")
    assert "leaflet" in run("status", "SPRING")
    assert "free: number 1 of SPRING" in run("check", first[0])
    assert "Number 1 cannot be used" in run("void", "--code", first[0], "--reason", "lost")
    assert json.loads(run("check", first[0].lower(), "--json"))["state"] == "void"
    run("void", "SPRING", "--reason", "misprint")
    assert "void" in run("status")
    assert "voided" in run("export", "SPRING", code=1).lower()


def test_a_shared_code_and_its_mistakes():
    run("create", "OPENING", "--name", "开业券", "--kind", "shared", "--code", "OPEN-10", "--uses", "50")
    assert json.loads(run("check", "open10", "--json"))["uses_max"] == 50
    assert "shared_code" in run("create", "X", "--name", "x", "--kind", "shared", code=1)
    assert "other contents" in run("create", "OPENING", "--name", "x", code=1)
    assert "is not a time" in run("create", "Y", "--name", "y", "--until", "soon", code=1)
    assert "no coupon batch" in run("status", "NONE", code=1)
    assert "No batch has this code" in run("check", "NOBODYS", code=1)
    assert "Name a batch" in run("void", code=1)


def test_codes_from_a_file(tmp_path):
    path = tmp_path / "old.csv"
    path.write_text("code\nOLD-0001\nOLD-0002\nA1\n")
    said = run("import", "OLD", str(path), "--name", "旧券", code=1)
    assert "2 brought in, 0 were there, 1 not taken" in said
    assert "line 4: too short" in said
    path.write_text("code\nOLD-0001\nOLD-0003\n")
    assert "1 brought in, 1 were there, 0 not taken" in run("import", "OLD", str(path), "--name", "旧券")
