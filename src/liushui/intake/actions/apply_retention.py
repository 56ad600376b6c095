"""What was kept of what came in has an end: request bodies, quarantined sales that are closed, files of imports.

Every step is a batch of its own and safe to repeat, so that a run that dies is gone on with by the next one. What is
open in quarantine stays, with its request body; so does the file of an import that is not done and was not given up.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from prometheus_client import Counter

from liushui.intake.contracts import RetentionReport
from liushui.intake.models import ImportRunRow, QuarantineEntryRow, RawMessage
from liushui.intake.raw_files import files_over, let_go, strays, sweep
from liushui.runtime import audit
from liushui.runtime.access import Principal

OnBatch = Callable[[RetentionReport], None]
_AT_ONCE = 200  # bodies may be megabytes
_gone = Counter("liushui_intake_removed", "What was kept of what came in and is over.", ["kind"])


def silent(_so_far: RetentionReport) -> None:
    """Progress that nobody watches."""


def retention_due(*, now: datetime) -> RetentionReport:
    """What a run would take away, and what it would leave because somebody still needs it. Nothing is changed."""
    before = _before(now)
    return RetentionReport(
        messages=_messages(before).count(),
        entries=_entries(before).count(),
        files=files_over(before=before).count(),
        strays=sum(1 for _path in strays(now=now)),
        messages_needed=RawMessage.objects.filter(received_at__lt=before).count() - _messages(before).count(),
        files_needed=ImportRunRow.objects.filter(file_gone_at=None, updated_at__lt=before)
        .exclude(id__in=files_over(before=before).values("id"))
        .count(),
    )


def apply_retention(
    *, now: datetime, principal: Principal, batches_max: int | None = None, on_batch: OnBatch = silent
) -> RetentionReport:
    """Take away what is over, a batch a transaction, at most so many batches; writes one line into the audit log when
    anything was taken away, however the run ended."""
    before, left = _before(now), batches_max if batches_max is not None else 1 << 40
    done = RetentionReport()
    try:
        for kind, rows, order in (
            ("messages", _messages(before), "received_at"),
            ("entries", _entries(before), "received_at"),
        ):
            while left > 0 and (count := _delete(rows, order)):
                left -= 1
                done = _told(done, kind, count, on_batch)
        while left > 0 and (over := list(files_over(before=before).order_by("created_at")[:_AT_ONCE])):
            left -= 1
            done = _told(done, "files", sum([let_go(row, now=now) for row in over]), on_batch)
        done = _told(done, "strays", sweep(now=now), on_batch)
    finally:
        if done.removed:
            audit.record(
                principal=principal, action="intake.retention", target="installation:intake",
                after={"messages": done.messages, "entries": done.entries, "files": done.files, "strays": done.strays},
            )  # fmt: skip
    return done


def _before(now: datetime) -> datetime:
    return now - timedelta(days=settings.LIUSHUI.raw_days)


def _messages(before: datetime) -> QuerySet[RawMessage]:
    waiting = QuarantineEntryRow.objects.filter(status="open").exclude(raw_message_id=None).values("raw_message_id")
    return RawMessage.objects.filter(received_at__lt=before).exclude(id__in=waiting)


def _entries(before: datetime) -> QuerySet[QuarantineEntryRow]:
    """Closed long ago; `received_at` is never later than `closed_at`, and indexed."""
    return QuarantineEntryRow.objects.filter(
        status__in=("resolved", "discarded"), received_at__lt=before, closed_at__lt=before
    )


def _delete(rows: QuerySet[RawMessage] | QuerySet[QuarantineEntryRow], order: str) -> int:
    with transaction.atomic():
        if connection.vendor == "sqlite":  # freed pages are overwritten, not only marked as free
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA secure_delete = ON")
        ids = list(rows.order_by(order, "id").values_list("id", flat=True)[:_AT_ONCE])
        deleted, _by_table = rows.filter(id__in=ids).delete() if ids else (0, {})
    return deleted


def _told(done: RetentionReport, kind: str, count: int, on_batch: OnBatch) -> RetentionReport:
    if not count:
        return done
    _gone.labels(kind).inc(count)
    so_far = done.more(kind, count)
    on_batch(so_far)
    return so_far
