"""What can go wrong with backtests."""

from __future__ import annotations

from liushui.kernel.errors import Conflict, InvalidValue, LiushuiError, NotFound


class BacktestNotFound(NotFound):
    """There is no such backtest, or it is not yours to see."""

    type = "backtest-not-found"


class BacktestBusy(Conflict):
    """This backtest is running already."""

    type = "backtest-busy"


class BacktestRefused(InvalidValue):
    """These receipts or rulebooks can't be tried on one another."""

    type = "backtest-refused"


class BacktestBroken(LiushuiError):
    """A backtest ended before its end."""

    type = "backtest-broken"
