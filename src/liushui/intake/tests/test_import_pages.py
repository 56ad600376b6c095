"""Importing from the console: upload, preview, start, progress, account."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from liushui.intake.models import ImportRunRow
from liushui.intake.tasks import run_import
from liushui.intake.tests.examples import HEADER, MAPPING, row
from liushui.orders import facade as orders
from liushui.runtime.access import Grant
from liushui.runtime.grants import grant, system_principal
from liushui.runtime.models import StaffUser


@pytest.fixture
def manager(client, shop):
    user = StaffUser.objects.create_user(username="lilei", password="quiet-river-runs", language="en")
    chain_wide = Grant(role="store_manager", chain_id=shop.chain.id)
    grant(subject=f"staff:{user.pk}", grant=chain_wide, granted_by=system_principal(name="tests"))
    client.force_login(user)
    client.cookies["liushui_language"] = "en"
    return client


@pytest.fixture
def own_mapping():
    folder = settings.LIUSHUI.data_dir / "mappings"
    folder.mkdir(exist_ok=True)
    path = folder / "till-export.toml"
    path.write_text(MAPPING)
    yield "till-export"
    path.unlink()


def test_a_file_is_previewed_then_started_without_choosing_it_again_and_booked_by_the_worker(manager, own_mapping):
    file = SimpleUploadedFile("sales.csv", (HEADER + row("A") + row("B", amount="?")).encode())
    form = {"mapping": own_mapping, "chain": "HM", "do": "preview"}
    preview = manager.post("/intake/imports/new/", form | {"file": file}).content.decode()
    assert "1 document would be quarantined" in preview
    assert ImportRunRow.objects.count() == 0
    kept = re.search(r'name="file_kept" value="([^"]+)"', preview)[1]
    started = manager.post("/intake/imports/new/", form | {"do": "start", "file_kept": kept})
    run = ImportRunRow.objects.get()
    assert started["Location"] == f"/intake/imports/{run.id}/"
    assert run.status == "waiting"
    assert "sales.csv" in manager.get("/intake/imports/").content.decode()
    assert "<progress" in manager.get(f"/intake/imports/{run.id}/progress/").content.decode()
    run_import.func(str(run.id), "Li Lei")
    assert orders.find_sale(source="till-export", source_id="A") is not None
    assert manager.get(f"/intake/imports/{run.id}/progress/")["HX-Refresh"] == "true"
    page = manager.get(f"/intake/imports/{run.id}/").content.decode()
    assert "Exact" in page
    assert f"/intake/quarantine/?import={run.id}" in page
    assert "sales.csv" in manager.get("/intake/imports/").content.decode()


def test_a_file_that_lacks_a_column_is_refused_on_the_page_in_words(manager, own_mapping):
    file = SimpleUploadedFile("sales.csv", b"receipt,store\nA,SH01\n")
    answer = manager.post("/intake/imports/new/", {"mapping": own_mapping, "chain": "HM", "do": "start", "file": file})
    assert answer.status_code == 422
    assert "The file has no column" in answer.content.decode()
    assert ImportRunRow.objects.count() == 0


def test_a_path_is_no_mapping_on_the_page(manager):
    answer = manager.post("/intake/imports/new/", {"mapping": "/etc/x.toml", "chain": "HM", "do": "preview"})
    assert answer.status_code == 422


def test_nobody_imports_into_a_chain_that_is_not_his(manager, own_mapping):
    file = SimpleUploadedFile("sales.csv", (HEADER + row("A")).encode())
    answer = manager.post("/intake/imports/new/", {"mapping": own_mapping, "chain": "FAR", "do": "start", "file": file})
    assert answer.status_code == 403


def test_an_import_whose_process_died_can_be_gone_on_with_from_its_page(manager, own_mapping):
    file = SimpleUploadedFile("sales.csv", (HEADER + row("A")).encode())
    manager.post("/intake/imports/new/", {"mapping": own_mapping, "chain": "HM", "do": "start", "file": file})
    run = ImportRunRow.objects.get()
    ImportRunRow.objects.update(status="running")
    assert 'value="run"' not in manager.get(f"/intake/imports/{run.id}/").content.decode()
    ImportRunRow.objects.update(updated_at=run.created_at - timedelta(minutes=3))
    assert 'value="run"' in manager.get(f"/intake/imports/{run.id}/").content.decode()
    manager.post(f"/intake/imports/{run.id}/", {"do": "run"})
    run.refresh_from_db()
    assert run.status == "waiting"
