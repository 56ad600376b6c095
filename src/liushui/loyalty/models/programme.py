"""Loyalty programmes: published versions, which never change, and drafts on their way to one."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from liushui.loyalty.errors import ProgrammeImmutable


class ProgrammeHeadRow(models.Model):
    """Where a chain's programme stands. Whoever publishes or cancels moves `serial` on from what he saw, or is told
    that another was first."""

    chain_id = models.BigIntegerField(primary_key=True)
    serial = models.BigIntegerField(default=0)

    class Meta:
        db_table = "loyalty_programme_head"


class CancelledProgrammeRow(models.Model):
    """That a version was taken back before it started; added, never changed."""

    programme_id = models.BigIntegerField(primary_key=True)
    chain_id = models.BigIntegerField()
    cancelled_at = models.DateTimeField()
    cancelled_by = models.CharField(max_length=128)
    cancelled_by_name = models.CharField(max_length=128)
    reason = models.CharField(max_length=400)

    class Meta:
        db_table = "loyalty_cancelled_programme"


class ProgrammeRows(models.QuerySet["ProgrammeRow"]):
    """Published versions."""

    def standing(self, chain_id: int) -> ProgrammeRows:
        """A chain's versions that were not cancelled."""
        cancelled = CancelledProgrammeRow.objects.filter(programme_id=OuterRef("id"))
        return self.filter(~Exists(cancelled), chain_id=chain_id)


class ProgrammeRow(models.Model):
    """A published version. Of those that have started and were not cancelled, the highest number is in force."""

    chain_id = models.BigIntegerField()
    number = models.IntegerField()  # 1, 2, … in the chain; made from the one before it
    digest = models.CharField(max_length=80)
    document = models.TextField()  # JSON in normal form
    starts_at = models.DateTimeField()
    draft_id = models.BigIntegerField()  # a draft whose version was cancelled can be published again
    approval_id = models.UUIDField()
    note = models.CharField(max_length=400, blank=True)
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=128)
    published_by_name = models.CharField(max_length=128)

    objects = ProgrammeRows.as_manager()

    class Meta:
        db_table = "loyalty_programme"
        constraints = [
            models.UniqueConstraint(fields=["chain_id", "number"], name="programme_number_once_in_chain"),
            models.UniqueConstraint(fields=["approval_id"], name="programme_once_by_approval"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise ProgrammeImmutable("A published programme is never changed", remedy="Publish another version.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise ProgrammeImmutable("A published programme is never removed", remedy="Publish another version.")


class ProgrammeDraftRow(models.Model):
    """A changed copy of a chain's programme. `revision` counts its saves."""

    chain_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    base_id = models.BigIntegerField(null=True)  # the version it was made from; None: the chain had none
    document = models.TextField()
    revision = models.IntegerField(default=1)
    state = models.CharField(max_length=16, default="open")  # open | in_review | published | discarded
    starts_at = models.DateTimeField(null=True)  # as asked for at review; None: at once
    note = models.CharField(max_length=400, blank=True)
    approval_id = models.UUIDField(null=True)
    programme_id = models.BigIntegerField(null=True)  # once published
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=128)
    created_by_name = models.CharField(max_length=128)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=128)
    changed_by_name = models.CharField(max_length=128)

    class Meta:
        db_table = "loyalty_programme_draft"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["open", "in_review", "published", "discarded"]), name="programme_draft_state"
            ),
            models.CheckConstraint(
                condition=~Q(state="published") | Q(programme_id__isnull=False), name="programme_draft_published"
            ),
            models.CheckConstraint(condition=Q(changed_at__gte=F("created_at")), name="programme_draft_changed_later"),
        ]
        indexes = [models.Index(fields=["chain_id", "state", "-changed_at"], name="programme_draft_by_chain")]
