"""Reports as tables for files, the terminal and other programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from liushui.analytics.contracts import Filter, Report
from liushui.analytics.domain.metrics import TERMS
from liushui.analytics.filters import choose_from, report_query
from liushui.analytics.queries.reports import report
from liushui.analytics.titles import KEY_TITLES
from liushui.kernel.money import exponent
from liushui.runtime.access import Principal
from liushui.runtime.export import Column, Kind

# How a unit is written in a file: kind, and decimal places where it is not money.
_KINDS: dict[str, tuple[Kind, int]] = {
    "count": ("integer", 0),
    "basis_points": ("amount", 2),
    "thousandths": ("amount", 3),
}
_ROWS_MAX = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTable:
    """A whole report for `runtime.export.write_table` or the terminal; the last row is the total."""

    filename: str  # without ending
    scope: Filter
    columns: list[Column]
    rows: list[list[Any]]


def report_rows(
    *, name: str, parameters: Mapping[str, str], principal: Principal, now: datetime, language: str = "en"
) -> ReportTable:
    """A report by its name and the parameters that its page takes in the address: `from`, `to`, `period`, `chain`,
    `region`, `store`, `channel`, `currency`, `sort`, `grain`, `q`, `category`. Raises InvalidValue and UnknownPlace."""
    choice = choose_from(parameters, principal=principal, capability="report.read", default="today", now=now)
    found = report(query=report_query(parameters, name, choice.scope, limit=_ROWS_MAX, offset=0))
    with override(language):
        columns, rows = file_table(found, currency=choice.scope.currency, language=language)
        return ReportTable(
            filename=filename_of(name, choice.scope), scope=choice.scope, columns=columns, rows=list(rows)
        )


def filename_of(name: str, scope: Filter) -> str:
    """What the file of a report is called, without its ending."""
    return f"liushui-{name}-{scope.first}-{scope.last}-{scope.currency}"


def file_table(found: Report, *, currency: str, language: str) -> tuple[list[Column], Iterator[list[Any]]]:
    """Columns and rows of a report; the total is the last row."""
    terms = [TERMS[key] for key in found.columns]
    columns = [Column(title=str(KEY_TITLES[found.name])), Column(title=_("Name"))]
    for term in terms:
        kind, places = _KINDS.get(term.unit, ("amount", exponent(currency)))
        unit = {"money": f" ({currency})", "basis_points": " (%)"}.get(term.unit, "")
        columns.append(Column(title=term.name(language) + unit, kind=kind, places=places))
    chinese = language.startswith("zh")

    def rows() -> Iterator[list[Any]]:
        for row in found.rows:
            name = row.name_zh if chinese else row.name_en
            yield [row.key, name, *(row.values.get(term.key) for term in terms)]
        yield [_("Total"), "", *(found.total.get(term.key) for term in terms)]

    return columns, rows()
