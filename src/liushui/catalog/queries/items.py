"""Reads of items, categories and prices."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.db.models.expressions import RawSQL

from liushui.catalog.contracts import Category, Goods, Item, Price
from liushui.catalog.domain.prices import CHAIN, REGION, STORE, DatedPrice, price_at
from liushui.catalog.domain.search_text import gtin_key
from liushui.catalog.domain.tags import plain_tag, tags_of
from liushui.catalog.errors import UnknownItem
from liushui.catalog.models import CategoryRow, ItemRow, PriceRow
from liushui.runtime import at_once
from liushui.runtime.at_once import Statement

FIELDS = (
    "id", "chain_id", "sku", "gtin", "name_zh", "name_en", "category", "brand", "unit", "weighed", "tax_rate_bp",
    "tax_code", "discountable", "cost_minor", "image_url", "is_active", "tags", "floor_price_minor",
)  # fmt: skip
BOOLEANS = ("weighed", "discountable", "is_active")


def one_of(values: Collection[str] | Collection[int]) -> RawSQL:
    """The right side of an `__in` lookup that is one parameter, however many the values are."""
    if connection.vendor == "postgresql":
        kind = "bigint" if all(isinstance(value, int) for value in values) else "text"
        return RawSQL(f"SELECT unnest(%s::{kind}[])", [list(values)])  # noqa: S611  # nosec B611  # kind is one of two words
    return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(list(values))])


def among(column: str, kind: str, values: Collection[str] | Collection[int]) -> tuple[str, Any]:
    """The same as a condition of plain SQL, and its parameter; `kind` is PostgreSQL's type of the values."""
    if connection.vendor == "postgresql":
        return f"{column} = ANY(%s::{kind}[])", list(values)
    return f"{column} IN (SELECT value FROM json_each(%s))", json.dumps(list(values))  # noqa: S608  # nosec B608  # our own names and marks, values are parameters


def item_of(row: Mapping[str, object] | ItemRow) -> Item:
    """An item as others see it."""
    values: dict[str, Any] = {field: getattr(row, field) for field in FIELDS} if isinstance(row, ItemRow) else {**row}
    values["tags"] = tags_of(values["tags"])
    return Item(**values)


def _item_of_values(values: Sequence[Any]) -> Item:
    row = dict(zip(FIELDS, values, strict=True))
    if connection.vendor == "sqlite":  # it has no booleans of its own
        for field in BOOLEANS:
            row[field] = bool(row[field])
    row["tags"] = tags_of(row["tags"])
    return Item(**row)


def brands(*, chain_id: int, text: str, limit: int) -> tuple[str, ...]:
    """Brands of a chain's items that are sold, by name."""
    found = ItemRow.objects.filter(chain_id=chain_id, is_active=True, brand__icontains=text).exclude(brand="")
    return tuple(found.order_by("brand").values_list("brand", flat=True).distinct()[:limit])


def tags(*, chain_id: int, text: str, limit: int) -> tuple[tuple[str, int], ...]:
    """(tag, how many items carry it) of a chain's items that are sold, those that hold the text, by tag. One query."""
    wanted = plain_tag(text)
    sql = "SELECT tags, COUNT(*) FROM catalog_item WHERE chain_id = %s AND tags > '' AND is_active GROUP BY tags"
    counts: Counter[str] = Counter()
    with connection.cursor() as cursor:
        cursor.execute(sql, [chain_id])
        for column, count in cursor.fetchall():
            counts.update(dict.fromkeys((tag for tag in tags_of(column) if wanted in tag), count))
    return tuple(sorted(counts.items())[:limit])


def goods(*, chain_id: int) -> list[Goods]:
    """Every item of a chain, also those no longer sold, as far as promotions ask."""
    found = ItemRow.objects.filter(chain_id=chain_id).order_by("sku")
    asked = found.values_list("sku", "category", "brand", "discountable", "tags", "floor_price_minor", "weighed")
    return [
        Goods(sku, category, brand, discountable, tags_of(tags), (not weighed and floor) or 0)
        for sku, category, brand, discountable, tags, floor, weighed in asked
    ]


def _barcode_key(code: str) -> str:
    return gtin_key(code) if 8 <= len(code) <= 14 else ""


