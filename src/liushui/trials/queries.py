"""Reads of backtests: only those all of whose stores the reader may see."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from liushui.trials.contracts import Backtest, BacktestPage
from liushui.trials.errors import BacktestNotFound
from liushui.trials.models import BacktestRow

_HEAVY = ("live_document", "draft_document", "result")


def backtests(*, chain_ids: Collection[int], store_ids: frozenset[int], offset: int, limit: int) -> BacktestPage:
    """A page of backtests, newest first."""
    known = BacktestRow.objects.filter(chain_id__in=chain_ids).order_by("-created_at", "-id")
    seen = [key for key, stores in known.values_list("id", "store_ids") if store_ids.issuperset(stores)]
    chosen = {row.id: row for row in known.filter(id__in=seen[offset : offset + limit]).defer(*_HEAVY)}
    return BacktestPage(
        backtests=tuple(_view(chosen[key]) for key in seen[offset : offset + limit] if key in chosen), total=len(seen)
    )


def backtest(*, backtest_id: UUID, store_ids: frozenset[int]) -> Backtest:
    """One backtest with its result; raises BacktestNotFound."""
    row = BacktestRow.objects.filter(id=backtest_id).defer("live_document", "draft_document").first()
    if row is None or not store_ids.issuperset(row.store_ids):
        raise BacktestNotFound(f"There is no backtest {backtest_id}")
    return backtest_of(row)


def backtest_of(row: BacktestRow) -> Backtest:
    """A backtest with its result."""
    return _view(row, result=row.result)


def _view(row: BacktestRow, *, result: dict[str, object] | None = None) -> Backtest:
    return Backtest(
        id=row.id,
        chain_id=row.chain_id,
        name=row.name,
        currency=row.currency,
        live_name=row.live_name,
        draft_name=row.draft_name,
        first=row.first,
        last=row.last,
        store_ids=tuple(row.store_ids),
        member_tier=row.member_tier,
        ignores_dates=row.ignores_dates,
        status=row.status,
        receipts_total=row.receipts_total,
        receipts_done=row.receipts_done,
        started_by=row.started_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        begun_at=row.begun_at,
        finished_at=row.finished_at,
        problem=row.problem,
        result=result,
    )
