"""Tables of privacy. Values of people stand in `privacy_value`, encrypted; all else holds ids, field names and times.

Whoever makes migrations/0001_initial.py anew keeps its last lines, the AppendOnly operations, and their import.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class SubjectRow(models.Model):
    """A person: the data key of all of his values, wrapped. Without it nothing of him can be read again."""

    id = models.UUIDField(primary_key=True)
    chain_id = models.BigIntegerField()
    state = models.CharField(max_length=8, default="active")
    key_id = models.CharField(max_length=64)  # which key-encryption key wraps it
    wrapped_key = models.BinaryField(null=True)
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField()  # the last sign of life, from which retention counts
    erased_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "privacy_subject"
        constraints = [
            models.CheckConstraint(
                condition=Q(state="active", wrapped_key__isnull=False, erased_at__isnull=True)
                | Q(state__in=("erasing", "erased"), wrapped_key__isnull=True, erased_at__isnull=False),
                name="privacy_subject_state",
            )
        ]
        indexes = [
            models.Index(fields=["seen_at"], name="privacy_subject_seen", condition=Q(state="active")),
            models.Index(fields=["id"], name="privacy_subject_erasing", condition=Q(state="erasing")),
        ]


class ValueRow(models.Model):
    """One value of a person, sealed with table|column|row as associated data."""

    pk = models.CompositePrimaryKey("subject_id", "table_name", "field_name")
    subject = models.ForeignKey(SubjectRow, on_delete=models.CASCADE, related_name="stored_values", db_index=False)
    table_name = models.CharField(max_length=32)
    field_name = models.CharField(max_length=32)
    chain_id = models.BigIntegerField()
    sealed = models.BinaryField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "privacy_value"


class BlindIndexRow(models.Model):
    """A keyed digest of a value, by which it is found; it can't be turned back without the key.

    While the secret is being changed a value has two rows, one under each.
    """

    pk = models.CompositePrimaryKey("subject_id", "field_name", "secret_id")
    subject = models.ForeignKey(SubjectRow, on_delete=models.CASCADE, related_name="indexes", db_index=False)
    field_name = models.CharField(max_length=32)
    secret_id = models.CharField(max_length=12)  # which secret it was made with
    chain_id = models.BigIntegerField()
    digest = models.BinaryField()  # HMAC-SHA-256
    is_claimed = models.BooleanField(default=False)  # nobody else in the chain may have it

    class Meta:
        db_table = "privacy_blind_index"
        constraints = [
            models.UniqueConstraint(
                fields=["chain_id", "field_name", "digest"], name="privacy_claimed_once", condition=Q(is_claimed=True)
            )
        ]
        indexes = [models.Index(fields=["chain_id", "field_name", "digest"], name="privacy_blind_lookup")]


class NoticeRow(models.Model):
    """What a chain tells people before they agree; a version never changes."""

    chain_id = models.BigIntegerField()
    purpose = models.CharField(max_length=16)
    version = models.CharField(max_length=32)
    text_zh = models.TextField()
    text_en = models.TextField()
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=128)

    class Meta:
        db_table = "privacy_notice"
        constraints = [models.UniqueConstraint(fields=["chain_id", "purpose", "version"], name="privacy_notice_once")]


class ConsentRow(models.Model):
    """Somebody agreed to a purpose, or took it back: the history, which never changes. The newest row holds."""

    chain_id = models.BigIntegerField()
    subject_id = models.UUIDField()
    purpose = models.CharField(max_length=16)
    is_given = models.BooleanField()
    notice_version = models.CharField(max_length=32)
    channel = models.CharField(max_length=16)
    at = models.DateTimeField()

    class Meta:
        db_table = "privacy_consent"
        indexes = [models.Index(fields=["subject_id", "purpose", "-id"], name="privacy_consent_newest")]


class ErasureRow(models.Model):
    """The proof of an erasure, without personal data."""

    subject_id = models.UUIDField(primary_key=True)
    chain_id = models.BigIntegerField()
    reason = models.CharField(max_length=400)
    requested_by = models.CharField(max_length=128)
    erased_at = models.DateTimeField()
    key_id = models.CharField(max_length=64)
    key_sha256 = models.CharField(max_length=64)
    field_names = models.JSONField()
    steps = models.JSONField(default=dict)  # name of a source → when it had dropped what it held
    completed_at = models.DateTimeField(null=True)
    sha256 = models.CharField(max_length=64)

    class Meta:
        db_table = "privacy_erasure"
        indexes = [models.Index(fields=["chain_id", "-erased_at"], name="privacy_erasure_newest")]


class RateRow(models.Model):
    """How often something happened within a window; moved by one conditional statement."""

    pk = models.CompositePrimaryKey("key", "bucket")
    key = models.CharField(max_length=96)  # a kind and a digest, never data
    bucket = models.BigIntegerField()  # the window's number since the epoch
    count = models.IntegerField()
    ends_at = models.DateTimeField()

    class Meta:
        db_table = "privacy_rate"
        indexes = [models.Index(fields=["ends_at"], name="privacy_rate_ends")]


class CodeRow(models.Model):
    """A one-time code: a keyed digest of it, and of whom it was sent to."""

    id = models.UUIDField(primary_key=True)
    chain_id = models.BigIntegerField()
    purpose = models.CharField(max_length=16)
    to_digest = models.BinaryField()
    code_hmac = models.CharField(max_length=64)
    tries = models.IntegerField(default=0)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "privacy_code"
        indexes = [
            models.Index(fields=["chain_id", "purpose", "to_digest", "-id"], name="privacy_code_newest"),
            models.Index(fields=["expires_at"], name="privacy_code_ends"),
        ]


class MessageRow(models.Model):
    """That a message went out: neither to whom in clear nor what it said.

    `outcome` is open until the gateway answered, then sent or failed; failed may have arrived all the same.
    """

    id = models.UUIDField(primary_key=True)
    chain_id = models.BigIntegerField()
    subject_id = models.UUIDField(null=True)
    channel = models.CharField(max_length=8)
    purpose = models.CharField(max_length=16)
    to_masked = models.CharField(max_length=64)
    sent_at = models.DateTimeField()
    sender = models.CharField(max_length=32)
    outcome = models.CharField(max_length=8, default="open")

    class Meta:
        db_table = "privacy_message"
        indexes = [models.Index(fields=["subject_id", "-sent_at"], name="privacy_message_newest")]
