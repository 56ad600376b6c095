"""Accounts of points and value, and the entries that explain them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from liushui.loyalty.contracts import ENTRY_KINDS, TEXT_MAX

ACCOUNT_KINDS = ("member", "gift_card")
LOT_NEVER_ENDS = "9999-12-31"


class AccountRow(models.Model):
    """What can be spent of an account now: the sum of its entries less what open holds keep back.

    Every change is one conditional statement. A gift card's value is principal; it has no points.
    """

    id = models.UUIDField(primary_key=True)  # the member's id, or a gift card's by domain.numbers
    chain_id = models.BigIntegerField()
    kind = models.CharField(max_length=12)
    currency = models.CharField(max_length=3)
    is_open = models.BooleanField(default=True)  # closed: nothing can be held; what comes back moves on by a merge
    points_free = models.BigIntegerField(default=0)  # below 0: more was taken back than was left
    principal_free_minor = models.BigIntegerField(default=0)
    gift_free_minor = models.BigIntegerField(default=0)
    held_gift_minor = models.BigIntegerField(default=0)  # gift part of the last hold: how its statement tells the split
    next_expiry_on = models.DateField(null=True)  # no points are gone before this day; null: none ever

    class Meta:
        db_table = "loyalty_account"
        constraints = [models.CheckConstraint(condition=Q(kind__in=ACCOUNT_KINDS), name="account_kind")]
        indexes = [
            models.Index(
                fields=["chain_id", "next_expiry_on", "id"], name="account_due",
                condition=Q(next_expiry_on__isnull=False),
            ),
            models.Index(fields=["chain_id"], name="account_negative", condition=Q(points_free__lt=0)),
            models.Index(fields=["id"], name="account_closed", condition=Q(is_open=False)),
        ]  # fmt: skip


class EntryRow(models.Model):
    """One line of the ledger, added and never changed. `cause` names the reason in its account for ever: it is booked
    once however often it is asked for."""

    account_id = models.UUIDField()
    account_kind = models.CharField(max_length=12)
    chain_id = models.BigIntegerField()
    kind = models.CharField(max_length=12)
    cause = models.CharField(max_length=TEXT_MAX["cause"])  # sale:<id>, order:<key>, topup:<id> …
    points = models.BigIntegerField(default=0)
    principal_minor = models.BigIntegerField(default=0)
    gift_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    at = models.DateTimeField()
    on_date = models.DateField()
    store_id = models.BigIntegerField(null=True)
    lot_until = models.DateField(null=True)  # of points that came as a lot of their own: the first day without them
    sale_id = models.UUIDField(null=True)
    order_key = models.CharField(max_length=TEXT_MAX["order_key"], blank=True)
    operator = models.CharField(max_length=TEXT_MAX["operator"], blank=True)
    reason = models.CharField(max_length=TEXT_MAX["reason"], blank=True)

    class Meta:
        db_table = "loyalty_entry"
        constraints = [
            models.UniqueConstraint(fields=["account_id", "cause"], name="entry_once"),
            models.CheckConstraint(condition=Q(kind__in=ENTRY_KINDS), name="entry_kind"),
        ]
        indexes = [
            models.Index(fields=["account_id", "-id"], name="entry_by_account"),
            models.Index(fields=["chain_id", "on_date"], name="entry_by_day"),
        ]


class HoldRow(models.Model):
    """What an order keeps back of one account. `state` moves by conditional statements only.

    An order with gift cards has a row for each of them beside the member's.
    """

    order_key = models.CharField(max_length=TEXT_MAX["order_key"])
    position = models.SmallIntegerField()  # 0, 1, … within the order
    chain_id = models.BigIntegerField()
    store_id = models.BigIntegerField(null=True)
    account_id = models.UUIDField()
    account_kind = models.CharField(max_length=12)
    member_id = models.UUIDField(null=True)  # as the order named it
    gift_number = models.CharField(max_length=TEXT_MAX["gift_number"], blank=True)
    points = models.BigIntegerField(default=0)
    points_minor = models.BigIntegerField(default=0)
    principal_minor = models.BigIntegerField(default=0)
    gift_minor = models.BigIntegerField(default=0)
    points_back = models.BigIntegerField(default=0)  # of what was posted
    principal_back_minor = models.BigIntegerField(default=0)
    gift_back_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    spends_sha256 = models.CharField(max_length=64)  # of what was asked for: the same asked again changes nothing
    state = models.CharField(max_length=12)
    held_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    sale_id = models.UUIDField(null=True)

    class Meta:
        db_table = "loyalty_hold"
        constraints = [
            models.UniqueConstraint(fields=["order_key", "position"], name="hold_once_an_order"),
            models.CheckConstraint(
                condition=Q(state__in=["held", "posted", "voided", "expired", "reversed"]), name="hold_state"
            ),
            models.CheckConstraint(
                condition=Q(points_back__gte=0, points_back__lte=models.F("points"))
                & Q(principal_back_minor__gte=0, principal_back_minor__lte=models.F("principal_minor"))
                & Q(gift_back_minor__gte=0, gift_back_minor__lte=models.F("gift_minor")),
                name="hold_back",
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="hold_due", condition=Q(state="held")),
            models.Index(fields=["account_id"], name="hold_open", condition=Q(state="held")),
        ]
