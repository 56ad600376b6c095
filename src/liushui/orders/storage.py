"""Writes sales and finds them by their source's id: plain rows in a constant number of statements, on both engines."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from liushui.orders.contracts import RecordSale
from liushui.orders.domain.sums import Sums
from liushui.runtime import bulk, outbox, row_security
from liushui.runtime.at_once import Message, Statement
from liushui.runtime.events import Event

Key = tuple[str, str]  # source, source_id
Row = tuple[Any, ...]
# Adds to a sale's own message what becomes final with it: of this sale id, and only where this condition holds, which
# is that the sale was recorded by this very message.
Beside = Callable[[Message, UUID, Statement], None]

SALE_COLUMNS = (
    "id",
    "source",
    "source_id",
    "body_sha256",
    "chain_id",
    "store_id",
    "store_code",
    "workstation",
    "operator",
    "receipt_number",
    "channel",
    "currency",
    "completed_at",
    "business_date",
    "local_hour",
    "customer",
    "line_count",
    "returned_line_count",
    "units",
    "regular_minor",
    "discount_minor",
    "returned_minor",
    "total_minor",
    "tax_minor",
    "variance_minor",
    "recorded_at",
    "status",
)
LINE_COLUMNS = (
    "sale_id",
    "line_number",
    "item_id",
    "sku",
    "gtin",
    "name",
    "category",
    "units",
    "measure_value",
    "measure_unit",
    "unit_price_minor",
    "regular_minor",
    "discount_minor",
    "amount_minor",
    "tax_rate_bp",
    "tax_minor",
    "cost_minor",
    "is_return",
)
DISCOUNT_COLUMNS = ("sale_id", "line_number", "position", "code", "name", "amount_minor")
EXPLANATION_COLUMNS = (
    "sale_id",
    "rulebook_version",
    "rulebook_digest",
    "answer",
    "basket",
    "points_multiply_bp",
    "points_add",
)
TENDER_COLUMNS = ("sale_id", "position", "type", "method", "reference", "amount_minor")

_KNOWN = ", ".join(
    f"s.{name}"
    for name in (
        "id",
        "source",
        "source_id",
        "body_sha256",
        "receipt_number",
        "business_date",
        "total_minor",
        "tax_minor",
        "currency",
        "line_count",
    )
)
_FIND_POSTGRESQL = f"""
    SELECT {_KNOWN} FROM unnest(%s::text[], %s::text[]) AS k(source, source_id)
    JOIN orders_sale s ON s.source_id = k.source_id AND s.source = k.source"""  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
# CROSS JOIN keeps SQLite from scanning the sales and looking each up among the keys.
_FIND_SQLITE = f"""
    SELECT {_KNOWN} FROM json_each(%s) AS k CROSS JOIN orders_sale s
    ON s.source_id = json_extract(k.value, '$[1]') AND s.source = json_extract(k.value, '$[0]')"""  # noqa: S608  # nosec B608  # our own names and marks, values are parameters
_TYPES = {
    "id": "uuid",
    "completed_at": "timestamptz",
    "recorded_at": "timestamptz",
    "business_date": "date",
    "local_hour": "int2",
    "line_count": "int4",
    "returned_line_count": "int4",
    "chain_id": "int8",
    "store_id": "int8",
    "units": "int8",
}
_ARRAYS = ", ".join(f"%s::{_TYPES.get(name, 'int8' if name.endswith('_minor') else 'text')}[]" for name in SALE_COLUMNS)
_CLAIM_POSTGRESQL = f"""
    INSERT INTO orders_sale ({", ".join(SALE_COLUMNS)}) SELECT * FROM unnest({_ARRAYS})
    ON CONFLICT (source_id, source) DO NOTHING RETURNING id"""  # noqa: S608  # nosec B608  # our own names


_CLAIM_ONE = f"""
    INSERT INTO orders_sale ({", ".join(SALE_COLUMNS)}) VALUES ({", ".join(["%s"] * len(SALE_COLUMNS))})
    ON CONFLICT (source_id, source) DO NOTHING RETURNING id"""  # noqa: S608  # nosec B608  # our own names


class KnownSale(NamedTuple):
    """What is recorded under a source's id."""

    id: UUID
    source: str
    source_id: str
    body_sha256: str
    receipt_number: str
    business_date: date
    total_minor: int
    tax_minor: int
    currency: str
    line_count: int


