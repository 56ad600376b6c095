"""The worker: everything that waits gets done, once, and what is killed is taken up again."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from django.db import transaction
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from liushui.runtime import inbox, jobs, outbox, worker
from liushui.runtime.events import Consumer
from liushui.runtime.models import OutboxEvent
from liushui.runtime.tests import job_samples
from liushui.runtime.tests.test_events import append, event

COMMANDS = """
import sys, pathlib
import django; django.setup()
from django.core.management import call_command
from liushui.runtime import worker
from liushui.runtime.tests import job_samples
from liushui.runtime.tests.kill_victim import CONSUMER, write
from django_tasks_db.models import DBTaskResult
folder = pathlib.Path(sys.argv[2])
if sys.argv[1] == "prepare":
    for app in ("runtime", "django_tasks_database"):
        call_command("migrate", app, verbosity=0)
elif sys.argv[1] == "serve":
    print("started", flush=True)
    worker.run(consumers=[CONSUMER])
    print("ended", flush=True)
elif sys.argv[1] == "enqueue":
    getattr(job_samples, sys.argv[3]).enqueue(*sys.argv[4:])
elif sys.argv[1] == "once":
    worker.run(consumers=[CONSUMER], once=True)
elif sys.argv[1] == "status":
    print(",".join(job.status for job in DBTaskResult.objects.order_by("enqueued_at")))
elif sys.argv[1] == "write":
    write(3)
