"""What the parts of the sandbox's server share: what every request needs, and an answer on its way out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from liushui.payments.providers import signing
from liushui.payments.sandbox.ledger import Ledger


@dataclass(slots=True)
class Sandbox:
    """What every request needs."""

    ledger: Ledger
    keys: signing.Keys
    public_url: str
    zone: ZoneInfo
    by_amount: bool
    bills_of_today: bool


@dataclass(slots=True)
class Reply:
    """An answer on its way out; `fault` names what happens to it instead: no_answer or bad_signature."""

    status: int
    body: bytes
    content_type: str = "application/json"
    fault: str = ""
    location: str = ""


def problem(status: int, code: str, detail: str = "") -> Reply:
    """A refusal."""
    return Reply(status, json.dumps({"code": code, "detail": detail}).encode())
