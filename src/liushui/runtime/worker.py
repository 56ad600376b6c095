"""The worker: publishes events, lets the consumers apply them, and runs background jobs, until it is told to stop."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection

from liushui.runtime import inbox, jobs, relay
from liushui.runtime.events import Consumer
from liushui.runtime.long_run import few_collections
from liushui.runtime.ticks import Clockwork, Tick, run_tick

_logger = structlog.get_logger(__name__)
_REST_SECONDS_MAX = 60.0
_STOP_SECONDS_MAX = 20.0  # a job still running after that is left, and taken up by the next worker


def run(
    *,
    consumers: Sequence[Consumer],
    ticks: Sequence[Tick] = (),
    once: bool = False,
    stop: threading.Event | None = None,
) -> None:
    """Work until `stop` is set or SIGTERM or SIGINT comes; what has begun is finished first.

    `once` instead works until nothing is left, then returns; it raises ConsumerBlocked when a consumer could not
    apply an event, after everything else is done. Any number of workers may run beside each other.
    """
    folder = settings.LIUSHUI.data_dir / "workers"
    if once:
        with jobs.registered(folder=folder) as name, few_collections():
            for tick in ticks:
                run_tick(tick)
            _drain(consumers, worker_name=name)
        return
    stop = stop or threading.Event()
    with _stopped_by_signals(stop), jobs.registered(folder=folder) as name, few_collections():
        thread = threading.Thread(target=_run_jobs, args=(name, stop), name="liushui-jobs", daemon=True)
        thread.start()
        # A thread of its own: an import of an hour must not keep an unknown payment waiting.
        clock = threading.Thread(target=_run_ticks, args=(ticks, stop), name="liushui-ticks", daemon=True)
        clock.start()
        _logger.info("worker_started", worker=name, consumers=[consumer.name for consumer in consumers])
        _run_events(consumers, stop)
        thread.join(_STOP_SECONDS_MAX)
        clock.join(_STOP_SECONDS_MAX)
        _logger.info("worker_stopped", worker=name, job_left_running=thread.is_alive())


def _drain(consumers: Sequence[Consumer], *, worker_name: str) -> None:
    jobs.take_up_abandoned(folder=settings.LIUSHUI.data_dir / "workers")
    blocked: dict[str, inbox.ConsumerBlocked] = {}
    worked = True
    while worked:
        worked = jobs.run_next(worker_name=worker_name)
        worked |= relay.publish_pending(limit=settings.LIUSHUI.relay_batch) > 0
        for consumer in consumers:
            if consumer.name in blocked:
                continue
            try:
                worked |= inbox.deliver(consumer=consumer, limit=settings.LIUSHUI.relay_batch) > 0
            except inbox.ConsumerBlocked as error:
                blocked[consumer.name] = error
    if blocked:
        raise next(iter(blocked.values()))


def _run_events(consumers: Sequence[Consumer], stop: threading.Event) -> None:
    resting: dict[str, _Rest] = {consumer.name: _Rest() for consumer in consumers}
    while not stop.is_set():
        close_old_connections()
        try:
            worked = relay.publish_pending(limit=settings.LIUSHUI.relay_batch) > 0
            for consumer in consumers:
                if not stop.is_set():
                    worked |= _deliver(consumer, resting[consumer.name])
        except DatabaseError:
            _pause_after_error(stop)
            continue
        if not worked:
            stop.wait(settings.LIUSHUI.worker_poll_seconds)
    connection.close()


class _Rest:
    """How long a blocked consumer waits before it tries again: twice as long each time, up to a minute."""

    def __init__(self) -> None:
        self.end()

    def end(self) -> None:
        self.until = 0.0
        self.seconds = 0.5

    def lengthen(self) -> None:
        self.seconds = min(self.seconds * 2, _REST_SECONDS_MAX)
        self.until = time.monotonic() + self.seconds


def _deliver(consumer: Consumer, rest: _Rest) -> bool:
    if time.monotonic() < rest.until:
        return False
    try:
        moved = inbox.deliver(consumer=consumer, limit=settings.LIUSHUI.relay_batch)
    except inbox.ConsumerBlocked as error:
        rest.lengthen()
        _logger.error("consumer_blocked", **error.context, again_in_seconds=rest.seconds)
        return False
    if moved:
        rest.end()
    return moved > 0


def _run_jobs(worker_name: str, stop: threading.Event) -> None:
    folder = settings.LIUSHUI.data_dir / "workers"
    look_again_at = 0.0
    while not stop.is_set():
        close_old_connections()
        try:
            if time.monotonic() >= look_again_at:
                jobs.take_up_abandoned(folder=folder)
                look_again_at = time.monotonic() + 60
            worked = jobs.run_next(worker_name=worker_name)
        except DatabaseError:
            _pause_after_error(stop)
            continue
        if not worked:
            stop.wait(settings.LIUSHUI.worker_poll_seconds)
    connection.close()


def _run_ticks(ticks: Sequence[Tick], stop: threading.Event) -> None:
    clockwork = Clockwork(ticks)
    while not stop.is_set():
        close_old_connections()
        clockwork.run_due()
        stop.wait(settings.LIUSHUI.worker_poll_seconds)
    connection.close()


def _pause_after_error(stop: threading.Event) -> None:
    _logger.exception("worker_database_error")
    connection.close()
    stop.wait(2)


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Let the first SIGTERM or SIGINT set `stop`; a second one ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()
        for each, handler in before.items():
            signal.signal(each, handler)

    for number in before:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
