"""Events: written with their facts, numbered without gaps, applied once."""

import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from liushui.kernel.ids import new_id
from liushui.runtime import inbox, log, outbox, relay
from liushui.runtime.events import Consumer, Event
from liushui.runtime.models import ConsumerPosition, InboxEvent, OutboxEvent, RelayState


def event(number=0, *, type="sale.v1", id=None, data=None):
    return Event(
        id=id or new_id(),
        source="liushui/orders",
        type=type,
        subject=f"sale:{number}",
        time=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
        data=data or json.dumps({"number": number}).encode(),
    )


def append(*events):
    with transaction.atomic():
        outbox.append(events=events)


def published():
    return list(OutboxEvent.objects.exclude(seq=None).order_by("seq").values_list("seq", "subject"))


class Reader:
    """A consumer that notes what it was given, and stumbles over the subjects it is told to."""

    def __init__(self, *, types=("sale.v1",), stumbles_over=()):
        self.batches = []
        self.stumbles_over = set(stumbles_over)
        self.consumer = Consumer(name="reader", types=frozenset(types), apply=self.apply)

    def apply(self, events):
        for each in events:
            if each.subject in self.stumbles_over:
                raise ZeroDivisionError(each.subject)
            RelayState.objects.create(id=100 + each.seq, last_seq=each.seq)  # an effect in the database
        self.batches.append([each.subject for each in events])

    def deliver(self, limit=100):
        return inbox.deliver(consumer=self.consumer, limit=limit)

    @staticmethod
    def effects():
        return list(RelayState.objects.filter(id__gte=100).order_by("id").values_list("last_seq", flat=True))


@pytest.mark.django_db(transaction=True)
def test_an_event_is_written_with_its_fact_or_not_at_all():
    with pytest.raises(transaction.TransactionManagementError):
        outbox.append(events=[event()])
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.append(events=[event()])
        raise ZeroDivisionError
    assert OutboxEvent.objects.count() == 0


@pytest.mark.django_db
def test_events_are_written_by_one_statement_however_many():
    for count in (1, 300):
        with transaction.atomic(), CaptureQueriesContext(connection) as queries:
            outbox.append(events=[event(number) for number in range(count)])
        assert len(queries) == 1


@pytest.mark.django_db
def test_the_same_event_twice_is_refused():
    one = event()
    append(one)
    with pytest.raises(IntegrityError):
        append(one)


@pytest.mark.django_db
def test_the_relay_numbers_events_in_the_order_of_their_ids_without_gaps():
    events = [event(number) for number in range(5)]
    append(*reversed(events))
    assert relay.publish_pending(limit=2) == 2
    assert published() == [(1, "sale:0"), (2, "sale:1")]
    assert relay.publish_pending(limit=100) == 3
    assert relay.publish_pending(limit=100) == 0
    assert published() == [(1, "sale:0"), (2, "sale:1"), (3, "sale:2"), (4, "sale:3"), (5, "sale:4")]
    assert outbox.last_seq() == 5


@pytest.mark.django_db
def test_an_event_that_comes_late_gets_a_later_number_although_its_id_is_older():
    late, early = event(1), event(2)
    append(early)
    relay.publish_pending(limit=100)
    append(late)
    relay.publish_pending(limit=100)
    assert late.id < early.id
    assert published() == [(1, "sale:2"), (2, "sale:1")]


@pytest.mark.django_db
def test_publishing_takes_the_same_number_of_statements_for_one_and_for_many():
    append(event())
    relay.publish_pending(limit=1000)  # makes the state row
    counts = []
    for count in (1, 500):
        append(*[event(number) for number in range(count)])
        with CaptureQueriesContext(connection) as queries:
            assert relay.publish_pending(limit=1000) == count
        counts.append(len(queries))
    assert counts == [6, 6]  # any waiting? savepoint, lock, number, remember, release
    with CaptureQueriesContext(connection) as queries:
        relay.publish_pending(limit=1000)
    assert len(queries) == 1  # an idle relay only looks


