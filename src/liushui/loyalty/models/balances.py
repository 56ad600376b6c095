"""Sums of the ledger at the beginning of each month, so that no report reads it from its first line."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

NO_STORE = 0  # what was booked in no store: no row may have NULL in what it is known by


class BalanceHeadRow(models.Model):
    """How far the ledger is taken into the sums: all entries up to this id and none behind it. One row."""

    id = models.SmallIntegerField(primary_key=True)
    upto_id = models.BigIntegerField(default=0)

    class Meta:
        db_table = "loyalty_balance_head"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="balance_head_one")]


class BalanceDayRow(models.Model):
    """That a chain has sums of what was booked for the days before this one: the first of a month."""

    chain_id = models.BigIntegerField()
    day = models.DateField()

    class Meta:
        db_table = "loyalty_balance_day"
        constraints = [models.UniqueConstraint(fields=["chain_id", "day"], name="balance_day_once")]


class BalanceRow(models.Model):
    """What the entries before a day come to, in one store and kind of account."""

    chain_id = models.BigIntegerField()
    day = models.DateField()
    store_id = models.BigIntegerField()  # or NO_STORE
    account_kind = models.CharField(max_length=12)
    currency = models.CharField(max_length=3)
    points = models.BigIntegerField()
    principal_minor = models.BigIntegerField()
    gift_minor = models.BigIntegerField()

    class Meta:
        db_table = "loyalty_balance"
        constraints = [
            models.UniqueConstraint(
                fields=["chain_id", "day", "store_id", "account_kind", "currency"], name="balance_once"
            )
        ]