@row_security.everything()  # whether a source sent it before, whatever places the source may send for by now
def find_known(keys: Collection[Key]) -> dict[Key, KnownSale]:
    """The sales recorded under these ids; one statement."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_FIND_POSTGRESQL, [[key[0] for key in keys], [key[1] for key in keys]])
        else:
            cursor.execute(_FIND_SQLITE, [json.dumps(list(keys))])
        rows = cursor.fetchall()
    known = (
        KnownSale(_uuid(row[0]), row[1], row[2], row[3], row[4], _date(row[5]), row[6], row[7], row[8], row[9])
        for row in rows
    )
    return {(sale.source, sale.source_id): sale for sale in known}


def claim(rows: dict[Key, Row]) -> dict[Key, KnownSale]:
    """Insert sale rows whose (source, source_id) is new and answer the others as they are recorded.

    SQLite: inside an IMMEDIATE transaction nobody else writes, so looking first is safe. PostgreSQL: whoever is second
    on the unique index waits for the first and then reads what it committed; keys go in sorted, so that two batches
    with the same sales in another order can't wait for each other.
    """
    if connection.vendor != "postgresql":
        known = find_known(rows.keys())
        bulk.insert_rows(
            table="orders_sale", columns=SALE_COLUMNS, rows=[row for key, row in rows.items() if key not in known]
        )
        return known
    columns = [list(column) for column in zip(*(rows[key] for key in sorted(rows)), strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM_POSTGRESQL, columns)
        inserted = {row[0] for row in cursor.fetchall()}
    lost = [key for key, row in rows.items() if row[0] not in inserted]
    return find_known(lost) if lost else {}


def write_at_once(
    *,
    key: Key,
    sale: Row,
    lines: Sequence[Row],
    discounts: Sequence[Row],
    tenders: Sequence[Row],
    explanations: Sequence[Row],
    more: Sequence[tuple[str, Sequence[str], Sequence[Row]]],
    event: Event,
    beside: Beside | None = None,
) -> dict[Key, KnownSale]:
    """Insert one sale with all its parts and its event by one message, by itself a transaction; PostgreSQL only.

    `more` are further tables, columns and rows; `beside` adds statements of others. Where the source's id is known
    already nothing is written, and what is recorded is answered, as by `claim`.
    """
    is_ours = Statement("EXISTS (SELECT 1 FROM orders_sale WHERE id = %s)", [sale[0]])
    parts = (
        ("orders_line", LINE_COLUMNS, lines),
        ("orders_discount", DISCOUNT_COLUMNS, discounts),
        ("orders_tender", TENDER_COLUMNS, tenders),
        ("orders_price_explanation", EXPLANATION_COLUMNS, explanations),
        *more,
    )
    message = Message()
    inserted = message.add([Statement(_CLAIM_ONE, sale)])
    message.add(
        [
            bulk.insert_statement(table=table, columns=columns, rows=rows, only_if=is_ours)
            for table, columns, rows in parts
            if rows
        ]
    )
    message.add([outbox.append_statement(events=[event], only_if=is_ours)])
    if beside is not None:
        beside(message, sale[0], is_ours)
    message.send()
    return {} if inserted.rows else find_known([key])


def sale_row(sale_id: UUID, command: RecordSale, sums: Sums, recorded_at: datetime) -> Row:
    """The sale as a row of SALE_COLUMNS."""
    return (
        sale_id,
        command.source,
        command.source_id,
        command.body_sha256,
        command.chain_id,
        command.store_id,
        command.store_code,
        command.workstation,
        command.operator,
        command.receipt_number,
        command.channel,
        command.currency,
        command.completed_at,
        command.business_date,
        command.local_hour,
        command.customer,
        *sums,
        command.variance_minor,
        recorded_at,
        "completed",
    )


def line_rows(sale_id: UUID, command: RecordSale) -> list[Row]:
    """The sale's lines as rows of LINE_COLUMNS."""
    return [
        (
            sale_id,
            line.line_number,
            line.item_id,
            line.sku,
            line.gtin,
            line.name,
            line.category,
            line.units,
            line.measure_value,
            line.measure_unit,
            line.unit_price_minor,
            line.regular_minor,
            line.discount_minor,
            line.amount_minor,
            line.tax_rate_bp,
            line.tax_minor,
            line.cost_minor,
            line.is_return,
        )
        for line in command.lines
    ]


def discount_rows(sale_id: UUID, command: RecordSale) -> list[Row]:
    """The discounts of the sale's lines as rows of DISCOUNT_COLUMNS."""
    return [
        (sale_id, line.line_number, position, discount.code, discount.name, discount.amount_minor)
        for line in command.lines
        if line.discounts
        for position, discount in enumerate(line.discounts, start=1)
    ]


def tender_rows(sale_id: UUID, command: RecordSale) -> list[Row]:
    """The sale's tenders as rows of TENDER_COLUMNS."""
    return [
        (sale_id, position, tender.type, tender.method, tender.reference, tender.amount_minor)
        for position, tender in enumerate(command.tenders, start=1)
    ]


def explanation_rows(sale_id: UUID, command: RecordSale) -> list[Row]:
    """Why the sale cost what it did, as a row of EXPLANATION_COLUMNS; none where no promotion was asked."""
    found = command.explanation
    if found is None:
        return []
    points = (command.points_multiply_bp, command.points_add)
    promised = (None, None) if points == (10_000, 0) else points
    return [(sale_id, found.rulebook_version, found.rulebook_digest, found.answer, found.basket, *promised)]


def insert_parts(
    *, lines: Sequence[Row], discounts: Sequence[Row], tenders: Sequence[Row], explanations: Sequence[Row]
) -> None:
    """Insert the parts of claimed sales: one statement per table, none for a table without rows."""
    bulk.insert_rows(table="orders_line", columns=LINE_COLUMNS, rows=lines)
    bulk.insert_rows(table="orders_discount", columns=DISCOUNT_COLUMNS, rows=discounts)
    bulk.insert_rows(table="orders_tender", columns=TENDER_COLUMNS, rows=tenders)
    bulk.insert_rows(table="orders_price_explanation", columns=EXPLANATION_COLUMNS, rows=explanations)


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(hex=value)


def _date(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)
