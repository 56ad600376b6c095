"""What has run out goes, what is still good stays."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from oauth2_provider.models import AccessToken

from liushui.runtime.tidy import tidy

NOW = datetime.now(UTC)


def token(name: str, expires: datetime) -> None:
    checksum = hashlib.sha256(name.encode()).hexdigest()
    AccessToken.objects.create(token="", token_checksum=checksum, expires=expires, scope="sale.read")


@pytest.mark.django_db
def test_expired_sessions_and_tokens_go_and_no_others():
    Session.objects.create(session_key="old", session_data="", expire_date=NOW - timedelta(seconds=1))
    Session.objects.create(session_key="good", session_data="", expire_date=NOW + timedelta(hours=1))
    token("old", NOW - timedelta(seconds=1))
    token("good", NOW + timedelta(hours=1))
    assert tidy(NOW) == 2
    assert [row.session_key for row in Session.objects.all()] == ["good"]
    assert [row.token_checksum for row in AccessToken.objects.all()] == [hashlib.sha256(b"good").hexdigest()]
    assert tidy(NOW) == 0
