"""Tickets, shifts and days: what stands on the screens of the tills, what is in their drawers, what a day came to.

Every change of a ticket, shift or day is one conditional statement on its state (docs/decisions/0085).
"""

from __future__ import annotations

from functools import reduce
from operator import add

from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import CombinedExpression

from liushui.till.contracts import ENTRY_KINDS, SHIFT_STATES, TICKET_STATES
from liushui.till.domain.tenders import TYPES
from liushui.till.domain.value import UNSETTLED_VALUE, VALUE_KINDS, VALUE_STATES


def paid_minor() -> CombinedExpression:
    """What the paid tenders of a ticket come to, as the database adds it up."""
    first, *others = (F(f"{kind}_minor") for kind in TYPES)
    return reduce(add, others, first)  # type: ignore[return-value]  # two or more: a sum


class SeriesRow(models.Model):
    """A series of numbers without gaps: the last one given. Names: ticket:<workstation>, z:<store> …"""

    name = models.CharField(max_length=48, primary_key=True)
    last = models.BigIntegerField()

    class Meta:
        db_table = "till_series"


class DayRow(models.Model):
    """A store's business day: open from its first shift until its Z report, which is kept as it was made."""

    id = models.BigAutoField(primary_key=True)
    chain_id = models.BigIntegerField()
    store_id = models.BigIntegerField()
    business_date = models.DateField()
    state = models.CharField(max_length=8, default="open")  # open | closed
    z_number = models.BigIntegerField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=128, blank=True, default="")
    report = models.JSONField(null=True)

    class Meta:
        db_table = "till_day"
        constraints = [
            models.UniqueConstraint(fields=["store_id", "business_date"], name="day_once"),
            models.UniqueConstraint(fields=["store_id", "z_number"], name="z_number_once"),
            models.CheckConstraint(
                condition=Q(state="open", z_number__isnull=True)
                | Q(state="closed", z_number__isnull=False, report__isnull=False),
                name="day_closed_with_number",
            ),
        ]


class ShiftRow(models.Model):
    """One drawer at one workstation from its float to its count."""

    id = models.UUIDField(primary_key=True)  # UUIDv7
    number = models.BigIntegerField()
    chain_id = models.BigIntegerField()
    store_id = models.BigIntegerField()
    workstation_id = models.BigIntegerField()
    workstation_code = models.CharField(max_length=32)
    business_date = models.DateField()
    state = models.CharField(max_length=8, default="open")
    is_training = models.BooleanField(default=False)
    currency = models.CharField(max_length=3)
    float_minor = models.BigIntegerField()
    operator = models.CharField(max_length=64)
    operator_name = models.CharField(max_length=128)
    opened_at = models.DateTimeField()
    counted_at = models.DateTimeField(null=True)
    counted_by = models.CharField(max_length=128, blank=True, default="")  # subject
    closed_at = models.DateTimeField(null=True)
    count = models.JSONField(null=True)  # [[denomination, pieces], …]
    expected_minor = models.BigIntegerField(null=True)
    counted_minor = models.BigIntegerField(null=True)
    difference_minor = models.BigIntegerField(null=True)
    difference_reason = models.CharField(max_length=400, blank=True, default="")
    difference_approved_by = models.CharField(max_length=128, blank=True, default="")
    handed_to = models.CharField(max_length=64, blank=True, default="")
    approval_id = models.UUIDField(null=True)
    report = models.JSONField(null=True)  # of a closed shift, as it was made

    class Meta:
        db_table = "till_shift"
        constraints = [
            models.UniqueConstraint(fields=["workstation_id"], condition=Q(state="open"), name="one_open_shift"),
            models.UniqueConstraint(fields=["workstation_id", "is_training", "number"], name="shift_number_once"),
            models.CheckConstraint(condition=Q(state__in=SHIFT_STATES), name="shift_state"),
            models.CheckConstraint(condition=Q(float_minor__gte=0), name="shift_float"),
            models.CheckConstraint(
                condition=Q(state="open", counted_minor__isnull=True)
                | Q(difference_minor=F("counted_minor") - F("expected_minor")),
                name="shift_difference",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | Q(difference_minor=0) | ~Q(difference_approved_by=""),
                name="shift_difference_approved",
            ),
        ]
        indexes = [
            models.Index(fields=["store_id", "business_date"], name="shift_by_day"),
            models.Index(fields=["store_id", "opened_at"], name="shift_by_time"),
        ]


