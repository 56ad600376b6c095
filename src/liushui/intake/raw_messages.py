"""Request bodies, kept byte for byte before anything is made of them."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from liushui.intake.models import QuarantineEntryRow, RawMessage
from liushui.kernel.ids import new_id
from liushui.runtime import at_once, row_security

_FIELDS = ("id", "sha256", "body", "content_type", "source", "received_at")


class Kept(NamedTuple):
    """A body that is kept, and whether a sale of this source and id waits in quarantine."""

    id: UUID
    is_awaited: bool


@row_security.everything()
def keep_message(*, body: bytes, content_type: str, source: str, now: datetime, source_id: str = "") -> Kept:
    """Write one row, and look in the same statement whether the sale is one that was quarantined before."""
    message = RawMessage(
        id=new_id(),
        sha256=hashlib.sha256(body).hexdigest(),
        body=body,
        content_type=content_type[:100],
        source=source,
        received_at=now,
    )
    fields = {field.attname: field for field in RawMessage._meta.concrete_fields}
    values = [fields[name].get_db_prep_save(getattr(message, name), connection) for name in _FIELDS]
    [[is_awaited]] = at_once.ask(_INSERT, [*values, source, source_id])
    return Kept(message.id, bool(is_awaited))


_INSERT = (  # names of our own models
    f"INSERT INTO {RawMessage._meta.db_table} ({', '.join(_FIELDS)}) VALUES ({', '.join(['%s'] * len(_FIELDS))}) "  # noqa: S608
    f"RETURNING EXISTS (SELECT 1 FROM {QuarantineEntryRow._meta.db_table}"  # names of our own models
    " WHERE status = 'open' AND source = %s AND source_id = %s)"  # nosec B608  # our own names
)
