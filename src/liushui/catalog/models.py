"""Tables of what a chain sells. The columns ending in `_key`, `pinyin`, `initials` and `grams` are derived
from the others by domain/search_text.py, for the search alone."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from liushui.catalog.domain.tags import COLUMN_LENGTH


class CategoryRow(models.Model):
    """A node of a chain's category tree, named by the codes on the way to it: `food/snacks/chips`."""

    chain_id = models.BigIntegerField()
    path = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=128)
    name_en = models.CharField(max_length=128)

    class Meta:
        db_table = "catalog_category"
        constraints = [models.UniqueConstraint(fields=["chain_id", "path"], name="category_path_once_in_chain")]


def _prefix_index(column: str) -> models.Index:
    """For `LIKE 'x%'` on PostgreSQL whatever its locale; SQLite ignores the operator classes."""
    return models.Index(
        fields=["chain_id", column], opclasses=["int8_ops", "varchar_pattern_ops"], name=f"item_by_{column}"
    )


class ItemRow(models.Model):
    """Something a chain sells. An item that is no longer sold stays, since receipts name it."""

    chain_id = models.BigIntegerField()
    sku = models.CharField(max_length=64)
    gtin = models.CharField(max_length=14, blank=True)
    name_zh = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    category = models.CharField(max_length=200, blank=True)
    brand = models.CharField(max_length=128, blank=True)
    unit = models.CharField(max_length=32)
    weighed = models.BooleanField(default=False)
    tax_rate_bp = models.IntegerField(default=0)
    tax_code = models.CharField(max_length=19, blank=True)
    discountable = models.BooleanField(default=True)
    cost_minor = models.BigIntegerField(null=True)
    floor_price_minor = models.BigIntegerField(null=True)
    tags = models.CharField(max_length=COLUMN_LENGTH, blank=True)  # as domain/tags.py writes them
    image_url = models.CharField(max_length=400, blank=True)
    is_active = models.BooleanField(default=True)

    sku_key = models.CharField(max_length=64)
    gtin_key = models.CharField(max_length=14, blank=True)
    name_key = models.CharField(max_length=200)
    name_en_key = models.CharField(max_length=200)
    initials = models.CharField(max_length=200, blank=True)
    pinyin = models.CharField(max_length=1400, blank=True)
    grams = models.TextField(blank=True)

    class Meta:
        db_table = "catalog_item"
        constraints = [
            models.UniqueConstraint(fields=["chain_id", "sku"], name="item_sku_once_in_chain"),
            models.UniqueConstraint(fields=["chain_id", "gtin"], condition=~Q(gtin=""), name="item_gtin_once_in_chain"),
            models.CheckConstraint(condition=~Q(sku=""), name="item_has_sku"),
            models.CheckConstraint(condition=Q(tax_rate_bp__range=(0, 10_000)), name="item_tax_rate_possible"),
            models.CheckConstraint(
                condition=Q(cost_minor__isnull=True) | Q(cost_minor__gte=0), name="item_cost_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(floor_price_minor__isnull=True) | Q(floor_price_minor__gte=0),
                name="item_floor_not_negative",
            ),
        ]
        indexes = [
            _prefix_index("sku_key"),
            _prefix_index("gtin_key"),
            _prefix_index("name_key"),
            _prefix_index("name_en_key"),
            _prefix_index("initials"),
            _prefix_index("pinyin"),
            _prefix_index("category"),
            models.Index(fields=["chain_id", "tags"], condition=Q(tags__gt=""), name="item_by_tags"),
        ]


class PriceRow(models.Model):
    """A price of an item in a place from an instant on, up to but without `ends_at`.

    `level` says how narrow the place is (domain/prices.py); `place_id` is the chain's, region's or store's id.
    """

    item = models.ForeignKey(ItemRow, on_delete=models.PROTECT, related_name="prices")
    level = models.SmallIntegerField()
    place_id = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "catalog_price"
        constraints = [
            models.UniqueConstraint(
                fields=["item", "level", "place_id", "starts_at"], name="price_start_once_in_place"
            ),
            models.CheckConstraint(condition=Q(level__in=[0, 1, 2]), name="price_level_known"),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="price_not_negative"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")), name="price_ends_later"
            ),
        ]


class ImportRun(models.Model):
    """One file of items or prices on its way in: what it is, how far it got, what was wrong with it."""

    id = models.UUIDField(primary_key=True)
    chain_id = models.BigIntegerField()
    kind = models.CharField(max_length=8)  # items | prices
    file_name = models.CharField(max_length=200)
    file_path = models.CharField(max_length=400)  # relative to the data folder
    subject = models.CharField(max_length=128)  # who brought it
    subject_name = models.CharField(max_length=128)
    created_at = models.DateTimeField()
    status = models.CharField(max_length=12)  # waiting | running | done | cancelled | failed
    cancel_asked = models.BooleanField(default=False)
    rows_total = models.IntegerField(default=0)
    rows_done = models.IntegerField(default=0)
    rows_new = models.IntegerField(default=0)
    rows_changed = models.IntegerField(default=0)
    rows_unchanged = models.IntegerField(default=0)
    rows_wrong = models.IntegerField(default=0)
    failure = models.CharField(max_length=400, blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "catalog_import_run"
        indexes = [models.Index(fields=["chain_id", "-created_at"], name="import_run_by_chain")]


class ImportFault(models.Model):
    """A row of an import that was not taken, and why."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="faults")
    line_number = models.IntegerField()
    column = models.CharField(max_length=128, blank=True)
    reason = models.CharField(max_length=400)
    remedy = models.CharField(max_length=400, blank=True)
    row = models.JSONField()  # list of (header, cell): PostgreSQL would not keep the order of an object's keys

    class Meta:
        db_table = "catalog_import_fault"
        indexes = [models.Index(fields=["run", "line_number"], name="import_fault_by_line")]