@pytest.mark.django_db
def test_lag_says_how_many_wait_and_since_when():
    assert outbox.lag() == outbox.Lag(unpublished=0, oldest_at=None)
    append(event(1), event(2))
    assert outbox.lag() == outbox.Lag(unpublished=2, oldest_at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC))
    relay.publish_pending(limit=1)
    assert outbox.lag().unpublished == 1


@pytest.mark.django_db
def test_the_log_is_read_after_a_place_by_type_and_until_a_place():
    append(event(1), event(2, type="void.v1"), event(3), event(4))
    relay.publish_pending(limit=3)

    def read(**query):
        return [(each.seq, each.subject) for each in log.read(**({"after": 0, "limit": 100} | query))]

    assert read() == [(1, "sale:1"), (2, "sale:2"), (3, "sale:3")]  # the fourth is not published
    assert read(after=1) == [(2, "sale:2"), (3, "sale:3")]
    assert read(types={"sale.v1"}) == [(1, "sale:1"), (3, "sale:3")]
    assert read(until=2) == [(1, "sale:1"), (2, "sale:2")]
    assert read(limit=1) == [(1, "sale:1")]


@pytest.mark.django_db
def test_an_event_comes_back_as_it_was_written():
    one = event(7)
    append(one)
    relay.publish_pending(limit=1)
    (read,) = log.read(after=0, limit=1)
    assert read == Event(
        id=one.id, source=one.source, type=one.type, subject=one.subject, time=one.time, data=one.data, seq=1
    )


def test_an_event_is_shown_as_a_cloudevent():
    shown = log.cloudevent(
        Event(
            id=UUID("01957a9c-8b2a-7000-8000-000000000001"),
            source="liushui/orders",
            type="liushui.sale.completed.v1",
            subject="sale:01957a9c",
            time=datetime(2026, 3, 1, 17, 30, tzinfo=timezone(timedelta(hours=8))),
            data='{"name":"苹果"}'.encode(),
            seq=42,
        )
    )
    assert shown == {
        "specversion": "1.0",
        "id": "01957a9c-8b2a-7000-8000-000000000001",
        "source": "liushui/orders",
        "type": "liushui.sale.completed.v1",
        "subject": "sale:01957a9c",
        "time": "2026-03-01T09:30:00Z",
        "datacontenttype": "application/json",
        "data": {"name": "苹果"},
        "sequence": "00000000000000000042",
    }
    assert "sequence" not in log.cloudevent(event())


@pytest.mark.django_db
def test_a_consumer_gets_each_event_of_its_types_once_in_order():
    reader = Reader()
    append(event(1), event(2, type="void.v1"), event(3), event(4))
    relay.publish_pending(limit=100)
    assert reader.deliver(limit=2) == 3  # two events, and the one between that is not its own
    assert reader.deliver(limit=2) == 1
    assert reader.deliver(limit=2) == 0
    assert reader.batches == [["sale:1", "sale:3"], ["sale:4"]]


@pytest.mark.django_db
def test_a_consumer_passes_events_that_are_not_its_own():
    reader = Reader(types=["void.v1"])
    append(*[event(number) for number in range(10)])
    relay.publish_pending(limit=100)
    assert reader.deliver(limit=3) == 10
    assert reader.batches == []
    assert ConsumerPosition.objects.get(consumer="reader").seq == 10


@pytest.mark.django_db
def test_delivering_takes_the_same_number_of_statements_for_one_and_for_many():
    consumer = Consumer(name="nothing", types=frozenset({"sale.v1"}), apply=lambda events: None)
    counts = []
    for count in (1, 1, 500):
        append(*[event(number) for number in range(count)])
        relay.publish_pending(limit=1000)
        with CaptureQueriesContext(connection) as queries:
            assert inbox.deliver(consumer=consumer, limit=1000) == count
        counts.append(len(queries))
    assert counts[1:] == [7, 7]  # last seq, position, events, savepoint, move, inbox, release


@pytest.mark.django_db
def test_an_event_that_is_in_the_inbox_is_not_applied_again():
    reader, known = Reader(), event(1)
    append(known, event(2))
    relay.publish_pending(limit=100)
    InboxEvent.objects.create(consumer="reader", event_id=known.id)
    assert reader.deliver() == 2
    assert reader.batches == [["sale:2"]]


