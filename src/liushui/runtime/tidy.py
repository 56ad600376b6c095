"""What has run out is taken away: sessions, access tokens and codes, sign-ins at tills, results of jobs."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django_tasks_db.models import DBTaskResult
from oauth2_provider.models import AccessToken, clear_expired

from liushui.runtime import enrolment
from liushui.runtime.models import OAuthCodeUse, TillSession
from liushui.runtime.ticks import Tick

KEPT_DAYS = 30  # of what tells people afterwards how something went


def tidy(now: datetime) -> int:
    """Delete what is of no more use; returns how many rows. The audit log keeps who did what for ever."""
    before = AccessToken.objects.count()
    clear_expired()
    gone: int = before - AccessToken.objects.count() + enrolment.clean(now=now)
    old = now - timedelta(days=KEPT_DAYS)
    for rows in (
        Session.objects.filter(expire_date__lt=now),
        TillSession.objects.filter(expires_at__lt=old),
        OAuthCodeUse.objects.filter(used_at__lt=old),
        DBTaskResult.objects.finished().filter(finished_at__lt=old),
    ):
        deleted, _ = rows.delete()
        gone += deleted
    return gone


TICKS = (Tick(name="tidy", every_seconds=3600, run=tidy),)
