"""HTTP: reports for other programs. Definitions: docs/reference/metrics.md."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router

from liushui.analytics import facade
from liushui.analytics.domain.metrics import TERMS, Term
from liushui.analytics.domain.reports import KINDS
from liushui.analytics.filters import CLOCK, choose_from, report_query
from liushui.analytics.schemas import PROBLEMS, ReportAnswer, ReportFilters, ReportList
from liushui.kernel.errors import NotFound
from liushui.runtime.oauth import Bearer

router = Router(tags=["reports"])


@router.get(
    "/reports",
    auth=Bearer("report.read"),
    response={200: ReportList, **PROBLEMS},
    summary="List the reports and the metric dictionary",
    operation_id="list_reports",
)
def list_reports(request: HttpRequest) -> dict[str, Any]:
    """Names of the reports with their columns, and what every column means, in Chinese and English."""
    return {
        "reports": {name: list(kind.columns) for name, kind in KINDS.items()},
        "columns": [_column(term) for term in TERMS.values()],
    }


@router.get(
    "/reports/{name}",
    auth=Bearer("report.read"),
    response={200: ReportAnswer, **PROBLEMS},
    summary="Read a report",
    operation_id="read_report",
)
def read_report(request: HttpRequest, name: str, filters: Query[ReportFilters]) -> dict[str, Any]:
    """Figures of the stores that the client may see: sales, stores, hours, items, categories, payments or cashiers.
    Without days it is the stores' current business day. Amounts are whole minor units of `currency`."""
    if name not in KINDS:
        raise NotFound(f"There is no report {name!r}", remedy=f"Use one of {', '.join(KINDS)}.")
    parameters = filters.parameters()
    choice = choose_from(
        parameters,
        principal=request.auth,  # type: ignore[attr-defined]
        capability="report.read",
        default="today",
        now=CLOCK.now(),
    )
    query = report_query(parameters, name, choice.scope, limit=filters.limit, offset=filters.offset)
    found = facade.report(query=query)
    return {
        "report": name,
        "currency": choice.scope.currency,
        "first": choice.scope.first,
        "last": choice.scope.last,
        "columns": [_column(TERMS[key]) for key in found.columns],
        "rows": [
            {"key": row.key, "name_zh": row.name_zh, "name_en": row.name_en, "values": dict(row.values)}
            for row in found.rows
        ],
        "total": dict(found.total),
        "row_count": found.row_count,
    }


def _column(term: Term) -> dict[str, str]:
    names = ("key", "name_zh", "name_en", "definition_zh", "definition_en", "formula", "unit")
    return {name: getattr(term, name) for name in names}
