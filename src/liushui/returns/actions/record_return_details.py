"""Write down why goods come back and who agreed, before the sale that takes them back is recorded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from liushui.returns.contracts import LineDetails
from liushui.returns.errors import ReasonRefused
from liushui.returns.policies import policy

_NOTE = """
    INSERT INTO returns_note (order_key, chain_id, store_id, lines, approval_id, approved_by, noted_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (order_key) DO UPDATE SET lines = excluded.lines, approval_id = excluded.approval_id,
        approved_by = excluded.approved_by, noted_at = excluded.noted_at"""


def record_return_details(
    *,
    order_key: str,
    chain_id: int,
    store_id: int,
    lines: Sequence[LineDetails],
    approval_id: UUID | None = None,
    approved_by: str = "",
    now: datetime,
) -> None:
    """Keep these under the key of the order, `source/source_id`, for the event of its sale to find (decision 0171).

    One statement of its own. Call it before orders.record_sales: a process that dies afterwards loses no reason, and
    what is never sold is never read. Safe to repeat. Raises ReasonRefused for codes that the chain does not have.
    """
    rules = policy(chain_id=chain_id)
    reasons = {each.code for each in rules.reasons}
    conditions = {each.code for each in rules.conditions}
    said = [(each.line_number, each.reason, each.condition) for each in lines]
    said += [(each.line_number, part.reason, part.condition) for each in lines for part in each.parts]
    for number, reason, condition in said:
        for name, given, known in (("reason", reason, reasons), ("condition", condition, conditions)):
            if given and given not in known:
                raise ReasonRefused(f"The chain has no {name} {given!r}", pointer=f"/lines/{number - 1}")
    stated = json.dumps([_stated(each) for each in lines])
    is_postgresql = connection.vendor == "postgresql"
    approval = approval_id if approval_id is None or is_postgresql else approval_id.hex
    with connection.cursor() as cursor:
        cursor.execute(
            _NOTE,
            [
                order_key, chain_id, store_id, stated, approval, approved_by[:128],
                connection.ops.adapt_datetimefield_value(now),
            ],
        )  # fmt: skip


def _stated(line: LineDetails) -> list[object]:
    """As the note's column says it: parts only where there are some."""
    parts = [[part.units, part.reason, part.condition] for part in line.parts]
    return [line.line_number, line.reason, line.condition, *([parts] if parts else [])]
