"""Background jobs for tests: django-tasks finds a job by the path of its function."""

import os
import signal
from pathlib import Path

from django_tasks import task


@task()
def note(path, text):
    """Add a line to a file."""
    with Path(path).open("a") as file:
        file.write(f"{text}\n")
    return text


@task()
def fail():
    """Raise."""
    raise ZeroDivisionError("13812345678")


@task()
def note_and_die_once(path):
    """Kill the worker the first time, finish the second time."""
    tries = Path(path).read_text().count("try") if Path(path).exists() else 0
    with Path(path).open("a") as file:
        file.write("try\n")
    if tries == 0:
        os.kill(os.getpid(), signal.SIGKILL)
