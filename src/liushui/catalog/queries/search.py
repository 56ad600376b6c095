"""Search by codes, names and pinyin: bounded reads of indexes, best first (docs/decisions/0042)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import BooleanField, F, Q
from django.db.models.expressions import RawSQL

from liushui.catalog.contracts import SEARCH_MAX, SearchPage
from liushui.catalog.domain.search_text import folded, gtin_key, query_grams
from liushui.catalog.domain.tags import plain_tag
from liushui.catalog.models import ItemRow
from liushui.catalog.queries.items import FIELDS, item_of

EXACT, CODE_PREFIX, INITIALS_PREFIX, NAME_PREFIX, INSIDE = range(5)
SORTS = {
    "sku": "sku",
    "gtin": "gtin_key",
    "name_zh": "name_key",
    "name_en": "name_en_key",
    "category": "category",
    "brand": "brand",
    "cost_minor": "cost_minor",
    "tax_rate_bp": "tax_rate_bp",
}
TEXT_COLUMNS = ("name_key", "name_en_key", "pinyin", "initials")
LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class _Branch:
    rank: int
    condition: str
    parameters: tuple[Any, ...]


def search_items(
    *,
    chain_ids: Collection[int],
    text: str,
    category: str = "",
    tag: str = "",
    is_active: bool | None = None,
    sort: str = "",
    limit: int,
    offset: int,
) -> SearchPage:
    """A page of the items that the text finds, best first, or by a column of SORTS ("-" in front: downwards).

    Without a text: all items of the category and with the tag, by SKU. With one, SEARCH_MAX items at most are looked at
    by each way of finding.
    """
    needle = folded(text)
    if not needle:
        return _list(
            chain_ids=chain_ids, category=category, tag=tag, is_active=is_active, sort=sort or "sku", limit=limit,
            offset=offset,
        )  # fmt: skip
    scope = _scope(chain_ids, category, tag, is_active)
    beginnings, inside = _branches(needle)
    page = _found(beginnings, scope=scope, sort=sort, limit=limit, offset=offset)
    if inside is not None and not page.total_is_capped:
        page = _found([*beginnings, inside], scope=scope, sort=sort, limit=limit, offset=offset)
    return page


def _found(
    branches: Sequence[_Branch], *, scope: tuple[str, list[Any]], sort: str, limit: int, offset: int
) -> SearchPage:
    """A page of what any of the branches finds, each item at its best place."""
    parts: list[str] = []
    parameters: list[Any] = []
    for branch in branches:
        parts.append(
            f"SELECT * FROM (SELECT id, {branch.rank} AS place FROM catalog_item "  # noqa: S608
            f"WHERE {scope[0]} AND {branch.condition} LIMIT {SEARCH_MAX}) b{len(parts)}"  # nosec B608  # our own names
        )
        parameters += [*scope[1], *branch.parameters]
    sql = (
        f"WITH found AS (SELECT id, MIN(place) AS place FROM ({' UNION ALL '.join(parts)}) u GROUP BY id) "  # noqa: S608
        "SELECT i.id, COUNT(*) OVER () FROM found JOIN catalog_item i ON i.id = found.id "
        f"ORDER BY {_order(sort) or 'found.place, LENGTH(i.name_key), i.name_key'}, i.sku, i.id LIMIT %s OFFSET %s"  # nosec B608  # our own names and marks, values are parameters
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*parameters, limit, offset])
        hits = cursor.fetchall()
    rows = {row["id"]: row for row in ItemRow.objects.filter(id__in=[each[0] for each in hits]).values(*FIELDS)}
    total = hits[0][1] if hits else 0
    return SearchPage(
        items=tuple(item_of(rows[item_id]) for item_id, _ in hits if item_id in rows),
        total=min(total, SEARCH_MAX),
        total_is_capped=total >= SEARCH_MAX,
    )


def _list(
    *, chain_ids: Collection[int], category: str, tag: str, is_active: bool | None, sort: str, limit: int, offset: int
) -> SearchPage:
    rows = ItemRow.objects.filter(chain_id__in=list(chain_ids))
    if category:
        rows = rows.filter(Q(category=category) | Q(category__startswith=category + "/"))
    if plain_tag(tag):
        condition, parameters = _tagged(tag)
        rows = rows.filter(RawSQL(condition, parameters, output_field=BooleanField()))  # noqa: S611  # nosec B611  # our own words, the tag is a parameter
    if is_active is not None:
        rows = rows.filter(is_active=is_active)
    column = _column(sort)
    if column is None:
        column, sort = "sku", "sku"
    nulls_last = True if column == "cost_minor" else None  # said of others it would keep their index from sorting
    order = F(column).desc(nulls_last=nulls_last) if sort.startswith("-") else F(column).asc(nulls_last=nulls_last)
    page = rows.order_by(order, "id").values(*FIELDS)[offset : offset + limit]
    return SearchPage(items=tuple(map(item_of, page)), total=rows.count())


def _column(sort: str) -> str | None:
    return SORTS.get(sort.removeprefix("-"))


def _order(sort: str) -> str:
    column = _column(sort)
    return f"i.{column} {'DESC' if sort.startswith('-') else 'ASC'} NULLS LAST" if column else ""


def _tagged(tag: str) -> tuple[str, list[Any]]:
    """Items that carry the tag; the first half is the condition of the index of tagged items."""
    holds = "strpos" if connection.vendor == "postgresql" else "instr"  # PostgreSQL takes no NUL in a parameter
    return f"(tags > '' AND {holds}(tags, %s) > 0)", [f" {plain_tag(tag)} ".replace("\0", " ")]


def _scope(chain_ids: Collection[int], category: str, tag: str, is_active: bool | None) -> tuple[str, list[Any]]:
    chains = ", ".join(str(int(chain_id)) for chain_id in sorted(chain_ids)) or "NULL"
    conditions, parameters = [f"chain_id IN ({chains})"], []
    if category:
        below = _prefix("category", category + "/")
        conditions.append(f"(category = %s OR {below.condition})")
        parameters += [category, *below.parameters]
    if plain_tag(tag):
        tagged, holding = _tagged(tag)
        conditions.append(tagged)
        parameters += holding
    if is_active is not None:
        conditions.append("is_active" if is_active else "NOT is_active")
    return " AND ".join(conditions), parameters


def _branches(needle: str) -> tuple[list[_Branch], _Branch | None]:
    """(what begins so, what holds it anywhere). The latter comes last in rank, so it need not be asked for when the
    former find enough."""
    branches = [
        _Branch(EXACT, "sku_key = %s", (needle,)),
        _prefix("sku_key", needle, rank=CODE_PREFIX),
    ]
    barcode = gtin_key(needle)
    if barcode:
        branches += [_Branch(EXACT, "gtin_key = %s", (barcode,)), _prefix("gtin_key", barcode, rank=CODE_PREFIX)]
    latin = needle.replace(" ", "").replace("'", "")
    if latin.isascii():
        branches += [_prefix("initials", latin, rank=INITIALS_PREFIX), _prefix("pinyin", latin, rank=INITIALS_PREFIX)]
    branches += [_prefix("name_key", needle, rank=NAME_PREFIX), _prefix("name_en_key", needle, rank=NAME_PREFIX)]
    grams = query_grams(needle)
    return branches, _inside(grams, needle.split()) if grams else None


def _prefix(column: str, text: str, *, rank: int = 0) -> _Branch:
    """Rows whose column begins with the text, in a form that the index of each database answers."""
    if connection.vendor == "postgresql":
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return _Branch(rank, f"{column} LIKE %s", (escaped + "%",))
    return _Branch(rank, f"{column} >= %s AND {column} < %s", (text, text + LAST_CHARACTER))


def _inside(grams: tuple[str, ...], words: list[str]) -> _Branch:
    """Rows that hold every word: by the index of grams, then by looking at the texts themselves."""
    parameters: list[Any]
    if connection.vendor == "postgresql":
        holds, indexed, parameters = "strpos", "string_to_array(grams, ' ') @> %s", [list(grams)]
    else:
        holds = "instr"
        indexed = "id IN (SELECT rowid FROM catalog_item_grams WHERE catalog_item_grams MATCH %s)"
        parameters = [" AND ".join(f'"{gram}"' for gram in grams)]
    conditions = [indexed]
    for word in words:
        conditions.append("(" + " OR ".join(f"{holds}({column}, %s) > 0" for column in TEXT_COLUMNS) + ")")
        parameters += [word] * len(TEXT_COLUMNS)
    return _Branch(INSIDE, " AND ".join(conditions), tuple(parameters))
