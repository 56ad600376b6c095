"""Payments, refunds, what was said to providers about them, and differences with their bills.

`next_try_at` is when the tick takes a row up again; null when nothing is left to find out.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from liushui.payments.contracts import CASE_KINDS, PAYMENT_MODES, PAYMENT_STATES

REFUND_STATES = ("created", "done", "failed")


class PaymentRow(models.Model):
    """One payment. `state` moves by conditional updates only; domain/states.py says which moves there are."""

    id = models.UUIDField(primary_key=True)  # made by the caller
    command_sha256 = models.CharField(max_length=64)  # of what was asked, so that the same id means the same payment
    chain_id = models.BigIntegerField()
    store_id = models.BigIntegerField()
    reference = models.CharField(max_length=128)
    description = models.CharField(max_length=128)
    provider = models.CharField(max_length=32)
    method = models.CharField(max_length=32, blank=True)
    mode = models.CharField(max_length=16)
    amount_minor = models.BigIntegerField()
    refunded_minor = models.BigIntegerField(default=0)  # refunds that are done or on their way
    refunds_done_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=12, default="created")
    provider_trade_id = models.CharField(max_length=64, blank=True)
    qr_text = models.CharField(max_length=512, blank=True)
    failure = models.CharField(max_length=64, blank=True)
    user_is_paying = models.BooleanField(default=False)
    cancel_wanted = models.BooleanField(default=False)  # open: it shall be closed
    releasing = models.BooleanField(default=False)  # paid, never captured: it is being given back
    sale_id = models.UUIDField(null=True)
    workstation = models.CharField(max_length=32, blank=True)
    operator = models.CharField(max_length=64, blank=True)
    started_by = models.CharField(max_length=128)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)  # failed, reversed, or wholly refunded
    tries = models.IntegerField(default=0)  # of the tick
    next_try_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payment_amount"),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0, refunded_minor__lte=F("amount_minor")), name="payment_refunded"
            ),
            models.CheckConstraint(
                condition=Q(refunds_done_minor__gte=0, refunds_done_minor__lte=F("refunded_minor")),
                name="payment_refunds_done",
            ),
            models.CheckConstraint(condition=Q(state__in=PAYMENT_STATES), name="payment_state"),
            models.CheckConstraint(condition=Q(mode__in=PAYMENT_MODES), name="payment_mode"),
            models.CheckConstraint(
                condition=~Q(state__in=["paid", "refunded"]) | Q(paid_at__isnull=False), name="payment_paid_at"
            ),
            models.CheckConstraint(
                condition=Q(sale_id__isnull=True) | Q(state__in=["paid", "refunded"], releasing=False),
                name="payment_captured",
            ),
        ]
        indexes = [
            models.Index(fields=["reference"], name="payment_by_reference"),
            models.Index(fields=["store_id", "created_at", "id"], name="payment_by_store"),
            models.Index(fields=["provider", "paid_at"], name="payment_by_day"),
            models.Index(fields=["provider_trade_id"], name="payment_by_trade", condition=~Q(provider_trade_id="")),
            models.Index(fields=["next_try_at"], name="payment_due", condition=Q(next_try_at__isnull=False)),
            models.Index(
                fields=["paid_at"], name="payment_uncaptured", condition=Q(state="paid", sale_id__isnull=True)
            ),
        ]


class RefundRow(models.Model):
    """Money given back, or to be given back, of one payment."""

    id = models.UUIDField(primary_key=True)  # made by the caller
    payment = models.ForeignKey(PaymentRow, on_delete=models.PROTECT, related_name="refunds")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=12, default="created")
    reason = models.CharField(max_length=400)
    is_automatic = models.BooleanField(default=False)  # of a payment that came after we had given it up
    provider_refund_id = models.CharField(max_length=64, blank=True)
    failure = models.CharField(max_length=64, blank=True)
    asked_by = models.CharField(max_length=128)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    tries = models.IntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_amount"),
            models.CheckConstraint(condition=Q(state__in=REFUND_STATES), name="refund_state"),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], name="refund_due", condition=Q(next_try_at__isnull=False)),
            models.Index(fields=["done_at"], name="refund_by_day"),
        ]


class AttemptRow(models.Model):
    """One thing said to a provider, or heard from it. Rows are never changed; a call is noted before and after it."""

    id = models.UUIDField(primary_key=True)  # UUIDv7
    at = models.DateTimeField()
    provider = models.CharField(max_length=32)
    operation = models.CharField(max_length=16)  # begin, charge, query, close, reverse, refund, query_refund, notify
    request_id = models.CharField(max_length=64)  # the same before and after a call
    payment_id = models.UUIDField(null=True)
    refund_id = models.UUIDField(null=True)
    outcome = models.CharField(max_length=32)  # sent; then the state told, or not_delivered, unknown, refused, forged
    detail = models.CharField(max_length=128, blank=True)  # a code; never a key, a signature or a customer's code
    milliseconds = models.IntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["payment_id", "id"], name="attempt_by_payment")]


class NotificationRow(models.Model):
    """A notification that was signed and read, so that its next arrival changes nothing."""

    pk = models.CompositePrimaryKey("provider", "event_id")
    provider = models.CharField(max_length=32)
    event_id = models.CharField(max_length=96)
    first_at = models.DateTimeField()


class CaseRow(models.Model):
    """A difference with a provider, open until somebody has settled it."""

    id = models.UUIDField(primary_key=True)  # UUIDv7
    provider = models.CharField(max_length=32)
    bill_date = models.DateField()
    kind = models.CharField(max_length=24)
    subject = models.CharField(max_length=96)  # what it is about, so that a bill read twice opens it once
    payment_id = models.UUIDField(null=True)
    refund_id = models.UUIDField(null=True)
    provider_trade_id = models.CharField(max_length=64, blank=True)
    chain_id = models.BigIntegerField(null=True)
    store_id = models.BigIntegerField(null=True)
    ours_minor = models.BigIntegerField(null=True)
    theirs_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    opened_at = models.DateTimeField()
    state = models.CharField(max_length=12, default="open")
    note = models.CharField(max_length=400, blank=True)
    approval_id = models.UUIDField(null=True)  # the request to settle it
    settled_by = models.CharField(max_length=128, blank=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "bill_date", "kind", "subject"], name="case_once"),
            models.CheckConstraint(condition=Q(kind__in=CASE_KINDS), name="case_kind"),
            models.CheckConstraint(
                condition=Q(state="open", settled_at__isnull=True) | Q(state="settled", settled_at__isnull=False),
                name="case_state",
            ),
        ]
        indexes = [models.Index(fields=["state", "store_id"], name="case_by_state")]


class ReconciliationRow(models.Model):
    """What comparing one day's bill came to, the last time it was done."""

    pk = models.CompositePrimaryKey("provider", "bill_date")
    provider = models.CharField(max_length=32)
    bill_date = models.DateField()
    lines = models.IntegerField()
    matched = models.IntegerField()
    ours_minor = models.BigIntegerField()  # paid less refunded
    theirs_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    bill_sha256 = models.CharField(max_length=64)
    run_at = models.DateTimeField()
    run_by = models.CharField(max_length=128)
