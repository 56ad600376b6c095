"""The door of trials: rulebooks tried on the receipts of the past."""

from __future__ import annotations

from liushui.trials.actions.create_backtest import cancel_backtest, create_backtest, queue_again
from liushui.trials.actions.run_backtest import run_backtest, try_on_receipts
from liushui.trials.queries import backtest, backtests

__all__ = [
    "backtest",
    "backtests",
    "cancel_backtest",
    "create_backtest",
    "queue_again",
    "run_backtest",
    "try_on_receipts",
]
