"""The numbers at /metrics, right however many processes serve."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest, values
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from liushui.runtime import inbox, outbox

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the name that prometheus_client reads


def share_between_processes(*, folder: Path) -> None:
    """Let the server processes started after this count into files of one folder, so that each can show the sum.

    Called once by what starts them. Folders of servers that are gone are removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if not _is_alive(old.name):
            shutil.rmtree(old, ignore_errors=True)
    own = folder / str(os.getpid())
    own.mkdir(exist_ok=True)
    os.environ[_FOLDER] = str(own)
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]  # chosen at import, so choose again


def exposition() -> bytes:
    """All metrics in Prometheus text format: requests of all server processes, and the state of the event log.

    What the event log says is asked of the database at this moment, so that it is the same in every process.
    """
    if _FOLDER in os.environ:
        requests = CollectorRegistry()
        MultiProcessCollector(requests)  # type: ignore[no-untyped-call]
    else:
        requests = REGISTRY
    events = CollectorRegistry(auto_describe=False)
    events.register(_EventLog())
    return generate_latest(requests) + generate_latest(events)


class _EventLog(Collector):
    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        lag = outbox.lag()
        age = (datetime.now(UTC) - lag.oldest_at).total_seconds() if lag.oldest_at else 0.0
        yield GaugeMetricFamily("liushui_outbox_unpublished", "Events that wait for the relay.", value=lag.unpublished)
        yield GaugeMetricFamily("liushui_outbox_oldest_seconds", "Age of the oldest of them, in seconds.", value=age)
        yield GaugeMetricFamily("liushui_log_last_seq", "Place of the last published event.", value=outbox.last_seq())
        behind = GaugeMetricFamily(
            "liushui_consumer_behind", "Published events that a consumer has not passed.", labels=["consumer"]
        )
        failures = GaugeMetricFamily(
            "liushui_consumer_failures", "Failed tries since the consumer last moved on.", labels=["consumer"]
        )
        for state in inbox.lags():
            behind.add_metric([state.consumer], state.behind)
            failures.add_metric([state.consumer], state.failures)
        yield behind
        yield failures


def _is_alive(name: str) -> bool:
    try:
        os.kill(int(name), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