class TicketRow(models.Model):
    """A sale in the making, or made. `lines` and `tenders` are lists of contracts.TicketLine and TicketTender.

    The sums of the tenders are columns, so that a shift of thousands of tickets is added up by the database.
    """

    id = models.UUIDField(primary_key=True)  # UUIDv7; as hex the source_id of the sale
    number = models.CharField(max_length=96)
    sequence = models.BigIntegerField()  # the number's last part
    version = models.IntegerField(default=1)
    state = models.CharField(max_length=12, default="open")
    is_training = models.BooleanField(default=False)
    is_refund = models.BooleanField(default=False)
    chain_id = models.BigIntegerField()
    store_id = models.BigIntegerField()
    workstation_id = models.BigIntegerField()
    workstation_code = models.CharField(max_length=32)
    shift_id = models.UUIDField()
    business_date = models.DateField()
    operator = models.CharField(max_length=64)
    operator_name = models.CharField(max_length=128)
    currency = models.CharField(max_length=3)
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    label = models.CharField(max_length=64, blank=True, default="")
    line_count = models.IntegerField(default=0)  # that are not voided
    voided_line_count = models.IntegerField(default=0)
    units = models.BigIntegerField(default=0)
    regular_minor = models.BigIntegerField(default=0)
    discount_minor = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    returned_minor = models.BigIntegerField(default=0)  # what goods that come back come to, positive
    cash_count = models.IntegerField(default=0)  # tenders of each type that count, and what they come to
    cash_minor = models.BigIntegerField(default=0)
    change_minor = models.BigIntegerField(default=0)
    card_count = models.IntegerField(default=0)
    card_minor = models.BigIntegerField(default=0)
    mobile_count = models.IntegerField(default=0)
    mobile_minor = models.BigIntegerField(default=0)
    other_count = models.IntegerField(default=0)
    other_minor = models.BigIntegerField(default=0)
    points_count = models.IntegerField(default=0)
    points_minor = models.BigIntegerField(default=0)
    stored_value_count = models.IntegerField(default=0)
    stored_value_minor = models.BigIntegerField(default=0)
    gift_card_count = models.IntegerField(default=0)
    gift_card_minor = models.BigIntegerField(default=0)
    pending_count = models.IntegerField(default=0)  # tenders whose outcome is not known yet
    sale_id = models.UUIDField(null=True)
    voided_shift_id = models.UUIDField(null=True)  # in which the money was given back
    voided_by = models.CharField(max_length=64, blank=True, default="")  # user name
    voided_by_name = models.CharField(max_length=128, blank=True, default="")
    reason = models.CharField(max_length=400, blank=True, default="")
    approved_by = models.CharField(max_length=128, blank=True, default="")
    copies = models.IntegerField(default=0)
    # Last, since SQLite reads through a long value to get at the columns behind it, and shifts are summed by them.
    codes = models.JSONField(default=list)  # contracts.TicketCode
    member = models.JSONField(null=True)  # contracts.TicketMember
    tenders = models.JSONField(default=list)
    returned = models.JSONField(null=True)  # contracts.TicketReturn
    lines = models.JSONField(default=list)
    answer = models.JSONField(null=True)  # of the promotion engine, with the version that it was made by
    frozen = models.JSONField(null=True)  # contracts.FrozenPrice of checkout, until the ticket is over
    returns = models.JSONField(null=True)  # of goods that come back: reasons, conditions, approval; None where none do

    class Meta:
        db_table = "till_ticket"
        constraints = [
            models.UniqueConstraint(fields=["store_id", "number"], name="ticket_number_once"),
            models.UniqueConstraint(
                fields=["workstation_id"], condition=Q(state__in=["open", "paying"]), name="one_ticket_at_hand"
            ),
            models.CheckConstraint(condition=Q(state__in=TICKET_STATES), name="ticket_state"),
            models.CheckConstraint(
                condition=Q(total_minor=F("regular_minor") - F("discount_minor")), name="ticket_total"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["settled", "voiding", "voided"]) | Q(total_minor=paid_minor()),
                name="ticket_paid",
            ),
        ]
        indexes = [
            models.Index(fields=["shift_id", "state"], name="ticket_by_shift"),
            models.Index(
                fields=["voided_shift_id"], condition=Q(voided_shift_id__isnull=False), name="ticket_by_void_shift"
            ),
            models.Index(fields=["store_id", "finished_at"], name="ticket_by_store"),
            models.Index(fields=["store_id", "sequence"], name="ticket_by_sequence"),
            models.Index(
                fields=["changed_at"],
                condition=Q(state__in=["paying", "recording", "voiding", "cancelling"]),
                name="ticket_left_behind",
            ),
        ]


