"""Who is signed in on the portal: a cookie of its own that no script reads and that opens nothing of the console.

A sign-in is begun by a one-time code, ends after LIUSHUI_PORTAL_SESSION_DAYS, by signing out here or everywhere, and
with the membership.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from liushui.kernel.ids import new_id
from liushui.loyalty import facade as loyalty
from liushui.loyalty.contracts import Member
from liushui.portal.contracts import OwnSession, Shopper
from liushui.portal.models import ShopperSessionRow
from liushui.privacy import facade as privacy
from liushui.privacy.contracts import Source
from liushui.runtime import row_security

_TOKEN_BYTES = 32
# Marks in the order to look for them: each of these says of itself to be the ones behind it too.
_PROGRAMS = (
    ("MicroMessenger", "WeChat"), ("AlipayClient", "Alipay"), ("Edg", "Edge"), ("Firefox", "Firefox"),
    ("HuaweiBrowser", "Huawei"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
    ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def cookie_name() -> str:
    """The name of the cookie; over TLS one that no other host can set."""
    return "__Host-liushui_shopper" if settings.SESSION_COOKIE_SECURE else "liushui_shopper"


def begin(*, request: HttpRequest, response: HttpResponse, member: Member, now: datetime) -> None:
    """Sign a member in: a token nobody knew before, so that one planted in a browser is worth nothing."""
    if member.subject_id is None:
        raise ValueError("a member who signs in is a person")
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    life = timedelta(days=settings.LIUSHUI.portal_session_days)
    ShopperSessionRow.objects.create(
        id=new_id(), token_sha256=_sha256(token), chain_id=member.chain_id, member_id=member.id,
        subject_id=member.subject_id, begun_at=now, expires_at=now + life,
        agent=request.headers.get("User-Agent", "")[:200],
    )  # fmt: skip
    privacy.touch_subjects(subject_ids=[member.subject_id], now=now)
    response.set_cookie(
        cookie_name(), token, max_age=int(life.total_seconds()), path="/", secure=settings.SESSION_COOKIE_SECURE,
        httponly=True, samesite="Lax",
    )  # fmt: skip


def shopper_of(*, request: HttpRequest, chain_id: int, now: datetime) -> Shopper | None:
    """The member who is signed in on this request; the one kept, where two were merged meanwhile."""
    token = request.COOKIES.get(cookie_name(), "")
    if not token or len(token) > 100:
        return None
    with row_security.everything():  # before it is known who speaks
        row = ShopperSessionRow.objects.filter(
            token_sha256=_sha256(token), chain_id=chain_id, expires_at__gt=now
        ).first()
    if row is None:
        return None
    member = loyalty.member(member_id=row.member_id)
    if member is not None and member.status == "merged" and member.merged_into is not None:
        member = loyalty.member(member_id=member.merged_into)
    if member is None or member.status != "active" or member.subject_id is None:
        return None
    return Shopper(session_id=row.id, member=member, subject_id=member.subject_id, begun_at=row.begun_at)


def end(*, request: HttpRequest, response: HttpResponse) -> None:
    """Sign out here."""
    token = request.COOKIES.get(cookie_name(), "")
    with row_security.everything():
        ShopperSessionRow.objects.filter(token_sha256=_sha256(token)).delete()
    forget_cookie(response)


def forget_cookie(response: HttpResponse) -> None:
    """Take the cookie away."""
    response.delete_cookie(cookie_name(), path="/", samesite="Lax")
    if settings.SESSION_COOKIE_SECURE:  # else a browser refuses to change a __Host- cookie
        response.cookies[cookie_name()]["secure"] = True


def end_others(*, shopper: Shopper) -> int:
    """Sign out everywhere but here; returns how many sign-ins that were."""
    rows = ShopperSessionRow.objects.filter(subject_id=shopper.subject_id).exclude(id=shopper.session_id)
    deleted, _by_table = rows.delete()
    return deleted


def own_sessions(*, shopper: Shopper, now: datetime) -> tuple[OwnSession, ...]:
    """Where this member is signed in, the newest first."""
    rows = ShopperSessionRow.objects.filter(subject_id=shopper.subject_id, expires_at__gt=now).order_by("-id")
    return tuple(
        OwnSession(
            id=row.id, begun_at=row.begun_at, expires_at=row.expires_at, agent=_browser(row.agent),
            is_this=row.id == shopper.session_id,
        )
        for row in rows
    )  # fmt: skip


def forget_old(*, now: datetime) -> int:
    """Delete sign-ins that have ended; returns how many."""
    deleted, _by_table = ShopperSessionRow.objects.filter(expires_at__lt=now).delete()
    return deleted


def register() -> None:
    """Tell privacy what is kept here of a person."""
    privacy.register_source(Source(name="portal", title=_("Sign-ins on these pages"), export=_export, erase=_erase))


def _export(subject_id: UUID) -> Any:
    rows = ShopperSessionRow.objects.filter(subject_id=subject_id).order_by("id")
    return [
        {"begun_at": row.begun_at.isoformat(), "expires_at": row.expires_at.isoformat(), "browser": row.agent}
        for row in rows
    ]


def _erase(subject_id: UUID, now: datetime) -> None:
    ShopperSessionRow.objects.filter(subject_id=subject_id).delete()


def _browser(agent: str) -> str:
    """What a User-Agent calls itself, as people do: Chrome, Android."""
    program = next((name for mark, name in _PROGRAMS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return ", ".join(part for part in (program, system) if part)


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
