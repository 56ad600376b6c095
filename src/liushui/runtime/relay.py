"""The one relay: gives every committed event its place in the log."""

from __future__ import annotations

from django.db import connection, transaction

from liushui.runtime.models import OutboxEvent, RelayState

_NUMBER = """
UPDATE runtime_outboxevent SET seq = pending.seq
FROM (
    SELECT id, %s + row_number() OVER (ORDER BY id) AS seq
    FROM (SELECT id FROM runtime_outboxevent {index} WHERE seq IS NULL ORDER BY id LIMIT %s) AS oldest
) AS pending
WHERE runtime_outboxevent.id = pending.id
"""
# SQLite would search by "seq IS NULL" and sort the whole backlog for every batch.
_INDEX = {"sqlite": "INDEXED BY outbox_unpublished", "postgresql": ""}


def publish_pending(*, limit: int) -> int:
    """Give the next `seq`s, without gaps, to at most `limit` committed events in the order of their ids.

    Returns how many. The number is given here and not at the insert, because transactions commit in another order
    than they insert: an event that commits late simply gets a later number, and no reader with a cursor misses it.
    However many relays run, the locked state row lets one work at a time.
    """
    if not OutboxEvent.objects.filter(seq__isnull=True).exists():  # an idle relay takes no lock
        return 0
    with transaction.atomic():
        last_seq = _locked_last_seq()
        with connection.cursor() as cursor:
            cursor.execute(_NUMBER.format(index=_INDEX[connection.vendor]), [last_seq, limit])
            published = int(cursor.rowcount)
        if published:
            RelayState.objects.filter(id=1).update(last_seq=last_seq + published)
    return published


def _locked_last_seq() -> int:
    """The last number given, with the row locked until the transaction ends (SQLite: the database is)."""
    state = RelayState.objects.select_for_update().filter(id=1).first()
    if state is None:
        RelayState.objects.bulk_create([RelayState(id=1, last_seq=0)], ignore_conflicts=True)
        state = RelayState.objects.select_for_update().get(id=1)
    return state.last_seq