class DrawerRow(models.Model):
    """Something that happened at a drawer besides sales; see contracts.DrawerEntry. Rows are never changed."""

    id = models.UUIDField(primary_key=True)  # of a void's refund made from the ticket, so that it is written once
    shift_id = models.UUIDField()
    store_id = models.BigIntegerField()
    kind = models.CharField(max_length=8)
    amount_minor = models.BigIntegerField(default=0)
    tender = models.CharField(max_length=16, default="cash")
    reason = models.CharField(max_length=400, blank=True, default="")
    ticket_id = models.UUIDField(null=True)
    operator = models.CharField(max_length=64)
    operator_name = models.CharField(max_length=128)
    approved_by = models.CharField(max_length=128, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        db_table = "till_drawer"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ENTRY_KINDS), name="drawer_kind"),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="drawer_amount"),
        ]
        indexes = [models.Index(fields=["shift_id", "id"], name="drawer_by_shift")]


class ValueRow(models.Model):
    """A top-up or a gift card sold: its money is in the drawer, its value with loyalty. See domain.value.ValueSale."""

    id = models.UUIDField(primary_key=True)  # made by the page that asks: sent twice, it is taken once
    number = models.CharField(max_length=96)
    sequence = models.BigIntegerField()
    kind = models.CharField(max_length=12)
    state = models.CharField(max_length=8)
    is_training = models.BooleanField(default=False)
    chain_id = models.BigIntegerField()
    store_id = models.BigIntegerField()
    workstation_id = models.BigIntegerField()
    workstation_code = models.CharField(max_length=32)
    shift_id = models.UUIDField()
    business_date = models.DateField()
    operator = models.CharField(max_length=64)
    operator_name = models.CharField(max_length=128)
    currency = models.CharField(max_length=3)
    member_id = models.UUIDField(null=True)
    customer = models.CharField(max_length=64, blank=True, default="")
    card = models.CharField(max_length=32, blank=True, default="")  # masked
    paid_minor = models.BigIntegerField()
    bonus_minor = models.BigIntegerField(default=0)
    tender = models.CharField(max_length=16)
    method = models.CharField(max_length=64)
    given_minor = models.BigIntegerField()
    change_minor = models.BigIntegerField(default=0)
    payment_id = models.UUIDField(null=True)
    note = models.CharField(max_length=128, blank=True, default="")
    taken_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    voided_shift_id = models.UUIDField(null=True)
    voided_by = models.CharField(max_length=64, blank=True, default="")
    voided_by_name = models.CharField(max_length=128, blank=True, default="")
    reason = models.CharField(max_length=400, blank=True, default="")
    approved_by = models.CharField(max_length=128, blank=True, default="")

    class Meta:
        db_table = "till_value"
        constraints = [
            models.UniqueConstraint(fields=["store_id", "number"], name="value_number_once"),
            models.CheckConstraint(condition=Q(kind__in=VALUE_KINDS), name="value_kind"),
            models.CheckConstraint(condition=Q(state__in=VALUE_STATES), name="value_state"),
            models.CheckConstraint(
                condition=Q(paid_minor__gt=0, bonus_minor__gte=0, change_minor=F("given_minor") - F("paid_minor")),
                name="value_paid",
            ),
        ]
        indexes = [
            models.Index(fields=["shift_id", "state"], name="value_by_shift"),
            models.Index(
                fields=["voided_shift_id"], condition=Q(voided_shift_id__isnull=False), name="value_by_void_shift"
            ),
            models.Index(fields=["store_id", "taken_at"], name="value_by_store"),
            models.Index(fields=["changed_at"], condition=Q(state__in=UNSETTLED_VALUE), name="value_left_behind"),
        ]
