"""Background work: backtests that were started from the console."""

from __future__ import annotations

from uuid import UUID

import structlog
from django_tasks import task

from liushui.kernel.errors import LiushuiError
from liushui.trials import facade
from liushui.trials.errors import BacktestBusy

log = structlog.get_logger(__name__)


@task()
def run_backtest(backtest_id: str) -> None:
    """Run a backtest. Who may start it was checked when it was queued; failures stand on its page."""
    try:
        facade.run_backtest(backtest_id=UUID(backtest_id))
    except BacktestBusy:
        log.info("backtest is running already", backtest_id=backtest_id)
    except LiushuiError as error:
        log.warning("backtest failed", backtest_id=backtest_id, problem=error.problem())
