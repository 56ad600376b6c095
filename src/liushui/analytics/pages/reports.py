"""The reports: one page, one template, one file for each of them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from liushui.analytics import facade
from liushui.analytics.contracts import Report, ReportQuery, Row
from liushui.analytics.domain.metrics import TERMS, Term
from liushui.analytics.domain.reports import KINDS
from liushui.analytics.files import file_table, filename_of
from liushui.analytics.filters import PRESETS, Choice, channel_pairs, choose, report_query
from liushui.analytics.pages.charts import heat_chart, report_chart
from liushui.analytics.pages.links import receipts_url
from liushui.analytics.titles import GRAIN_TITLES, KEY_TITLES, TITLES
from liushui.catalog import facade as catalog
from liushui.orders import facade as orders
from liushui.runtime.access import Principal
from liushui.runtime.export import table_response
from liushui.runtime.web import page

_ROWS_MAX = 1_000_000  # of an exported file
_BARS = 31
_REMEMBERED = 365 * 24 * 3600  # seconds for which the choice of columns is kept
_DRAWN = ("sales", "stores", "categories", "payments")


@page(capability="report.read")
def report(request: HttpRequest, *, name: str, principal: Principal) -> HttpResponse:
    """One report with its filters."""
    choice = choose(request, principal=principal, capability="report.read", default="last30")
    number = max(1, _number(request.GET.get("page", "1")))
    query = report_query(
        request.GET,
        name,
        choice.scope,
        limit=settings.LIUSHUI.page_rows,
        offset=(number - 1) * settings.LIUSHUI.page_rows,
    )
    found = facade.report(query=query)
    columns = shown_columns(request, found)
    context = _context(request, choice, query, found, columns)
    context |= {"page": number, "may_export": principal.may("report.export")}
    response = render(request, "analytics/report.html", context)
    if "columns" in request.GET:
        response.set_cookie(_cookie(name), ".".join(columns), max_age=_REMEMBERED, httponly=True, samesite="Lax")
    return response


def _cookie(name: str) -> str:
    return f"liushui_columns_{name}"


def shown_columns(request: HttpRequest, found: Report) -> tuple[str, ...]:
    """The columns asked for in the address, else those asked for last time, else the report's usual ones.

    The column that the table is sorted by is always among them.
    """
    asked = [key for text in request.GET.getlist("columns") for key in text.split(",")]
    asked = asked or request.COOKIES.get(_cookie(found.name), "").split(".")
    wanted = set(asked) & set(found.columns) or set(KINDS[found.name].shown or found.columns)
    wanted.add(request.GET.get("sort", "").removeprefix("-"))
    return tuple(key for key in found.columns if key in wanted)


@page(capability="report.export")
def export(request: HttpRequest, *, name: str, principal: Principal) -> HttpResponseBase:
    """The whole report as a file."""
    choice = choose(request, principal=principal, capability="report.export", default="last30")
    found = facade.report(query=report_query(request.GET, name, choice.scope, limit=_ROWS_MAX, offset=0))
    columns, rows = file_table(found, currency=choice.scope.currency, language=get_language() or "")
    filename = filename_of(name, choice.scope)
    return table_response(filename=filename, columns=columns, rows=rows, format=request.GET.get("format", "xlsx"))


def _context(
    request: HttpRequest, choice: Choice, query: ReportQuery, found: Report, columns: tuple[str, ...]
) -> dict[str, Any]:
    kind = KINDS[found.name]
    extra = {"grain": request.GET.get("grain", ""), "q": query.text, "category": query.category}
    parameters = {**choice.days, **extra, "sort": request.GET.get("sort", "")}
    terms = [TERMS[key] for key in columns]
    rows = [_shown(row, found.name, terms, choice) for row in found.rows]
    context: dict[str, Any] = {
        "choice": choice,
        "name": found.name,
        "title": TITLES[found.name],
        "key_title": KEY_TITLES[found.name],
        "currency": choice.scope.currency,
        "terms": [_head(term) for term in terms],
        "columns": [(_head(TERMS[key]), key in columns) for key in found.columns],
        "kept": [(key, value) for key, value in request.GET.items() if key not in ("columns", "page")],
        "rows": rows,
        "total": [(term, found.total.get(term.key)) for term in terms],
        "row_count": found.row_count,
        "pages": -(-found.row_count // query.limit),
        "default_sort": ("-" if kind.descending else "") + kind.sort,
        "preset_urls": [(key, title, choice.address(**{**extra, "period": key})) for key, title in PRESETS.items()],
        "previous_url": choice.address(**{**extra, **choice.shifted(-1)}),
        "next_url": "" if choice.is_today else choice.address(**{**extra, **choice.shifted(1)}),
        "channels": channel_pairs(choice.scope),
        "export_urls": [
            (format_, reverse(f"analytics:export-{found.name}") + choice.address(**parameters, format=format_))
            for format_ in ("xlsx", "csv")
        ],
        "grains": [
            (grain, title, choice.address(**{**choice.days, "grain": grain})) for grain, title in GRAIN_TITLES.items()
        ]
        if found.name == "sales"
        else [],
        "grain": query.grain,
        "text": query.text,
        "category": query.category,
        "trail": _trail(query, choice),
    }
    context["chart"] = _chart(found, rows, choice)
    return context


def _head(term: Term) -> dict[str, Any]:
    language = get_language() or ""
    return {"key": term.key, "unit": term.unit, "name": term.name(language), "definition": term.definition(language)}


def _shown(row: Row, report_name: str, terms: list[Term], choice: Choice) -> dict[str, Any]:
    """A row as the template shows it: a link one level down, and one to its receipts."""
    title = row.name_zh if (get_language() or "").startswith("zh") else row.name_en
    if report_name == "payments":
        title = orders.payment_name(*row.key.split("/", 1)) if "/" in row.key else orders.payment_name(row.key, "")
    if report_name == "categories":
        title = title or _("No category")
    opened = {**choice.days, **row.open}
    if report_name == "stores":
        url = reverse("analytics:report-sales") + choice.address(**opened)
    elif report_name == "sales" and row.open:
        url = choice.address(**{**opened, "period": "", "grain": "day"})
    else:
        url = choice.address(**opened) if row.open else ""
    return {
        "key": row.key,
        "title": title,
        "url": url,
        "receipts_url": receipts_url({**choice.kept, **row.drill}) if row.drill else "",
        "cells": [(term, row.values.get(term.key)) for term in terms],
    }


def _chart(found: Report, rows: list[dict[str, Any]], choice: Choice) -> dict[str, Any] | None:
    if found.name == "hours":
        return heat_chart(facade.hour_by_weekday(scope=choice.scope), choice.scope.currency)
    if found.name not in _DRAWN or not 1 < len(found.rows) <= _BARS or found.name == "payments":
        return None
    titles = [row["title"] for row in rows]
    chart = report_chart(found, choice.scope.currency, titles=titles)
    if found.name == "sales":  # time runs from left to right, however the table is sorted
        order = sorted(range(len(rows)), key=lambda i: rows[i]["key"])
        chart["categories"] = [titles[i] for i in order]
        chart["series"][0]["values"] = [chart["series"][0]["values"][i] for i in order]
    return chart


def _trail(query: ReportQuery, choice: Choice) -> list[tuple[str, str]]:
    """The categories above the one that is open, with their addresses."""
    if query.name != "categories" or not query.category:
        return []
    names = catalog.category_names(chain_ids={store.chain_id for store in choice.stores})
    zh = (get_language() or "").startswith("zh")
    parts = query.category.split("/")
    trail = [(_("All categories"), choice.address(**choice.days))]
    for i in range(1, len(parts) + 1):
        path = "/".join(parts[:i])
        name_zh, name_en = names.get(path, (parts[i - 1], parts[i - 1]))
        title = (name_zh or name_en) if zh else (name_en or name_zh)
        trail.append((title, choice.address(**{**choice.days, "category": path}) if i < len(parts) else ""))
    return trail


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1
