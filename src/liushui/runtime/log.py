"""The published log: read by place, and shown as CloudEvents 1.0."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC
from typing import Any

from liushui.runtime.events import Event
from liushui.runtime.models import OutboxEvent


def read(*, after: int, limit: int, types: Collection[str] | None = None, until: int | None = None) -> list[Event]:
    """At most `limit` published events with a `seq` greater than `after`, in its order; None means all types."""
    rows = OutboxEvent.objects.filter(seq__gt=after)
    if types is not None:
        rows = rows.filter(type__in=types)
    if until is not None:
        rows = rows.filter(seq__lte=until)
    fields = ("id", "source", "type", "subject", "time", "data", "seq")
    return [
        Event(id=id, source=source, type=type, subject=subject, time=time, data=bytes(data), seq=seq)
        for id, source, type, subject, time, data, seq in rows.order_by("seq").values_list(*fields)[:limit]
    ]


def cloudevent(event: Event) -> dict[str, Any]:
    """The event in CloudEvents 1.0 JSON format, structured mode (CloudEvents JSON Event Format 1.0.2, section 3).

    `sequence` is the extension of that name: the place in the log as a decimal that also sorts as text.
    """
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(event.id),
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": json.loads(event.data),
    }
    if event.seq is not None:
        document["sequence"] = f"{event.seq:020d}"
    return document
