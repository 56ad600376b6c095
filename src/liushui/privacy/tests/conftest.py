"""A person, staff with and without rights, and settings that a test may turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings

from liushui.privacy import facade
from liushui.runtime.access import Grant, Principal

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
PHONE, MASKED = "13812345678", "138****5678"
PERSON = {
    "name": "欧阳若兰", "phone": PHONE, "email": "ruolan.ouyang@mail.example",
    "birthday": "1988-11-23", "plate": "沪BD09321",
}  # fmt: skip


@pytest.fixture
def person(db: None) -> UUID:
    """Somebody of chain 1 whose phone nobody else may have."""
    return facade.create_subject(chain_id=1, fields=PERSON, unique=("phone",), now=NOW)


def staff(role: str, *, chain_id: int = 1) -> Principal:
    """Someone with one role over a whole chain."""
    grants = (Grant(role=role, chain_id=chain_id),)
    return Principal(subject=f"staff:{role}", name="Someone", grants=grants, address="10.0.0.9")


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Settings of the environment, for one test."""

    def put(**values: Any) -> None:
        monkeypatch.setattr(settings, "LIUSHUI", settings.LIUSHUI.model_copy(update=values))

    return put


@pytest.fixture
def own_folder(setting: Callable[..., None], tmp_path: Path) -> Iterator[Path]:
    """A data folder, and so keys, of the test's own."""
    setting(data_dir=tmp_path)
    yield tmp_path
