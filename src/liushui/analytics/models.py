"""Read models: sums by business day, made by analytics.domain.projection and never edited by hand.

Every table carries a generation, so that a rebuild grows beside the live one and takes its place in one write.
Keys begin with the day: a day is read as one run of neighbouring rows, and the present is written at one end.
"""

from __future__ import annotations

from django.db import models

from liushui.orders.contracts import TEXT_MAX


class ReadModel(models.Model):
    """The single row that says which generation is read, and how far one that is being built has come."""

    id = models.SmallIntegerField(primary_key=True)
    live = models.IntegerField(default=1)
    building = models.IntegerField(null=True)
    cursor = models.UUIDField(null=True)  # id of the last sale that went into `building`


class AppliedSale(models.Model):
    """What of a sale a generation has counted: bits of analytics.domain.projection. Makes counting safe to repeat."""

    pk = models.CompositePrimaryKey("generation", "sale_id")
    generation = models.IntegerField()
    sale_id = models.UUIDField()
    state = models.SmallIntegerField()


class Total(models.Model):
    """What all totals by store and day share."""

    generation = models.IntegerField()
    business_date = models.DateField()
    store_id = models.BigIntegerField()
    channel = models.CharField(max_length=TEXT_MAX["channel"])
    currency = models.CharField(max_length=3)

    class Meta:
        abstract = True


class Measured(models.Model):
    """Sums of sold and returned lines; analytics.contracts.Figures says what each is."""

    gross_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField()
    refund_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    tickets = models.BigIntegerField()
    returns = models.BigIntegerField()
    items = models.BigIntegerField()
    returned_items = models.BigIntegerField()
    costed_net_minor = models.BigIntegerField()
    cost_minor = models.BigIntegerField()

    class Meta:
        abstract = True


class MeasuredWhole(Measured):
    """Sums of whole sales, which can be voided."""

    voids = models.BigIntegerField()
    voided_minor = models.BigIntegerField()

    class Meta:
        abstract = True


class HourTotal(Total, MeasuredWhole):
    """Sales of a store by the hour of its wall clock."""

    pk = models.CompositePrimaryKey("generation", "business_date", "store_id", "channel", "currency", "local_hour")
    local_hour = models.SmallIntegerField()


class OperatorTotal(Total, MeasuredWhole):
    """Sales of a store by who sold at which till."""

    pk = models.CompositePrimaryKey(
        "generation", "business_date", "store_id", "channel", "currency", "workstation", "operator"
    )
    workstation = models.CharField(max_length=TEXT_MAX["workstation"])
    operator = models.CharField(max_length=TEXT_MAX["operator"])


class ItemTotal(Total, Measured):
    """Sales of an item in a store on a day."""

    pk = models.CompositePrimaryKey("generation", "business_date", "store_id", "channel", "currency", "chain_id", "sku")
    chain_id = models.BigIntegerField()
    sku = models.CharField(max_length=TEXT_MAX["sku"])


class ItemDayTotal(Measured):
    """Sales of an item in a whole chain on a day: for ranges of days, where rows by store are too many."""

    pk = models.CompositePrimaryKey("generation", "business_date", "chain_id", "channel", "currency", "sku")
    generation = models.IntegerField()
    business_date = models.DateField()
    chain_id = models.BigIntegerField()
    channel = models.CharField(max_length=TEXT_MAX["channel"])
    currency = models.CharField(max_length=3)
    sku = models.CharField(max_length=TEXT_MAX["sku"])


class ItemMonthTotal(Measured):
    """Sales of an item in a whole chain in a month: for long ranges."""

    pk = models.CompositePrimaryKey("generation", "month", "chain_id", "channel", "currency", "sku")
    generation = models.IntegerField()
    month = models.DateField()  # its first day
    chain_id = models.BigIntegerField()
    channel = models.CharField(max_length=TEXT_MAX["channel"])
    currency = models.CharField(max_length=3)
    sku = models.CharField(max_length=TEXT_MAX["sku"])


class CategoryTotal(Total, Measured):
    """Sales of a category, by the full path that the line carried."""

    pk = models.CompositePrimaryKey(
        "generation", "business_date", "store_id", "channel", "currency", "chain_id", "category"
    )
    chain_id = models.BigIntegerField()
    category = models.CharField(max_length=TEXT_MAX["category"])


class TenderTotal(Total):
    """What was paid by each means, net of what was paid back by it."""

    pk = models.CompositePrimaryKey("generation", "business_date", "store_id", "channel", "currency", "type", "method")
    type = models.CharField(max_length=16)
    method = models.CharField(max_length=TEXT_MAX["tender_method"])
    amount_minor = models.BigIntegerField()
    tenders = models.BigIntegerField()


class ItemLabel(models.Model):
    """What receipts called an item when it was first sold: names codes that the catalogue does not know."""

    pk = models.CompositePrimaryKey("chain_id", "sku")
    chain_id = models.BigIntegerField()
    sku = models.CharField(max_length=TEXT_MAX["sku"])
    name = models.CharField(max_length=TEXT_MAX["name"])
    category = models.CharField(max_length=TEXT_MAX["category"])
