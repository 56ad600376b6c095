"""Sign-ins of staff: begun with a fresh key, ended by their owner, by the clock, and with the password.

The session itself is Django's, on the server. Here stand when it began and when it was last used, so that it ends after
LIUSHUI_SESSION_HOURS at the latest and after LIUSHUI_SESSION_IDLE_MINUTES without a page opened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse

from liushui.kernel.errors import NotFound
from liushui.kernel.ids import new_id
from liushui.runtime import audit, step_up
from liushui.runtime.access import Principal
from liushui.runtime.grants import only_chain, staff_principal, staff_subject
from liushui.runtime.models import StaffSession, StaffUser

BACKEND = "django.contrib.auth.backends.ModelBackend"
_BEGUN_AT, _SEEN_AT = "liushui_begun_at", "liushui_seen_at"
_SEEN_EVERY = 60  # seconds; finer would write the session with every page


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One of somebody's sign-ins; `way` is what completed it: password, totp, passkey or recovery."""

    id: UUID
    begun_at: datetime
    way: str
    address: str
    agent: str
    is_this: bool


def begin(*, request: HttpRequest, user: StaffUser, way: str, address: str, now: datetime) -> Principal:
    """Sign in: the key of the session is another from here on, so that one planted before is worth nothing."""
    login(request, user, backend=BACKEND)
    request.session[_BEGUN_AT] = request.session[_SEEN_AT] = int(now.timestamp())
    step_up.confirm(request, now=now)
    if request.session.session_key is None:
        request.session.create()
    key = request.session.session_key or ""
    principal = staff_principal(user, address=address)
    with transaction.atomic():
        over = now - timedelta(hours=settings.LIUSHUI.session_hours)
        StaffSession.objects.filter(user=user, begun_at__lt=over).delete()
        StaffSession.objects.create(
            id=new_id(), user=user, session_key=key, begun_at=now, way=way, address=address,
            agent=request.headers.get("User-Agent", "")[:200],
        )  # fmt: skip
        audit.record(
            principal=principal, action="staff.sign_in", target=principal.subject,
            chain_id=only_chain(principal.grants), after={"way": way},
        )  # fmt: skip
    return principal


def end(*, request: HttpRequest) -> None:
    """Sign out: the session is forgotten on the server too."""
    StaffSession.objects.filter(session_key=request.session.session_key or "").delete()
    logout(request)


def sign_ins(*, request: HttpRequest, user: StaffUser) -> tuple[SignIn, ...]:
    """The sign-ins of this person that live, the newest first."""
    rows = list(StaffSession.objects.filter(user=user).order_by("-id"))
    keys = [row.session_key for row in rows]
    alive = set(
        Session.objects.filter(session_key__in=keys, expire_date__gt=datetime.now(UTC)).values_list(
            "session_key", flat=True
        )
    )
    return tuple(
        SignIn(
            id=row.id, begun_at=row.begun_at, way=row.way, address=row.address, agent=row.agent,
            is_this=row.session_key == request.session.session_key,
        )
        for row in rows
        if row.session_key in alive
    )  # fmt: skip


def end_one(*, user: StaffUser, sign_in_id: UUID, principal: Principal) -> None:
    """End one of one's own sign-ins, at once. Raises NotFound for another person's."""
    row = StaffSession.objects.filter(user=user, id=sign_in_id).first()
    if row is None:
        raise NotFound("There is no such sign-in of yours")
    with transaction.atomic():
        Session.objects.filter(session_key=row.session_key).delete()
        row.delete()
        _note("staff.end_session", user.pk, principal)


def end_others(*, request: HttpRequest, user: StaffUser, principal: Principal) -> None:
    """End every sign-in of this person but the present one, known here or not."""
    StaffUser.objects.filter(pk=user.pk).update(sessions_epoch=F("sessions_epoch") + 1)
    _note("staff.end_sessions", user.pk, principal)
    keep_this(request=request, user=user)


def keep_this(*, request: HttpRequest, user: StaffUser) -> None:
    """The present sign-in goes on, under a new key, after what ends all: another password or epoch."""
    user.refresh_from_db()
    before = request.session.session_key
    update_session_auth_hash(request, user)
    StaffSession.objects.filter(user=user).exclude(session_key=before).delete()
    StaffSession.objects.filter(session_key=before).update(session_key=request.session.session_key)


def end_all(*, user_id: int) -> None:
    """End every sign-in of somebody; whoever calls this writes the audit line."""
    StaffUser.objects.filter(pk=user_id).update(sessions_epoch=F("sessions_epoch") + 1)
    StaffSession.objects.filter(user_id=user_id).delete()


def is_over(request: HttpRequest, *, now: datetime) -> bool:
    """Whether the sign-in of this request has come to its end by the clock."""
    moment, session = int(now.timestamp()), request.session
    begun_at, seen_at = session.get(_BEGUN_AT), session.get(_SEEN_AT)
    if begun_at is None or seen_at is None:
        return False
    longest, idle = settings.LIUSHUI.session_hours * 3600, settings.LIUSHUI.session_idle_minutes * 60
    return bool(moment - begun_at >= longest or moment - seen_at >= idle)


def note_use(request: HttpRequest, *, now: datetime) -> None:
    """Somebody opened a page. What a page asks for by itself, again and again, does not count."""
    moment, session = int(now.timestamp()), request.session
    session.setdefault(_BEGUN_AT, moment)  # a session that was not begun here is given its end now
    if request.method == "GET" and request.headers.get("HX-Request") == "true" and _SEEN_AT in session:
        return
    if moment - session.get(_SEEN_AT, 0) >= _SEEN_EVERY:
        session[_SEEN_AT] = moment


class SessionEndMiddleware:
    """Ends sessions by the clock; comes after Django's AuthenticationMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            now = datetime.now(UTC)
            if is_over(request, now=now):
                end(request=request)
            else:
                note_use(request, now=now)
        return self.get_response(request)


def _note(action: str, user_id: int, principal: Principal) -> None:
    audit.record(
        principal=principal, action=action, target=staff_subject(user_id), chain_id=only_chain(principal.grants)
    )
