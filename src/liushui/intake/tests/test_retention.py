"""How long what came in is kept, and that nothing goes that somebody still needs."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings

from liushui.intake import facade, raw_store
from liushui.intake.contracts import RetentionReport
from liushui.intake.domain.mapping import parse_mapping
from liushui.intake.errors import FileGone
from liushui.intake.models import ImportRunRow, QuarantineEntryRow, RawMessage
from liushui.intake.raw_store import keep, raw_path, working_dir
from liushui.intake.tasks import TICKS
from liushui.intake.tests.conftest import Shop, Till, sale
from liushui.intake.tests.examples import HEADER, MAPPING, row
from liushui.runtime.grants import system_principal
from liushui.runtime.models import AuditEntry


@pytest.fixture(autouse=True)
def no_files() -> None:
    """As they are in the data folder of a fresh installation."""
    for folder in ("raw", "imports"):
        shutil.rmtree(Path(settings.LIUSHUI.data_dir) / folder, ignore_errors=True)


ME = system_principal(name="tests")


def later(*, days: float = 401) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def retained(*, days: float = 401, batches_max: int | None = None) -> RetentionReport:
    return facade.apply_retention(now=later(days=days), principal=ME, batches_max=batches_max)


def begun(folder: Path, text: str) -> UUID:
    path = folder / "sales.csv"
    path.write_text(text, "utf-8")
    run, _new = facade.start_import(
        path=path, mapping=parse_mapping(MAPPING, name="t"), chain="", items=None, principal=ME, now=datetime.now(UTC)
    )
    return run.id


def imported(folder: Path, text: str) -> ImportRunRow:
    import_id = begun(folder, text)
    facade.run_import(import_id=import_id, principal=ME)
    return ImportRunRow.objects.get(id=import_id)


def file_of(run: ImportRunRow) -> Path:
    return raw_path(run.file_sha256)


def test_bodies_go_after_their_days_and_not_before(till: Till) -> None:
    till.post("/sales", sale("T1-1"))
    assert retained(days=399) == RetentionReport()
    assert RawMessage.objects.count() == 1
    assert retained() == RetentionReport(messages=1)
    assert RawMessage.objects.count() == 0
    [line] = AuditEntry.objects.filter(action="intake.retention")
    assert (line.target, line.after) == (
        "installation:intake", {"messages": 1, "entries": 0, "files": 0, "strays": 0}
    )  # fmt: skip
    assert retained() == RetentionReport()  # again changes nothing and is not audited
    assert AuditEntry.objects.filter(action="intake.retention").count() == 1


def test_what_waits_in_quarantine_keeps_its_body_and_is_replayed_after_it(shop: Shop, till: Till) -> None:
    till.post("/sales", sale("T1-1", lines=[{"code": "NEW", "units": 1, "amount": "25.00"}]))
    till.post("/sales", sale("T1-2"))
    assert facade.retention_due(now=later()) == RetentionReport(messages=1, messages_needed=1)
    assert retained() == RetentionReport(messages=1)
    entry = QuarantineEntryRow.objects.get()
    assert [each.id for each in RawMessage.objects.all()] == [entry.raw_message_id]
    mended = json.dumps(sale("T1-1")).encode()
    done = facade.mend_sale(entry_id=entry.id, body=mended, principal=shop.staff(), now=datetime.now(UTC))
    assert done.problem is None
    assert retained() == RetentionReport(messages=1, entries=1)
    assert (RawMessage.objects.count(), QuarantineEntryRow.objects.count()) == (0, 0)


def test_a_run_that_ends_early_is_gone_on_with(till: Till) -> None:
    for number in range(5):
        till.post("/sales", sale(f"T1-{number}"))
    now = datetime.now(UTC)
    rows = [
        RawMessage(id=UUID(int=number), sha256="", body=b"{}", content_type="", source="s", received_at=now)
        for number in range(400)
    ]
    RawMessage.objects.bulk_create(rows)
    assert retained(batches_max=1).messages == 200
    assert retained(batches_max=1).messages == 200
    seen: list[int] = []
    done = facade.apply_retention(now=later(), principal=ME, on_batch=lambda so_far: seen.append(so_far.messages))
    assert (done.messages, seen) == (5, [5])


def test_a_file_goes_after_its_days_but_not_while_its_rows_wait(shop: Shop, tmp_path: Path) -> None:
    run = imported(tmp_path, HEADER + row("A") + row("B", units="many"))
    assert run.names_people is False
    assert facade.retention_due(now=later()) == RetentionReport(files_needed=1)
    assert retained() == RetentionReport()
    assert file_of(run).exists()
    [entry] = QuarantineEntryRow.objects.all()
    facade.discard_entry(entry_id=entry.id, reason="wrong", principal=ME, now=datetime.now(UTC))
    assert retained(days=399) == RetentionReport()
    assert retained() == RetentionReport(entries=1, files=1)
    assert not file_of(run).exists()
    run.refresh_from_db()
    assert run.file_gone_at is not None
    again, is_new = facade.start_import(
        path=tmp_path / "sales.csv", mapping=parse_mapping(MAPPING, name="t"), chain="", items=None, principal=ME,
        now=datetime.now(UTC),
    )  # fmt: skip
    assert (again.already_imported, is_new) == (True, False)  # one import for ever, file or not


@pytest.mark.parametrize("written", ["13812340987", "138-1234-0987", "+86 13812340987", "a.b@mail.example"])
def test_a_file_that_names_people_goes_with_the_end_of_its_import(shop: Shop, tmp_path: Path, written: str) -> None:
    text = HEADER.strip() + ",note\n" + row("A").strip() + ",\n" + row("B", units="many").strip() + f",call {written}\n"
    run = imported(tmp_path, text)
    assert (run.status, run.names_people) == ("done", True)
    assert not file_of(run).exists()
    assert not working_dir(run.id).exists()
    assert QuarantineEntryRow.objects.get().raw_rows[0]["cells"]["note"] == "call [hidden]"


def test_numbers_of_documents_and_members_are_not_people(shop: Shop, tmp_path: Path) -> None:
    run = imported(tmp_path, HEADER + row("13812340987", name="M13812340984") + row("A", name="06901381234098"))
    assert (run.names_people, file_of(run).exists()) == (False, True)


def test_one_file_of_two_imports_stays_until_both_let_go(shop: Shop, tmp_path: Path) -> None:
    run = imported(tmp_path, HEADER + row("A"))
    other = parse_mapping(MAPPING.replace("till-export", "other"), name="other")
    second, is_new = facade.start_import(
        path=tmp_path / "sales.csv", mapping=other, chain="", items=None, principal=ME, now=datetime.now(UTC)
    )
    assert is_new
    assert retained() == RetentionReport(files=1)
    assert file_of(run).exists()  # the second still waits to be run
    facade.run_import(import_id=second.id, principal=ME)
    assert retained() == RetentionReport(files=1)
    assert not file_of(run).exists()


def test_an_import_that_was_given_up_goes_on_when_the_file_is_sent_again(shop: Shop, tmp_path: Path) -> None:
    import_id = begun(tmp_path, HEADER + row("A") + row("B"))
    assert retained() == RetentionReport()  # it waits to be run: however old
    facade.cancel_import(import_id=import_id, principal=ME, now=datetime.now(UTC))
    working_dir(import_id).mkdir(parents=True)
    assert retained() == RetentionReport(files=1)
    run = ImportRunRow.objects.get(id=import_id)
    assert not file_of(run).exists()
    assert not working_dir(import_id).exists()
    with pytest.raises(FileGone):
        facade.queue_again(import_id=import_id, now=datetime.now(UTC))
    assert begun(tmp_path, HEADER + row("A") + row("B")) == import_id
    done = facade.run_import(import_id=import_id, principal=ME)
    assert (done.status, done.rows_done) == ("done", 2)


def test_uploads_that_nobody_imported_and_what_a_crash_left_are_swept(shop: Shop, tmp_path: Path) -> None:
    upload = tmp_path / "upload"
    upload.write_bytes(b"13812340987")
    stray, fresh = keep(upload, "ab" * 32), keep(upload, "cd" * 32)
    partial = stray.with_name("x.partial")
    partial.write_bytes(b"half")
    run = imported(tmp_path, HEADER + row("A"))
    old = (datetime.now(UTC) - raw_store.STRAY_AFTER - timedelta(hours=1)).timestamp()
    for path in (stray, partial, file_of(run)):
        os.utime(path, (old, old))
    working_dir(run.id).mkdir(parents=True)  # the process died before it was cleared away
    assert retained(days=0) == RetentionReport(strays=3)
    assert not stray.exists()
    assert not partial.exists()
    assert fresh.exists()
    assert file_of(run).exists()
    os.utime(fresh, (old, old))
    keep(upload, "cd" * 32)  # chosen again: as new
    assert retained(days=0) == RetentionReport()
    fresh.unlink()


def test_the_worker_does_it_too(till: Till) -> None:
    till.post("/sales", sale("T1-1"))
    [tick] = TICKS
    assert (tick.name, tick.run(datetime.now(UTC)), tick.run(later())) == ("intake-retention", 0, 1)
