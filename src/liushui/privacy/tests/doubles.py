"""What stands at the other end in tests: a webhook's adapter and an SMTP server, both at real sockets of this machine.

Neither is a real aggregator or mail server: they speak as much of HTTP and of SMTP (RFC 5321) as a test needs.
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer


@dataclass(eq=False)
class Adapter:
    """Answers the posts that come, in this order and from then on with 200; 0 hangs up without an answer."""

    statuses: list[int] = field(default_factory=list)
    pause_seconds: float = 0.0
    wakes: threading.Event = field(default_factory=threading.Event)  # ends the pause
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@contextmanager
def adapter(*statuses: int, pause_seconds: float = 0.0) -> Iterator[Adapter]:
    """An adapter that listens."""
    kept = Adapter(statuses=list(statuses), pause_seconds=pause_seconds)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.posts.append(({name.lower(): value for name, value in self.headers.items()}, body))
            kept.wakes.wait(kept.pause_seconds)
            status = kept.statuses.pop(0) if kept.statuses else 200
            if status:
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    with _listening(HTTPServer(("127.0.0.1", 0), Handler)) as port:
        kept.url = f"http://127.0.0.1:{port}/send"
        yield kept


@dataclass(eq=False)
class Mailbox:
    """What an SMTP server got; `refuses` is the answer to every receiver, with the receiver in it, as servers do."""

    refuses: int = 0
    port: int = 0
    mails: list[tuple[str, list[str], str]] = field(default_factory=list)


@contextmanager
def smtp_server(*, refuses: int = 0) -> Iterator[Mailbox]:
    """An SMTP server that keeps what it gets."""
    box = Mailbox(refuses=refuses)

    class Handler(socketserver.StreamRequestHandler):
        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

        def handle(self) -> None:
            sender, receivers = "", list[str]()
            self.say("220 test double")
            for raw in self.rfile:
                line = raw.decode().rstrip("\r\n")
                verb = line[:4].upper()
                if verb == "DATA":
                    self.say("354 go on")
                    box.mails.append((sender, receivers, self.mail()))
                elif verb == "MAIL":
                    sender, receivers = line, []
                elif verb == "RCPT" and box.refuses:
                    self.say(f"{box.refuses} {line[8:]} is not here")
                    continue
                elif verb == "RCPT":
                    receivers.append(line[5:])
                elif verb == "QUIT":
                    self.say("221 bye")
                    return
                self.say("250 good")

        def mail(self) -> str:
            lines: list[str] = []
            while (line := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                lines.append(line)
            return "\n".join(lines)

    with _listening(socketserver.TCPServer(("127.0.0.1", 0), Handler)) as port:
        box.port = port
        yield box


@contextmanager
def _listening(server: socketserver.TCPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]  # type: ignore[misc]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
