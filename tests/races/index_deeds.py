"""What processes do while the secret of blind indexes is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from tests.support.crash import crash_at_step

from liushui.privacy import facade
from liushui.privacy.actions import rotate_index
from liushui.privacy.models import BlindIndexRow

NOW = datetime(2027, 3, 1, 4, tzinfo=UTC)
rotate_index._PEOPLE_AT_ONCE = 3


def warm_up() -> None:
    """Open the connection before the race."""
    connection.ensure_connection()


def prepare() -> None:
    """Nothing but the tables, which are there."""


def join(*, number: int) -> str:
    """Somebody with this phone, or who had it already."""
    fields = {"phone": f"1381234{number:04}"}
    return str(facade.create_subject(chain_id=1, fields=fields, unique=("phone",), now=NOW))


def change() -> str:
    """A new secret beside the present one."""
    return facade.change_index_secret(now=NOW)


def reindex(*, crash_at: int | None = None) -> dict[str, Any]:
    """Index everyone anew."""
    with crash_at_step(crash_at) as steps:
        done = facade.reindex()
    return {"done": done, "steps": steps.names}


def drop(*, crash_at: int | None = None) -> dict[str, Any]:
    """End the change, an hour later."""
    with crash_at_step(crash_at) as steps:
        done = facade.drop_old_index(now=NOW + timedelta(hours=1))
    return {"done": done, "steps": steps.names}


def one_of(*, deed: str, terms: dict[str, Any]) -> Any:
    """Whichever deed is named: for races of different ones."""
    return _MIXED[deed](**terms)


_MIXED: dict[str, Callable[..., Any]] = {"join": join, "reindex": reindex}


def look(*, numbers: list[int]) -> dict[str, Any]:
    """Who is found by these phones, how many rows they have by secret, and how many values of all lack the new one."""
    found = [
        [str(who) for who in facade.find_subjects(chain_id=1, field="phone", value=f"1381234{number:04}")]
        for number in numbers
    ]
    rows = BlindIndexRow.objects.filter(subject_id__in=[who for people in found for who in people])
    by_secret = Counter(rows.values_list("secret_id", flat=True))
    return {"found": found, "rows": sorted(by_secret.values()), "lacking": facade.unindexed()}
