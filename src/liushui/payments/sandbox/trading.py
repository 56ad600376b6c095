"""What the sandbox does with payments: the rules of a provider, one transaction each, safe to repeat by our ids."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from liushui.payments.sandbox.behaviours import BY_CENTS, take
from liushui.payments.sandbox.ledger import Row, decoded, fetch, insert, new_number, save_trade, time_text
from liushui.payments.sandbox.notices import queue_paid, queue_refund

OPEN = ("pending", "user_paying")


class Refused(Exception):
    """A business answer of 4xx: `code` is what the wire says."""

    def __init__(self, code: str, detail: str = "", status: int = 400) -> None:
        super().__init__(code)
        self.code, self.detail, self.status = code, detail, status


def fails_before(connection: sqlite3.Connection, order: Row, operation: str, *, by_amount: bool) -> bool:
    """Whether a new payment is to be answered with an error before anything is done; its other behaviours stay."""
    if fetch(connection, "trades", "out_trade_no", order["out_trade_no"]) is not None:
        return False
    behaviours = _rules(connection, order, by_amount)
    struck = take(behaviours, "error_before", operation)
    if behaviours:
        keep_rule(connection, word="out_trade_no", value=order["out_trade_no"], behaviours=behaviours, times=1)
    return struck


def keep_rule(connection: sqlite3.Connection, *, word: str, value: str, behaviours: dict[str, Any], times: int) -> None:
    """Have payments that fit behave so, as often as `times`."""
    insert(connection, "rules", {"word": word, "value": value, "behaviours": behaviours, "times": times})


def begin(connection: sqlite3.Connection, order: Row, *, by_amount: bool) -> Row:
    """A payment that waits for the customer to scan; the same order again is the same payment."""
    known = find(connection, order["out_trade_no"])
    if known is not None:
        return _same(known, order)
    return _open_trade(connection, order, mode="customer_scans", behaviours=_rules(connection, order, by_amount))


def charge(connection: sqlite3.Connection, order: Row, *, by_amount: bool) -> Row:
    """Take the money by the customer's code, once for each order, whatever comes of it."""
    known = find(connection, order["out_trade_no"])
    if known is not None:
        return _same(known, order)
    behaviours = _rules(connection, order, by_amount)
    code = fetch(connection, "auth_codes", "code", order["auth_code"])
    if code is not None:
        behaviours = code["behaviours"] | behaviours
    trade = _open_trade(connection, order, mode="we_scan", behaviours=behaviours)
    if code is None or code["used_by"] or code["expires_at"] < time.time():
        return _failed(connection, trade, "auth_code_invalid")
    connection.execute("UPDATE auth_codes SET used_by = ? WHERE code = ?", (trade["out_trade_no"], order["auth_code"]))
    trade["method"] = code["method"]
    if behaviours.get("user_paying"):
        trade["state"] = "user_paying"
        save_trade(connection, trade)
        return trade
    return pay(connection, trade, method=code["method"])


def pay(connection: sqlite3.Connection, trade: Row, *, method: str) -> Row:
    """The customer pays; nothing happens to a payment that is over."""
    if trade["state"] not in OPEN:
        return trade
    if trade["behaviours"].get("decline"):
        return _failed(connection, trade, "declined")
    trade |= {
        "state": "paid",
        "method": method,
        "paid_at": time.time(),
        "paid_minor": trade["behaviours"].get("paid_minor", trade["amount_minor"]),
    }
    save_trade(connection, trade)
    queue_paid(connection, trade)
    return trade


def user_cancels(connection: sqlite3.Connection, trade: Row) -> Row:
    """The customer turns away."""
    if trade["state"] not in OPEN:
        return trade
    if trade["mode"] == "we_scan":
        return _failed(connection, trade, "user_cancelled")
    trade |= {"state": "closed", "failure": "user_cancelled"}
    save_trade(connection, trade)
    return trade


