"""A backtest that is done, for tests that look at one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime
from uuid import UUID

from liushui.runtime.access import Principal
from liushui.trials import facade
from liushui.trials.contracts import Book, NewBacktest

LIVE = """{"version": "1", "promotions": [{"id": "ten-off", "name": {"zh": "满 20 减 2", "en": "2 off 20"},
  "stage": "order", "when": [{"type": "subtotal_at_least", "amount": 2000}],
  "effects": [{"type": "amount_off", "amount": 200, "level": "order"}], "limits": {"budget": 1000}}]}"""
DRAFT = """{"version": "2", "promotions": [{"id": "all-5", "name": {"zh": "全场九五折", "en": "5% off everything"},
  "effects": [{"type": "percent_off", "percent": 5, "level": "line"}]}]}"""


def finished_backtest(
    *, chain_id: int, store_ids: Collection[int], first: date, last: date, principal: Principal
) -> UUID:
    """Run one over these receipts; answers its id."""
    made = facade.create_backtest(
        new=NewBacktest(
            chain_id=chain_id,
            name="全场九五折试算",
            live=Book(name="版本 1", document=LIVE),
            draft=Book(name="全场九五折", document=DRAFT),
            first=first,
            last=last,
            store_ids=frozenset(store_ids),
        ),
        principal=principal,
        now=datetime.now(UTC),
    )
    facade.run_backtest(backtest_id=made.id, processes=1)
    return made.id
