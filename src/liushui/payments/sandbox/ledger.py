"""What the sandbox knows: trades, refunds, customers' codes, rules, notifications to send; one SQLite file."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS trades (
    out_trade_no TEXT PRIMARY KEY, trade_id TEXT NOT NULL UNIQUE, code TEXT NOT NULL UNIQUE, mode TEXT NOT NULL,
    amount_minor INTEGER NOT NULL, paid_minor INTEGER NOT NULL, currency TEXT NOT NULL, description TEXT NOT NULL,
    notify_url TEXT NOT NULL, method TEXT NOT NULL, state TEXT NOT NULL, failure TEXT NOT NULL,
    created_at REAL NOT NULL, expires_at REAL NOT NULL, paid_at REAL, refunded_minor INTEGER NOT NULL DEFAULT 0,
    behaviours TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refunds (
    out_refund_no TEXT PRIMARY KEY, refund_id TEXT NOT NULL UNIQUE, out_trade_no TEXT NOT NULL,
    amount_minor INTEGER NOT NULL, state TEXT NOT NULL, failure TEXT NOT NULL, notify_url TEXT NOT NULL,
    created_at REAL NOT NULL, due_at REAL NOT NULL, done_at REAL);
CREATE TABLE IF NOT EXISTS auth_codes (
    code TEXT PRIMARY KEY, method TEXT NOT NULL, behaviours TEXT NOT NULL, used_by TEXT, expires_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS rules (
    id INTEGER PRIMARY KEY, word TEXT NOT NULL, value TEXT NOT NULL, behaviours TEXT NOT NULL, times INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS extras (
    id INTEGER PRIMARY KEY, bill_date TEXT NOT NULL, trade_id TEXT NOT NULL, out_trade_no TEXT NOT NULL,
    amount_minor INTEGER NOT NULL, currency TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS outgoing (
    id INTEGER PRIMARY KEY, event_id TEXT NOT NULL, url TEXT NOT NULL, body TEXT NOT NULL, is_forged INTEGER NOT NULL,
    due_at REAL NOT NULL, tries INTEGER NOT NULL DEFAULT 0, answered INTEGER);
CREATE TABLE IF NOT EXISTS nonces (nonce TEXT PRIMARY KEY, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS trades_paid ON trades (paid_at);
CREATE INDEX IF NOT EXISTS trades_open ON trades (state) WHERE state IN ('pending', 'user_paying');
CREATE INDEX IF NOT EXISTS outgoing_due ON outgoing (due_at) WHERE answered IS NULL;
"""


class Ledger:
    """The file. `writing` is one IMMEDIATE transaction; a connection a use, so that any thread may come."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._connected() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(SCHEMA)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is committed at the end, or rolled back by an exception."""
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that only reads."""
        with self._connected() as connection:
            yield connection

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=20, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous=NORMAL")
        try:
            yield connection
        finally:
            connection.close()


Row = dict[str, Any]


def fetch(connection: sqlite3.Connection, table: str, key: str, value: str) -> Row | None:
    """One row by its key, its behaviours decoded; table and key are names of ours."""
    found = connection.execute(f"SELECT * FROM {table} WHERE {key} = ?", (value,)).fetchone()  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
    return decoded(found) if found else None


def decoded(row: sqlite3.Row) -> Row:
    """A row as a dict."""
    found = dict(row)
    if "behaviours" in found:
        found["behaviours"] = json.loads(found["behaviours"])
    return found


def insert(connection: sqlite3.Connection, table: str, row: Row) -> None:
    """Add a row; its keys are names of ours."""
    values = {name: json.dumps(value) if name == "behaviours" else value for name, value in row.items()}
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608  # nosec B608  # our own names and marks, values are parameters


def save_trade(connection: sqlite3.Connection, trade: Row) -> None:
    """Write back what changes in a trade."""
    connection.execute(
        "UPDATE trades SET state = ?, failure = ?, method = ?, paid_minor = ?, paid_at = ?, refunded_minor = ?,"
        " behaviours = ? WHERE out_trade_no = ?",
        (
            trade["state"], trade["failure"], trade["method"], trade["paid_minor"], trade["paid_at"],
            trade["refunded_minor"], json.dumps(trade["behaviours"]), trade["out_trade_no"],
        ),
    )  # fmt: skip


def new_number(prefix: str) -> str:
    """A number as providers give them: the day, then digits."""
    return f"{prefix}{datetime.now(UTC):%Y%m%d}{secrets.randbelow(10**14):014}"


def mint_code(connection: sqlite3.Connection, *, method: str, behaviours: dict[str, Any], seconds: float) -> str:
    """A customer's code (付款码), 18 digits beginning as real ones do: 28 for Alipay, 13 for WeChat Pay."""
    code = ("28" if method == "alipay" else "13") + f"{secrets.randbelow(10**16):016}"
    insert(
        connection, "auth_codes",
        {"code": code, "method": method, "behaviours": behaviours, "used_by": None,
         "expires_at": time.time() + seconds},
    )  # fmt: skip
    return code


def time_text(seconds: float | None) -> str:
    """A moment on the wire: ISO 8601 in UTC; empty for none."""
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds is not None else ""
