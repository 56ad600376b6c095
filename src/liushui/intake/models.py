"""What came in: raw messages as received, imports of files, and sales that wait for someone to mend them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class RawMessage(models.Model):
    """One request body that was taken or quarantined, as it came. Without
    what names people, and for LIUSHUI_RAW_DAYS."""

    id = models.UUIDField(primary_key=True)  # UUIDv7
    sha256 = models.CharField(max_length=64)
    body = models.BinaryField()
    content_type = models.CharField(max_length=100)
    source = models.CharField(max_length=64)
    received_at = models.DateTimeField(db_index=True)


class ImportRunRow(models.Model):
    """One import of one file through one mapping, with its cursor and its account so far."""

    id = models.UUIDField(primary_key=True)  # UUIDv7
    file_name = models.CharField(max_length=255)
    file_sha256 = models.CharField(max_length=64)  # also its name in the raw store
    file_bytes = models.BigIntegerField()
    items_name = models.CharField(max_length=255, blank=True)
    items_sha256 = models.CharField(max_length=64, blank=True)
    mapping_name = models.CharField(max_length=100)
    mapping_text = models.TextField()
    mapping_sha256 = models.CharField(max_length=64)
    chain_code = models.CharField(max_length=64)
    source = models.CharField(max_length=64)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=16)
    cancel_requested = models.BooleanField(default=False)
    started_by = models.CharField(max_length=128)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    names_people = models.BooleanField(default=False)  # numbers or addresses stand in the file
    file_gone_at = models.DateTimeField(null=True)  # since when the file is no longer kept
    problem = models.JSONField(null=True)
    rows_total = models.BigIntegerField(default=0)
    rows_done = models.BigIntegerField(default=0)  # the cursor: rows of the ordered file that are accounted for
    rows_sold = models.BigIntegerField(default=0)
    rows_returned = models.BigIntegerField(default=0)
    rows_quarantined = models.BigIntegerField(default=0)
    rows_known = models.BigIntegerField(default=0)
    documents_booked = models.BigIntegerField(default=0)
    documents_quarantined = models.BigIntegerField(default=0)
    documents_known = models.BigIntegerField(default=0)
    money_in = models.DecimalField(max_digits=38, decimal_places=12, default=0)
    money_booked_minor = models.BigIntegerField(default=0)
    money_quarantined = models.DecimalField(max_digits=38, decimal_places=12, default=0)
    money_rounded = models.DecimalField(max_digits=38, decimal_places=12, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["file_sha256", "items_sha256", "mapping_sha256", "chain_code"], name="import_once"
            ),
        ]
        indexes = [models.Index(fields=["-created_at"], name="import_by_time")]


class QuarantineEntryRow(models.Model):
    """A sale that could not be recorded: the command as sent, what was wrong, and what became of it."""

    id = models.UUIDField(primary_key=True)  # UUIDv7
    source = models.CharField(max_length=64)
    source_id = models.CharField(max_length=128)
    origin = models.CharField(max_length=8)  # api | file
    raw_message_id = models.UUIDField(null=True)
    import_id = models.UUIDField(null=True)
    chain_id = models.BigIntegerField(null=True)
    store_id = models.BigIntegerField(null=True)
    store_code = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=64)  # type of the problem
    command = models.JSONField()  # as the API takes it
    problem = models.JSONField()
    reasons = models.JSONField(default=list)
    raw_rows = models.JSONField(default=list)
    row_count = models.IntegerField(default=0)
    tries = models.IntegerField(default=1)
    received_at = models.DateTimeField()
    status = models.CharField(max_length=16, default="open")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=128, blank=True)
    close_reason = models.CharField(max_length=400, blank=True)
    sale_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "source_id"], condition=Q(status="open"), name="quarantine_open_once"
            ),
            models.CheckConstraint(
                condition=Q(status="open", closed_at__isnull=True) | ~Q(status="open") & Q(closed_at__isnull=False),
                name="quarantine_closed_at",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "received_at"], name="quarantine_by_age"),
            models.Index(fields=["import_id"], name="quarantine_by_import"),
        ]
