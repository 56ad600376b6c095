"""Tables of the places that a chain consists of."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class ChainRow(models.Model):
    """A retail chain. `weighed_patterns` is a list of strings, see docs/reference/weighed-barcodes.md."""

    code = models.CharField(max_length=32, unique=True)
    name_zh = models.CharField(max_length=128)
    name_en = models.CharField(max_length=128)
    currency = models.CharField(max_length=3)
    weighed_patterns = models.JSONField(default=list)

    class Meta:
        db_table = "stores_chain"
        constraints = [models.CheckConstraint(condition=~Q(code=""), name="chain_has_code")]


class RegionRow(models.Model):
    """A part of a chain."""

    chain = models.ForeignKey(ChainRow, on_delete=models.PROTECT, related_name="regions")
    code = models.CharField(max_length=32)
    name_zh = models.CharField(max_length=128)
    name_en = models.CharField(max_length=128)

    class Meta:
        db_table = "stores_region"
        constraints = [
            models.UniqueConstraint(fields=["chain", "code"], name="region_code_once_in_chain"),
            models.CheckConstraint(condition=~Q(code=""), name="region_has_code"),
        ]


class StoreRow(models.Model):
    """A place that sells. A closed store keeps its rows for ever, since its sales name it."""

    chain = models.ForeignKey(ChainRow, on_delete=models.PROTECT, related_name="stores")
    region = models.ForeignKey(RegionRow, on_delete=models.PROTECT, related_name="stores")
    code = models.CharField(max_length=32)
    name_zh = models.CharField(max_length=128)
    name_en = models.CharField(max_length=128)
    time_zone = models.CharField(max_length=64)
    currency = models.CharField(max_length=3)
    day_starts_at = models.TimeField()
    gln = models.CharField(max_length=13, blank=True)
    uscc = models.CharField(max_length=18, blank=True)
    is_open = models.BooleanField(default=True)

    class Meta:
        db_table = "stores_store"
        constraints = [
            models.UniqueConstraint(fields=["chain", "code"], name="store_code_once_in_chain"),
            models.UniqueConstraint(fields=["gln"], condition=~Q(gln=""), name="store_gln_once"),
            models.CheckConstraint(condition=~Q(code=""), name="store_has_code"),
        ]


class WorkstationRow(models.Model):
    """A till, kiosk or web shop of a store."""

    store = models.ForeignKey(StoreRow, on_delete=models.PROTECT, related_name="workstations")
    code = models.CharField(max_length=32)
    name = models.CharField(max_length=128)
    kind = models.CharField(max_length=16)

    class Meta:
        db_table = "stores_workstation"
        constraints = [
            models.UniqueConstraint(fields=["store", "code"], name="workstation_code_once_in_store"),
            models.CheckConstraint(condition=~Q(code=""), name="workstation_has_code"),
            models.CheckConstraint(
                condition=Q(kind__in=["till", "self_checkout", "web", "kiosk"]), name="workstation_kind_known"
            ),
        ]


class DirectoryState(models.Model):
    """The single row whose token changes with every write here, so that other processes see their lists are old.

    The token is random and not a count: a count that was rolled back would come again for other contents.
    """

    id = models.SmallIntegerField(primary_key=True)
    token = models.UUIDField()

    class Meta:
        db_table = "stores_directory_state"
