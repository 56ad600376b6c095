"""What of an account's points is left of which lot: read from its entries and open holds."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from liushui.loyalty import sql
from liushui.loyalty.domain import lots

_SUMS = """
SELECT lot_until, SUM(points) FROM loyalty_entry WHERE account_id = %s AND points <> 0 GROUP BY lot_until
UNION ALL
SELECT NULL, -SUM(points) FROM loyalty_hold WHERE account_id = %s AND state = 'held' HAVING SUM(points) <> 0
"""


def lots_left(*, account_id: UUID) -> tuple[tuple[tuple[date, int], ...], int]:
    """(day on which they are gone, points) of each lot with points left, and how far the account is below zero.

    One statement.
    """
    earned: dict[date, int] = {}
    consumed = 0
    for until, points in sql.run(_SUMS, [account_id, account_id]):
        day = sql.read_date(until)
        if day is None:
            consumed -= int(points)
        else:
            earned[day] = earned.get(day, 0) + int(points)
    return lots.remaining(lots=earned, consumed=consumed)
