"""Batches that gift cards were issued in, and who blocked a card or a batch, or asked to unblock it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from liushui.loyalty.contracts import TEXT_MAX


class CardBatchRow(models.Model):
    """Gift cards that were issued together, under the id that the caller made. Cards are made in parts: a part moves
    `next_position` by a condition on where it was seen, in the transaction that adds its cards."""

    id = models.UUIDField(primary_key=True)
    chain_id = models.BigIntegerField()
    note = models.CharField(max_length=TEXT_MAX["batch_note"], blank=True)
    card_count = models.IntegerField()  # asked for
    made_count = models.IntegerField(default=0)
    next_position = models.IntegerField(default=0)  # beyond made_count when a number was another card's already
    face_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=12, default="making")
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=128, blank=True)
    issued_by_name = models.CharField(max_length=128, blank=True)
    ended_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)  # the codes: once, to one person
    told_by = models.CharField(max_length=128, blank=True)
    told_by_name = models.CharField(max_length=128, blank=True)
    told_request = models.CharField(max_length=64, blank=True)  # keyed hash of a program's request; a person's has none

    class Meta:
        db_table = "loyalty_gift_card_batch"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["making", "done", "stopped"]), name="card_batch_state"),
            models.CheckConstraint(
                condition=Q(made_count__gte=0, made_count__lte=models.F("card_count")), name="card_batch_made"
            ),
        ]
        indexes = [
            models.Index(fields=["chain_id", "-issued_at", "-id"], name="card_batch_by_time"),
            models.Index(fields=["id"], name="card_batch_making", condition=Q(state="making")),
        ]


class CardBlockRow(models.Model):
    """A block of a gift card, which holds at once, or an unblocking, which one person asks for and another approves."""

    id = models.UUIDField(primary_key=True)
    chain_id = models.BigIntegerField()
    card_id = models.UUIDField()
    kind = models.CharField(max_length=12)
    reason = models.CharField(max_length=TEXT_MAX["reason"])
    by_name = models.CharField(max_length=128)
    approval_id = models.UUIDField(null=True, unique=True)  # of an unblocking
    state = models.CharField(max_length=12)
    problem = models.CharField(max_length=TEXT_MAX["reason"], blank=True)  # why an approved one was not done
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "loyalty_card_block"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["block", "unblock"]), name="card_block_kind"),
            models.CheckConstraint(condition=Q(state__in=["waiting", "done", "refused"]), name="card_block_state"),
            models.UniqueConstraint(fields=["card_id"], name="card_unblock_once", condition=Q(state="waiting")),
        ]
        indexes = [models.Index(fields=["card_id", "-asked_at"], name="card_block_by_card")]


class CardBatchBlockRow(models.Model):
    """A block of all cards of a batch, which goes part by part, or its unblocking, which another person approves first.
    A part moves `next_position` by a condition on where it was seen, in the transaction that changes its cards."""

    id = models.UUIDField(primary_key=True)
    chain_id = models.BigIntegerField()
    batch_id = models.UUIDField()
    kind = models.CharField(max_length=12)
    reason = models.CharField(max_length=TEXT_MAX["reason"])
    by_name = models.CharField(max_length=128)
    by = models.CharField(max_length=128)
    checked_by = models.CharField(max_length=128, blank=True)
    checked_by_name = models.CharField(max_length=128, blank=True)
    approval_id = models.UUIDField(null=True, unique=True)  # of an unblocking
    state = models.CharField(max_length=12)
    problem = models.CharField(max_length=TEXT_MAX["reason"], blank=True)  # why it was not done, or not to its end
    next_position = models.IntegerField(default=0)
    end_position = models.IntegerField()  # the batch makes no cards beyond it
    changed_count = models.IntegerField(default=0)
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "loyalty_card_batch_block"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["block", "unblock"]), name="batch_block_kind"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running", "done", "refused", "overtaken"]), name="batch_block_state"
            ),
            models.CheckConstraint(
                condition=Q(next_position__gte=0, next_position__lte=models.F("end_position")), name="batch_block_part"
            ),
            models.UniqueConstraint(
                fields=["batch_id"], name="batch_block_once", condition=Q(state__in=["waiting", "running"])
            ),
        ]
        indexes = [
            models.Index(fields=["batch_id", "-asked_at"], name="batch_block_by_batch"),
            models.Index(fields=["id"], name="batch_block_open", condition=Q(state__in=["waiting", "running"])),
        ]