@pytest.mark.django_db
def test_a_consumer_that_is_moved_on_meanwhile_applies_nothing():
    reader = Reader()
    append(event(1))
    relay.publish_pending(limit=100)
    (one,) = log.read(after=0, limit=1)
    assert reader.deliver() == 1
    with pytest.raises(inbox._Overtaken):
        inbox._apply(reader.consumer, [one], moved_from=0, moved_to=1)  # a second worker that had read the same
    assert reader.effects() == [1]


@pytest.mark.django_db
def test_a_consumer_that_fails_leaves_nothing_and_goes_on_when_mended():
    reader = Reader(stumbles_over={"sale:2"})
    append(event(2), event(3))
    relay.publish_pending(limit=100)
    with pytest.raises(inbox.ConsumerBlocked):
        reader.deliver()
    assert reader.effects() == []
    assert InboxEvent.objects.count() == 0
    assert ConsumerPosition.objects.get().seq == 0
    reader.stumbles_over.clear()
    assert reader.deliver() == 1  # carefully: the one that stopped it
    assert reader.deliver() == 1
    assert reader.effects() == [1, 2]


@pytest.mark.django_db
def test_a_poison_event_is_named_and_all_before_it_is_applied():
    reader = Reader(stumbles_over={"sale:13"})
    events = [event(number) for number in range(20)]
    append(*events)
    relay.publish_pending(limit=100)
    moved = 0
    with pytest.raises(inbox.ConsumerBlocked) as blocked:
        while True:
            moved += reader.deliver()
    assert moved == 13
    assert reader.effects() == list(range(1, 14))
    assert blocked.value.context == {"consumer": "reader", "event_id": str(events[13].id), "seq": 14}
    assert str(events[13].id) in blocked.value.detail
    (lag,) = inbox.lags()
    assert (lag.consumer, lag.seq, lag.behind) == ("reader", 13, 7)
    assert (lag.failed_event_id, lag.failure) == (events[13].id, "ZeroDivisionError: sale:13")
    assert lag.failures >= 1
    reader.stumbles_over.clear()
    while reader.deliver():
        pass
    assert reader.effects() == list(range(1, 21))
    (lag,) = inbox.lags()
    assert (lag.behind, lag.failures, lag.failed_event_id, lag.failure) == (0, 0, None, "")


@pytest.mark.django_db
def test_a_blocked_consumer_tries_the_one_event_only():
    reader = Reader(stumbles_over={"sale:0"})
    append(*[event(number) for number in range(64)])
    relay.publish_pending(limit=100)
    tries = []
    for _ in range(2):
        before = inbox.lags()[0].failures if inbox.lags() else 0
        with pytest.raises(inbox.ConsumerBlocked):
            reader.deliver()
        tries.append(inbox.lags()[0].failures - before)
    assert tries == [7, 1]  # 64, 32, 16, 8, 4, 2, 1; then 1


@pytest.mark.django_db
def test_other_consumers_go_on_when_one_is_blocked():
    blocked, other = Reader(stumbles_over={"sale:1"}), []
    append(event(1), event(2))
    relay.publish_pending(limit=100)
    with pytest.raises(inbox.ConsumerBlocked):
        blocked.deliver()
    consumer = Consumer(name="other", types=frozenset({"sale.v1"}), apply=other.extend)
    assert inbox.deliver(consumer=consumer, limit=100) == 2
    assert [each.subject for each in other] == ["sale:1", "sale:2"]


@pytest.mark.django_db
def test_rewind_gives_the_whole_log_again():
    reader = Reader()
    append(event(1), event(2))
    relay.publish_pending(limit=100)
    reader.deliver()
    RelayState.objects.filter(id__gte=100).delete()
    inbox.rewind(consumer=reader.consumer)
    assert reader.deliver() == 2
    assert reader.batches == [["sale:1", "sale:2"], ["sale:1", "sale:2"]]
    assert InboxEvent.objects.count() == 2
