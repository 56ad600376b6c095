"""Background jobs of django-tasks: one at a time, and taken up again when their worker was killed."""

from __future__ import annotations

import fcntl
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import structlog
from django.db import transaction
from django_tasks.base import TaskResultStatus
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from liushui.kernel.ids import new_id

_logger = structlog.get_logger(__name__)
_TRIES_MAX = 5  # a job that was with so many workers that died is what kills them


class WorkerDied(Exception):
    """Every worker that had this job was killed while it ran."""


@contextmanager
def registered(*, folder: Path) -> Iterator[str]:
    """A name for this worker, held by a locked file of that name for as long as the process lives.

    The kernel drops the lock however the process ends, so that others can tell a dead worker from a slow one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, file = _locked_file(folder)
    with file:
        try:
            yield path.name
        finally:
            path.unlink(missing_ok=True)


def _locked_file(folder: Path) -> tuple[Path, IO[str]]:
    """A new file that this process holds; another worker may sweep it away before it is locked, so look again."""
    while True:
        path = folder / f"{socket.gethostname()[:24]}-{new_id().hex}"
        file = path.open("x")
        fcntl.flock(file, fcntl.LOCK_EX)
        if path.exists():
            return path, file
        file.close()


def run_next(*, worker_name: str) -> bool:
    """Claim and run the next job that is due; False when there is none. A job that raises is marked as failed."""
    due = DBTaskResult.objects.ready().filter(backend_name="default", queue_name="default")
    if not due.exists():  # an idle worker takes no lock
        return False
    with transaction.atomic():
        job = due.get_locked()
        if job is None:
            return False
        job.claim(worker_name)
    started = time.perf_counter()
    _runner(worker_name).run_task(job)
    log = _logger.info if job.status == TaskResultStatus.SUCCESSFUL else _logger.error
    seconds = round(time.perf_counter() - started, 3)
    log("job", job_id=str(job.id), task=job.task_path, status=job.status, seconds=seconds, traceback=job.traceback)
    return True


def take_up_abandoned(*, folder: Path) -> int:
    """Make the running jobs of dead workers of this data folder ready again; returns how many.

    A worker is dead when its file is there and nobody holds the lock. Jobs must therefore be safe to repeat.
    """
    taken = 0
    for job in DBTaskResult.objects.running():
        path = folder / (job.worker_ids[-1] if job.worker_ids else "")
        if not path.is_file() or not _is_free(path):
            continue
        if len(job.worker_ids) >= _TRIES_MAX:
            job.set_failed(WorkerDied(f"{_TRIES_MAX} workers died while they ran this job"))
            _logger.error("job_given_up", job_id=str(job.id), task=job.task_path)
            continue
        again = DBTaskResult.objects.running().filter(id=job.id, worker_ids=job.worker_ids)
        taken += again.update(status=TaskResultStatus.READY)
        _logger.warning("job_taken_up", job_id=str(job.id), task=job.task_path, worker=path.name)
    _sweep(folder)
    return taken


def _sweep(folder: Path) -> None:
    """Remove the files of dead workers that no running job names."""
    named = {name for job in DBTaskResult.objects.running() for name in job.worker_ids}
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name not in named:
            _is_free(path, remove=True)


def _is_free(path: Path, *, remove: bool = False) -> bool:
    """Whether nobody holds the file; it is removed under the lock, so that nobody can take it in between."""
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if remove:
                path.unlink(missing_ok=True)
    except (BlockingIOError, FileNotFoundError):  # held, or swept away by another worker just now
        return False
    return True


def _runner(worker_name: str) -> Worker:
    """The library's own runner of one task; its polling loop is not used, since that locks SQLite when idle."""
    return Worker(
        queue_names=["default"],
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=1,
        worker_id=worker_name,
        excluded_queue_names=[],
    )
