"""The door of analytics: count sales, rebuild and verify the read models, read figures and reports."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from liushui.analytics.actions.apply_sales import apply_sales as _apply_sales
from liushui.analytics.actions.rebuild_totals import rebuild
from liushui.analytics.actions.verify_totals import verify
from liushui.analytics.alerts import provided_alerts, register_alerts
from liushui.analytics.domain.metrics import TERMS, Term
from liushui.analytics.domain.projection import COMPLETED, VOIDED
from liushui.analytics.files import ReportTable, report_rows
from liushui.analytics.queries import totals
from liushui.analytics.queries.home import home
from liushui.analytics.queries.reports import hour_by_weekday, item_names, report, whole_chains
from liushui.orders.contracts import SaleFact

__all__ = [
    "ReportTable",
    "apply_sales",
    "days_with_sales",
    "has_sales",
    "home",
    "hour_by_weekday",
    "item_names",
    "provided_alerts",
    "rebuild",
    "register_alerts",
    "report",
    "report_rows",
    "term",
    "verify",
    "whole_chains",
]


def apply_sales(*, completed: Sequence[SaleFact], voided: Sequence[SaleFact]) -> None:
    """Count these sales, and take these out again; each once, whatever the order and however often it is said."""
    _apply_sales(changes=[*((fact, COMPLETED) for fact in completed), *((fact, VOIDED) for fact in voided)])


def term(*, key: str) -> Term:
    """What a column of figures is called and means, and in which unit it is."""
    return TERMS[key]


def has_sales(*, store_ids: Collection[int]) -> bool:
    """Whether anything was ever sold in these stores."""
    return totals.has_sales(store_ids)


def days_with_sales(*, store_ids: Collection[int]) -> tuple[date, date] | None:
    """First and last business day on which these stores sold anything."""
    return totals.days_with_sales(store_ids)
