"""What members bought as far as points and tiers ask: sales that earned, spend by day, and how tiers moved."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

RUN_STATES = ("waiting", "running", "done", "failed", "cancelled")


class EarnedSaleRow(models.Model):
    """A sale of a member, once. `lines` says of each line what it earned and how much of it came back since."""

    sale_id = models.UUIDField(primary_key=True)
    chain_id = models.BigIntegerField()
    store_id = models.BigIntegerField()
    member_id = models.UUIDField()
    business_date = models.DateField()
    spend_minor = models.BigIntegerField()  # what of it counts; below 0 for goods that came back without their receipt
    points = models.BigIntegerField()
    points_taken_back = models.BigIntegerField(default=0)
    lines = models.JSONField()  # lists of line number, amount, spend, points, amount returned
    programme_number = models.IntegerField()
    is_voided = models.BooleanField(default=False)
    version = models.IntegerField(default=0)

    class Meta:
        db_table = "loyalty_earned_sale"
        indexes = [models.Index(fields=["member_id", "business_date"], name="earned_sale_by_member")]


class MemberDayRow(models.Model):
    """What a member spent on a business day, and how often he bought: what tiers are measured by."""

    chain_id = models.BigIntegerField()
    member_id = models.UUIDField()
    business_date = models.DateField()
    spend_minor = models.BigIntegerField()
    purchases = models.IntegerField()

    class Meta:
        db_table = "loyalty_member_day"
        constraints = [
            models.UniqueConstraint(fields=["member_id", "business_date", "chain_id"], name="member_day_once")
        ]


class TierChangeRow(models.Model):
    """That a member came from one tier to another, and why; empty codes stand for no tier."""

    chain_id = models.BigIntegerField()
    member_id = models.UUIDField()
    cause = models.CharField(max_length=96)  # sale:<id> | day:<date>:<programme> | import:<name>
    tier_before = models.CharField(max_length=64, blank=True)
    tier_after = models.CharField(max_length=64, blank=True)
    since = models.DateField()
    spend_minor = models.BigIntegerField()  # in the window, when it was decided
    programme_number = models.IntegerField()
    at = models.DateTimeField()

    class Meta:
        db_table = "loyalty_tier_change"
        constraints = [
            models.UniqueConstraint(fields=["member_id", "cause"], name="tier_change_once"),
            models.CheckConstraint(condition=~Q(tier_before=F("tier_after")), name="tier_change_changes"),
        ]
        indexes = [models.Index(fields=["chain_id", "-at"], name="tier_change_by_time")]


class TierDayRow(models.Model):
    """The evaluation of all members of a chain at the end of a business day, by one programme: how far it is."""

    chain_id = models.BigIntegerField()
    day = models.DateField()
    programme_number = models.IntegerField()
    after_member = models.UUIDField(null=True)  # members up to here are done
    members = models.BigIntegerField(default=0)
    ups = models.BigIntegerField(default=0)
    downs = models.BigIntegerField(default=0)
    graces = models.BigIntegerField(default=0)  # of which a lower tier is now due
    is_done = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "loyalty_tier_day"
        constraints = [
            models.UniqueConstraint(fields=["chain_id", "day", "programme_number"], name="tier_day_once"),
        ]


class DryRunRow(models.Model):
    """A draft tried on the members as they are: what was asked, how far it is, what it came to."""

    id = models.UUIDField(primary_key=True)
    chain_id = models.BigIntegerField()
    draft_id = models.BigIntegerField()
    revision = models.IntegerField()
    document = models.TextField()
    day = models.DateField()  # at whose end
    status = models.CharField(max_length=16, default="waiting")
    cancel_requested = models.BooleanField(default=False)
    members_total = models.BigIntegerField(default=0)
    members_done = models.BigIntegerField(default=0)
    result = models.JSONField(null=True)
    problem = models.CharField(max_length=400, blank=True)
    started_by = models.CharField(max_length=128)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "loyalty_dry_run"
        constraints = [
            models.CheckConstraint(condition=Q(status__in=RUN_STATES), name="dry_run_status"),
            models.CheckConstraint(condition=~Q(status="done") | Q(result__isnull=False), name="dry_run_done"),
        ]
        indexes = [models.Index(fields=["chain_id", "-created_at"], name="dry_run_by_time")]


class DryRunMemberRow(models.Model):
    """A member whom the draft would move to another tier, or whose tier would be due to end."""

    run_id = models.UUIDField()
    member_id = models.UUIDField()
    number = models.CharField(max_length=16)
    tier_before = models.CharField(max_length=64, blank=True)
    tier_after = models.CharField(max_length=64, blank=True)
    until_after = models.DateField(null=True)
    spend_minor = models.BigIntegerField()
    direction = models.CharField(max_length=8)  # up | down | grace

    class Meta:
        db_table = "loyalty_dry_run_member"
        constraints = [models.UniqueConstraint(fields=["run_id", "member_id"], name="dry_run_member_once")]
        indexes = [models.Index(fields=["run_id", "direction", "-spend_minor"], name="dry_run_member_by_spend")]
