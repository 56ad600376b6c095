"""The sandbox's HTTP server: the signed API under /v1/, the phone under /wallet/, the levers under /control/."""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import structlog

from liushui.payments.providers import signing
from liushui.payments.providers.sandbox import MERCHANT, PROVIDER
from liushui.payments.sandbox import control, trading, wallet
from liushui.payments.sandbox.behaviours import UnknownBehaviour, take
from liushui.payments.sandbox.bill import bill_text
from liushui.payments.sandbox.ledger import Ledger, Row, fetch
from liushui.payments.sandbox.notices import Messenger
from liushui.payments.sandbox.trading import Refused
from liushui.payments.sandbox.wire import Reply, Sandbox, problem

BODY_BYTES_MAX = 64_000
_logger = structlog.get_logger(__name__)
_NUMBER = re.compile(r"[0-9A-Za-z_-]{1,64}")


class SandboxServer(ThreadingHTTPServer):
    """Listens; carries the sandbox to its handlers."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *, host: str, port: int, folder: Path, **options: Any) -> None:
        super().__init__((host, port), Handler)
        public_url = options.pop("public_url", "") or f"http://{host}:{self.server_address[1]}"
        keys = signing.Keys(folder)
        keys.private(PROVIDER)
        self.sandbox = Sandbox(ledger=Ledger(folder / "ledger.sqlite3"), keys=keys, public_url=public_url, **options)


def serve(server: SandboxServer) -> None:
    """Answer requests, and let the clock and the messenger work, until the process is told to end."""
    stop = threading.Event()
    messenger = Messenger(ledger=server.sandbox.ledger, keys=server.sandbox.keys)
    threads = [
        threading.Thread(target=messenger.run, args=(stop,), name="messenger", daemon=True),
        threading.Thread(target=_tick, args=(server.sandbox, stop), name="clock", daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        server.serve_forever(poll_interval=0.2)
    finally:
        stop.set()
        server.server_close()


def _tick(sandbox: Sandbox, stop: threading.Event) -> None:
    while not stop.wait(0.5):
        try:
            with sandbox.ledger.writing() as connection:
                trading.advance_all(connection)
        except sqlite3.Error:
            _logger.exception("sandbox_pay_clock_failed")


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    server: SandboxServer

    def do_GET(self) -> None:
        """Any GET."""
        self._answer()

    def do_POST(self) -> None:
        """Any POST."""
        self._answer()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Requests are not logged: customers' codes stand in them."""

    def _answer(self) -> None:
        length = self.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > BODY_BYTES_MAX:
            self.close_connection = True
            self._write(problem(413, "too_large"), nonce="")
            return
        body = self.rfile.read(int(length))
        path = urlsplit(self.path).path
        try:
            if path.startswith("/v1/"):
                reply = self._signed(body)
            elif path.startswith("/control/"):
                reply = self._controlled(path, body)
            else:
                reply = wallet.page(self.server.sandbox, self.command, self.path, self._headers(), body)
        except Refused as error:
            reply = problem(error.status, error.code, error.detail)
        except (UnknownBehaviour, ValueError, KeyError, TypeError) as error:
            reply = problem(400, "malformed", str(error)[:200])
        except Exception:
            _logger.exception("sandbox_pay_failed", path=path)
            reply = problem(500, "system_error")
        self._write(reply, nonce=self.headers.get(signing.NONCE, ""))

    def _headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def _signed(self, body: bytes) -> Reply:
        """An API request: refused with 401 unless the merchant signed it just now, and only once."""
        sandbox = self.server.sandbox
        timestamp, nonce = self.headers.get(signing.TIMESTAMP, ""), self.headers.get(signing.NONCE, "")
        text = signing.request_text(method=self.command, target=self.path, timestamp=timestamp, nonce=nonce, body=body)
        key, signature = sandbox.keys.public(MERCHANT), self.headers.get(signing.SIGNATURE, "")
        if key is None or not signing.is_signed(key=key, text=text, signature=signature):
            return problem(401, "signature")
        if not signing.is_fresh(timestamp=timestamp, now_seconds=time.time()):
            return problem(401, "timestamp")
        with sandbox.ledger.writing() as connection:
            try:
                connection.execute("INSERT INTO nonces (nonce, at) VALUES (?, ?)", (nonce, time.time()))
            except sqlite3.IntegrityError:
                return problem(401, "replayed")
            connection.execute("DELETE FROM nonces WHERE at < ?", (time.time() - 2 * signing.FRESH_SECONDS,))
        return api(sandbox, self.command, self.path, body)

    def _controlled(self, path: str, body: bytes) -> Reply:
        """Levers take JSON only, so that no page of another site can pull them by a form."""
        if self.command == "POST" and not self.headers.get("content-type", "").startswith("application/json"):
            return problem(415, "json_only")
        found = control.pull(self.server.sandbox, self.command, path, json.loads(body) if body else {})
        return Reply(200, json.dumps(found, ensure_ascii=False).encode())

    def _write(self, reply: Reply, *, nonce: str) -> None:
        if reply.fault == "no_answer":
            self.close_connection = True
            self.connection.close()
            return
        timestamp, own = str(int(time.time())), signing.new_nonce()
        text = signing.answer_text(
            status=reply.status, request_nonce=nonce, timestamp=timestamp, nonce=own, body=reply.body
        )
        if reply.fault == "bad_signature":
            text += b"."
        self.send_response(reply.status)
        self.send_header("content-type", reply.content_type)
        self.send_header("content-length", str(len(reply.body)))
        self.send_header(signing.TIMESTAMP, timestamp)
        self.send_header(signing.NONCE, own)
        key = self.server.sandbox.keys.private(PROVIDER)
        self.send_header(signing.SIGNATURE, signing.sign(key=key, text=text))
        self.send_header("cache-control", "no-store")
        self.send_header(
            "content-security-policy",
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'",
        )
        self.send_header("x-content-type-options", "nosniff")
        if reply.location:
            self.send_header("location", reply.location)
        self.end_headers()
        self.wfile.write(reply.body)


