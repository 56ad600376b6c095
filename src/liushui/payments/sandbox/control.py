"""The levers: what a test or a demonstration asks of the sandbox. docs/guides/sandbox-pay.md lists them."""

from __future__ import annotations

import json
import sqlite3
from datetime import date
from typing import Any

import httpx

from liushui.payments.sandbox import trading
from liushui.payments.sandbox.behaviours import BY_CENTS, WORDS, checked
from liushui.payments.sandbox.ledger import Row, fetch, insert, mint_code, new_number
from liushui.payments.sandbox.notices import paid_body, refund_body, signed_headers
from liushui.payments.sandbox.trading import Refused
from liushui.payments.sandbox.wire import Sandbox

_CODE_SECONDS = 300


def pull(sandbox: Sandbox, method: str, path: str, given: Any) -> Any:
    """Do what the address says; the answer is JSON."""
    parts = path.strip("/").split("/")[1:]
    match (method, *parts):
        case ("GET",):
            return {"behaviours": dict(WORDS), "by_amount": sandbox.by_amount, "by_cents": BY_CENTS}
        case ("POST", "auth-codes"):
            return _mint(sandbox, given)
        case ("POST", "rules"):
            return _rule(sandbox, given)
        case ("POST", "extras"):
            return _extra(sandbox, given)
        case ("POST", "forget"):
            return _forget(sandbox)
        case ("POST", "settings"):
            sandbox.bills_of_today = bool(given["bills_of_today"])
            return {"bills_of_today": sandbox.bills_of_today}
        case ("GET", "payments", number):
            return _look(sandbox, number)
        case ("POST", "payments", number, "pay"):
            return _press(sandbox, number, given, pays=True)
        case ("POST", "payments", number, "cancel"):
            return _press(sandbox, number, given, pays=False)
        case ("POST", "payments", number, "behave"):
            return _behave(sandbox, number, given)
        case ("POST", "notifications"):
            return _notification(sandbox, given)
        case ("GET", "outgoing"):
            with sandbox.ledger.reading() as connection:
                return [dict(row) for row in connection.execute("SELECT * FROM outgoing ORDER BY id DESC LIMIT 200")]
    raise Refused("no_such_lever", path, 404)


def _forget(sandbox: Sandbox) -> dict[str, bool]:
    """Begin again with an empty ledger."""
    with sandbox.ledger.writing() as connection:
        for table in ("trades", "refunds", "auth_codes", "rules", "extras", "outgoing"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608  # nosec B608  # our own names
    return {"forgotten": True}


def _mint(sandbox: Sandbox, given: dict[str, Any]) -> dict[str, str]:
    method = str(given.get("method", "wechat"))
    if method not in ("alipay", "wechat"):
        raise ValueError("method is alipay or wechat")
    seconds = float(given.get("seconds", _CODE_SECONDS))
    with sandbox.ledger.writing() as connection:
        code = mint_code(connection, method=method, behaviours=checked(given.get("do", {})), seconds=seconds)
    return {"auth_code": code}


def _rule(sandbox: Sandbox, given: dict[str, Any]) -> dict[str, Any]:
    when, behaviours = given["when"], checked(given["do"])
    word = next((name for name in ("out_trade_no", "amount_minor", "next") if name in when), "")
    if not word:
        raise ValueError("when names out_trade_no, amount_minor or next")
    value = "" if word == "next" else str(when[word])
    with sandbox.ledger.writing() as connection:
        trading.keep_rule(connection, word=word, value=value, behaviours=behaviours, times=int(given.get("times", 1)))
    return {"when": {word: value}, "do": behaviours}


def _extra(sandbox: Sandbox, given: dict[str, Any]) -> dict[str, Any]:
    """A line in a day's bill that nobody here ever paid."""
    row: Row = {
        "bill_date": date.fromisoformat(given["bill_date"]).isoformat(),
        "trade_id": new_number("SB"),
        "out_trade_no": str(given.get("out_trade_no", new_number("X"))),
        "amount_minor": int(given["amount_minor"]),
        "currency": str(given.get("currency", "CNY")),
    }
    with sandbox.ledger.writing() as connection:
        insert(connection, "extras", row)
    return {"trade_id": row["trade_id"], "out_trade_no": row["out_trade_no"]}


def _look(sandbox: Sandbox, number: str) -> dict[str, Any]:
    with sandbox.ledger.writing() as connection:
        trade = _trade(connection, number)
        refunds = connection.execute("SELECT * FROM refunds WHERE out_trade_no = ? ORDER BY created_at", (number,))
        return trade | {"refunds": [dict(row) for row in refunds.fetchall()]}


def _press(sandbox: Sandbox, number: str, given: dict[str, Any], *, pays: bool) -> dict[str, Any]:
    with sandbox.ledger.writing() as connection:
        trade = _trade(connection, number)
        if pays:
            return trading.pay(connection, trade, method=str(given.get("method") or trade["method"] or "wechat"))
        return trading.user_cancels(connection, trade)


def _behave(sandbox: Sandbox, number: str, given: dict[str, Any]) -> dict[str, Any]:
    """Change how a payment behaves from now on; `paid_at` sets the clock of one that was paid."""
    with sandbox.ledger.writing() as connection:
        trade = _trade(connection, number)
        behaviours: dict[str, Any] = trade["behaviours"] | checked(given.get("do", {}))
        connection.execute(
            "UPDATE trades SET behaviours = ?, paid_at = ? WHERE out_trade_no = ?",
            (json.dumps(behaviours), given.get("paid_at", trade["paid_at"]), number),
        )
    return behaviours


def _notification(sandbox: Sandbox, given: dict[str, Any]) -> dict[str, Any]:
    """Make a notification now, true or forged, of a payment as it is or as it might be; send it if asked to."""
    with sandbox.ledger.writing() as connection:
        if "out_refund_no" in given:
            refund = trading.find_refund(connection, str(given["out_refund_no"]))
            if refund is None:
                raise Refused("not_found", "There is no such refund", 404)
            document, url = refund_body(refund), refund["notify_url"]
        else:
            trade = _trade(connection, str(given["out_trade_no"]))
            document = paid_body(trade, state=str(given.get("state", "")), amount_minor=given.get("amount_minor"))
            url = trade["notify_url"]
    body = json.dumps(document).encode()
    headers = signed_headers(sandbox.keys, body, is_forged=bool(given.get("forged")))
    if not given.get("send"):
        return {"headers": headers, "body": body.decode()}
    answer = httpx.post(str(given.get("url") or url), content=body, headers=headers, timeout=10, trust_env=False)
    return {"status": answer.status_code, "answer": answer.text[:500]}


def _trade(connection: sqlite3.Connection, number: str) -> Row:
    trade = trading.find(connection, number) or fetch(connection, "trades", "code", number)
    if trade is None:
        raise Refused("not_found", "There is no such payment", 404)
    return trade
