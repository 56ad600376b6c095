"""The daily bill: what was paid and refunded on a day of the provider's time zone."""

from __future__ import annotations

import csv
import io
import sqlite3
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from liushui.payments.domain.bills import COLUMNS
from liushui.payments.sandbox.ledger import decoded


def bill_text(connection: sqlite3.Connection, *, bill_date: date, zone: ZoneInfo) -> str:
    """The file. A payment that was reversed on its day stands in no bill, as nothing was settled."""
    start = datetime.combine(bill_date, time(), zone)
    span = (start.timestamp(), (start + timedelta(days=1)).timestamp())
    lines = [*_trades(connection, span, zone), *_refunds(connection, span, zone), *_extras(connection, bill_date, zone)]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(lines)
    total = sum(line["amount_minor"] if line["kind"] == "trade" else -line["amount_minor"] for line in lines)
    writer.writerow({"kind": "total", "trade_id": len(lines), "amount_minor": total})
    return buffer.getvalue()


def _trades(connection: sqlite3.Connection, span: tuple[float, float], zone: ZoneInfo) -> list[dict[str, Any]]:
    rows = connection.execute(
        "SELECT * FROM trades WHERE paid_at >= ? AND paid_at < ? AND state IN ('paid', 'refunded')"
        " ORDER BY paid_at, trade_id",
        span,
    ).fetchall()
    return [
        {
            "kind": "trade", "time": datetime.fromtimestamp(trade["paid_at"], zone).isoformat("T", "seconds"),
            "trade_id": trade["trade_id"], "out_trade_no": trade["out_trade_no"],
            "amount_minor": trade["behaviours"].get("bill_minor", trade["paid_minor"]),
            "currency": trade["currency"], "method": trade["method"],
        }
        for trade in map(decoded, rows)
        if not trade["behaviours"].get("bill_missing")
    ]  # fmt: skip


def _refunds(connection: sqlite3.Connection, span: tuple[float, float], zone: ZoneInfo) -> list[dict[str, Any]]:
    rows = connection.execute(
        "SELECT r.*, t.trade_id, t.currency, t.method FROM refunds r JOIN trades t USING (out_trade_no)"
        " WHERE r.done_at >= ? AND r.done_at < ? AND r.state = 'done' ORDER BY r.done_at, r.refund_id",
        span,
    ).fetchall()
    return [
        {
            "kind": "refund", "time": datetime.fromtimestamp(row["done_at"], zone).isoformat("T", "seconds"),
            "trade_id": row["trade_id"], "out_trade_no": row["out_trade_no"], "refund_id": row["refund_id"],
            "out_refund_no": row["out_refund_no"], "amount_minor": row["amount_minor"], "currency": row["currency"],
            "method": row["method"],
        }
        for row in rows
    ]  # fmt: skip


def _extras(connection: sqlite3.Connection, bill_date: date, zone: ZoneInfo) -> list[dict[str, Any]]:
    rows = connection.execute("SELECT * FROM extras WHERE bill_date = ? ORDER BY id", (bill_date.isoformat(),))
    noon = datetime.combine(bill_date, time(12), zone).isoformat("T", "seconds")
    return [
        {
            "kind": "trade", "time": noon, "trade_id": row["trade_id"], "out_trade_no": row["out_trade_no"],
            "amount_minor": row["amount_minor"], "currency": row["currency"], "method": "wechat",
        }
        for row in rows.fetchall()
    ]  # fmt: skip
