"""A process of its own, after prepare: two members' purchases of last weekend, and an open shift at T2 of E1."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import django

django.setup()

from tests.support.gold_member import gold_member  # noqa: E402
from tests.support.world_tills import open_shift  # noqa: E402

from liushui.checkout import facade as checkout  # noqa: E402
from liushui.checkout.contracts import CompleteSale, LineCommand  # noqa: E402
from liushui.orders.contracts import SaleRecorded  # noqa: E402
from liushui.runtime.grants import system_principal  # noqa: E402

PURCHASES = (("M-1", 8), ("M-2", 6))  # members and how many packets of beef jerky, 32.90 each: 263.20 and 197.40


def main() -> None:
    """Sell them on the last Saturday at noon; prints its date."""
    now = datetime.now(UTC)
    today = now.astimezone(ZoneInfo("Asia/Shanghai")).date()
    saturday = today - timedelta(days=(today.isoweekday() - 6) % 7 or 7)
    at = datetime.combine(saturday, time(12), ZoneInfo("Asia/Shanghai"))
    commands = [
        CompleteSale(
            source="pos", source_id=f"story-{member}", chain="GREEN", store="E1", completed_at=at, customer=member,
            lines=(LineCommand(code="SKU-27", units=units, amount_minor=3290 * units),),
        )
        for member, units in PURCHASES
    ]  # fmt: skip
    answers = checkout.complete_sales(commands=commands, principal=system_principal(name="story"), now=now)
    assert all(isinstance(answer, SaleRecorded) for answer in answers), answers
    gold_member(now=now)
    open_shift(workstation="T2")
    sys.stdout.write(json.dumps({"saturday": saturday.isoformat(), "weekday": today.isoweekday()}))


if __name__ == "__main__":
    main()
