"""Rulebooks: published versions, which never change, drafts, and the tiers that members may have."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from liushui.promotions.errors import Immutable


class _WrittenOnce(models.Model):
    """A row that is added and read, nothing else. The database refuses the rest by triggers; this says it earlier."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise Immutable(f"{self._meta.db_table} is never changed", remedy="Publish another version.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise Immutable(f"{self._meta.db_table} is never deleted from", remedy="Publish another version.")


class MemberTierRow(models.Model):
    """A tier that members of a chain may have; the lowest position is the lowest tier."""

    chain_id = models.BigIntegerField()
    code = models.CharField(max_length=64)
    name_zh = models.CharField(max_length=128)
    name_en = models.CharField(max_length=128)
    position = models.SmallIntegerField()

    class Meta:
        db_table = "promotions_member_tier"
        constraints = [models.UniqueConstraint(fields=["chain_id", "code"], name="tier_once_in_chain")]


class ChainHeadRow(models.Model):
    """Where a chain's rulebooks stand. Whoever publishes or cancels moves `serial` from what he saw, or is told that
    another was first: so each version knows all that came before it."""

    chain_id = models.BigIntegerField(primary_key=True)
    serial = models.BigIntegerField(default=0)
    last_number = models.IntegerField(default=0)
    latest_id = models.BigIntegerField(null=True)  # the newest version that is not cancelled

    class Meta:
        db_table = "promotions_chain_head"


class RulebookRow(_WrittenOnce):
    """A published version. Of those that have started and were not cancelled, the highest number is live."""

    chain_id = models.BigIntegerField()
    number = models.IntegerField()  # 1, 2, … in the chain
    version = models.CharField(max_length=64)  # as answers name it
    digest = models.CharField(max_length=80)
    document = models.TextField()  # what the engine reads, in normal form
    paused = models.TextField()  # JSON list of the promotions that are set aside
    starts_at = models.DateTimeField()
    origin = models.CharField(max_length=16)  # draft | pause | resume | end | roll_back
    base_id = models.BigIntegerField(null=True)  # the version that it was made from
    draft_id = models.BigIntegerField(null=True)  # a draft whose version was cancelled can be published again
    approval_id = models.UUIDField(null=True)
    note = models.CharField(max_length=400, blank=True)
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=128)
    published_by_name = models.CharField(max_length=128)

    class Meta:
        db_table = "promotions_rulebook"
        constraints = [
            models.UniqueConstraint(fields=["chain_id", "number"], name="rulebook_number_once_in_chain"),
            models.UniqueConstraint(fields=["approval_id"], name="rulebook_once_by_approval"),
        ]
        indexes = [models.Index(fields=["chain_id", "starts_at"], name="rulebook_by_start")]


class CancelledRulebookRow(_WrittenOnce):
    """That a version was taken back before it started."""

    rulebook_id = models.BigIntegerField(primary_key=True)
    chain_id = models.BigIntegerField()
    cancelled_at = models.DateTimeField()
    cancelled_by = models.CharField(max_length=128)
    cancelled_by_name = models.CharField(max_length=128)
    reason = models.CharField(max_length=400)

    class Meta:
        db_table = "promotions_cancelled_rulebook"


class DraftRow(models.Model):
    """A changed copy of a chain's rulebook on its way to being published. `revision` counts its saves."""

    chain_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    base_id = models.BigIntegerField(null=True)  # None: the chain had no rulebook yet
    document = models.TextField()
    paused = models.TextField(default="[]")
    revision = models.IntegerField(default=1)
    state = models.CharField(max_length=16, default="open")  # open | in_review | published | discarded
    origin = models.CharField(max_length=16, default="draft")  # draft | resume | end | roll_back: what it was begun as
    starts_at = models.DateTimeField(null=True)  # as asked for at review; None: at once
    note = models.CharField(max_length=400, blank=True)
    approval_id = models.UUIDField(null=True)
    rulebook_id = models.BigIntegerField(null=True)  # once published
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=128)
    created_by_name = models.CharField(max_length=128)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=128)
    changed_by_name = models.CharField(max_length=128)

    class Meta:
        db_table = "promotions_draft"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["open", "in_review", "published", "discarded"]), name="draft_state"
            ),
            models.CheckConstraint(
                condition=~Q(state="published") | Q(rulebook_id__isnull=False), name="draft_published_is_a_rulebook"
            ),
            models.CheckConstraint(condition=Q(changed_at__gte=F("created_at")), name="draft_changed_later"),
        ]
        indexes = [models.Index(fields=["chain_id", "state", "-changed_at"], name="draft_by_chain")]
