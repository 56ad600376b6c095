"""Text messages by a webhook of the chain's own: a small adapter behind it speaks to whichever aggregator there is.

One POST with JSON and an HMAC over it (docs/guides/messages.md has the format). What got no answer, or one that says
“later”, is sent again under the same id, so that the adapter can tell it from another message; all within one budget of
time, since somebody waits in front of a page.
"""

from __future__ import annotations

import hmac
import json
import logging
import time
from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID

import httpx
from django.conf import settings

from liushui.privacy.errors import MessageFailed

logging.getLogger("httpx").setLevel(logging.WARNING)  # which writes every address that is asked
TIMESTAMP, SIGNATURE, MESSAGE_ID = "Liushui-Timestamp", "Liushui-Signature", "Idempotency-Key"
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
_CONNECT_SECONDS_MAX = 1.5
_TRIES_MAX, _PAUSE_SECONDS, _WORTH_SECONDS = 3, 0.2, 0.3


def signature(*, secret: bytes, timestamp: str, body: bytes) -> str:
    """HMAC-SHA-256 in hex over timestamp, a full stop, and the body."""
    return hmac.new(secret, timestamp.encode() + b"." + body, "sha256").hexdigest()


def post_text(*, message_id: UUID, to: str, text: str, purpose: str) -> None:
    """Hand one text over within LIUSHUI_MESSAGE_SECONDS; raises MessageFailed, which never has the number."""
    url, secret = settings.LIUSHUI.sms_url, settings.LIUSHUI.sms_signing_secret()
    if not url or not secret:
        raise MessageFailed("not-set-up", remedy="Set LIUSHUI_SMS_URL and LIUSHUI_SMS_SECRET.")
    body = json.dumps(
        {"id": str(message_id), "to": to, "text": text, "purpose": purpose}, ensure_ascii=False
    ).encode()  # fmt: skip
    ends, problem = time.monotonic() + settings.LIUSHUI.message_seconds, ""
    for attempt in range(_TRIES_MAX):
        left = ends - time.monotonic()
        if attempt and left < _WORTH_SECONDS:
            break
        problem = _try(url, body, secret.encode(), message_id, left)
        if not problem:
            return
        if attempt + 1 < _TRIES_MAX and ends - time.monotonic() > _PAUSE_SECONDS + _WORTH_SECONDS:
            time.sleep(_PAUSE_SECONDS)
    raise MessageFailed(problem)


def _try(url: str, body: bytes, secret: bytes, message_id: UUID, seconds: float) -> str:
    """Nothing when the gateway took it, a word for what went wrong when it may be tried again; else MessageFailed."""
    timestamp = str(int(datetime.now(UTC).timestamp()))
    headers = {
        "Content-Type": "application/json", MESSAGE_ID: str(message_id), TIMESTAMP: timestamp,
        SIGNATURE: f"v1={signature(secret=secret, timestamp=timestamp, body=body)}",
    }  # fmt: skip
    try:
        connect = min(_CONNECT_SECONDS_MAX, seconds / 2)
        timeout = httpx.Timeout(seconds - connect, connect=connect)  # each step has its own: together no more
        with _client().stream("POST", url, content=body, headers=headers, timeout=timeout) as answer:
            status = answer.status_code  # what else it says is not read
    except httpx.TimeoutException:
        return "timeout"
    except (httpx.TransportError, httpx.InvalidURL) as error:
        return type(error).__name__
    if 200 <= status < 300:
        return ""
    if status in _LATER:
        return f"status {status}"
    raise MessageFailed(f"status {status}")


@lru_cache(maxsize=1)
def _client() -> httpx.Client:
    return httpx.Client(trust_env=False, follow_redirects=False)