def close(connection: sqlite3.Connection, out_trade_no: str) -> Row:
    """End an unpaid payment; one that is over answers what it is."""
    trade = _found(connection, out_trade_no)
    if trade["state"] in OPEN:
        trade |= {"state": "closed", "failure": "closed"}
        save_trade(connection, trade)
    return trade


def reverse(connection: sqlite3.Connection, out_trade_no: str, *, zone: ZoneInfo) -> Row:
    """End it whatever it came to; on the day of payment only, as with the real ones."""
    trade = _found(connection, out_trade_no)
    if trade["state"] in OPEN:
        return close(connection, out_trade_no)
    if trade["state"] != "paid":
        return trade
    paid_on = datetime.fromtimestamp(trade["paid_at"], zone).date()
    if paid_on != datetime.now(zone).date():
        raise Refused("reverse_too_late", "The day of payment is over; refund it", 409)
    if trade["refunded_minor"]:
        raise Refused("reverse_not_allowed", "A part was refunded; refund the rest", 409)
    trade |= {"state": "reversed"}
    save_trade(connection, trade)
    return trade


def refund(connection: sqlite3.Connection, order: Row) -> Row:
    """Give back a part or all; the same number again is the same refund."""
    known = find_refund(connection, order["out_refund_no"])
    if known is not None:
        if (known["out_trade_no"], known["amount_minor"]) != (order["out_trade_no"], order["amount_minor"]):
            raise Refused("refund_mismatch", "This refund number was used with other contents", 409)
        return known
    trade = _found(connection, order["out_trade_no"])
    if trade["state"] != "paid" or order["currency"] != trade["currency"]:
        raise Refused("not_refundable", f"The payment is {trade['state']}", 409)
    if trade["behaviours"].get("refund_declined"):
        raise Refused("refund_declined", "The account lacks the money", 409)
    if trade["refunded_minor"] + order["amount_minor"] > trade["paid_minor"]:
        raise Refused("refund_too_much", "More than was paid", 409)
    trade["refunded_minor"] += order["amount_minor"]
    if trade["refunded_minor"] == trade["paid_minor"]:
        trade["state"] = "refunded"
    save_trade(connection, trade)
    now = time.time()
    row = {
        "out_refund_no": order["out_refund_no"], "refund_id": new_number("SR"), "out_trade_no": order["out_trade_no"],
        "amount_minor": order["amount_minor"], "state": "processing", "failure": "", "notify_url": order["notify_url"],
        "created_at": now, "due_at": now + trade["behaviours"].get("refund_processing", 0), "done_at": None,
    }  # fmt: skip
    insert(connection, "refunds", row)
    return find_refund(connection, order["out_refund_no"]) or row


def find(connection: sqlite3.Connection, out_trade_no: str) -> Row | None:
    """A payment as it stands by now: expired, paid or left by itself when its time has come."""
    trade = fetch(connection, "trades", "out_trade_no", out_trade_no)
    return advance(connection, trade) if trade else None


def advance(connection: sqlite3.Connection, trade: Row) -> Row:
    """Let the clock do to an open payment what it does."""
    if trade["state"] not in OPEN:
        return trade
    passed = time.time() - trade["created_at"]
    behaviours = trade["behaviours"]
    if "pays_after" in behaviours and passed >= behaviours["pays_after"]:
        return pay(connection, trade, method=trade["method"] or "wechat")
    if "cancels_after" in behaviours and passed >= behaviours["cancels_after"]:
        return user_cancels(connection, trade)
    if time.time() >= trade["expires_at"]:
        trade |= {"state": "closed", "failure": "expired"}
        save_trade(connection, trade)
    return trade


