"""`liushui intake retention`: says what is over, and takes it away."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings
from typer.testing import CliRunner

from liushui.app.cli import cli
from liushui.intake.models import RawMessage


@pytest.mark.django_db
def test_the_command_says_what_is_over_and_takes_it_away() -> None:
    for folder in ("raw", "imports"):
        shutil.rmtree(Path(settings.LIUSHUI.data_dir) / folder, ignore_errors=True)
    day, kept = timedelta(days=1), settings.LIUSHUI.raw_days
    for number, age in ((1, kept * day + day), (2, kept * day - day)):
        RawMessage.objects.create(
            id=UUID(int=number), sha256="", body=b"{}", content_type="", source="s", received_at=datetime.now(UTC) - age
        )
    dry = CliRunner().invoke(cli, ["intake", "retention", "--dry-run", "--json"])
    assert dry.exit_code == 0, dry.output
    assert json.loads(dry.stdout) == {
        "messages": 1, "entries": 0, "files": 0, "strays": 0, "messages_needed": 0, "files_needed": 0,
    }  # fmt: skip
    assert RawMessage.objects.count() == 2
    wet = CliRunner().invoke(cli, ["intake", "retention"])
    assert "Removed: 1 request bodies, 0 closed quarantined sales, 0 files of imports, 0 strays." in wet.stdout
    assert [each.id.int for each in RawMessage.objects.all()] == [2]
