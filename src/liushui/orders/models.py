"""Recorded sales: what a receipt says, and nothing that can be derived elsewhere.

Parts of a sale hold its id without a foreign key: a sale and its parts are only ever written together, by one
transaction of record_sales, and a key check per line would cost more than the line (docs/decisions/0051).
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from liushui.orders.contracts import TENDER_TYPES, TEXT_MAX


class Sale(models.Model):
    """A sale that is over. Sums are over its lines, signed as they are there."""

    id = models.UUIDField(primary_key=True)  # UUIDv7
    source = models.CharField(max_length=TEXT_MAX["source"])
    source_id = models.CharField(max_length=TEXT_MAX["source_id"])
    body_sha256 = models.CharField(max_length=64)
    chain_id = models.BigIntegerField()
    store_id = models.BigIntegerField()
    store_code = models.CharField(max_length=TEXT_MAX["store_code"])
    workstation = models.CharField(max_length=TEXT_MAX["workstation"])
    operator = models.CharField(max_length=TEXT_MAX["operator"])
    receipt_number = models.CharField(max_length=TEXT_MAX["receipt_number"])
    channel = models.CharField(max_length=TEXT_MAX["channel"])
    currency = models.CharField(max_length=3)
    completed_at = models.DateTimeField()
    business_date = models.DateField()
    local_hour = models.SmallIntegerField()
    customer = models.CharField(max_length=TEXT_MAX["customer"])
    line_count = models.IntegerField()
    returned_line_count = models.IntegerField()
    units = models.BigIntegerField()
    regular_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField()
    returned_minor = models.BigIntegerField()  # what returned lines came to, positive
    total_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    variance_minor = models.BigIntegerField()
    recorded_at = models.DateTimeField()
    status = models.CharField(max_length=16, default="completed")
    voided_at = models.DateTimeField(null=True)
    voided_by = models.CharField(max_length=128, default="", db_default="")
    void_reason = models.CharField(max_length=TEXT_MAX["reason"], default="", db_default="")
    void_approved_by = models.CharField(max_length=128, default="", db_default="")  # name; empty: nobody had to

    class Meta:
        constraints = [
            # source_id first: looking a receipt up by its number then needs no source
            models.UniqueConstraint(fields=["source_id", "source"], name="sale_once"),
            models.CheckConstraint(
                condition=Q(total_minor=F("regular_minor") - F("discount_minor")), name="sale_total"
            ),
            models.CheckConstraint(condition=Q(local_hour__gte=0, local_hour__lte=23), name="sale_hour"),
            models.CheckConstraint(condition=Q(line_count__gte=1), name="sale_has_lines"),
            models.CheckConstraint(
                condition=Q(returned_line_count__gte=0, returned_line_count__lte=F("line_count")),
                name="sale_returned_lines",
            ),
            models.CheckConstraint(condition=Q(returned_minor__gte=0), name="sale_returned_positive"),
            models.CheckConstraint(
                condition=Q(status="completed", voided_at__isnull=True) | Q(status="voided", voided_at__isnull=False),
                name="sale_status",
            ),
        ]
        indexes = [
            models.Index(fields=["completed_at", "id"], name="sale_by_time"),
            models.Index(fields=["store_id", "business_date", "completed_at", "id"], name="sale_by_store_day"),
            models.Index(fields=["receipt_number"], name="sale_by_receipt"),
            models.Index(fields=["customer", "completed_at", "id"], name="sale_by_customer"),
        ]


class SaleLineRow(models.Model):
    """One line item; see contracts.SaleLine for the meaning of each column."""

    pk = models.CompositePrimaryKey("sale_id", "line_number")
    sale_id = models.UUIDField()
    line_number = models.IntegerField()
    item_id = models.BigIntegerField(null=True)
    sku = models.CharField(max_length=TEXT_MAX["sku"])
    gtin = models.CharField(max_length=TEXT_MAX["gtin"])
    name = models.CharField(max_length=TEXT_MAX["name"])
    category = models.CharField(max_length=TEXT_MAX["category"])
    units = models.BigIntegerField()
    measure_value = models.BigIntegerField(null=True)
    measure_unit = models.CharField(max_length=TEXT_MAX["measure_unit"], null=True)
    unit_price_minor = models.BigIntegerField()
    regular_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    tax_rate_bp = models.IntegerField()
    tax_minor = models.BigIntegerField()
    cost_minor = models.BigIntegerField(null=True)
    is_return = models.BooleanField()

    class Meta:
        db_table = "orders_line"
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor=F("regular_minor") - F("discount_minor")), name="line_amount"
            ),
            models.CheckConstraint(
                condition=Q(is_return=False, units__gte=0, amount_minor__gte=0)
                | Q(is_return=True, units__lte=0, amount_minor__lte=0),
                name="line_signs",
            ),
            models.CheckConstraint(
                condition=Q(measure_value__isnull=True, measure_unit__isnull=True)
                | Q(measure_value__gte=0, measure_unit__isnull=False),
                name="line_measure",
            ),
        ]
        indexes = [models.Index(fields=["sku", "sale_id"], name="line_by_sku")]


class DiscountRow(models.Model):
    """A part of a line's discount and what gave it."""

    pk = models.CompositePrimaryKey("sale_id", "line_number", "position")
    sale_id = models.UUIDField()
    line_number = models.IntegerField()
    position = models.SmallIntegerField()
    code = models.CharField(max_length=TEXT_MAX["discount_code"])
    name = models.CharField(max_length=TEXT_MAX["discount_name"])
    amount_minor = models.BigIntegerField()

    class Meta:
        db_table = "orders_discount"