def api(sandbox: Sandbox, method: str, target: str, body: bytes) -> Reply:
    """One signed request, its signature checked."""
    url = urlsplit(target)
    parts = url.path.strip("/").split("/")[1:]
    match (method, *parts):
        case ("POST", "payments"):
            return _begin(sandbox, _order(body), "begin", trading.begin)
        case ("POST", "payments", "charge"):
            return _begin(sandbox, _order(body), "charge", trading.charge)
        case ("GET", "payments", number):
            return _act(sandbox, number, "query", lambda connection: _known(connection, number))
        case ("POST", "payments", number, "close"):
            return _act(sandbox, number, "close", lambda connection: trading.close(connection, number))
        case ("POST", "payments", number, "reverse"):
            return _act(
                sandbox, number, "reverse", lambda connection: trading.reverse(connection, number, zone=sandbox.zone)
            )
        case ("POST", "refunds"):
            asked = _refund_order(body)
            return _act(sandbox, asked["out_trade_no"], "refund", lambda connection: trading.refund(connection, asked))
        case ("GET", "refunds", number):
            return _query_refund(sandbox, number)
        case ("GET", "bills", day):
            return _bill(sandbox, date.fromisoformat(day), encoding=parse_qs(url.query).get("encoding", [""])[0])
    raise Refused("no_such_address", target, 404)


def _act(sandbox: Sandbox, out_trade_no: str, operation: str, deed: Callable[[sqlite3.Connection], Row]) -> Reply:
    """Do it in one transaction, then answer as the payment's behaviours say."""
    if _strikes(sandbox, out_trade_no, operation, ("error_before",)):
        return problem(500, "system_error")
    with sandbox.ledger.writing() as connection:
        row = deed(connection)
    fault = _strikes(sandbox, out_trade_no, operation, ("no_answer", "error_after", "bad_signature"))
    _dawdle(sandbox, out_trade_no)
    if fault == "error_after":
        return problem(500, "system_error")
    is_refund = operation == "refund"
    document = trading.refund_document(row) if is_refund else trading.trade_document(row, public_url=sandbox.public_url)
    return Reply(200, json.dumps(document, ensure_ascii=False).encode(), fault=fault)