def find_items(*, chain_id: int, codes: Collection[str]) -> dict[str, Item]:
    """Items by the codes asked for: a SKU, else a GTIN with or without its leading zeros. One query."""
    if not codes:
        return {}
    question = asking_for(", ".join(FIELDS), chain_id=chain_id, codes=codes)
    return found_items(at_once.ask(question.sql, question.values), codes=codes)


def asking_for(columns: str, *, chain_id: int, codes: Collection[str]) -> Statement:
    """The question of `find_items`, for these columns: of FIELDS its answer is read by `found_items`."""
    select = f"SELECT {columns} FROM catalog_item WHERE chain_id = %s"  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
    barcodes = {key for key in map(_barcode_key, codes) if key}
    sku_holds, skus = among("sku", "text", codes)
    sql, parameters = f"{select} AND {sku_holds}", [chain_id, skus]
    if barcodes:
        # Two branches and no OR: each has an index of its own.
        key_holds, keys = among("gtin_key", "text", barcodes)
        sql, parameters = f"{sql} UNION {select} AND {key_holds}", [*parameters, chain_id, keys]
    return Statement(sql, parameters)


def found_items(rows: Sequence[Sequence[Any]], *, codes: Collection[str]) -> dict[str, Item]:
    """The items that a question for FIELDS was answered, by those of the codes that mean them."""
    items = [_item_of_values(values) for values in rows]
    by_sku = {item.sku: item for item in items}
    by_barcode = {gtin_key(item.gtin): item for item in items if item.gtin}
    found = ((code, by_sku.get(code) or by_barcode.get(_barcode_key(code))) for code in codes)
    return {code: item for code, item in found if item is not None}


def item(*, item_id: int, chain_ids: Collection[int]) -> Item:
    """One item of these chains; raises UnknownItem."""
    row = ItemRow.objects.filter(id=item_id, chain_id__in=list(chain_ids)).first()
    if row is None:
        raise UnknownItem(f"There is no item {item_id} that you may see")
    return item_of(row)


def prices(*, item_id: int) -> tuple[Price, ...]:
    """Every price an item has or had or will have: chain, regions, stores; the latest start first."""
    rows = PriceRow.objects.filter(item_id=item_id).order_by("level", "place_id", "-starts_at")
    return tuple(price_of(row) for row in rows)


def price_of(row: PriceRow) -> Price:
    """A price as others see it."""
    return Price(
        id=row.id,
        item_id=row.item_id,
        region_id=row.place_id if row.level == REGION else None,
        store_id=row.place_id if row.level == STORE else None,
        amount_minor=row.amount_minor,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
    )


def categories(*, chain_ids: Iterable[int]) -> tuple[Category, ...]:
    """The categories of these chains, each parent before its children."""
    rows: QuerySet[CategoryRow] = CategoryRow.objects.filter(chain_id__in=list(chain_ids)).order_by("path", "chain_id")
    return tuple(
        Category(id=row.id, chain_id=row.chain_id, path=row.path, name_zh=row.name_zh, name_en=row.name_en)
        for row in sorted(rows, key=lambda row: (row.path.split("/"), row.chain_id))
    )


def items_per_category(*, chain_ids: Iterable[int]) -> dict[tuple[int, str], int]:
    """How many active items hang directly on each (chain, category path)."""
    rows = ItemRow.objects.filter(chain_id__in=list(chain_ids), is_active=True).values_list("chain_id", "category")
    return {(chain_id, path): count for chain_id, path, count in rows.annotate(count=Count("id"))}


def chain_prices(*, items: Collection[Item], at: datetime) -> dict[int, int]:
    """The price that the chain as a whole asks for at an instant, by item id. One query."""
    if not items:
        return {}
    rows = PriceRow.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=at),
        item_id__in=one_of([item.id for item in items]),
        level=CHAIN,
        starts_at__lte=at,
    )
    dated: dict[int, list[DatedPrice]] = {}
    for row in rows:
        price = DatedPrice(level=CHAIN, amount_minor=row.amount_minor, starts_at=row.starts_at, ends_at=row.ends_at)
        dated.setdefault(row.item_id, []).append(price)
    in_force = {item_id: price_at(prices, at=at) for item_id, prices in dated.items()}
    return {item_id: price.amount_minor for item_id, price in in_force.items() if price is not None}
