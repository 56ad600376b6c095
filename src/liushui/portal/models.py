"""Sign-ins of shoppers: apart from those of staff in every way."""

from __future__ import annotations

from django.db import models


class ShopperSessionRow(models.Model):
    """A sign-in of a member; the cookie holds a random token, here stands its SHA-256."""

    id = models.UUIDField(primary_key=True)
    token_sha256 = models.CharField(max_length=64, unique=True)
    chain_id = models.BigIntegerField()
    member_id = models.UUIDField()
    subject_id = models.UUIDField()
    begun_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    agent = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "portal_session"
        indexes = [
            models.Index(fields=["subject_id"], name="portal_session_subject"),
            models.Index(fields=["expires_at"], name="portal_session_ends"),
        ]
