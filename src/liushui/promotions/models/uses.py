"""What was used of promotions: reservations by order, their uses, and the counters that limits are held by."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from liushui.promotions.domain.coupons import TEXT_MAX
from liushui.promotions.domain.uses import ISSUE_PROBLEMS, ISSUE_STATES, OVERRUN_KINDS, RESERVATION_STATES
from liushui.promotions.models.coupons import CouponBatchRow


class ReservationRow(models.Model):
    """What one order holds of promotions and coupons. `state` moves by conditional updates only."""

    order_key = models.CharField(max_length=TEXT_MAX["order_key"], unique=True)
    chain_id = models.BigIntegerField()
    state = models.CharField(max_length=12)
    content_sha256 = models.CharField(max_length=64)  # of what is held: the same asked again changes nothing
    member_id = models.CharField(max_length=TEXT_MAX["member"], blank=True)
    rulebook_version = models.CharField(max_length=64)
    coupons = models.JSONField(default=list)  # [[batch id, serial], …] in order of locking
    promised = models.JSONField(default=list)  # [[promotion id, batch code], …]: coupons that its sale hands out
    reserved_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    sale_id = models.UUIDField(null=True)

    class Meta:
        db_table = "promotions_reservation"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=RESERVATION_STATES), name="reservation_state"),
            models.CheckConstraint(
                condition=~Q(state="committed") | Q(sale_id__isnull=False), name="reservation_committed"
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="reservation_due", condition=Q(state="reserved")),
        ]


class UseRow(models.Model):
    """One promotion in one order, with its limits as they were when it was reserved."""

    reservation = models.ForeignKey(ReservationRow, on_delete=models.CASCADE, related_name="uses")
    chain_id = models.BigIntegerField()
    promotion_id = models.CharField(max_length=TEXT_MAX["promotion"])
    amount_minor = models.BigIntegerField()
    total_max = models.BigIntegerField(null=True)
    per_member_max = models.BigIntegerField(null=True)
    budget_minor = models.BigIntegerField(null=True)

    class Meta:
        db_table = "promotions_use"
        constraints = [
            models.UniqueConstraint(fields=["reservation", "promotion_id"], name="use_once_an_order"),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="use_amount"),
        ]


class PromotionCounterRow(models.Model):
    """What is used of a promotion with limits in a chain, reserved and committed together."""

    pk = models.CompositePrimaryKey("chain_id", "promotion_id")
    chain_id = models.BigIntegerField()
    promotion_id = models.CharField(max_length=TEXT_MAX["promotion"])
    uses = models.BigIntegerField(default=0)
    spent_minor = models.BigIntegerField(default=0)
    total_max = models.BigIntegerField(null=True)  # as the last order's rulebook had them
    budget_minor = models.BigIntegerField(null=True)

    class Meta:
        db_table = "promotions_counter"
        constraints = [models.CheckConstraint(condition=Q(uses__gte=0, spent_minor__gte=0), name="counter_numbers")]


class MemberCounterRow(models.Model):
    """How many orders of a member used a promotion that is limited per member."""

    pk = models.CompositePrimaryKey("chain_id", "promotion_id", "member_id")
    chain_id = models.BigIntegerField()
    promotion_id = models.CharField(max_length=TEXT_MAX["promotion"])
    member_id = models.CharField(max_length=TEXT_MAX["member"])
    uses = models.BigIntegerField(default=0)
    per_member_max = models.BigIntegerField(null=True)

    class Meta:
        db_table = "promotions_member_counter"
        constraints = [models.CheckConstraint(condition=Q(uses__gte=0), name="member_counter_numbers")]


class OverrunRow(models.Model):
    """A limit that a recorded sale went beyond: it came after its reservation had ended. Rows are never changed."""

    reservation = models.ForeignKey(ReservationRow, on_delete=models.PROTECT, related_name="overruns")
    chain_id = models.BigIntegerField()
    kind = models.CharField(max_length=12)
    subject = models.CharField(max_length=TEXT_MAX["promotion"])  # a promotion's id, or a batch's code
    limit_value = models.BigIntegerField()
    reached = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        db_table = "promotions_overrun"
        constraints = [models.CheckConstraint(condition=Q(kind__in=OVERRUN_KINDS), name="overrun_kind")]
        indexes = [models.Index(fields=["chain_id", "-id"], name="overrun_by_chain")]


class IssuedCouponRow(models.Model):
    """A coupon for the next time that the answer of a recorded sale promised: the code that was handed out, or why none
    was. There is none before the sale is recorded."""

    reservation = models.ForeignKey(ReservationRow, on_delete=models.PROTECT, related_name="issued")
    position = models.SmallIntegerField()  # in the reservation's list of promised coupons
    chain_id = models.BigIntegerField()
    promotion_id = models.CharField(max_length=TEXT_MAX["promotion"])
    batch_code = models.CharField(max_length=TEXT_MAX["promotion"])  # as the rulebook names it, known or not
    batch = models.ForeignKey(CouponBatchRow, on_delete=models.PROTECT, null=True, related_name="issued_to_orders")
    serial = models.BigIntegerField(null=True)
    member_id = models.CharField(max_length=TEXT_MAX["member"], blank=True)  # whose it is; empty: whoever has it
    state = models.CharField(max_length=12)
    problem = models.CharField(max_length=16, blank=True)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "promotions_issued_coupon"
        constraints = [
            models.UniqueConstraint(fields=["reservation", "position"], name="issued_coupon_once"),
            models.UniqueConstraint(
                fields=["batch", "serial"], name="issued_coupon_serial", condition=Q(serial__isnull=False)
            ),
            models.CheckConstraint(condition=Q(state__in=ISSUE_STATES), name="issued_coupon_state"),
            models.CheckConstraint(
                condition=Q(state="failed", problem__in=ISSUE_PROBLEMS, serial__isnull=True)
                | (~Q(state="failed") & Q(problem="", serial__isnull=False)),
                name="issued_coupon_serial_or_problem",
            ),
        ]
        indexes = [models.Index(fields=["chain_id", "-id"], name="issued_failed", condition=Q(state="failed"))]


class PromotionCostRow(models.Model):
    """What a promotion took off in recorded sales of a chain, made from the events of sales alone."""

    pk = models.CompositePrimaryKey("chain_id", "promotion_id")
    chain_id = models.BigIntegerField()
    promotion_id = models.CharField(max_length=TEXT_MAX["promotion"])
    receipts = models.BigIntegerField(default=0)
    amount_minor = models.BigIntegerField(default=0)

    class Meta:
        db_table = "promotions_cost"
