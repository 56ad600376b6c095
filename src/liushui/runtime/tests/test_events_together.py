"""Events when several work at once: real connections to PostgreSQL, in threads."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from liushui.kernel.ids import new_id
from liushui.runtime import bulk, inbox, log, outbox, relay
from liushui.runtime.events import Consumer, Event
from liushui.runtime.models import ConsumerPosition, OutboxEvent, RelayState

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


def append(count, *, name="x"):
    now = datetime.now(UTC)
    with transaction.atomic():
        outbox.append(
            events=[
                Event(id=new_id(), source="t", type="t.v1", subject=f"{name}:{number}", time=now, data=b"{}")
                for number in range(count)
            ]
        )


def closing(function):
    """The function, leaving no connection of its thread behind."""

    def run(*arguments):
        try:
            return function(*arguments)
        finally:
            connection.close()

    return run


def test_a_late_commit_is_not_skipped_by_a_reader_that_is_already_past_it():
    written, may_commit = threading.Event(), threading.Event()

    @closing
    def slow():
        with transaction.atomic():
            append(1, name="slow")
            written.set()
            assert may_commit.wait(20)

    seen = []
    consumer = Consumer(
        name="r", types=frozenset({"t.v1"}), apply=lambda events: seen.extend(e.subject for e in events)
    )
    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(20)
    append(1, name="quick")  # a higher id, committed first
    assert relay.publish_pending(limit=10) == 1
    assert inbox.deliver(consumer=consumer, limit=10) == 1
    assert seen == ["quick:0"]
    assert relay.publish_pending(limit=10) == 0  # the slow one is not visible yet: nothing is guessed, nothing waits
    may_commit.set()
    thread.join(20)
    assert relay.publish_pending(limit=10) == 1
    assert inbox.deliver(consumer=consumer, limit=10) == 1
    assert seen == ["quick:0", "slow:0"]
    events = log.read(after=0, limit=10)
    assert [(event.seq, event.subject) for event in events] == [(1, "quick:0"), (2, "slow:0")]
    assert events[0].id > events[1].id


def test_eight_relays_and_eight_writers_give_every_event_one_number_without_gaps():
    done = threading.Event()

    @closing
    def write(name):
        for _ in range(25):
            append(2, name=str(name))

    @closing
    def publish():
        published = 0
        while not done.is_set():
            published += relay.publish_pending(limit=7)
        return published

    with ThreadPoolExecutor(16) as pool:
        relays = [pool.submit(publish) for _ in range(8)]
        for writer in [pool.submit(write, number) for number in range(8)]:
            writer.result(60)
        done.set()
        published = sum(each.result(60) for each in relays)
    while more := relay.publish_pending(limit=100):
        published += more
    assert published == 400
    assert sorted(OutboxEvent.objects.values_list("seq", flat=True)) == list(range(1, 401))
    assert outbox.last_seq() == 400


def test_four_workers_on_one_consumer_apply_each_event_once_and_in_order():
    append(300)
    relay.publish_pending(limit=1000)
    applied, lock = [], threading.Lock()

    def apply(events):
        bulk.add_to_totals(table="runtime_relaystate", keys=["id"], sums=["last_seq"], rows=[(9, len(events))])
        with lock:
            applied.append([event.seq for event in events])

    consumer = Consumer(name="r", types=frozenset({"t.v1"}), apply=apply)

    @closing
    def work():
        while inbox.lags() == [] or inbox.lags()[0].behind:
            inbox.deliver(consumer=consumer, limit=5)

    with ThreadPoolExecutor(4) as pool:
        for worker in [pool.submit(work) for _ in range(4)]:
            worker.result(60)
    assert [seq for batch in applied for seq in batch] == list(range(1, 301))
    assert RelayState.objects.get(id=9).last_seq == 300


def test_two_projections_of_overlapping_totals_do_not_lock_each_other_out():
    barrier = threading.Barrier(4)

    @closing
    def add(worker):
        barrier.wait(20)
        for _ in range(20):
            rows = [(number, 1) for number in range(50)]
            bulk.add_to_totals(
                table="runtime_relaystate", keys=["id"], sums=["last_seq"], rows=rows if worker % 2 else reversed(rows)
            )

    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(add, worker) for worker in range(4)]:
            each.result(60)
    assert set(RelayState.objects.values_list("last_seq", flat=True)) == {80}


def test_a_rewind_waits_for_the_worker_that_is_at_it_and_everything_is_applied_anew():
    append(3)
    relay.publish_pending(limit=10)
    applying, may_go_on = threading.Event(), threading.Event()

    def apply(events):
        bulk.add_to_totals(table="runtime_relaystate", keys=["id"], sums=["last_seq"], rows=[(9, len(events))])
        applying.set()
        assert may_go_on.wait(20)

    consumer = Consumer(name="r", types=frozenset({"t.v1"}), apply=apply)
    ConsumerPosition.objects.create(consumer="r")
    with ThreadPoolExecutor(2) as pool:
        delivered = pool.submit(closing(lambda: inbox.deliver(consumer=consumer, limit=10)))
        assert applying.wait(20)

        @closing
        def rebuild():
            with transaction.atomic():
                inbox.rewind(consumer=consumer)
                RelayState.objects.filter(id=9).delete()

        rebuilt = pool.submit(rebuild)
        with pytest.raises(TimeoutError):
            rebuilt.result(0.5)
        may_go_on.set()
        assert delivered.result(20) == 3
        rebuilt.result(20)
    assert not RelayState.objects.filter(id=9).exists()
    assert inbox.deliver(consumer=consumer, limit=10) == 3
    assert RelayState.objects.get(id=9).last_seq == 3
