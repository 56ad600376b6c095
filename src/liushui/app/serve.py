"""Running the parts of one machine: the web server in this process, or several processes under a supervisor."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import ssl
import subprocess  # nosec B404  # arguments are lists of our own
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import structlog
from django.conf import settings

from liushui.kernel.errors import Conflict, InvalidValue
from liushui.runtime import metrics

log = structlog.get_logger(__name__)

_STOP_SECONDS = 12
_BACKOFF_MAX_SECONDS = 30
_HEALTHY_SECONDS = 20  # a part that ran this long starts again at once


class CertificateUnusable(InvalidValue):
    """TLS cannot be spoken with this certificate and key."""

    type = "certificate-unusable"


class PortTaken(Conflict):
    """Another program uses this port."""

    type = "port-taken"


@dataclass(slots=True, kw_only=True)
class Part:
    """A process that the supervisor keeps running: `liushui` with these arguments."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restart_at: float = 0.0
    failures: int = field(default=0)


def serve(*, host: str, port: int, workers: int, threads: int) -> None:
    """Serve until stopped. WSGI: Django's views are synchronous, and under ASGI they were three times slower."""
    from granian import Granian  # the other commands need no server
    from granian.constants import Interfaces, SSLProtocols

    metrics.share_between_processes(folder=settings.LIUSHUI.data_dir / "metrics")
    Granian(
        "liushui.app.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        backpressure=max(64, threads * 16),
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS,
        log_enabled=False,
        ssl_cert=settings.LIUSHUI.tls_cert,
        ssl_key=settings.LIUSHUI.tls_key,
        ssl_protocol_min=SSLProtocols.tls12,
    ).serve()


def check_certificate(*, certificate: Path | None, key: Path | None) -> None:
    """Raise CertificateUnusable unless both are missing, or both are there and belong together."""
    if certificate is None and key is None:
        return
    if certificate is None or key is None:
        raise CertificateUnusable("A certificate needs its key, and a key its certificate", remedy="Give both.")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise CertificateUnusable(
            f"{certificate} and {key}: {error}", remedy="`liushui dev-cert` makes a pair for trying."
        ) from error


def check_port(*, host: str, port: int) -> None:
    """Raise PortTaken when nobody could listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(
                f"{host}:{port}: {error.strerror}", remedy=f"Give another one, such as --port {port + 1}."
            ) from error


def free_port(*, host: str, port: int) -> int:
    """This port, or the next of the twenty after it that is free."""
    for candidate in range(port, port + 20):
        try:
            check_port(host=host, port=candidate)
        except PortTaken:
            continue
        return candidate
    raise PortTaken(f"{host}: ports {port} to {port + 19} are all taken")


class Supervisor:
    """Keeps parts running and starts again, ever more patiently, one that ends; stops them all on Ctrl+C or SIGTERM."""

    def __init__(self, *, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._stopping = False

    def run(self) -> None:
        """Return when stopped and every part has ended."""
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            while not self._stopping:
                for part in self._parts:
                    self._tend(part)
                time.sleep(0.2)
        finally:
            self._end_all()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _tend(self, part: Part) -> None:
        now = time.monotonic()
        if part.process is None:
            if now >= part.restart_at:
                part.process = start(part.arguments, environment=part.environment)
                part.started_at = now
            return
        code = part.process.poll()
        if code is None:
            return
        part.process = None
        part.failures = 0 if now - part.started_at > _HEALTHY_SECONDS else part.failures + 1
        pause = min(_BACKOFF_MAX_SECONDS, 2**part.failures) if part.failures else 0
        part.restart_at = now + pause
        log.error("a part ended and is started again", part=part.name, exit_code=code, pause_seconds=pause)

    def _end_all(self) -> None:
        running = [part.process for part in reversed(self._parts) if part.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def start(arguments: Sequence[str], *, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """`liushui` with these arguments, in a process group of its own: Ctrl+C reaches the supervisor alone."""
    return subprocess.Popen(  # noqa: S603  # nosec B603  # a list of our own words, no shell
        [sys.executable, "-m", "liushui.app.cli", *arguments],
        env={**os.environ, **environment},
        process_group=0,
        preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # the supervisor has one thread
    )


def _end_with_parent() -> None:
    """Have Linux send SIGTERM when the supervisor dies, however it dies (prctl 1: PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
