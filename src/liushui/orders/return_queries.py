"""What has come back of a sale, and all that the next return of it is worked out from, read at one moment."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import TextField
from django.db.models.expressions import RawSQL

from liushui.kernel.errors import NotFound
from liushui.orders.contracts import (
    Discount,
    ForReturn,
    PriceExplanation,
    ReturnedLine,
    ReturnedSoFar,
    ReturnLink,
    SaleDetail,
    SaleSummary,
    Tender,
)
from liushui.orders.models import Sale
from liushui.orders.queries import SUMMARY_FIELDS, line_of, original_of, summary_of
from liushui.runtime import row_security

_FOUND_MAX = 20
# Parts of a sale as JSON, so that a return costs one statement: {rows} and {row} are the engine's functions.
_PARTS: dict[str, str] = {
    "lines_": """(SELECT {rows}({row}(l.sale_id, l.line_number, l.item_id, l.sku, l.gtin, l.name, l.category, l.units,
        l.measure_value, l.measure_unit, l.unit_price_minor, l.regular_minor, l.discount_minor, l.amount_minor,
        l.tax_rate_bp, l.tax_minor, l.cost_minor, l.is_return)) FROM orders_line l WHERE l.sale_id = orders_sale.id)""",
    "discounts_": """(SELECT {rows}({row}(d.line_number, d.position, d.code, d.name, d.amount_minor))
        FROM orders_discount d WHERE d.sale_id = orders_sale.id)""",
    "tenders_": """(SELECT {rows}({row}(t.position, t.type, t.method, t.reference, t.amount_minor))
        FROM orders_tender t WHERE t.sale_id = orders_sale.id)""",
    "explanation_": """(SELECT {row}(e.rulebook_version, e.rulebook_digest, e.answer, e.basket)
        FROM orders_price_explanation e WHERE e.sale_id = orders_sale.id)""",
    "head_": """(SELECT {row}(h.version, h.state) FROM orders_return_head h WHERE h.sale_id = orders_sale.id)""",
    "originals_": """(SELECT {rows}({row}(o.line_number, o.original_sale_id, o.original_line_number, o.unit_positions))
        FROM orders_returned_line o WHERE o.sale_id = orders_sale.id)""",
    "returned_": """(SELECT {rows}({row}(r.original_line_number, x.units, x.regular_minor, x.discount_minor,
        x.amount_minor, x.tax_minor, x.cost_minor, x.measure_value, r.unit_positions))
        FROM orders_returned_line r
        JOIN orders_sale s ON s.id = r.sale_id AND s.status = 'completed'
        JOIN orders_line x ON x.sale_id = r.sale_id AND x.line_number = r.line_number
        WHERE r.original_sale_id = orders_sale.id)""",
    "returned_discounts_": """(SELECT {rows}({row}(r.original_line_number, d.code, d.amount_minor))
        FROM orders_returned_line r
        JOIN orders_sale s ON s.id = r.sale_id AND s.status = 'completed'
        JOIN orders_discount d ON d.sale_id = r.sale_id AND d.line_number = r.line_number
        WHERE r.original_sale_id = orders_sale.id)""",
    "returned_tenders_": """(SELECT {rows}({row}(r.position, r.amount_minor))
        FROM orders_returned_tender r
        JOIN orders_sale s ON s.id = r.sale_id AND s.status = 'completed'
        WHERE r.original_sale_id = orders_sale.id)""",
}
_LINKS = """
    SELECT r.original_sale_id, o.receipt_number, o.store_id, r.original_line_number, r.sale_id, s.receipt_number,
           s.store_id, r.line_number, s.completed_at, s.status, -x.units, -x.amount_minor
    FROM orders_returned_line r
    JOIN orders_sale s ON s.id = r.sale_id
    JOIN orders_sale o ON o.id = r.original_sale_id
    JOIN orders_line x ON x.sale_id = r.sale_id AND x.line_number = r.line_number
    WHERE r.original_sale_id = %s OR r.sale_id = %s
    ORDER BY r.sale_id, r.line_number"""


@row_security.everything()  # goods come back in any store of the chain; the caller asks whether they may here
def for_return(*, sale_id: UUID, chain_id: int) -> ForReturn:
    """A sale of this chain with its lines, tenders, explanation and what has come back; one statement.

    NotFound for a sale of another chain. Whether the asker may take it back in his store is for the caller to say.
    """
    names = {"rows": "json_agg", "row": "json_build_array"}
    if connection.vendor != "postgresql":
        names = {"rows": "json_group_array", "row": "json_array"}
    parts = {
        name: RawSQL(f"CAST({sql.format(**names)} AS text)", [], output_field=TextField())  # noqa: S611  # nosec B611  # our own names
        for name, sql in _PARTS.items()
    }
    row = Sale.objects.filter(id=sale_id, chain_id=chain_id).annotate(**parts).first()
    if row is None:
        raise NotFound(f"There is no sale {sale_id} in this chain")
    return ForReturn(
        chain_id=row.chain_id, sale=_detail(row), explanation=_explanation(row), so_far=_so_far(row)
    )  # fmt: skip


def returned(*, sale_id: UUID, chain_id: int) -> ReturnedSoFar:
    """What has come back of a sale of this chain."""
    return for_return(sale_id=sale_id, chain_id=chain_id).so_far


@row_security.everything()  # as above
def receipts_of_chain(*, chain_id: int, text: str) -> tuple[SaleSummary, ...]:
    """The receipts of a chain, in whatever store, whose receipt number or source id is this, newest first."""
    wanted = text.strip()
    if not wanted or "\0" in wanted:
        return ()
    found = Sale.objects.filter(chain_id=chain_id)
    rows = list(found.filter(receipt_number=wanted).order_by("-completed_at", "-id")[:_FOUND_MAX])
    if not rows:
        rows = list(found.filter(source_id=wanted).order_by("-completed_at", "-id")[:_FOUND_MAX])
    return tuple(summary_of([getattr(row, name) for name in SUMMARY_FIELDS]) for row in rows)


@row_security.everything()  # the other receipt may be of a store that the reader does not see: its number is no secret
def return_links(*, sale_id: UUID) -> tuple[ReturnLink, ...]:
    """The lines of this sale that came back, and the lines by which it takes others back; one statement."""
    key = sale_id if connection.vendor == "postgresql" else sale_id.hex
    with connection.cursor() as cursor:
        cursor.execute(_LINKS, [key, key])
        rows = cursor.fetchall()
    return tuple(
        ReturnLink(
            original_sale_id=_uuid(row[0]),
            original_receipt=row[1],
            original_store_id=row[2],
            original_line_number=row[3],
            sale_id=_uuid(row[4]),
            receipt_number=row[5],
            store_id=row[6],
            line_number=row[7],
            completed_at=_time(row[8]),
            status=row[9],
            units=row[10],
            amount_minor=row[11],
        )
        for row in rows
    )


def _detail(row: Any) -> SaleDetail:
    discounts: dict[int, list[Discount]] = defaultdict(list)
    for number, _position, code, name, amount in sorted(_read(row.discounts_)):
        discounts[number].append(Discount(code=code, name=name, amount_minor=amount))
    originals = {each[0]: original_of(each[1:4]) for each in _read(row.originals_)}
    lines = sorted(_read(row.lines_), key=lambda line: int(line[1]))
    return SaleDetail(
        summary=summary_of([getattr(row, name) for name in SUMMARY_FIELDS]),
        lines=tuple(line_of(line, tuple(discounts[line[1]]), originals.get(line[1])) for line in lines),
        tenders=tuple(
            Tender(type=each[1], method=each[2], reference=each[3], amount_minor=each[4])
            for each in sorted(_read(row.tenders_))
        ),
        variance_minor=row.variance_minor,
        recorded_at=row.recorded_at,
        voided_at=row.voided_at,
        voided_by=row.voided_by,
        void_reason=row.void_reason,
    )


def _explanation(row: Any) -> PriceExplanation | None:
    if row.explanation_ is None:
        return None
    version, digest, answer, basket = json.loads(row.explanation_)
    return PriceExplanation(rulebook_version=version, rulebook_digest=digest, answer=answer, basket=basket)


def _so_far(row: Any) -> ReturnedSoFar:
    version, state = json.loads(row.head_) if row.head_ is not None else (0, "open")
    lines: dict[int, list[Sequence[Any]]] = defaultdict(list)
    for each in _read(row.returned_):
        lines[each[0]].append(each)
    discounts: dict[int, dict[str, int]] = defaultdict(dict)
    for number, code, amount in _read(row.returned_discounts_):
        discounts[number][code] = discounts[number].get(code, 0) - amount
    tenders: dict[int, int] = defaultdict(int)
    for position, amount in _read(row.returned_tenders_):
        tenders[position] += amount
    return ReturnedSoFar(
        sale_id=row.id,
        version=version,
        state="voided" if row.status == "voided" else state,
        lines={number: _returned_line(rows, discounts[number]) for number, rows in sorted(lines.items())},
        tenders=dict(sorted(tenders.items())),
    )


def _returned_line(rows: Sequence[Sequence[Any]], discounts: dict[str, int]) -> ReturnedLine:
    sums = [-sum(row[place] or 0 for row in rows) for place in range(1, 7)]
    return ReturnedLine(
        units=sums[0],
        regular_minor=sums[1],
        discount_minor=sums[2],
        amount_minor=sums[3],
        tax_minor=sums[4],
        cost_minor=sums[5],
        measure_value=sum(row[7] or 0 for row in rows),
        unit_positions=tuple(sorted(int(each) for row in rows for each in row[8].split(",") if each)),
        discounts=discounts,
    )


def _read(text: str | None) -> list[Any]:
    return json.loads(text) if text is not None else []


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(hex=value)


def _time(value: datetime | str) -> datetime:
    """SQLite keeps times without a zone, in UTC."""
    read = datetime.fromisoformat(value) if isinstance(value, str) else value
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)