class PriceExplanationRow(models.Model):
    """Why a sale cost what it did; only sales that promotions priced have one. Never changed (decision 0125)."""

    sale_id = models.UUIDField(primary_key=True)
    rulebook_version = models.CharField(max_length=TEXT_MAX["rulebook_version"])
    rulebook_digest = models.CharField(max_length=TEXT_MAX["rulebook_digest"])
    answer = models.TextField()
    basket = models.TextField()
    points_multiply_bp = models.IntegerField(null=True)  # NULL: promotions promise nothing of points
    points_add = models.BigIntegerField(null=True)

    class Meta:
        db_table = "orders_price_explanation"


class TenderRow(models.Model):
    """A way in which a part of the total was paid."""

    pk = models.CompositePrimaryKey("sale_id", "position")
    sale_id = models.UUIDField()
    position = models.SmallIntegerField()
    type = models.CharField(max_length=16)
    method = models.CharField(max_length=TEXT_MAX["tender_method"])
    reference = models.CharField(max_length=TEXT_MAX["tender_reference"])
    amount_minor = models.BigIntegerField()

    class Meta:
        db_table = "orders_tender"
        constraints = [
            models.CheckConstraint(condition=Q(type__in=TENDER_TYPES), name="tender_type"),
        ]


class ReturnHeadRow(models.Model):
    """One row for each sale of which something came back, or that was voided: what decides between the two, and between
    two returns. It moves by one conditional statement (decision 0169)."""

    sale_id = models.UUIDField(primary_key=True)
    chain_id = models.BigIntegerField()
    version = models.IntegerField()
    state = models.CharField(max_length=8)
    returned_units = models.BigIntegerField()

    class Meta:
        db_table = "orders_return_head"
        constraints = [
            models.CheckConstraint(condition=Q(version__gte=0, returned_units__gte=0), name="return_head_positive"),
            models.CheckConstraint(
                condition=Q(state="open") | Q(state="voided", returned_units=0), name="return_head_state"
            ),
        ]


class ReturnCounterRow(models.Model):
    """How many units of a line were bought and how many came back."""

    pk = models.CompositePrimaryKey("sale_id", "line_number")
    sale_id = models.UUIDField()
    line_number = models.IntegerField()
    chain_id = models.BigIntegerField()
    bought_units = models.BigIntegerField()
    returned_units = models.BigIntegerField()

    class Meta:
        db_table = "orders_return_counter"
        constraints = [
            models.CheckConstraint(
                condition=Q(returned_units__gte=0, returned_units__lte=F("bought_units")), name="return_counter_bought"
            )
        ]


class ReturnedLineRow(models.Model):
    """Which line of which sale a returned line takes back. Never changed: a voided return keeps its rows."""

    pk = models.CompositePrimaryKey("sale_id", "line_number")
    sale_id = models.UUIDField()
    line_number = models.IntegerField()
    chain_id = models.BigIntegerField()
    original_sale_id = models.UUIDField()
    original_line_number = models.IntegerField()
    unit_positions = models.TextField()  # joined by commas; empty where the units were paid alike

    class Meta:
        db_table = "orders_returned_line"
        indexes = [models.Index(fields=["original_sale_id"], name="returned_line_by_original")]


class ReturnedTenderRow(models.Model):
    """What a return gave back of one tender of the original sale; position 0 is no tender (contracts.GivenBack)."""

    pk = models.CompositePrimaryKey("sale_id", "original_sale_id", "position")
    sale_id = models.UUIDField()
    original_sale_id = models.UUIDField()
    position = models.SmallIntegerField()
    chain_id = models.BigIntegerField()
    amount_minor = models.BigIntegerField()

    class Meta:
        db_table = "orders_returned_tender"
        indexes = [models.Index(fields=["original_sale_id"], name="returned_tender_by_original")]
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="returned_tender_positive")]