def _begin(sandbox: Sandbox, order: Row, operation: str, deed: Callable[..., Row]) -> Reply:
    with sandbox.ledger.writing() as connection:
        fails = trading.fails_before(connection, order, operation, by_amount=sandbox.by_amount)
    if fails:
        return problem(500, "system_error")
    return _act(
        sandbox,
        order["out_trade_no"],
        operation,
        lambda connection: deed(connection, order, by_amount=sandbox.by_amount),
    )


def _known(connection: sqlite3.Connection, out_trade_no: str) -> Row:
    trade = trading.find(connection, out_trade_no)
    if trade is None:
        raise Refused("not_found", "There is no such payment", 404)
    return trade


def _query_refund(sandbox: Sandbox, number: str) -> Reply:
    with sandbox.ledger.writing() as connection:
        row = trading.find_refund(connection, number)
    if row is None:
        raise Refused("not_found", "There is no such refund", 404)
    fault = _strikes(sandbox, row["out_trade_no"], "query_refund", ("no_answer", "bad_signature"))
    return Reply(200, json.dumps(trading.refund_document(row)).encode(), fault=fault)


def _strikes(sandbox: Sandbox, out_trade_no: str, operation: str, words: tuple[str, ...]) -> str:
    """The fault that strikes this operation of this payment now; empty for none."""
    with sandbox.ledger.writing() as connection:
        trade = fetch(connection, "trades", "out_trade_no", out_trade_no)
        for word in words if trade else ():
            if trade is not None and take(trade["behaviours"], word, operation):
                connection.execute(
                    "UPDATE trades SET behaviours = ? WHERE out_trade_no = ?",
                    (json.dumps(trade["behaviours"]), out_trade_no),
                )
                return word
    return ""


def _dawdle(sandbox: Sandbox, out_trade_no: str) -> None:
    with sandbox.ledger.reading() as connection:
        trade = fetch(connection, "trades", "out_trade_no", out_trade_no)
    if trade is not None and trade["behaviours"].get("slow"):
        time.sleep(min(60, trade["behaviours"]["slow"]))


def _bill(sandbox: Sandbox, day: date, *, encoding: str) -> Reply:
    today = datetime.now(sandbox.zone).date()
    if day > today or (day == today and not sandbox.bills_of_today):
        raise Refused("no_bill", "The bill of a day is made when the day is over", 404)
    with sandbox.ledger.reading() as connection:
        content = bill_text(connection, bill_date=day, zone=sandbox.zone).encode()
    if encoding == "gzip":
        return Reply(200, gzip.compress(content, mtime=0), "application/gzip")
    return Reply(200, content, "text/csv; charset=utf-8")


def _order(body: bytes) -> Row:
    given = json.loads(body)
    order = {
        "out_trade_no": _text(given["out_trade_no"], _NUMBER),
        "amount_minor": given["amount_minor"],
        "currency": _text(given["currency"], re.compile("[A-Z]{3}")),
        "description": str(given.get("description", ""))[:128],
        "notify_url": str(given.get("notify_url", ""))[:512],
        "auth_code": str(given.get("auth_code", ""))[:64],
        "expires_at": datetime.fromisoformat(given["expires_at"]).timestamp(),
    }
    if type(order["amount_minor"]) is not int or not 0 < order["amount_minor"] < 10**12:
        raise ValueError("amount_minor is a whole number above zero")
    return order


def _refund_order(body: bytes) -> Row:
    given = json.loads(body)
    if type(given["amount_minor"]) is not int or given["amount_minor"] <= 0:
        raise ValueError("amount_minor is a whole number above zero")
    return {
        "out_refund_no": _text(given["out_refund_no"], _NUMBER),
        "out_trade_no": _text(given["out_trade_no"], _NUMBER),
        "amount_minor": given["amount_minor"],
        "currency": str(given["currency"]),
        "notify_url": str(given.get("notify_url", ""))[:512],
    }


def _text(value: Any, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError("a number or code is not of its form")
    return value
