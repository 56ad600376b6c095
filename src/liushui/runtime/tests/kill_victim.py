"""A process that is killed with SIGKILL while it writes, publishes and applies events, and what it leaves behind.

Run by test_kill.py as `python -m liushui.runtime.tests.kill_victim points|random`, on a database of its own. It forks
a child for each life, so that Django is set up once. Prints one JSON object: what the survivors found.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from datetime import UTC, datetime

import django

if __name__ == "__main__":
    django.setup()

from django.core.management import call_command
from django.db import connection, transaction

from liushui.kernel.ids import new_id
from liushui.runtime import audit, bulk, inbox, outbox, relay, worker
from liushui.runtime.access import Principal
from liushui.runtime.events import Consumer, Event
from liushui.runtime.models import AuditEntry, ConsumerPosition, InboxEvent, OutboxEvent, RelayState

TOTAL = 2  # the row of RelayState that the consumer counts in
SOMEBODY = Principal(subject="victim", name="victim", grants=())


def apply(events):
    """One row for each event, without any uniqueness that could hide a second time, and a running total."""
    now = datetime.now(UTC)
    bulk.insert_rows(
        table="runtime_auditentry",
        columns=("id", "at", "subject", "subject_name", "action", "target", "address", "reason"),
        rows=[(new_id(), now, "consumer", "", "event.applied", str(event.id), "", "") for event in events],
    )
    bulk.add_to_totals(table="runtime_relaystate", keys=["id"], sums=["last_seq"], rows=[(TOTAL, 1) for _ in events])


CONSUMER = Consumer(name="effects", types=frozenset({"t.v1"}), apply=apply)


def write(count):
    """One fact and its events in one transaction."""
    with transaction.atomic():
        events = [
            Event(id=new_id(), source="t", type="t.v1", subject="x", time=datetime.now(UTC), data=b"{}")
            for _ in range(count)
        ]
        for event in events:
            audit.record(principal=SOMEBODY, action="fact.written", target=str(event.id))
        outbox.append(events=events)


def live():
    """One short life: write, publish, apply, in several transactions each."""
    write(2)
    write(1)
    while relay.publish_pending(limit=2):
        pass
    while inbox.deliver(consumer=CONSUMER, limit=2):
        pass


def die_at(point):
    """Kill this process by SIGKILL at the n-th point: before each statement, before and after each commit."""
    passed = 0

    def pass_point():
        nonlocal passed
        passed += 1
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def around_statement(execute, sql, parameters, many, context):
        pass_point()
        return execute(sql, parameters, many, context)

    commit = connection._commit

    def around_commit():
        pass_point()
        commit()
        pass_point()

    connection.execute_wrappers.append(around_statement)
    connection._commit = around_commit


def in_child(function, *arguments):
    """Run in a forked process; its exit status, negative for the signal that ended it."""
    pid = os.fork()
    if pid == 0:
        try:
            function(*arguments)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def life_that_ends_at(point):
    die_at(point)
    live()


def points():
    """Lives that end at the first point, the second, …, each followed by one that recovers, until one gets through."""
    for point in range(1, 1000):
        code = in_child(life_that_ends_at, point)
        if code == 0:
            return point - 1
        assert code == -signal.SIGKILL, code
        assert in_child(recover) == 0
    raise AssertionError("no life got through")


def recover():
    """The next start: everything that waits is published and applied, and the books are right."""
    worker.run(consumers=[CONSUMER], once=True)
    problems = found_wrong()
    assert problems == {}, problems


def random_kills():
    """Writers and workers side by side, killed at random moments and started again."""
    chance = random.Random(20260301)
    tasks = [write_for_ever, write_for_ever, work_for_ever, work_for_ever]
    pids = [spawn(task) for task in tasks]
    kills = 0
    for _ in range(40):
        time.sleep(chance.uniform(0.02, 0.15))
        victim = chance.randrange(len(tasks))
        os.kill(pids[victim], signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(pids[victim], 0)[1]) == -signal.SIGKILL
        kills += 1
        pids[victim] = spawn(tasks[victim])
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert in_child(recover) == 0
    return kills


def spawn(task):
    pid = os.fork()
    if pid == 0:
        try:
            task()
        finally:
            os._exit(1)
    return pid


def write_for_ever():
    while True:
        write(3)
        time.sleep(0.005)


def work_for_ever():
    worker.run(consumers=[CONSUMER])


def found_wrong():
    """Whatever breaks a promise; empty when all are kept."""
    ids = {str(id) for id in OutboxEvent.objects.values_list("id", flat=True)}
    facts = Counter(AuditEntry.objects.filter(action="fact.written").values_list("target", flat=True))
    effects = Counter(AuditEntry.objects.filter(action="event.applied").values_list("target", flat=True))
    seqs = sorted(OutboxEvent.objects.values_list("seq", flat=True))
    total = RelayState.objects.filter(id=TOTAL).values_list("last_seq", flat=True).first() or 0
    position = ConsumerPosition.objects.values_list("seq", flat=True).first() or 0
    once_each = Counter(dict.fromkeys(ids, 1))
    checks = {
        "facts without event, or events without fact": facts == once_each,
        "gaps or doubles in seq": seqs == list(range(1, len(ids) + 1)) and outbox.last_seq() == len(ids),
        "effects not exactly once": effects == once_each,
        "the running total": total == len(ids),
        "the position": position == len(ids),
        "the inbox": InboxEvent.objects.count() == len(ids),
    }
    return {name: [len(ids), len(facts), len(effects), total, position] for name, kept in checks.items() if not kept}


def main():
    for app in ("runtime", "django_tasks_database"):
        call_command("migrate", app, verbosity=0)
    connection.close()  # nothing open is inherited by the children
    kills = {"points": points, "random": random_kills}[sys.argv[1]]()
    found = {"kills": kills, "events": OutboxEvent.objects.count(), "wrong": found_wrong()}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
