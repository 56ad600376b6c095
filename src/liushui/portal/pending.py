"""What a shopper is about to prove, between two pages: sealed in a cookie of his own browser, never on the server.

So a phone number that was typed stands in no table, no address and no log, whether it is a member's or not.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from liushui.runtime import sealed

_COOKIE = "liushui_shopper_step"
_PURPOSE = "portal-step"
_LIFE_SECONDS = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A phone to which a code went. `is_proven`: the code was right. `hint` is the code, in demonstrations only."""

    phone: str
    purpose: str  # sign-in | new-phone
    next: str
    ends_at: int  # seconds since the epoch
    hint: str = ""
    is_proven: bool = False


def put(response: HttpResponse, *, step: Step) -> None:
    """Keep it for a quarter of an hour."""
    response.set_cookie(
        _COOKIE, sealed.seal(json.dumps(asdict(step)), purpose=_PURPOSE), max_age=_LIFE_SECONDS, path="/my/",
        secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax",
    )  # fmt: skip


def ends_at(now: datetime) -> int:
    """When a step that begins now is over."""
    return int(now.timestamp()) + _LIFE_SECONDS


def of(request: HttpRequest, *, purpose: str, now: datetime) -> Step | None:
    """The step of this purpose; None when there is none, or it is over."""
    text = sealed.unseal(request.COOKIES.get(_COOKIE, ""), purpose=_PURPOSE)
    step = Step(**json.loads(text)) if text else None
    if step is None or step.purpose != purpose or step.ends_at <= now.timestamp():
        return None
    return step


def forget(response: HttpResponse) -> None:
    """Done."""
    response.delete_cookie(_COOKIE, path="/my/", samesite="Lax")
