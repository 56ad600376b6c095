"""Money paid in, gift cards, corrections, merges that two people make, and the runs that let points expire."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from liushui.loyalty.contracts import TEXT_MAX


class TopUpRow(models.Model):
    """Money that a member paid in, under the id that the caller made."""

    id = models.UUIDField(primary_key=True)
    chain_id = models.BigIntegerField()
    member_id = models.UUIDField(db_index=True)
    account_id = models.UUIDField()
    paid_minor = models.BigIntegerField()
    gift_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    store_id = models.BigIntegerField(null=True)
    operator = models.CharField(max_length=TEXT_MAX["operator"], blank=True)
    tender = models.CharField(max_length=TEXT_MAX["tender"], blank=True)
    programme_number = models.IntegerField()
    at = models.DateTimeField()
    taken_back_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "loyalty_top_up"
        constraints = [models.CheckConstraint(condition=Q(paid_minor__gt=0, gift_minor__gte=0), name="top_up_amounts")]


class GiftCardRow(models.Model):
    """A gift card. The code is kept as a keyed hash only; its balance is the account of the same id."""

    id = models.UUIDField(primary_key=True)  # made of chain and number: domain.numbers.gift_account_id
    chain_id = models.BigIntegerField()
    number = models.CharField(max_length=TEXT_MAX["gift_number"])
    code_sha256 = models.CharField(max_length=64, unique=True)
    batch_id = models.UUIDField()
    position = models.IntegerField()  # in its batch
    state = models.CharField(max_length=12, default="issued")
    face_minor = models.BigIntegerField(null=True)  # None: what is paid at the sale
    currency = models.CharField(max_length=3)
    issued_at = models.DateTimeField()
    moved_at = models.DateTimeField()  # when it was issued or, later, sold: the order of lists
    activated_at = models.DateTimeField(null=True)
    activation_id = models.UUIDField(null=True, unique=True)
    batch_block_id = models.UUIDField(null=True)  # blocked with its batch, and by nothing else
    ends_on = models.DateField(null=True)  # as its account's next_expiry_on while that is open; null: no end

    class Meta:
        db_table = "loyalty_gift_card"
        constraints = [
            models.UniqueConstraint(fields=["chain_id", "number"], name="gift_card_number_once"),
            models.UniqueConstraint(fields=["batch_id", "position"], name="gift_card_position_once"),
            models.CheckConstraint(
                condition=Q(state__in=["issued", "active", "blocked", "expired"]), name="gift_card_state"
            ),
            models.CheckConstraint(
                condition=Q(batch_block_id__isnull=True) | Q(state="blocked"), name="gift_card_batch_block"
            ),
        ]
        indexes = [models.Index(fields=["chain_id", "state", "-moved_at", "-id"], name="gift_card_by_state")]


class CardExtensionRow(models.Model):
    """A new end for a gift card, which one person asks for and another approves."""

    id = models.UUIDField(primary_key=True)
    chain_id = models.BigIntegerField()
    card_id = models.UUIDField(db_index=True)
    ends_on = models.DateField()
    reason = models.CharField(max_length=TEXT_MAX["reason"])
    approval_id = models.UUIDField(unique=True)
    state = models.CharField(max_length=12, default="waiting")
    problem = models.CharField(max_length=TEXT_MAX["reason"], blank=True)  # why an approved one was not booked
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "loyalty_card_extension"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["waiting", "booked", "refused"]), name="card_extension_state")
        ]
        indexes = [models.Index(fields=["id"], name="card_extension_waiting", condition=Q(state="waiting"))]


class AdjustmentRow(models.Model):
    """A correction of an account that one person asks for and another approves."""

    id = models.UUIDField(primary_key=True)
    chain_id = models.BigIntegerField()
    member_id = models.UUIDField(db_index=True)
    points = models.BigIntegerField()
    principal_minor = models.BigIntegerField()
    gift_minor = models.BigIntegerField()
    reason = models.CharField(max_length=TEXT_MAX["reason"])
    approval_id = models.UUIDField(unique=True)
    state = models.CharField(max_length=12, default="waiting")
    problem = models.CharField(max_length=TEXT_MAX["reason"], blank=True)  # why an approved one was not booked
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "loyalty_adjustment"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["waiting", "booked", "refused"]), name="adjustment_state")
        ]
        indexes = [models.Index(fields=["id"], name="adjustment_waiting", condition=Q(state="waiting"))]


class MergeRow(models.Model):
    """Two members who become one with value at stake: one person asks for it and another approves."""

    id = models.UUIDField(primary_key=True)
    chain_id = models.BigIntegerField()
    keep_id = models.UUIDField()
    drop_id = models.UUIDField()
    reason = models.CharField(max_length=TEXT_MAX["reason"])
    approval_id = models.UUIDField(unique=True)
    state = models.CharField(max_length=12, default="waiting")
    problem = models.CharField(max_length=TEXT_MAX["reason"], blank=True)  # why an approved one was not done
    asked_minor = models.BigIntegerField()  # what was at stake when it was asked for
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "loyalty_merge"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["waiting", "merged", "refused"]), name="merge_state"),
            models.UniqueConstraint(fields=["drop_id"], name="merge_once", condition=Q(state="waiting")),
        ]
        indexes = [
            models.Index(fields=["id"], name="merge_waiting", condition=Q(state="waiting")),
            models.Index(fields=["keep_id", "-asked_at"], name="merge_by_keep"),
            models.Index(fields=["drop_id", "-asked_at"], name="merge_by_drop"),
        ]


class ExpiryRunRow(models.Model):
    """The expiry of points of one chain and day: how far it has come, so that a new process goes on from there."""

    chain_id = models.BigIntegerField()
    on_date = models.DateField()
    done_to = models.UUIDField(null=True)  # the last account that was looked at
    accounts_total = models.BigIntegerField()
    accounts_done = models.BigIntegerField(default=0)
    accounts_expired = models.BigIntegerField(default=0)
    points_expired = models.BigIntegerField(default=0)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "loyalty_expiry_run"
        constraints = [models.UniqueConstraint(fields=["chain_id", "on_date"], name="expiry_run_once")]
