"""What a chain allows of returns, what was said of each one, and the lines that came back, as lists read them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from liushui.orders.contracts import TEXT_MAX
from liushui.returns.domain.policy import CODE_MAX


class ReturnPolicyRow(models.Model):
    """A chain's policy; a chain without a row has the one that all begin with. Changed by version."""

    chain_id = models.BigIntegerField(primary_key=True)
    version = models.IntegerField()
    document = models.JSONField()
    changed_by = models.CharField(max_length=128)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "returns_policy"


class ReturnNoteRow(models.Model):
    """Why the lines of a sale come back and who approved it: written before the sale is recorded, under the key of its
    order, so that a process that dies in between loses no reason (decision 0171)."""

    order_key = models.CharField(max_length=TEXT_MAX["source"] + 1 + TEXT_MAX["source_id"], primary_key=True)
    chain_id = models.BigIntegerField()
    store_id = models.BigIntegerField()
    lines = (
        models.JSONField()
    )  # [[line number, reason, condition, perhaps [[units, reason, condition], …] of parts], …]
    approval_id = models.UUIDField(null=True)
    approved_by = models.CharField(max_length=128)
    noted_at = models.DateTimeField()

    class Meta:
        db_table = "returns_note"


class ReturnEntryRow(models.Model):
    """One line that came back, or a part of it of which something else was said, from the event of its sale; amounts
    and units positive."""

    pk = models.CompositePrimaryKey("sale_id", "line_number", "part")
    sale_id = models.UUIDField()
    line_number = models.IntegerField()
    part = models.IntegerField()  # 0, then 1, 2 …
    chain_id = models.BigIntegerField()
    store_id = models.BigIntegerField()
    store_code = models.CharField(max_length=TEXT_MAX["store_code"])
    receipt_number = models.CharField(max_length=TEXT_MAX["receipt_number"])
    completed_at = models.DateTimeField()
    business_date = models.DateField()
    operator = models.CharField(max_length=TEXT_MAX["operator"])
    original_sale_id = models.UUIDField(null=True)
    original_line_number = models.IntegerField(null=True)
    sku = models.CharField(max_length=TEXT_MAX["sku"])
    name = models.CharField(max_length=TEXT_MAX["name"])
    category = models.CharField(max_length=TEXT_MAX["category"])
    units = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=CODE_MAX)
    condition = models.CharField(max_length=CODE_MAX)
    approved_by = models.CharField(max_length=128)
    is_exchange = models.BooleanField()
    status = models.CharField(max_length=16)

    class Meta:
        db_table = "returns_entry"
        constraints = [
            models.CheckConstraint(condition=Q(units__gte=0, amount_minor__gte=0), name="return_entry_positive"),
            models.CheckConstraint(condition=Q(status__in=["completed", "voided"]), name="return_entry_status"),
        ]
        indexes = [
            models.Index(fields=["store_id", "business_date"], name="return_entry_by_store_day"),
            models.Index(fields=["completed_at", "sale_id", "line_number", "part"], name="return_entry_by_time"),
        ]
