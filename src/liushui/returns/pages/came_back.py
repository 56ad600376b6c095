"""Lines that came back: a list with filters, and the same as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET

from liushui.kernel.errors import InvalidValue
from liushui.kernel.money import exponent
from liushui.returns import facade
from liushui.returns.contracts import ReturnEntry, ReturnQuery
from liushui.returns.pages.words import code_names
from liushui.runtime.access import Principal
from liushui.runtime.export import Column, table_response
from liushui.runtime.web import page
from liushui.stores import facade as stores
from liushui.stores.contracts import Place, Store

EXPORT_ROWS_MAX = 200_000
_EXPORT_PAGE = 500
PLACES = 3  # no currency of ISO 4217 that we sell in has more
_TEXT_MAX = 128
_LAST_DAYS = 30  # when the address names no days
_COLUMNS = (
    Column(title=pgettext_lazy("returns", "Receipt")),
    Column(title=pgettext_lazy("returns", "Store")),
    Column(title=gettext_lazy("Business day"), kind="date"),
    Column(title=pgettext_lazy("returns", "Time"), kind="datetime"),
    Column(title=pgettext_lazy("returns", "Cashier")),
    Column(title=pgettext_lazy("returns", "Item")),
    Column(title=pgettext_lazy("returns", "Name")),
    Column(title=gettext_lazy("Category")),
    Column(title=pgettext_lazy("returns", "Units"), kind="integer"),
    Column(title=pgettext_lazy("returns", "Currency")),
    Column(title=gettext_lazy("Refund"), kind="amount", places=PLACES),
    Column(title=gettext_lazy("Tax within"), kind="amount", places=PLACES),
    Column(title=pgettext_lazy("returns", "Reason")),
    Column(title=pgettext_lazy("returns", "Condition")),
    Column(title=gettext_lazy("Approved by")),
    Column(title=gettext_lazy("Original receipt (id)")),
    Column(title=pgettext_lazy("returns", "State")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line with its store, its time on the store's wall clock and its codes in words."""

    entry: ReturnEntry
    store: Store
    local_time: datetime
    reason: str
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What was asked: the query, the values as typed, the place."""

    query: ReturnQuery
    typed: Mapping[str, str]
    place: Place
    problems: tuple[str, ...]


@require_GET
@page(capability="sale.read")
def returned_lines(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """The newest first."""
    filters = filters_of(request, allowed=principal.stores("sale.read"))
    try:
        found = facade.returns(query=filters.query)
    except InvalidValue:  # an address that somebody edited: start at the beginning
        found = facade.returns(query=replace(filters.query, cursor=""))
    reasons, conditions = code_names(chains_of(filters.place))
    return render(
        request,
        "returns/returns.html",
        {
            "rows": _rows(found.entries, reasons, conditions),
            "after": found.next_cursor or None,
            "filters": filters,
            "typed": filters.typed,
            "reasons": reasons.items(),
            "conditions": conditions.items(),
            "may_export": principal.may("report.export"),
            "sees_report": principal.may("report.read"),
        },
    )


@require_GET
@page(capability="report.export")
def export(request: HttpRequest, *, principal: Principal) -> HttpResponseBase:
    """What the list finds, all pages, as `?format=csv` or `xlsx`; the newest EXPORT_ROWS_MAX at most."""
    filters = filters_of(request, allowed=principal.stores("report.export") & principal.stores("sale.read"))
    query = replace(filters.query, cursor="", limit=_EXPORT_PAGE)
    return table_response(
        filename="liushui-returns",
        columns=_COLUMNS,
        rows=_export_rows(query, *code_names(chains_of(filters.place))),
        format=request.GET.get("format", "csv"),
    )


def filters_of(request: HttpRequest, *, allowed: frozenset[int]) -> Filters:
    """The address as a query; what is no date is named and left out."""
    typed = {name: value.replace("\0", "").strip()[:_TEXT_MAX] for name, value in request.GET.dict().items()}
    place = stores.place(query=request.GET.dict(), allowed=allowed)
    problems: list[str] = []

    def day(name: str, otherwise: date) -> date:
        return _read(typed.get(name, ""), otherwise, problems)

    known = {store.id: store for store in stores.stores()}
    now = datetime.now(UTC)
    today = max((known[each].business_date(now) for each in place.store_ids), default=now.date())
    query = ReturnQuery(
        store_ids=place.store_ids,
        first=day("from", today - timedelta(days=_LAST_DAYS - 1)),
        last=day("to", today),
        reason=typed.get("reason", ""),
        condition=typed.get("condition", ""),
        operator=typed.get("cashier", ""),
        sku=typed.get("sku", ""),
        receipt=typed.get("receipt", ""),
        status=typed.get("status", ""),
        cursor=typed.get("after", ""),
        limit=settings.LIUSHUI.page_rows,
    )
    return Filters(query=query, typed=typed, place=place, problems=tuple(problems))


def _read(text: str, otherwise: date, problems: list[str]) -> date:
    if not text:
        return otherwise
    try:
        found = date.fromisoformat(text)
    except ValueError:
        problems.append(_("This is not a date: %(text)s") % {"text": text})
        return otherwise
    return found if 1971 <= found.year <= 9000 else otherwise


def chains_of(place: Place) -> frozenset[int]:
    """The chains of the stores that were asked for."""
    return frozenset(store.chain_id for store in stores.stores() if store.id in place.store_ids)


def _rows(entries: tuple[ReturnEntry, ...], reasons: Mapping[str, str], conditions: Mapping[str, str]) -> list[Row]:
    known = {store.id: store for store in stores.stores()}
    return [
        Row(
            entry=entry,
            store=known[entry.store_id],
            local_time=known[entry.store_id].local(entry.completed_at).replace(tzinfo=None),
            reason=reasons.get(entry.reason, entry.reason),
            condition=conditions.get(entry.condition, entry.condition),
        )
        for entry in entries
    ]


def _export_rows(
    query: ReturnQuery, reasons: Mapping[str, str], conditions: Mapping[str, str]
) -> Iterator[tuple[Any, ...]]:
    for _page in range(EXPORT_ROWS_MAX // _EXPORT_PAGE):
        found = facade.returns(query=query)
        for row in _rows(found.entries, reasons, conditions):
            entry, unit = row.entry, 10 ** (PLACES - exponent(row.entry.currency))
            yield (
                entry.receipt_number, entry.store_code, entry.business_date, row.local_time, entry.operator, entry.sku,
                entry.name, entry.category, entry.units, entry.currency, entry.amount_minor * unit,
                entry.tax_minor * unit, row.reason, row.condition, entry.approved_by,
                str(entry.original_sale_id) if entry.original_sale_id else None, entry.status,
            )  # fmt: skip
        if not found.next_cursor:
            return
        query = replace(query, cursor=found.next_cursor)
