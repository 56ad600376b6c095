"""Too many wrong passwords or codes of one user name from one address: locked there for a while (django-axes).

Every try is counted before it is judged and taken back when it was right, so that many tries at once are as many
tries. Passwords, one-time codes and recovery codes count together, for names that exist and names that don't.
django-axes keeps the counts; its authentication backend and middleware are not used, since they know passwords only.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import F, Sum
from django.http import HttpRequest

from liushui.kernel.errors import LiushuiError
from liushui.runtime import audit
from liushui.runtime.access import Grant, Principal
from liushui.runtime.grants import only_chain, staff_subject


class TooManyTries(LiushuiError):
    """Too many wrong tries: wait a while."""

    status = 429
    type = "too-many-tries"


def count_try(*, request: HttpRequest, username: str, now: datetime) -> int:
    """Count a try that is about to be judged; returns how many there are now. Raises TooManyTries when locked.

    Tries during a lock are not counted: it ends so many minutes after the last one that was.
    """
    handler, who = AxesProxyHandler.get_implementation(), {"username": username}
    AxesProxyHandler.update_request(request)
    request.axes_attempt_time = now  # type: ignore[attr-defined]  # where axes keeps it
    limit = settings.LIUSHUI.lockout_failures
    if handler.get_failures(request, who) < limit:
        handler.user_login_failed(sender=__name__, credentials=who, request=request)
        tries = int(request.axes_failures_since_start)  # type: ignore[attr-defined]
        if tries <= limit:
            return tries
    raise TooManyTries(f"Locked for {settings.LIUSHUI.lockout_minutes} minutes after the last wrong try")


def take_back(*, request: HttpRequest, username: str) -> None:
    """The try just counted was right. A whole sign-in forgets the wrong ones too: axes sees it by itself."""
    AccessAttempt.objects.filter(
        username=username,
        ip_address=request.axes_ip_address,  # type: ignore[attr-defined]
        user_agent=request.axes_user_agent,  # type: ignore[attr-defined]
        failures_since_start__gt=0,
    ).update(failures_since_start=F("failures_since_start") - 1)


def note_lock(*, tries: int, username: str, user_id: int | None, grants: Collection[Grant], address: str) -> None:
    """Write the audit line when this wrong try was the last one allowed."""
    if tries != settings.LIUSHUI.lockout_failures:
        return
    audit.record(
        principal=Principal(subject="nobody", name=username[:128], grants=(), address=address),
        action="staff.lock",
        target=staff_subject(user_id) if user_id is not None else "staff",
        chain_id=only_chain(grants),
        after={"username": username[:128], "tries": tries, "minutes": settings.LIUSHUI.lockout_minutes},
    )


def locked_usernames(*, now: datetime) -> frozenset[str]:
    """Names that are locked for some address now."""
    counted = (
        AccessAttempt.objects.filter(attempt_time__gte=now - settings.AXES_COOLOFF_TIME)
        .order_by()
        .values("username", "ip_address")
        .annotate(tries=Sum("failures_since_start"))
    )
    limit = settings.LIUSHUI.lockout_failures
    return frozenset(row["username"] for row in counted if row["tries"] >= limit and row["username"])


def unlock(*, username: str, user_id: int, principal: Principal, chain_id: int | None) -> bool:
    """Forget the wrong tries of this name, from every address; whether there were any. `staff.unlock` says who may."""
    forgotten, _by_table = AccessAttempt.objects.filter(username=username).delete()
    if forgotten:
        audit.record(principal=principal, action="staff.unlock", target=staff_subject(user_id), chain_id=chain_id)
    return bool(forgotten)
