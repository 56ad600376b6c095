"""Stop an import after the batch it is at; what is booked stays, and running it again continues there."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from liushui.intake.contracts import STALLED_AFTER
from liushui.intake.errors import FileGone, ImportNotFound
from liushui.intake.models import ImportRunRow
from liushui.runtime import audit
from liushui.runtime.access import Principal


def cancel_import(*, import_id: UUID, principal: Principal, now: datetime) -> None:
    """Ask a running import to stop, or take a waiting one off the queue. One that has ended is left as it is."""
    with transaction.atomic():
        row = ImportRunRow.objects.filter(id=import_id).first()
        if row is None:
            raise ImportNotFound(f"There is no import {import_id}")
        changed = ImportRunRow.objects.filter(id=import_id, status="running").update(
            cancel_requested=True, updated_at=now
        )
        changed += ImportRunRow.objects.filter(id=import_id, status="waiting").update(
            status="cancelled", finished_at=now, updated_at=now
        )
        if changed:
            audit.record(
                principal=principal,
                action="intake.cancel",
                target=f"import:{import_id}",
                before={"status": row.status},
                after={"status": "cancelled"},
            )


def queue_again(*, import_id: UUID, now: datetime) -> bool:
    """Put a cancelled, failed or stalled import back on the queue; whether that changed anything. Raises FileGone."""
    stopped = Q(status__in=("cancelled", "failed")) | Q(status="running", updated_at__lt=now - STALLED_AFTER)
    if ImportRunRow.objects.filter(stopped, id=import_id, file_gone_at__isnull=False).exists():
        raise FileGone(
            "The import was given up long ago, and its file deleted",
            remedy="Send the same file again: it goes on where it stopped.",
        )
    rows = ImportRunRow.objects.filter(stopped, id=import_id, file_gone_at=None)
    return bool(rows.update(status="waiting", finished_at=None, cancel_requested=False, problem=None, updated_at=now))
