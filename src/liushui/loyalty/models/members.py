"""Members and their cards. Names and phone numbers stand in privacy alone."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from liushui.loyalty.contracts import TEXT_MAX

MEMBER_STATES = ("active", "merged", "erased")


class MemberRow(models.Model):
    """A member of a chain. `status` moves once, from active to one of the others."""

    id = models.UUIDField(primary_key=True)  # UUIDv7; also the id of the member's account
    chain_id = models.BigIntegerField()
    number = models.CharField(max_length=TEXT_MAX["number"])
    subject_id = models.UUIDField(null=True, unique=True)  # in privacy; null once the data is gone
    status = models.CharField(max_length=12, default="active")
    merged_into = models.UUIDField(null=True)
    tier = models.CharField(max_length=TEXT_MAX["tier"], blank=True, default="")
    tier_since = models.DateField(null=True)
    tier_until = models.DateField(null=True)
    joined_at = models.DateTimeField()
    join_channel = models.CharField(max_length=12)
    home_store_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "loyalty_member"
        constraints = [
            models.UniqueConstraint(fields=["chain_id", "number"], name="member_number_once"),
            models.CheckConstraint(condition=Q(status__in=MEMBER_STATES), name="member_status"),
            models.CheckConstraint(
                condition=Q(status="merged", merged_into__isnull=False)
                | (~Q(status="merged") & Q(merged_into__isnull=True)),
                name="member_merged",
            ),
        ]
        indexes = [
            models.Index(fields=["merged_into"], name="member_merged_into", condition=Q(merged_into__isnull=False)),
            models.Index(fields=["chain_id", "-joined_at", "-id"], name="member_by_joining"),
        ]


class CardRow(models.Model):
    """A card of a member, plastic or not. Lost ones stay, blocked, so that nobody gets their number again."""

    member = models.ForeignKey(MemberRow, on_delete=models.PROTECT, related_name="cards")
    chain_id = models.BigIntegerField()
    number = models.CharField(max_length=TEXT_MAX["card"])
    is_blocked = models.BooleanField(default=False)
    given_at = models.DateTimeField()

    class Meta:
        db_table = "loyalty_card"
        constraints = [models.UniqueConstraint(fields=["chain_id", "number"], name="card_number_once")]
