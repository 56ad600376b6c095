"""A light HTTP load: one process, so many connections kept alive, one request under way on each.

It shares the machine with the server that it measures, so it does no more than send bytes that are ready made and look
at the status line and the length of the answer.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Outcome:
    """What came of a load: answers by status, the milliseconds of each, seconds of wall clock and of own CPU."""

    statuses: dict[int, int] = field(default_factory=dict)
    milliseconds: list[float] = field(default_factory=list)
    seconds: float = 0.0
    own_cpu_seconds: float = 0.0

    def percentile(self, share: float) -> float:
        """Milliseconds within which this share of the answers came."""
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class _Client:
    """One connection, and the request that is under way on it."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self.answer = b""

    def send(self, request: bytes) -> None:
        self.answer, self.sent_at = b"", time.perf_counter()
        self.socket.sendall(request)

    def status(self) -> int | None:
        """Read on; the status when the answer is complete."""
        received = self.socket.recv(65536)
        if not received:
            raise ConnectionError("the server hung up")
        self.answer += received
        head, blank, body = self.answer.partition(b"\r\n\r\n")
        if not blank:
            return None
        lower = head.lower()
        start = lower.index(b"content-length:") + 15
        length = int(lower[start:].split(b"\r\n", 1)[0])
        return int(head[9:12]) if len(body) >= length else None


def post(*, port: int, path: str, bodies: Sequence[bytes], token: str, clients: int) -> Outcome:
    """Send every body once, by so many clients at a time."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    )
    requests = (f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies)
    outcome, cpu, begun = Outcome(), time.process_time(), time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for _ in range(clients):
            _next(selector, _Client(port), requests, is_new=True)
        while selector.get_map():
            for key, _events in selector.select(timeout=30):
                client: _Client = key.data
                status = client.status()
                if status is None:
                    continue
                outcome.milliseconds.append((time.perf_counter() - client.sent_at) * 1000)
                outcome.statuses[status] = outcome.statuses.get(status, 0) + 1
                _next(selector, client, requests)
    outcome.seconds = time.perf_counter() - begun
    outcome.own_cpu_seconds = time.process_time() - cpu
    return outcome


def _next(
    selector: selectors.BaseSelector, client: _Client, requests: Iterator[bytes], *, is_new: bool = False
) -> None:
    request = next(requests, None)
    if request is None:
        if not is_new:
            selector.unregister(client.socket)
        client.socket.close()
        return
    if is_new:
        selector.register(client.socket, selectors.EVENT_READ, client)
    client.send(request)
