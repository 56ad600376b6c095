"""Events in: each consumer applies each event once, whatever stops and starts in between."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import F

from liushui.kernel.errors import LiushuiError
from liushui.runtime import log, outbox
from liushui.runtime.events import Consumer, Event
from liushui.runtime.models import ConsumerPosition, InboxEvent

_logger = structlog.get_logger(__name__)

_ARRIVE = {
    "postgresql": "INSERT INTO runtime_inboxevent (consumer, event_id) SELECT %s, unnest(%s::uuid[])"
    " ON CONFLICT DO NOTHING RETURNING event_id",
    "sqlite": "INSERT INTO runtime_inboxevent (consumer, event_id) SELECT %s, value FROM json_each(%s) WHERE true"
    " ON CONFLICT DO NOTHING RETURNING event_id",
}


class ConsumerBlocked(LiushuiError):
    """A consumer cannot apply an event and waits in front of it."""

    status = 500
    type = "consumer-blocked"

    def __init__(self, *, consumer: str, event: Event) -> None:
        super().__init__(
            f"Consumer {consumer} cannot apply event {event.id} (seq {event.seq}, {event.type}, {event.subject})",
            remedy="The log says why. Mend the cause; the consumer tries again by itself and goes on.",
            context={"consumer": consumer, "event_id": str(event.id), "seq": event.seq},
        )


class _Overtaken(Exception):
    """Another worker moved this consumer on meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerLag:
    """How far a consumer is behind the log, and what stops it."""

    consumer: str
    seq: int
    behind: int
    failures: int
    failed_event_id: UUID | None
    failure: str


def deliver(*, consumer: Consumer, limit: int) -> int:
    """Let a consumer apply its next events, at most `limit`; returns by how many places it moved on in the log.

    The position, the inbox rows and what `consumer.apply` writes are one transaction: all of it is kept, or nothing
    and the events come again. Two workers at once: the slower one finds the position moved and does nothing.
    When apply raises, half as many events are tried, down to one: then ConsumerBlocked is raised, which names the
    event. Everything before that event has been applied; nothing after it is, until it can be.
    """
    last_seq = outbox.last_seq()  # read first: all events up to here are committed and visible
    position = _position(consumer.name)
    if position.seq >= last_seq:
        return 0
    events = log.read(after=position.seq, until=last_seq, types=consumer.types, limit=limit)
    moved_to = last_seq if len(events) < limit else events[-1].seq or 0
    size = 1 if position.failed_event_id else len(events)
    while True:
        batch = events[:size]
        if len(batch) < len(events):
            moved_to = batch[-1].seq or 0
        try:
            _apply(consumer, batch, moved_from=position.seq, moved_to=moved_to)
        except _Overtaken:
            return 0
        except Exception as error:
            if not batch:  # not an event's fault
                raise
            _failed(consumer, batch, error)
            if size == 1:
                raise ConsumerBlocked(consumer=consumer.name, event=batch[0]) from error
            size = max(1, size // 2)
        else:
            return moved_to - position.seq


def rewind(*, consumer: Consumer) -> None:
    """Forget what a consumer has read, so that it gets the whole log again: for rebuilding what it made.

    Call this first, then empty the consumer's tables in the same transaction: a worker that is at it is waited for,
    and finds afterwards that it has been overtaken.
    """
    with transaction.atomic():
        ConsumerPosition.objects.filter(consumer=consumer.name).delete()
        InboxEvent.objects.filter(consumer=consumer.name).delete()


def lags() -> list[ConsumerLag]:
    """The state of every consumer that ever ran here, by name."""
    last_seq = outbox.last_seq()
    return [
        ConsumerLag(
            consumer=row.consumer,
            seq=row.seq,
            behind=max(0, last_seq - row.seq),
            failures=row.failures,
            failed_event_id=row.failed_event_id,
            failure=row.failure,
        )
        for row in ConsumerPosition.objects.order_by("consumer")
    ]


def _position(name: str) -> ConsumerPosition:
    known = ConsumerPosition.objects.filter(consumer=name).first()
    if known is None:
        ConsumerPosition.objects.bulk_create([ConsumerPosition(consumer=name)], ignore_conflicts=True)
        known = ConsumerPosition.objects.get(consumer=name)
    return known


def _apply(consumer: Consumer, events: Sequence[Event], *, moved_from: int, moved_to: int) -> None:
    with transaction.atomic():
        # This update is the lock: a second worker waits here, then finds another seq and has moved no row.
        moved = ConsumerPosition.objects.filter(consumer=consumer.name, seq=moved_from).update(
            seq=moved_to, failures=0, failed_at=None, failed_event_id=None, failure=""
        )
        if not moved:
            raise _Overtaken
        new = _arrivals(consumer.name, events) if events else set()
        fresh = [event for event in events if event.id in new]
        if fresh:
            consumer.apply(fresh)


def _arrivals(consumer: str, events: Sequence[Event]) -> set[UUID]:
    """Enter the events in the inbox; those that were not there before."""
    postgresql = connection.vendor == "postgresql"
    ids = [event.id for event in events] if postgresql else json.dumps([event.id.hex for event in events])
    with connection.cursor() as cursor:
        cursor.execute(_ARRIVE[connection.vendor], [consumer, ids])
        return {row[0] if postgresql else UUID(row[0]) for row in cursor.fetchall()}


def _failed(consumer: Consumer, batch: Sequence[Event], error: Exception) -> None:
    """Log and count a failure, and note it beside the position; the event is named once it is known."""
    blocking = batch[0] if len(batch) == 1 else None
    _logger.error(
        "consumer_failed",
        consumer=consumer.name,
        first_seq=batch[0].seq,
        events=len(batch),
        blocking_event_id=str(blocking.id) if blocking else None,
        exc_info=error,
    )
    ConsumerPosition.objects.filter(consumer=consumer.name).update(
        failures=F("failures") + 1,
        failed_at=datetime.now(UTC),
        failed_event_id=blocking.id if blocking else None,
        failure=f"{type(error).__name__}: {error}"[:2000],
    )
