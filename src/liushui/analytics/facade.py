"""The door of analytics: count sales, rebuild and verify the read models, read figures and reports."""

from __future__ import annotations

from collections.abc import Sequence

from liushui.analytics.actions.apply_sales import apply_sales as _apply_sales
from liushui.analytics.actions.rebuild_totals import rebuild
from liushui.analytics.actions.verify_totals import verify
from liushui.analytics.alerts import register_alerts
from liushui.analytics.domain.projection import COMPLETED, VOIDED
from liushui.analytics.queries.home import home
from liushui.orders.contracts import SaleFact

__all__ = ["apply_sales", "home", "rebuild", "register_alerts", "verify"]


def apply_sales(*, completed: Sequence[SaleFact], voided: Sequence[SaleFact]) -> None:
    """Count these sales, and take these out again; each once, whatever the order and however often it is said."""
    _apply_sales(changes=[*((fact, COMPLETED) for fact in completed), *((fact, VOIDED) for fact in voided)])
