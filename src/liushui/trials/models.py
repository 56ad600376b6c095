"""Backtests: what was asked, how far it is, and what it came to."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from liushui.trials.contracts import STATUSES


class BacktestRow(models.Model):
    """One backtest. The rulebooks are kept as they were, so that it can be understood and run again for ever."""

    id = models.UUIDField(primary_key=True)  # UUIDv7
    chain_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    live_name = models.CharField(max_length=200)
    live_document = models.TextField()
    draft_name = models.CharField(max_length=200)
    draft_document = models.TextField()
    first = models.DateField()
    last = models.DateField()
    store_ids = models.JSONField()
    member_tier = models.CharField(max_length=64)  # what members count as; empty: of no tier
    ignores_dates = models.BooleanField(default=False)  # draft_document is without those dates then
    status = models.CharField(max_length=16, default="waiting")
    cancel_requested = models.BooleanField(default=False)
    receipts_total = models.BigIntegerField(default=0)
    receipts_done = models.BigIntegerField(default=0)
    started_by = models.CharField(max_length=128)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    problem = models.JSONField(null=True)
    result = models.JSONField(null=True)

    class Meta:
        db_table = "trials_backtest"
        constraints = [
            models.CheckConstraint(condition=Q(status__in=STATUSES), name="backtest_status"),
            models.CheckConstraint(condition=~Q(status="done") | Q(result__isnull=False), name="backtest_done"),
        ]
        indexes = [models.Index(fields=["chain_id", "-created_at"], name="backtest_by_time")]
