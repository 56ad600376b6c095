"""Commands of personal data: find without a number in the shell, export, erase, repeat erasures, turn keys, scan."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from django.apps import apps
from django.conf import settings
from typer.testing import CliRunner

from liushui.app.cli import cli
from liushui.privacy import facade as privacy
from liushui.runtime import audit
from liushui.runtime.grants import system_principal
from liushui.stores import facade as stores

runner = CliRunner()
PHONE = "13612349876"


@pytest.fixture
def person(db: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> UUID:
    """Somebody of the only chain, in a data folder of the test's own."""
    monkeypatch.setattr(settings, "LIUSHUI", settings.LIUSHUI.model_copy(update={"data_dir": tmp_path / "data"}))
    chain = stores.save_chain(code="c1", name_zh="一", name_en="One", currency="CNY")
    fields = {"name": "欧阳若兰", "phone": PHONE}
    return privacy.create_subject(chain_id=chain.id, fields=fields, unique=("phone",), now=datetime.now(UTC))


def run(*arguments: str, typed: str = "", fails: bool = False) -> str:
    result = runner.invoke(cli, ["privacy", *arguments], input=typed)
    assert (result.exit_code != 0) == fails, result.output
    return result.output


def test_a_person_is_found_without_the_number_on_the_screen(person: UUID) -> None:
    output = run("find", typed=f"{PHONE}\n")
    assert str(person) in output
    assert "136****9876" in output
    assert PHONE not in output


def test_an_export_is_two_files_for_their_owner_alone(person: UUID, tmp_path: Path) -> None:
    run("export", str(person), "--out", str(tmp_path / "request"))
    written = tmp_path / "request.json"
    assert written.stat().st_mode & 0o777 == 0o600
    assert json.loads(written.read_text())["personal_data"][1]["value"] == f"+86{PHONE}"
    assert "欧阳若兰" in (tmp_path / "request.html").read_text()


def test_erasures_are_repeated_after_a_restore(person: UUID, tmp_path: Path) -> None:
    people, proofs = apps.get_model("privacy", "SubjectRow"), apps.get_model("privacy", "ErasureRow")
    before = people.objects.filter(id=person).values().get()
    assert "proof" in run("erase", str(person), "--reason", "request 17", "--yes")
    listed = tmp_path / "erasures.json"
    listed.write_text(run("erasures", "--json"))
    assert [each["subject_id"] for each in json.loads(listed.read_text())] == [str(person)]
    people.objects.filter(id=person).update(**before)  # as an old backup would bring it back
    proofs.objects.all().delete()
    assert privacy.living(subject_ids=[person]) == [person]
    run("erase", "--again", str(listed), "--yes")
    assert privacy.living(subject_ids=[person]) == []
    run("erase", "--yes", fails=True)


def test_keys_are_turned(person: UUID) -> None:
    assert "1 data keys wrapped anew" in run("rotate-keys")
    assert "Destroyed: none." in run("rotate-keys", "--drop-old")
    assert privacy.masked(subject_ids=[person])[person]["phone"] == "136****9876"
    assert "index_secret" in json.loads(run("new-keys"))


def test_the_secret_of_the_index_is_changed(person: UUID) -> None:
    output = run("rotate-index")
    assert "1 of 1 indexed" in output
    assert "1 values indexed anew, 0 rows of destroyed secrets deleted." in output
    assert "--drop-old" in output
    assert "rotate-index --resume" in run("rotate-index", fails=True)
    assert "0 values indexed anew" in run("rotate-index", "--resume")
    assert "less than an hour ago" in run("rotate-index", "--drop-old", fails=True)
    assert str(person) in run("find", typed=f"{PHONE}\n")


def test_a_scan_that_finds_something_fails_and_names_the_place(person: UUID, tmp_path: Path) -> None:
    assert "columns" in run("scan")
    audit.record(principal=system_principal(name="x"), action="x.y", target="x:1", after={"note": f"call {PHONE}"})
    output = run("scan", fails=True)
    assert "runtime_auditentry.after" in output
    assert PHONE not in output


def test_the_registry_is_listed(person: UUID) -> None:
    listed = {each["field"]: each["days"] for each in json.loads(run("fields", "--json"))}
    assert listed["subject.phone"] == 1095
