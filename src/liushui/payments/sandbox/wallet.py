"""The customer's phone: a page for each payment with pay and cancel, and one with the customer's own code."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import segno
from django.template.loader import render_to_string
from django.utils import translation

from liushui.kernel.money import exponent
from liushui.payments.sandbox import trading
from liushui.payments.sandbox.ledger import Row, decoded, fetch, mint_code
from liushui.payments.sandbox.trading import OPEN, Refused
from liushui.payments.sandbox.wire import Reply, Sandbox

_HTML = "text/html; charset=utf-8"
_CODE_SECONDS = 120
_STYLE = """
:root { color-scheme: light dark; --ink: #1c1f23; --paper: #f3f4f6; --card: #fff; --line: #d5d9df; --main: #0b6e4f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eceff2; --paper: #14171a; --card: #1f2327; --line: #3a4046; --main: #37b98a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.5 system-ui, "PingFang SC",
  "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
main { max-width: 24rem; margin: 0 auto; padding: 1.5rem 1rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 1rem; padding: 1.25rem;
  margin-bottom: 1rem; text-align: center; }
h1 { font-size: 1.1rem; margin: 0 0 .5rem; font-weight: 600; }
.amount { font-size: 2.6rem; font-weight: 700; font-variant-numeric: tabular-nums; margin: .25rem 0; }
.code { font-size: 1.25rem; font-variant-numeric: tabular-nums; letter-spacing: .06em; }
fieldset { border: 0; padding: 0; margin: 1rem 0; display: flex; gap: 1.25rem; justify-content: center; }
label { min-height: 44px; display: flex; align-items: center; gap: .4rem; }
.check { justify-content: center; }
input[type=radio], input[type=checkbox] { width: 1.25rem; height: 1.25rem; }
button { width: 100%; min-height: 52px; border-radius: .75rem; border: 1px solid var(--line); font: inherit;
  background: var(--card); color: var(--ink); margin-top: .6rem; }
button.main { background: var(--main); border-color: var(--main); color: #fff; font-weight: 600; }
@media (prefers-color-scheme: dark) { button.main { color: #06291d; } }
img { width: 12rem; height: 12rem; background: #fff; padding: .5rem; border-radius: .5rem; }
ul { list-style: none; padding: 0; margin: 0; } li { padding: .5rem 0; border-top: 1px solid var(--line); }
a { color: var(--main); } .note { font-size: .85rem; opacity: .85; } nav { text-align: right; font-size: .9rem; }
"""


def page(sandbox: Sandbox, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
    """A page, in Chinese or English by `?lang=` or what the browser asks for."""
    url = urlsplit(target)
    query, form = parse_qs(url.query), parse_qs(body.decode("utf-8", "replace")) if method == "POST" else {}
    given = (form.get("lang") or query.get("lang") or [""])[0]
    language = given if given in ("zh-hans", "en") else _asked_for(headers.get("accept-language", ""))
    parts = url.path.strip("/").split("/")
    with translation.override(language):
        match (method, *parts):
            case ("GET", ""):
                return Reply(302, b"", _HTML, location="/wallet/")
            case ("GET", "favicon.ico"):
                return Reply(204, b"", _HTML)
            case ("GET", "wallet.css"):
                return Reply(200, _STYLE.encode(), "text/css; charset=utf-8")
            case ("GET", "wallet"):
                return _home(sandbox, language)
            case ("POST", "wallet"):
                return _new_code(sandbox, form, language)
            case ("GET", "wallet", "code", name):
                return _picture(name.removesuffix(".svg"))
            case ("GET", "wallet", code):
                return _payment(sandbox, code, language)
            case ("POST", "wallet", code):
                return _pressed(sandbox, code, form, language)
    raise Refused("no_such_address", url.path, 404)


def amount_text(trade: Row) -> str:
    """12.50 CNY as people write it: ¥12.50."""
    places = exponent(trade["currency"])
    amount = f"{Decimal(trade['amount_minor']).scaleb(-places):,.{places}f}"
    return f"¥{amount}" if trade["currency"] == "CNY" else f"{amount} {trade['currency']}"


def _home(sandbox: Sandbox, language: str, auth_code: str = "") -> Reply:
    with sandbox.ledger.writing() as connection:
        trading.advance_all(connection)
        rows = connection.execute(
            "SELECT * FROM trades WHERE state IN ('pending', 'user_paying') ORDER BY created_at DESC LIMIT 20"
        ).fetchall()
    waiting = [decoded(row) | {"amount": amount_text(dict(row))} for row in rows]
    return _html("payments/sandbox/home.html", language, waiting=waiting, auth_code=auth_code)


def _new_code(sandbox: Sandbox, form: dict[str, list[str]], language: str) -> Reply:
    method = "alipay" if form.get("method") == ["alipay"] else "wechat"
    behaviours = {"user_paying": True} if form.get("password") else {}
    with sandbox.ledger.writing() as connection:
        code = mint_code(connection, method=method, behaviours=behaviours, seconds=_CODE_SECONDS)
    return _home(sandbox, language, code)


def _picture(text: str) -> Reply:
    if not text.isdigit() or len(text) > 32:
        raise Refused("no_such_code", "", 404)
    buffer = io.BytesIO()
    segno.make(text, error="m", micro=False).save(buffer, kind="svg", scale=6, border=2)
    return Reply(200, buffer.getvalue(), "image/svg+xml")


def _payment(sandbox: Sandbox, code: str, language: str) -> Reply:
    with sandbox.ledger.writing() as connection:
        trade = fetch(connection, "trades", "code", code)
        if trade is None:
            return _html("payments/sandbox/payment.html", language, status=404, trade=None)
        trade = trading.advance(connection, trade)
    return _html(
        "payments/sandbox/payment.html", language, trade=trade, amount=amount_text(trade),
        is_open=trade["state"] in OPEN,
    )  # fmt: skip


def _pressed(sandbox: Sandbox, code: str, form: dict[str, list[str]], language: str) -> Reply:
    with sandbox.ledger.writing() as connection:
        trade = fetch(connection, "trades", "code", code)
        if trade is not None:
            trade = trading.advance(connection, trade)
            if form.get("do") == ["pay"]:
                method = "alipay" if form.get("method") == ["alipay"] else trade["method"] or "wechat"
                trading.pay(connection, trade, method=method)
            elif form.get("do") == ["cancel"]:
                trading.user_cancels(connection, trade)
    return Reply(303, b"", _HTML, location=f"/wallet/{code}?lang={language}")


def _html(template: str, language: str, *, status: int = 200, **context: Any) -> Reply:
    text = render_to_string(template, context | {"language": language})
    return Reply(status, text.encode(), _HTML)


def _asked_for(header: str) -> str:
    first = header.split(",")[0].strip().lower()
    return "en" if first.startswith("en") else "zh-hans"
