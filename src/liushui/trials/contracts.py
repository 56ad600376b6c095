"""What others see of backtests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

STATUSES = ("waiting", "running", "done", "cancelled", "failed")
STALLED_AFTER = timedelta(minutes=5)  # a running backtest that said nothing for so long has lost its process


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A rulebook to try: what it is called, and its JSON."""

    name: str
    document: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBacktest:
    """A backtest to be run over the receipts of these stores and business days, both included."""

    chain_id: int
    name: str
    live: Book
    draft: Book
    first: date
    last: date
    store_ids: frozenset[int]
    member_tier: str = ""
    ignores_dates: bool = False  # what the draft changes is tried on every day, whatever its start and end


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """A backtest as pages show it. `result` is that of promotions' backtest_figures, and `left_out`."""

    id: UUID
    chain_id: int
    name: str
    currency: str
    live_name: str
    draft_name: str
    first: date
    last: date
    store_ids: tuple[int, ...]
    member_tier: str
    ignores_dates: bool
    status: str  # one of STATUSES
    receipts_total: int
    receipts_done: int
    started_by: str
    created_at: datetime
    updated_at: datetime
    begun_at: datetime | None
    finished_at: datetime | None
    problem: Mapping[str, Any] | None
    result: Mapping[str, Any] | None = None  # only when one backtest is asked for

    @property
    def is_moving(self) -> bool:
        """Whether it is still to end by itself."""
        return self.status in ("waiting", "running")


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestPage:
    """One page of backtests, newest first."""

    backtests: tuple[Backtest, ...]
    total: int
