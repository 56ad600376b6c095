"""The report of returns: sums by reason, condition, store, cashier or item, on the page and as a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import pgettext, pgettext_lazy
from django.views.decorators.http import require_GET

from liushui.kernel.money import exponent
from liushui.returns import facade
from liushui.returns.contracts import ReturnSum
from liushui.returns.pages.came_back import PLACES, chains_of, filters_of
from liushui.returns.pages.words import SUMMED_BY, code_names
from liushui.runtime.access import Principal
from liushui.runtime.export import Column, table_response
from liushui.runtime.web import page
from liushui.stores import facade as stores
from liushui.stores.contracts import Place, Store


@require_GET
@page(capability="report.read")
def report(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Sums by `?by=`: reason, condition, store, cashier or item."""
    filters = filters_of(request, allowed=principal.stores("report.read"))
    by = _by(request)
    sums = facade.return_sums(query=filters.query, by=by)
    totals = _totals(sums)
    return render(
        request,
        "returns/report.html",
        {
            "rows": _sum_rows(sums, by, totals, filters.place),
            "totals": [
                (
                    currency,
                    amount,
                    sum(each.lines for each in sums if each.currency == currency),
                    sum(each.units for each in sums if each.currency == currency),
                )
                for currency, amount in totals.items()
            ],
            "by": by,
            "choices": SUMMED_BY.items(),
            "head": SUMMED_BY[by],
            "filters": filters,
            "typed": filters.typed,
            "may_export": principal.may("report.export"),
            "sees_list": principal.may("sale.read"),
        },
    )


@require_GET
@page(capability="report.export")
def report_export(request: HttpRequest, *, principal: Principal) -> HttpResponseBase:
    """The sums of the page as `?format=csv` or `xlsx`."""
    filters = filters_of(request, allowed=principal.stores("report.export") & principal.stores("report.read"))
    by = _by(request)
    sums = facade.return_sums(query=filters.query, by=by)
    rows = (
        (
            _text(row["label"]), row["sum"].receipts, row["sum"].lines, row["sum"].units, row["sum"].currency,
            row["sum"].amount_minor * 10 ** (PLACES - exponent(row["sum"].currency)), row["share_bp"],
        )
        for row in _sum_rows(sums, by, _totals(sums), filters.place)
    )  # fmt: skip
    columns = (
        Column(title=SUMMED_BY[by]),
        Column(title=pgettext_lazy("returns", "Receipts"), kind="integer"),
        Column(title=pgettext_lazy("returns", "Lines"), kind="integer"),
        Column(title=pgettext_lazy("returns", "Units"), kind="integer"),
        Column(title=pgettext_lazy("returns", "Currency")),
        Column(title=pgettext_lazy("returns", "Refunded"), kind="amount", places=PLACES),
        Column(title=pgettext_lazy("returns", "Share, %"), kind="amount", places=2),
    )
    return table_response(
        filename=f"liushui-returns-by-{by}", columns=columns, rows=rows, format=request.GET.get("format", "csv")
    )


def _by(request: HttpRequest) -> str:
    by = request.GET.get("by", "reason")
    return by if by in SUMMED_BY else "reason"


def _totals(sums: tuple[ReturnSum, ...]) -> dict[str, int]:
    currencies = sorted({each.currency for each in sums})
    return {currency: sum(each.amount_minor for each in sums if each.currency == currency) for currency in currencies}


def _text(label: Any) -> str:
    return f"{label.code} {label.name_zh} {label.name_en}" if isinstance(label, Store) else str(label)


def _sum_rows(
    sums: tuple[ReturnSum, ...], by: str, totals: Mapping[str, int], place: Place
) -> list[dict[str, Any]]:  # fmt: skip
    label = _labels(by, place)
    return [
        {
            "sum": each,
            "label": label(each),
            "share_bp": each.amount_minor * 10_000 // totals[each.currency] if totals[each.currency] else None,
        }
        for each in sums
    ]


def _labels(by: str, place: Place) -> Callable[[ReturnSum], Any]:
    nothing = pgettext("returns", "Not said")
    if by == "store":
        known = {store.code: store for store in stores.stores() if store.id in place.store_ids}
        return lambda each: known.get(each.key, each.key)
    if by in ("reason", "condition"):
        names = dict(zip(("reason", "condition"), code_names(chains_of(place)), strict=True))[by]
        return lambda each: names.get(each.key, each.key) or nothing
    if by == "item":
        return lambda each: f"{each.key} · {each.label}"
    return lambda each: each.key or nothing
