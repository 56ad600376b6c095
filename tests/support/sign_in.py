"""Signing in without the pages: tests that are not about passwords."""

from __future__ import annotations

from datetime import UTC, datetime

from django.test import Client

from liushui.runtime.models import StaffUser
from liushui.runtime.step_up import VERIFIED_AT


def sign_in(client: Client, user: StaffUser) -> Client:
    """The client, signed in as someone who has just given the password: grave changes are not asked about again."""
    client.force_login(user)
    session = client.session
    session[VERIFIED_AT] = int(datetime.now(UTC).timestamp())
    session.save()
    return client
