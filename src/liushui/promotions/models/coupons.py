"""Coupon batches and codes.

A generated code is no row: it is its batch's secret permutation of a serial, and is written down, by its serial, only
once something happened to it (docs/decisions/0127). Codes that others made are rows, found by a keyed hash.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from liushui.promotions.domain.coupons import BATCH_KINDS, TEXT_MAX


class CouponBatchRow(models.Model):
    """Codes that were made together. Its numbers move by conditional statements only."""

    chain_id = models.BigIntegerField()
    code = models.CharField(max_length=TEXT_MAX["batch"])  # as rulebooks name it
    name_zh = models.CharField(max_length=TEXT_MAX["name"])
    name_en = models.CharField(max_length=TEXT_MAX["name"])
    kind = models.CharField(max_length=8)
    is_imported = models.BooleanField(default=False)
    size = models.BigIntegerField()  # serials that there may be, 1 … size
    issued = models.BigIntegerField(default=0)  # serials handed out, 1 … issued; others do not exist yet
    uses_max = models.BigIntegerField(null=True)  # of a shared code, in all
    uses_per_member_max = models.IntegerField(null=True)  # of a shared code
    valid_from = models.DateTimeField(null=True)  # inclusive
    valid_until = models.DateTimeField(null=True)  # exclusive
    status = models.CharField(max_length=8, default="active")
    key_sealed = models.TextField(blank=True)  # of the permutation; empty for codes that are rows
    shared_sealed = models.TextField(blank=True)  # a shared code as it was written, to be shown
    reserved = models.BigIntegerField(default=0)
    used = models.BigIntegerField(default=0)
    voided = models.BigIntegerField(default=0)  # single codes, neither used nor reserved
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=128)
    created_by_name = models.CharField(max_length=128)
    voided_at = models.DateTimeField(null=True)
    void_reason = models.CharField(max_length=TEXT_MAX["reason"], blank=True)

    class Meta:
        db_table = "promotions_coupon_batch"
        constraints = [
            models.UniqueConstraint(fields=["chain_id", "code"], name="coupon_batch_once_in_chain"),
            models.CheckConstraint(condition=Q(kind__in=BATCH_KINDS), name="coupon_batch_kind"),
            models.CheckConstraint(condition=Q(issued__gte=0, issued__lte=F("size")), name="coupon_batch_issued"),
            models.CheckConstraint(
                condition=Q(reserved__gte=0, used__gte=0, voided__gte=0), name="coupon_batch_numbers"
            ),
            models.CheckConstraint(
                condition=Q(status="active", voided_at__isnull=True) | Q(status="void", voided_at__isnull=False),
                name="coupon_batch_status",
            ),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True) | Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
                name="coupon_batch_validity",
            ),
        ]


class CouponCodeRow(models.Model):
    """A code to which something happened: it was used, reserved, voided, given to a member, shared or brought in."""

    batch = models.ForeignKey(CouponBatchRow, on_delete=models.PROTECT, related_name="codes")
    serial = models.BigIntegerField()
    chain_id = models.BigIntegerField()
    code_sha256 = models.CharField(max_length=64, null=True)  # keyed; of shared and imported codes only
    member_id = models.CharField(max_length=TEXT_MAX["member"], null=True)  # whose it is; null: whoever has it
    uses = models.BigIntegerField(default=0)  # reserved and used
    uses_max = models.BigIntegerField()
    is_void = models.BooleanField(default=False)
    order_key = models.CharField(max_length=TEXT_MAX["order_key"], default="", db_default="")  # who took it last
    issued_by_order = models.CharField(max_length=TEXT_MAX["order_key"], default="", db_default="")  # or empty
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "promotions_coupon_code"
        constraints = [
            models.UniqueConstraint(fields=["batch", "serial"], name="coupon_code_once"),
            models.UniqueConstraint(
                fields=["chain_id", "code_sha256"],
                name="coupon_code_once_in_chain",
                condition=Q(code_sha256__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["batch", "member_id"],
                name="coupon_code_once_a_member",
                condition=Q(member_id__isnull=False, issued_by_order=""),
            ),
            models.CheckConstraint(condition=Q(uses__gte=0), name="coupon_code_uses"),
        ]


class CouponIssueRow(models.Model):
    """Serials that were handed out together. Asked again under the same key, the same codes are given again."""

    batch = models.ForeignKey(CouponBatchRow, on_delete=models.PROTECT, related_name="issues")
    chain_id = models.BigIntegerField()
    key = models.CharField(max_length=TEXT_MAX["issue_key"])
    first_serial = models.BigIntegerField()
    count = models.BigIntegerField()
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=128)
    issued_by_name = models.CharField(max_length=128)

    class Meta:
        db_table = "promotions_coupon_issue"
        constraints = [
            models.UniqueConstraint(fields=["batch", "key"], name="coupon_issue_once"),
            models.CheckConstraint(condition=Q(first_serial__gte=1, count__gte=1), name="coupon_issue_serials"),
        ]


class CouponMemberUseRow(models.Model):
    """How often a member used a shared code."""

    pk = models.CompositePrimaryKey("batch_id", "member_id")
    batch_id = models.BigIntegerField()
    chain_id = models.BigIntegerField()
    member_id = models.CharField(max_length=TEXT_MAX["member"])
    uses = models.IntegerField(default=0)

    class Meta:
        db_table = "promotions_coupon_member_use"
        constraints = [models.CheckConstraint(condition=Q(uses__gte=0), name="coupon_member_uses")]
