"""The adapter of `liushui sandbox-pay`: signed requests and answers in JSON (docs/guides/sandbox-pay.md)."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import logging
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx

from liushui.payments.domain.bills import BillMalformed, read_bill
from liushui.payments.providers import signing
from liushui.payments.providers.port import (
    REFUND_STATES,
    TRADE_STATES,
    Bill,
    BillNotReady,
    NotDelivered,
    Notification,
    NotificationForged,
    NotificationMalformed,
    Order,
    OutcomeUnknown,
    ProviderRefused,
    RefundOrder,
    RefundTrade,
    Trade,
)

MERCHANT, PROVIDER = "merchant", "provider"  # owners of the two key pairs
logging.getLogger("httpx").setLevel(logging.WARNING)  # payments are asked about every second or two
_BILL_BYTES_MAX = 64_000_000
_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class SandboxProvider:
    """A Provider (port.py) that speaks to the sandbox at `url` with the keys in `folder`."""

    name = "sandbox"

    def __init__(self, *, url: str, folder: Path, notify_url: str, timeout_seconds: float, time_zone: str) -> None:
        self.time_zone = time_zone
        self._url = url.rstrip("/")
        self._keys = signing.Keys(folder)
        self._key = self._keys.private(MERCHANT)
        self._notify_url = f"{notify_url.rstrip('/')}/payments/notify/{self.name}/" if notify_url else ""
        timeout = httpx.Timeout(timeout_seconds, connect=min(3.0, timeout_seconds))
        self._client = httpx.Client(timeout=timeout, trust_env=False, follow_redirects=False)

    def begin(self, order: Order) -> Trade:
        """See Provider.begin."""
        return self._trade(self._ask("POST", "/v1/payments", self._order(order)), order.out_trade_no)

    def charge(self, order: Order) -> Trade:
        """See Provider.charge."""
        body = self._order(order) | {"auth_code": order.auth_code}
        return self._trade(self._ask("POST", "/v1/payments/charge", body), order.out_trade_no)

    def query(self, *, out_trade_no: str) -> Trade:
        """See Provider.query."""
        return self._found(out_trade_no, "GET", f"/v1/payments/{out_trade_no}")

    def close(self, *, out_trade_no: str) -> Trade:
        """See Provider.close."""
        return self._found(out_trade_no, "POST", f"/v1/payments/{out_trade_no}/close")

    def reverse(self, *, out_trade_no: str) -> Trade:
        """See Provider.reverse."""
        return self._found(out_trade_no, "POST", f"/v1/payments/{out_trade_no}/reverse")

    def refund(self, order: RefundOrder) -> RefundTrade:
        """See Provider.refund."""
        body = {
            "out_refund_no": order.out_refund_no,
            "out_trade_no": order.out_trade_no,
            "amount_minor": order.amount_minor,
            "currency": order.currency,
            "reason": order.reason[:80],
            "notify_url": self._notify_url,
        }
        return _refund_trade(self._ask("POST", "/v1/refunds", body), order.out_refund_no)

    def query_refund(self, *, out_refund_no: str, out_trade_no: str) -> RefundTrade:
        """See Provider.query_refund."""
        try:
            return _refund_trade(self._ask("GET", f"/v1/refunds/{out_refund_no}"), out_refund_no)
        except ProviderRefused as error:
            if error.code == "not_found":
                return RefundTrade(state="not_found", out_refund_no=out_refund_no)
            raise OutcomeUnknown(error.code) from error

    def fetch_bill(self, *, bill_date: date) -> Bill:
        """See Provider.fetch_bill."""
        try:
            content = self._send("GET", f"/v1/bills/{bill_date.isoformat()}?encoding=gzip", b"")
        except ProviderRefused as error:
            raise BillNotReady(error.code) from error
        try:
            text = _unpacked(content).decode("utf-8")
            return Bill(bill_date=bill_date, lines=read_bill(text), sha256=hashlib.sha256(content).hexdigest())
        except (UnicodeDecodeError, BillMalformed, OSError, EOFError) as error:
            raise OutcomeUnknown("bill_unreadable") from error

    def read_notification(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notification:
        """See Provider.read_notification."""
        timestamp, nonce = headers.get(signing.TIMESTAMP, ""), headers.get(signing.NONCE, "")
        key = self._keys.public(PROVIDER)
        text = signing.notify_text(timestamp=timestamp, nonce=nonce, body=body)
        if key is None or not signing.is_signed(key=key, text=text, signature=headers.get(signing.SIGNATURE, "")):
            raise NotificationForged("signature")
        if not signing.is_fresh(timestamp=timestamp, now_seconds=now.timestamp()):
            raise NotificationForged("timestamp")
        try:
            document = json.loads(body)
            event_id, trade, refund = document["event_id"], document.get("trade"), document.get("refund")
            return Notification(
                event_id=_text(event_id, 96),
                trade=_trade(trade, trade["out_trade_no"]) if trade else None,
                refund=_refund_trade(refund, refund["out_refund_no"]) if refund else None,
            )
        except (ValueError, KeyError, TypeError, AttributeError, OutcomeUnknown) as error:
            raise NotificationMalformed(type(error).__name__) from error

    def _order(self, order: Order) -> dict[str, Any]:
        return {
            "out_trade_no": order.out_trade_no,
            "amount_minor": order.amount_minor,
            "currency": order.currency,
            "description": order.description,
            "expires_at": order.expires_at.astimezone(UTC).isoformat(),
            "store": order.store,
            "terminal": order.terminal,
            "notify_url": self._notify_url,
        }

    def _found(self, out_trade_no: str, method: str, path: str) -> Trade:
        try:
            return self._trade(self._ask(method, path), out_trade_no)
        except ProviderRefused as error:
            if error.code == "not_found":
                return Trade(state="not_found", out_trade_no=out_trade_no)
            raise

    def _trade(self, document: dict[str, Any], out_trade_no: str) -> Trade:
        trade = _trade(document, out_trade_no)
        if trade.out_trade_no != out_trade_no:
            raise OutcomeUnknown("answer_of_another_payment")
        return trade

    def _ask(self, method: str, path: str, document: dict[str, Any] | None = None) -> dict[str, Any]:
        body = json.dumps(document, ensure_ascii=False).encode() if document is not None else b""
        try:
            answer = json.loads(self._send(method, path, body))
        except ValueError as error:
            raise OutcomeUnknown("answer_unreadable") from error
        if not isinstance(answer, dict):
            raise OutcomeUnknown("answer_unreadable")
        return answer

    def _send(self, method: str, target: str, body: bytes) -> bytes:
        """Send it signed; the body of the answer once its signature is found right. Refusals are signed too."""
        timestamp, nonce = str(int(time.time())), signing.new_nonce()
        text = signing.request_text(method=method, target=target, timestamp=timestamp, nonce=nonce, body=body)
        headers = {
            signing.TIMESTAMP: timestamp,
            signing.NONCE: nonce,
            signing.SIGNATURE: signing.sign(key=self._key, text=text),
            "content-type": "application/json",
        }
        try:
            answer = self._client.request(method, self._url + target, content=body, headers=headers)
        except _NOT_CONNECTED as error:
            raise NotDelivered("unreachable") from error
        except httpx.TimeoutException as error:
            raise OutcomeUnknown("timeout") from error
        except httpx.HTTPError as error:
            raise OutcomeUnknown("no_answer") from error
        if not self._is_theirs(answer, nonce):
            raise OutcomeUnknown("answer_not_signed")
        if answer.status_code >= 500:
            raise OutcomeUnknown(f"http_{answer.status_code}")
        if answer.status_code >= 400:
            raise _refusal(answer)
        return answer.content

    def _is_theirs(self, answer: httpx.Response, request_nonce: str) -> bool:
        timestamp = answer.headers.get(signing.TIMESTAMP, "")
        text = signing.answer_text(
            status=answer.status_code,
            request_nonce=request_nonce,
            timestamp=timestamp,
            nonce=answer.headers.get(signing.NONCE, ""),
            body=answer.content,
        )
        key = self._keys.public(PROVIDER)
        return (
            key is not None
            and signing.is_signed(key=key, text=text, signature=answer.headers.get(signing.SIGNATURE, ""))
            and signing.is_fresh(timestamp=timestamp, now_seconds=time.time())
        )


@lru_cache(maxsize=8)
def sandbox_provider(
    *, url: str, folder: Path, notify_url: str, timeout_seconds: float, time_zone: str, pid: int
) -> SandboxProvider:
    """One adapter a process (`pid`: connections are not shared with a fork) and configuration."""
    return SandboxProvider(
        url=url, folder=folder, notify_url=notify_url, timeout_seconds=timeout_seconds, time_zone=time_zone
    )


def _refusal(answer: httpx.Response) -> ProviderRefused:
    try:
        document = json.loads(answer.content)
        return ProviderRefused(_text(document["code"], 64), _text(document.get("detail", ""), 200))
    except (ValueError, KeyError, TypeError):
        return ProviderRefused(f"http_{answer.status_code}")


def _unpacked(content: bytes) -> bytes:
    if content[:2] != b"\x1f\x8b":
        return content
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
        unpacked = file.read(_BILL_BYTES_MAX + 1)
    if len(unpacked) > _BILL_BYTES_MAX:
        raise BillMalformed("the bill is larger than any that we take")
    return unpacked


def _trade(document: Mapping[str, Any], out_trade_no: str) -> Trade:
    try:
        state = document["state"]
        if state not in TRADE_STATES:
            raise OutcomeUnknown("state_unknown")
        return Trade(
            state=state,
            out_trade_no=_text(document.get("out_trade_no", out_trade_no), 64),
            trade_id=_text(document.get("trade_id", ""), 64),
            amount_minor=_amount(document.get("amount_minor")),
            currency=_text(document.get("currency", ""), 3),
            method=_text(document.get("method", ""), 32),
            qr_text=_text(document.get("qr_text", ""), 512),
            failure=_text(document.get("failure", ""), 64),
            paid_at=_time(document.get("paid_at")),
            refunded_minor=_amount(document.get("refunded_minor")) or 0,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise OutcomeUnknown("answer_unreadable") from error


def _refund_trade(document: Mapping[str, Any], out_refund_no: str) -> RefundTrade:
    try:
        state = document["state"]
        if state not in REFUND_STATES or document.get("out_refund_no") != out_refund_no:
            raise OutcomeUnknown("answer_of_another_refund")
        return RefundTrade(
            state=state,
            out_refund_no=out_refund_no,
            out_trade_no=_text(document.get("out_trade_no", ""), 64),
            refund_id=_text(document.get("refund_id", ""), 64),
            amount_minor=_amount(document.get("amount_minor")),
            failure=_text(document.get("failure", ""), 64),
            done_at=_time(document.get("done_at")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise OutcomeUnknown("answer_unreadable") from error


def _text(value: Any, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest or "\0" in value:
        raise ValueError("not a text of this length")
    return value


def _amount(value: Any) -> int | None:
    if value is None:
        return None
    if type(value) is not int:
        raise ValueError("not a whole number of minor units")
    return value


def _time(value: Any) -> datetime | None:
    if not value:
        return None
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at
