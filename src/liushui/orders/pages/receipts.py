"""The list of receipts: filters in the address, totals of all that is found, page by page, to a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from liushui.kernel.money import exponent
from liushui.orders import facade
from liushui.orders.contracts import SaleQuery, SaleSummary
from liushui.orders.errors import CursorUnknown
from liushui.orders.pages.filters import PRESETS, Filters, read_filters
from liushui.orders.words import CHANNELS, METHODS, channel_name
from liushui.runtime.access import Principal
from liushui.runtime.export import Column, table_response
from liushui.runtime.web import page
from liushui.stores import facade as stores
from liushui.stores.contracts import Store

EXPORT_ROWS_MAX = 200_000
_EXPORT_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A receipt with its store and its time on the store's wall clock, without a zone so that no page shifts it."""

    sale: SaleSummary
    store: Store
    local_time: datetime
    channel: str  # as people call it
    is_this_year: bool


@require_GET
@page(capability="sale.read")
def receipts(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Newest first, or highest first with `?order=amount`."""
    known = {store.id: store for store in stores.stores()}
    filters = _filters(request, known, allowed=principal.stores("sale.read"))
    try:
        found = facade.sales(query=filters.query)
    except CursorUnknown:  # an address that somebody edited: start at the beginning
        found = facade.sales(query=replace(filters.query, cursor=""))
    return render(
        request,
        "orders/receipts.html",
        {
            "rows": [_row(sale, known) for sale in found.sales],
            "totals": facade.list_totals(query=filters.query),
            "after": found.next_cursor or None,
            "filters": filters,
            "typed": filters.typed,
            "may_export": principal.may("report.export"),
            "hours": range(24),
            "presets": [(name, title) for name, (title, *_days) in PRESETS.items()],
            "channels": CHANNELS.items(),
            "methods": METHODS.items(),
        },
    )


@require_GET
@page(capability="report.export")
def export(request: HttpRequest, *, principal: Principal) -> HttpResponseBase:
    """What the list finds, all pages, as `?format=csv` or `xlsx`; the newest EXPORT_ROWS_MAX at most."""
    known = {store.id: store for store in stores.stores()}
    allowed = principal.stores("report.export") & principal.stores("sale.read")
    filters = _filters(request, known, allowed=allowed, limit=_EXPORT_PAGE)
    query = replace(filters.query, cursor="")
    currencies = {total.currency for total in facade.list_totals(query=replace(query, status=""))} or {"CNY"}
    return table_response(
        filename="liushui-receipts",
        columns=_columns(max(exponent(currency) for currency in currencies)),
        rows=_export_rows(query, known, places=max(exponent(currency) for currency in currencies)),
        format=request.GET.get("format", "csv"),
    )


def _filters(
    request: HttpRequest, known: Mapping[int, Store], *, allowed: frozenset[int], limit: int | None = None
) -> Filters:
    return read_filters(
        request.GET.dict(),
        place=stores.place(query=request.GET.dict(), allowed=allowed),
        stores=known,
        now=datetime.now(UTC),
        limit=limit or settings.LIUSHUI.page_rows,
    )


def _row(sale: SaleSummary, known: Mapping[int, Store]) -> Row:
    store = known[sale.store_id]
    local_time = store.local(sale.completed_at).replace(tzinfo=None)
    return Row(
        sale=sale,
        store=store,
        local_time=local_time,
        channel=channel_name(sale.channel),
        is_this_year=local_time.year == store.local(datetime.now(UTC)).year,
    )


def _columns(places: int) -> tuple[Column, ...]:
    return (
        Column(title=_("Receipt")),
        Column(title=_("Store")),
        Column(title=_("Business day"), kind="date"),
        Column(title=_("Time"), kind="datetime"),
        Column(title=_("Channel")),
        Column(title=_("Till")),
        Column(title=_("Cashier")),
        Column(title=_("Customer")),
        Column(title=_("Lines"), kind="integer"),
        Column(title=_("Units"), kind="integer"),
        Column(title=_("Currency")),
        Column(title=_("Before discounts"), kind="amount", places=places),
        Column(title=_("Discounts"), kind="amount", places=places),
        Column(title=_("Returned"), kind="amount", places=places),
        Column(title=_("Total"), kind="amount", places=places),
        Column(title=_("Tax"), kind="amount", places=places),
        Column(title=_("State")),
        Column(title=_("Source")),
        Column(title=_("Source id")),
    )


def _export_rows(query: SaleQuery, known: Mapping[int, Store], *, places: int) -> Iterator[tuple[Any, ...]]:
    """Amounts of a currency with fewer decimal places than the columns are brought to the columns' unit."""
    for _page in range(EXPORT_ROWS_MAX // _EXPORT_PAGE):
        found = facade.sales(query=query)
        for sale in found.sales:
            unit = 10 ** (places - exponent(sale.currency))
            amounts = (sale.regular_minor, sale.discount_minor, sale.returned_minor, sale.total_minor, sale.tax_minor)
            yield (
                sale.receipt_number,
                sale.store_code,
                sale.business_date,
                _row(sale, known).local_time,
                sale.channel,
                sale.workstation,
                sale.operator,
                sale.customer,
                sale.line_count,
                sale.units,
                sale.currency,
                *(amount * unit for amount in amounts),
                sale.status,
                sale.source,
                sale.source_id,
            )
        if not found.next_cursor:
            return
        query = replace(query, cursor=found.next_cursor)
