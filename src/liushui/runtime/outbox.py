"""Events out: written in the transaction that makes them true, so that neither can be without the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Count, Min

from liushui.runtime import bulk, row_security
from liushui.runtime.at_once import Statement
from liushui.runtime.events import Event
from liushui.runtime.models import OutboxEvent, RelayState

_COLUMNS = ("id", "source", "type", "subject", "time", "data")


def append(*, events: Sequence[Event]) -> None:
    """Write events beside the facts they tell, by one statement; the relay publishes them after the commit.

    Raises TransactionManagementError outside `transaction.atomic()`, IntegrityError for an id that is there already.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("events are written in the transaction that makes them true")
    bulk.insert_rows(table="runtime_outboxevent", columns=_COLUMNS, rows=[_row(event) for event in events])


def append_statement(*, events: Sequence[Event], only_if: Statement) -> Statement:
    """As append, for a message that makes the facts true as well (runtime.at_once); PostgreSQL only."""
    return bulk.insert_statement(
        table="runtime_outboxevent", columns=_COLUMNS, rows=[_row(event) for event in events], only_if=only_if
    )


def _row(event: Event) -> bulk.Row:
    return (event.id, event.source, event.type, event.subject, event.time, event.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """What waits for the relay."""

    unpublished: int
    oldest_at: datetime | None


def lag() -> Lag:
    """How many events wait to be published, and since when."""
    with row_security.everything():  # a number, which readers of any store may know
        waiting = OutboxEvent.objects.filter(seq__isnull=True).aggregate(count=Count("id"), oldest=Min("time"))
    return Lag(unpublished=waiting["count"], oldest_at=waiting["oldest"])


def last_seq() -> int:
    """The place of the last published event; 0 when there is none."""
    return RelayState.objects.filter(id=1).values_list("last_seq", flat=True).first() or 0