def find_refund(connection: sqlite3.Connection, out_refund_no: str) -> Row | None:
    """A refund as it stands by now."""
    row = fetch(connection, "refunds", "out_refund_no", out_refund_no)
    if row is not None and row["state"] == "processing" and time.time() >= row["due_at"]:
        row |= {"state": "done", "done_at": time.time()}
        connection.execute(
            "UPDATE refunds SET state = 'done', done_at = ? WHERE out_refund_no = ?", (row["done_at"], out_refund_no)
        )
        trade = fetch(connection, "trades", "out_trade_no", row["out_trade_no"])
        if trade is not None:
            queue_refund(connection, row, trade)
    return row


def advance_all(connection: sqlite3.Connection) -> None:
    """What happens by the clock, for everything that waits."""
    for row in connection.execute("SELECT * FROM trades WHERE state IN ('pending', 'user_paying')").fetchall():
        advance(connection, decoded(row))
    waiting = connection.execute("SELECT out_refund_no FROM refunds WHERE state = 'processing'").fetchall()
    for row in waiting:
        find_refund(connection, row["out_refund_no"])


def trade_document(trade: Row, *, public_url: str) -> dict[str, Any]:
    """A payment on the wire."""
    return {
        "state": trade["state"],
        "out_trade_no": trade["out_trade_no"],
        "trade_id": trade["trade_id"],
        "amount_minor": trade["paid_minor"],
        "currency": trade["currency"],
        "method": trade["method"],
        "qr_text": f"{public_url}/wallet/{trade['code']}" if trade["mode"] == "customer_scans" else "",
        "failure": trade["failure"],
        "paid_at": time_text(trade["paid_at"]),
        "refunded_minor": trade["refunded_minor"],
    }


def refund_document(row: Row) -> dict[str, Any]:
    """A refund on the wire."""
    names = ("state", "out_refund_no", "out_trade_no", "refund_id", "amount_minor", "failure")
    return {name: row[name] for name in names} | {"done_at": time_text(row["done_at"])}


def _found(connection: sqlite3.Connection, out_trade_no: str) -> Row:
    trade = find(connection, out_trade_no)
    if trade is None:
        raise Refused("not_found", "There is no such payment", 404)
    return trade


def _same(known: Row, order: Row) -> Row:
    if (known["amount_minor"], known["currency"]) != (order["amount_minor"], order["currency"]):
        raise Refused("order_mismatch", "This number was used with another amount", 409)
    return known


def _open_trade(connection: sqlite3.Connection, order: Row, *, mode: str, behaviours: dict[str, Any]) -> Row:
    if order["expires_at"] <= time.time():
        raise Refused("expired", "The payment is over before it begins")
    trade = {
        "out_trade_no": order["out_trade_no"], "trade_id": new_number("SB"), "code": secrets.token_urlsafe(9),
        "mode": mode, "amount_minor": order["amount_minor"], "paid_minor": order["amount_minor"],
        "currency": order["currency"], "description": order["description"], "notify_url": order["notify_url"],
        "method": "", "state": "pending", "failure": "", "created_at": time.time(),
        "expires_at": order["expires_at"], "paid_at": None, "refunded_minor": 0, "behaviours": behaviours,
    }  # fmt: skip
    insert(connection, "trades", trade)
    return trade


def _failed(connection: sqlite3.Connection, trade: Row, failure: str) -> Row:
    trade |= {"state": "failed", "failure": failure}
    save_trade(connection, trade)
    return trade


def _rules(connection: sqlite3.Connection, order: Row, by_amount: bool) -> dict[str, Any]:
    """The first rule that fits, which is used up by it; else what the amount says."""
    wanted = (("out_trade_no", order["out_trade_no"]), ("amount_minor", str(order["amount_minor"])), ("next", ""))
    for word, value in wanted:
        row = connection.execute(
            "SELECT * FROM rules WHERE word = ? AND value = ? AND times > 0 ORDER BY id", (word, value)
        ).fetchone()
        if row is not None:
            connection.execute("UPDATE rules SET times = times - 1 WHERE id = ?", (row["id"],))
            return dict(json.loads(row["behaviours"]))
    return dict(BY_CENTS.get(order["amount_minor"] % 100, {})) if by_amount else {}
