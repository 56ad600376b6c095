"""The statements by which units of a sale come back once: heads that move by version, counters that never pass what
was bought (decision 0169).

They look past row security: goods come back in any store of the chain, and whose sale it is was asked before.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from liushui.orders.contracts import RecordSale, ReturnOf, SaleLine
from liushui.orders.errors import ReturnedMeanwhile, ReturnUnclaimed, SaleHasReturns
from liushui.orders.storage import Row
from liushui.runtime import bulk, row_security
from liushui.runtime.at_once import Message, Statement

RETURNED_LINE_COLUMNS = (
    "sale_id",
    "line_number",
    "chain_id",
    "original_sale_id",
    "original_line_number",
    "unit_positions",
)
RETURNED_TENDER_COLUMNS = ("sale_id", "original_sale_id", "position", "chain_id", "amount_minor")

# The first return of a sale makes its head; one that was voided has one. Whoever is second on the key waits and then
# finds it taken.
_FIRST = """
    INSERT INTO orders_return_head (sale_id, chain_id, version, state, returned_units)
    SELECT id, chain_id, 1, 'open', %s FROM orders_sale WHERE id = %s AND chain_id = %s AND status = 'completed'
    ON CONFLICT (sale_id) DO NOTHING"""
_NEXT = """
    UPDATE orders_return_head SET version = version + 1, returned_units = returned_units + %s
    WHERE sale_id = %s AND chain_id = %s AND version = %s AND state = 'open'"""
_COUNT = """
    INSERT INTO orders_return_counter (sale_id, line_number, chain_id, bought_units, returned_units)
    SELECT l.sale_id, l.line_number, %s, l.units, k.units FROM {units}
    JOIN orders_line l ON l.sale_id = k.sale_id AND l.line_number = k.line_number
    WHERE l.units >= k.units AND NOT l.is_return
    ON CONFLICT (sale_id, line_number) DO UPDATE
    SET returned_units = orders_return_counter.returned_units + excluded.returned_units
    WHERE orders_return_counter.returned_units + excluded.returned_units <= orders_return_counter.bought_units"""
_UNITS_POSTGRESQL = "unnest(%s::uuid[], %s::int4[], %s::int8[]) AS k(sale_id, line_number, units)"
_UNITS_SQLITE = """(SELECT json_extract(value, '$[0]') AS sale_id, json_extract(value, '$[1]') AS line_number,
    json_extract(value, '$[2]') AS units FROM json_each(%s)) AS k"""
_UNCOUNT = """
    UPDATE orders_return_counter SET returned_units = returned_units - %s WHERE sale_id = %s AND line_number = %s"""
_HEAD_BACK = """
    UPDATE orders_return_head SET version = version + 1, returned_units = returned_units - %s WHERE sale_id = %s"""
_CLOSE = """
    INSERT INTO orders_return_head (sale_id, chain_id, version, state, returned_units) VALUES (%s, %s, 1, 'voided', 0)
    ON CONFLICT (sale_id) DO UPDATE SET state = 'voided', version = orders_return_head.version + 1
    WHERE orders_return_head.returned_units = 0"""


class TooLate(Exception):
    """Which of several sales could not take its returns: all of them are undone and begun again without it."""

    def __init__(self, sale_id: UUID, error: ReturnedMeanwhile) -> None:
        super().__init__(str(error))
        self.sale_id = sale_id
        self.error = error


def check_claims(command: RecordSale) -> None:
    """Raise ReturnUnclaimed unless every original line stands under one of the sales that the command takes back."""
    originals = {line.original.sale_id for line in command.lines if line.original is not None}
    if not originals and not command.returns_of:
        return
    claimed = [each.sale_id for each in command.returns_of]
    if len(set(claimed)) != len(claimed) or set(claimed) != originals:
        raise ReturnUnclaimed("A returned line and the sale that it takes back are named together", pointer="/lines")
    for line in command.lines:
        if line.original is not None and not line.is_return:
            raise ReturnUnclaimed(
                f"Line {line.line_number} is sold and can't take another one back",
                pointer=f"/lines/{line.line_number - 1}",
            )
    units = _units_of(command.lines)
    for sale_id in claimed:
        if not any(key[0] == sale_id for key in units):
            raise ReturnUnclaimed(f"No unit of sale {sale_id} comes back", pointer="/lines")


def claim_returns(commands: Sequence[tuple[UUID, RecordSale]]) -> None:
    """Take the units that these fresh sales return, inside their transaction; raises TooLate.

    A statement for each sale that goods come back of and one for the counters of each ticket, all in one message; one
    each for the links and what was given back of tenders; none at all without returns.
    """
    returning = [(sale_id, command) for sale_id, command in commands if command.returns_of]
    if not returning:
        return
    claim_units(returning)
    rows = [returned_rows(sale_id, command) for sale_id, command in returning]
    bulk.insert_rows(
        table="orders_returned_line", columns=RETURNED_LINE_COLUMNS, rows=[row for lines, _ in rows for row in lines]
    )
    bulk.insert_rows(
        table="orders_returned_tender",
        columns=RETURNED_TENDER_COLUMNS,
        rows=[row for _, tenders in rows for row in tenders],
    )


@row_security.everything()
def claim_units(returning: Sequence[tuple[UUID, RecordSale]]) -> None:
    """Move heads and counters of what these sales take back, by one message; raises TooLate."""
    heads = [(head, sale_id, command) for sale_id, command in returning for head in command.returns_of]
    message = Message()
    # In the order of the originals, so that two tickets can't wait for each other.
    claimed = [
        (head, sale_id, message.add([_claiming(head, command)]))
        for head, sale_id, command in sorted(heads, key=lambda each: each[0].sale_id)
    ]
    counted = [
        (sale_id, units, message.add([_counting(units, command)]))
        for sale_id, command in returning
        if (units := sorted(_units_of(command.lines).items()))
    ]
    message.send()
    for head, sale_id, answer in claimed:
        if not answer.rows:
            raise TooLate(sale_id, ReturnedMeanwhile(sale_id=head.sale_id))
    for sale_id, units, answer in counted:
        if len(answer.rows) != len(units):
            raise TooLate(sale_id, ReturnedMeanwhile(sale_id=units[0][0][0]))


def returned_rows(sale_id: UUID, command: RecordSale) -> tuple[list[Row], list[Row]]:
    """Which lines the sale takes back, and what it gives back of their tenders, as rows of the two tables."""
    return _line_rows(sale_id, command), _tender_rows(sale_id, command)


@row_security.everything()
def close_for_void(*, sale_id: UUID, chain_id: int, lines: Sequence[SaleLine]) -> None:
    """For the sale that is being voided, in that transaction: nothing of it can come back any more, and what it took
    back itself is with the shopper again. Raises SaleHasReturns where something of it has come back."""
    units = _units_of(lines)
    touched = {key[0] for key in units}
    for each in sorted({sale_id, *touched}):
        if each == sale_id and not _run(_CLOSE, [_id(sale_id), chain_id]):
            raise SaleHasReturns(
                f"Goods of sale {sale_id} came back", remedy="Take the rest back as a return instead of voiding."
            )
        if each in touched:
            _run(_HEAD_BACK, [sum(count for key, count in units.items() if key[0] == each), _id(each)])
    for (original, number), count in sorted(units.items()):
        _run(_UNCOUNT, [count, _id(original), number])


def _claiming(head: ReturnOf, command: RecordSale) -> Statement:
    """Answers a row when the head is as it was looked at."""
    units = sum(count for key, count in _units_of(command.lines).items() if key[0] == head.sale_id)
    if head.expected_version == 0:
        return Statement(f"{_FIRST} RETURNING version", [units, _id(head.sale_id), command.chain_id])
    values = [units, _id(head.sale_id), command.chain_id, head.expected_version]
    return Statement(f"{_NEXT} RETURNING version", values)


def _counting(units: Sequence[tuple[tuple[UUID, int], int]], command: RecordSale) -> Statement:
    """Answers a row for each line of which so many units were left."""
    if connection.vendor == "postgresql":
        columns: list[Any] = [[key[0] for key, _ in units], [key[1] for key, _ in units], [count for _, count in units]]
        sql = _COUNT.format(units=_UNITS_POSTGRESQL)
        return Statement(f"{sql} RETURNING line_number", [command.chain_id, *columns])
    rows = [(key[0].hex, key[1], count) for key, count in units]
    return Statement(
        f"{_COUNT.format(units=_UNITS_SQLITE)} RETURNING line_number", [command.chain_id, json.dumps(rows)]
    )  # fmt: skip


def _units_of(lines: Collection[SaleLine]) -> dict[tuple[UUID, int], int]:
    """How many units come back of each line of each sale; lines that take back a part of a price alone have none."""
    found: dict[tuple[UUID, int], int] = {}
    for line in lines:
        if line.original is not None and line.units:
            key = (line.original.sale_id, line.original.line_number)
            found[key] = found.get(key, 0) - line.units
    return found


def _line_rows(sale_id: UUID, command: RecordSale) -> list[Row]:
    return [
        (
            sale_id,
            line.line_number,
            command.chain_id,
            line.original.sale_id,
            line.original.line_number,
            ",".join(map(str, line.original.unit_positions)),
        )
        for line in command.lines
        if line.original is not None
    ]


def _tender_rows(sale_id: UUID, command: RecordSale) -> list[Row]:
    return [
        (sale_id, head.sale_id, back.position, command.chain_id, back.amount_minor)
        for head in command.returns_of
        for back in head.given_back
        if back.amount_minor
    ]


def _run(statement: str, parameters: Sequence[Any]) -> int:
    """How many rows the statement touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def _id(value: UUID) -> UUID | str:
    return value if connection.vendor == "postgresql" else value.hex
