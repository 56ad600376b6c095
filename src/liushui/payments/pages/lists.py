"""The list of payments, one payment with all that was said about it, and the list as a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from liushui.kernel.money import exponent
from liushui.payments import facade
from liushui.payments.contracts import Payment, PaymentQuery
from liushui.payments.errors import ProviderUnknown
from liushui.payments.pages.words import (
    FAILURES,
    METHODS,
    MODES,
    OPERATIONS,
    OUTCOMES,
    PROVIDERS,
    REFUND_STATES,
    STATES,
    word,
)
from liushui.runtime import places
from liushui.runtime.access import Principal
from liushui.runtime.export import Column, table_response
from liushui.runtime.web import page

_EXPORT_ROWS_MAX = 100_000
_EXPORT_PAGE = 500


@require_GET
@page(capability="payment.read")
def payment_list(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Newest first; the last seven days unless days or a number are asked for."""
    query = _query(request.GET, principal, limit=settings.LIUSHUI.page_rows)
    found = facade.payments(query=query)
    stores = {store.id: store for store in places.directory().stores()}
    context = {
        "rows": [_row(payment, stores) for payment in found.payments],
        "after": found.next_cursor or None,
        "asked": query,
        "states": [(name, title) for name, (title, _kind) in STATES.items()],
        "is_narrowed": bool(query.state or query.text),
        "may_export": principal.may("report.export"),
    }
    return render(request, "payments/payments.html", context)


@require_GET
@page(capability="report.export")
def payment_export(request: HttpRequest, *, principal: Principal) -> HttpResponseBase:
    """What the list finds, all pages, as `?format=csv` or `xlsx`."""
    principal.require("payment.read")
    query = replace(_query(request.GET, principal, limit=_EXPORT_PAGE), cursor="")
    query = replace(query, store_ids=query.store_ids & principal.stores("report.export"))
    columns = (
        Column(title=_("Payment")),
        Column(title=_("Store")),
        Column(title=_("Begun"), kind="datetime"),
        Column(title=_("For")),
        Column(title=_("Provider")),
        Column(title=_("Wallet")),
        Column(title=_("Provider's number")),
        Column(title=_("Currency")),
        Column(title=_("Amount"), kind="amount", places=2),
        Column(title=_("Given back"), kind="amount", places=2),
        Column(title=_("State")),
        Column(title=_("Why")),
        Column(title=_("Paid"), kind="datetime"),
        Column(title=_("Sale")),
    )
    return table_response(
        filename=f"liushui-payments-{timezone.localdate()}",
        columns=columns,
        rows=_export_rows(query),
        format=request.GET.get("format", "csv"),
    )


@require_GET
@page(capability="payment.read")
def payment_page(request: HttpRequest, *, payment_id: UUID, principal: Principal) -> HttpResponse:
    """One payment: what it came to, its refunds, and every word exchanged with the provider."""
    payment, refunds, said = facade.payment_detail(payment_id=payment_id, store_ids=principal.stores("payment.read"))
    stores = {store.id: store for store in places.directory().stores()}
    context = {
        "row": _row(payment, stores),
        "payment": payment,
        "refunds": [(refund, *REFUND_STATES[refund.state]) for refund in refunds],
        "said": [(line, word(OPERATIONS, line.operation), word(OUTCOMES, line.outcome)) for line in said],
        "may_ask": payment.is_open and payment.store_id in principal.stores("payment.read"),
        # What paid for a top-up or a gift card belongs to no sale.
        "sees_sales": payment.store_id in principal.stores("sale.read") and payment.reference.startswith("ticket:"),
    }
    return render(request, "payments/payment.html", context)


@require_POST
@page(capability="payment.read")
def ask(request: HttpRequest, *, payment_id: UUID, principal: Principal) -> HttpResponse:
    """Ask the provider now how an open payment stands."""
    facade.payment_detail(payment_id=payment_id, store_ids=principal.stores("payment.read"))
    try:
        payment = facade.refresh(payment_id=payment_id, now=datetime.now(UTC))
    except ProviderUnknown:
        messages.error(request, _("This provider is not set up here any more."))
    else:
        if payment.is_open:
            messages.info(request, _("The provider knows nothing new yet."))
    return redirect("payments:payment", payment_id=payment_id)


def _query(asked: QueryDict, principal: Principal, *, limit: int) -> PaymentQuery:
    text = asked.get("q", "").replace("\0", "").strip()[:128]
    first, last = _day(asked.get("from", "")), _day(asked.get("to", ""))
    if first is None and last is None and not text:
        first = timezone.localdate() - timedelta(days=6)
    state = asked.get("state", "")
    named = {name: str(value) for name, value in asked.items()}
    place = places.directory().place(query=named, allowed=principal.stores("payment.read"))
    return PaymentQuery(
        store_ids=place.store_ids,
        first=first,
        last=last,
        state=state if state in STATES else "",
        text=text,
        cursor=asked.get("after", ""),
        limit=limit,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _row(payment: Payment, stores: dict[int, Any]) -> dict[str, Any]:
    title, kind = STATES[payment.state]
    return {
        "payment": payment,
        "store": stores.get(payment.store_id),
        "state": title,
        "kind": kind,
        "failure": word(FAILURES, payment.failure),
        "method": word(METHODS, payment.method),
        "mode": word(MODES, payment.mode),
        "provider": word(PROVIDERS, payment.provider),
    }


def _export_rows(query: PaymentQuery) -> Iterator[tuple[Any, ...]]:
    stores = {store.id: store.code for store in places.directory().stores()}
    for _page in range(_EXPORT_ROWS_MAX // _EXPORT_PAGE):
        found = facade.payments(query=query)
        for payment in found.payments:
            unit = 10 ** max(0, 2 - exponent(payment.currency))
            yield (
                str(payment.id),
                stores.get(payment.store_id, ""),
                timezone.localtime(payment.created_at),
                payment.reference,
                payment.provider,
                payment.method,
                payment.provider_trade_id,
                payment.currency,
                payment.amount_minor * unit,
                payment.refunded_minor * unit,
                payment.state,
                payment.failure,
                timezone.localtime(payment.paid_at) if payment.paid_at else None,
                str(payment.sale_id or ""),
            )
        if not found.next_cursor:
            return
        query = replace(query, cursor=found.next_cursor)
