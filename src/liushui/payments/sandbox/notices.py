"""What the sandbox tells the merchant by itself: queued with the payment, signed as it is sent, until answered."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from typing import Any

import httpx
import structlog

from liushui.payments.providers import signing
from liushui.payments.providers.sandbox import PROVIDER
from liushui.payments.sandbox.ledger import Ledger, Row, time_text

_logger = structlog.get_logger(__name__)
_PAUSES = (1, 5, 30, 120, 600, 3600)  # seconds until the next try of one that was not answered with 200


def paid_body(trade: Row, *, state: str = "", amount_minor: int | None = None) -> dict[str, Any]:
    """The notification of a payment."""
    told = state or trade["state"]
    return {
        "event_id": f"{trade['out_trade_no']}-{told}",
        "trade": {
            "state": told,
            "out_trade_no": trade["out_trade_no"],
            "trade_id": trade["trade_id"],
            "amount_minor": trade["paid_minor"] if amount_minor is None else amount_minor,
            "currency": trade["currency"],
            "method": trade["method"],
            "paid_at": time_text(trade["paid_at"]) if told in ("paid", "refunded") else "",
        },
    }


def queue_paid(connection: sqlite3.Connection, trade: Row) -> None:
    """Have the merchant told, in the way that the payment's behaviours say."""
    behaviours = trade["behaviours"]
    if behaviours.get("notify_lost") or not trade["notify_url"]:
        return
    now = time.time()
    due_at = now + behaviours.get("notify_late", 0)
    if behaviours.get("notify_forged"):
        _queue(connection, trade["notify_url"], paid_body(trade), due_at=now, is_forged=True)
    for _copy in range(2 if behaviours.get("notify_twice") else 1):
        _queue(connection, trade["notify_url"], paid_body(trade), due_at=due_at)
    if behaviours.get("notify_out_of_order"):
        _queue(connection, trade["notify_url"], paid_body(trade, state="pending"), due_at=due_at + 1)


def refund_body(refund: Row) -> dict[str, Any]:
    """The notification of a refund."""
    names = ("state", "out_refund_no", "out_trade_no", "refund_id", "amount_minor", "failure")
    return {
        "event_id": f"{refund['out_refund_no']}-{refund['state']}",
        "refund": {name: refund[name] for name in names} | {"done_at": time_text(refund["done_at"])},
    }


def queue_refund(connection: sqlite3.Connection, refund: Row, trade: Row) -> None:
    """Have the merchant told of a refund that is done."""
    if refund["notify_url"] and not trade["behaviours"].get("notify_lost"):
        _queue(connection, refund["notify_url"], refund_body(refund), due_at=time.time())


def _queue(
    connection: sqlite3.Connection, url: str, body: dict[str, Any], *, due_at: float, is_forged: bool = False
) -> None:
    connection.execute(
        "INSERT INTO outgoing (event_id, url, body, is_forged, due_at) VALUES (?, ?, ?, ?, ?)",
        (body["event_id"], url, json.dumps(body), int(is_forged), due_at),
    )


def signed_headers(keys: signing.Keys, body: bytes, *, is_forged: bool = False) -> dict[str, str]:
    """The headers of a notification that is sent now; a forged one is signed over something else."""
    timestamp, nonce = str(int(time.time())), signing.new_nonce()
    text = signing.notify_text(timestamp=timestamp, nonce=nonce, body=body + (b" " if is_forged else b""))
    return {
        signing.TIMESTAMP: timestamp,
        signing.NONCE: nonce,
        signing.SIGNATURE: signing.sign(key=keys.private(PROVIDER), text=text),
        "content-type": "application/json",
    }


class Messenger:
    """The thread that sends what is due."""

    def __init__(self, *, ledger: Ledger, keys: signing.Keys) -> None:
        self._ledger, self._keys = ledger, keys
        self._client = httpx.Client(timeout=10, trust_env=False, follow_redirects=False)

    def run(self, stop: threading.Event) -> None:
        """Until told to stop."""
        while not stop.wait(0.1):
            try:
                self.send_due()
            except sqlite3.Error:
                _logger.exception("sandbox_pay_messenger_failed")

    def send_due(self) -> None:
        """Everything whose time has come."""
        with self._ledger.reading() as connection:
            due = connection.execute(
                "SELECT * FROM outgoing WHERE answered IS NULL AND due_at <= ? ORDER BY due_at, id LIMIT 50",
                (time.time(),),
            ).fetchall()
        for row in due:
            self._send(dict(row))

    def _send(self, row: dict[str, Any]) -> None:
        body = row["body"].encode()
        headers = signed_headers(self._keys, body, is_forged=bool(row["is_forged"]))
        try:
            status = self._client.post(row["url"], content=body, headers=headers).status_code
        except (httpx.HTTPError, httpx.InvalidURL):
            status = 0
        is_over = status == 200 or row["is_forged"] or row["tries"] + 1 >= len(_PAUSES)
        pause = _PAUSES[min(row["tries"], len(_PAUSES) - 1)]
        with self._ledger.writing() as connection:
            connection.execute(
                "UPDATE outgoing SET tries = tries + 1, due_at = ?, answered = ? WHERE id = ?",
                (time.time() + pause, status if is_over else None, row["id"]),
            )