"""


@pytest.fixture
def data_dir(settings, tmp_path):
    settings.LIUSHUI = settings.LIUSHUI.model_copy(update={"data_dir": tmp_path})
    return tmp_path


@pytest.mark.django_db
def test_once_publishes_applies_and_runs_everything_then_returns(data_dir):
    seen = []
    consumer = Consumer(name="r", types=frozenset({"sale.v1"}), apply=lambda events: seen.extend(events))
    append(*[event(number) for number in range(25)])
    job_samples.note.enqueue(str(data_dir / "notes"), "one")
    job_samples.note.enqueue(str(data_dir / "notes"), "two")
    worker.run(consumers=[consumer], once=True)
    assert [each.subject for each in seen] == [f"sale:{number}" for number in range(25)]
    assert (data_dir / "notes").read_text() == "one\ntwo\n"
    assert outbox.lag().unpublished == 0
    assert inbox.lags()[0].behind == 0
    assert list((data_dir / "workers").iterdir()) == []  # its name is gone with it


@pytest.mark.django_db
def test_once_goes_on_with_what_the_work_itself_brings(data_dir):
    made = []

    def answer(events):
        if len(made) < 3:
            made.append(event(100 + len(made)))
            outbox.append(events=[made[-1]])

    append(event(1))
    worker.run(consumers=[Consumer(name="r", types=frozenset({"sale.v1"}), apply=answer)], once=True)
    assert OutboxEvent.objects.filter(seq__isnull=False).count() == 4


@pytest.mark.django_db
def test_once_finishes_all_else_before_it_says_that_a_consumer_is_blocked(data_dir):
    def stumble(events):
        raise ZeroDivisionError

    seen = []
    append(event(1), event(2))
    job_samples.note.enqueue(str(data_dir / "notes"), "done")
    with pytest.raises(inbox.ConsumerBlocked, match="Consumer bad cannot apply event"):
        worker.run(
            consumers=[
                Consumer(name="bad", types=frozenset({"sale.v1"}), apply=stumble),
                Consumer(name="good", types=frozenset({"sale.v1"}), apply=seen.extend),
            ],
            once=True,
        )
    assert len(seen) == 2
    assert (data_dir / "notes").read_text() == "done\n"


@pytest.mark.django_db
def test_a_job_that_raises_is_failed_and_the_next_one_runs(data_dir):
    job_samples.fail.enqueue()
    job_samples.note.enqueue(str(data_dir / "notes"), "next")
    worker.run(consumers=[], once=True)
    failed, done = DBTaskResult.objects.order_by("enqueued_at")
    assert (failed.status, failed.exception_class_path) == (TaskResultStatus.FAILED, "builtins.ZeroDivisionError")
    assert (done.status, done.return_value) == (TaskResultStatus.SUCCESSFUL, "next")


@pytest.mark.django_db
def test_a_running_job_of_a_living_worker_is_left_alone(data_dir):
    folder = data_dir / "workers"
    job_samples.note.enqueue(str(data_dir / "notes"), "x")
    with jobs.registered(folder=folder) as alive, transaction.atomic():
        DBTaskResult.objects.get().claim(alive)
        assert jobs.take_up_abandoned(folder=folder) == 0
        assert (folder / alive).exists()
        assert DBTaskResult.objects.get().status == TaskResultStatus.RUNNING


@pytest.mark.django_db
def test_a_running_job_of_a_dead_worker_is_made_ready_but_not_for_ever(data_dir):
    folder = data_dir / "workers"
    folder.mkdir()
    job_samples.note.enqueue(str(data_dir / "notes"), "x")
    for number in range(5):
        (folder / f"dead-{number}").touch()  # a name that no process holds
        DBTaskResult.objects.get().claim(f"dead-{number}")
        taken = jobs.take_up_abandoned(folder=folder)
        assert taken == (1 if number < 4 else 0)
    job = DBTaskResult.objects.get()
    assert (job.status, job.exception_class_path) == (TaskResultStatus.FAILED, "liushui.runtime.jobs.WorkerDied")
    assert list(folder.iterdir()) == []


@pytest.mark.django_db
def test_a_running_job_of_a_worker_on_another_machine_is_left_alone(data_dir):
    job_samples.note.enqueue(str(data_dir / "notes"), "x")
    DBTaskResult.objects.get().claim("elsewhere")
    assert jobs.take_up_abandoned(folder=data_dir / "workers") == 0
    assert DBTaskResult.objects.get().status == TaskResultStatus.RUNNING


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_worker_in_a_thread_stops_when_told(data_dir):
    stop, seen, arrived = threading.Event(), [], threading.Event()

    def apply(events):
        seen.extend(each.subject for each in events)
        arrived.set()

    consumer = Consumer(name="r", types=frozenset({"sale.v1"}), apply=apply)
    thread = threading.Thread(target=worker.run, kwargs={"consumers": [consumer], "stop": stop})
    thread.start()
    append(event(1))
    assert arrived.wait(10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert seen == ["sale:1"]


@pytest.fixture
def machine(tmp_path):
    """Runs one of COMMANDS in a process of its own, on an SQLite database of its own."""
    environment = os.environ | {
        "LIUSHUI_DATA_DIR": str(tmp_path),
        "LIUSHUI_DATABASE_URL": "",
        "DJANGO_SETTINGS_MODULE": "liushui.app.settings",
    }

    def start(*arguments):
        command = [sys.executable, "-c", COMMANDS, arguments[0], str(tmp_path), *arguments[1:]]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(*arguments):
        process = start(*arguments)
        out, err = process.communicate(timeout=120)
        return process.returncode, out.strip(), err

    run.start = start
    assert run("prepare")[0] == 0
    return run


@pytest.mark.slow
def test_a_job_whose_worker_is_killed_is_done_by_the_next_one(machine, tmp_path):
    machine("enqueue", "note_and_die_once", str(tmp_path / "tries"))
    assert machine("once")[0] == -signal.SIGKILL
    assert machine("status")[1] == "RUNNING"
    assert machine("once")[0] == 0
    assert machine("status")[1] == "SUCCESSFUL"
    assert (tmp_path / "tries").read_text() == "try\ntry\n"


@pytest.mark.slow
def test_sigterm_ends_a_worker_that_has_finished_what_it_began(machine, tmp_path):
    process = machine.start("serve")
    assert process.stdout.readline() == "started\n"
    machine("write")
    machine("enqueue", "note", str(tmp_path / "notes"), "done")
    deadline = time.monotonic() + 30
    while not (tmp_path / "notes").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "ended\n")
    assert "worker_stopped" in err
    assert (tmp_path / "notes").read_text() == "done\n"
    assert list((tmp_path / "workers").iterdir()) == []
