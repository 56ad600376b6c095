"""One receipt: what is on it, how it came in, what happened to it; on paper; and the void."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from liushui.kernel.errors import InvalidValue
from liushui.orders import facade
from liushui.orders.contracts import ExplainedPrice, SaleDetail, SaleLine
from liushui.orders.errors import SaleHasReturns, ValueGivenBack, VoidAtTill
from liushui.orders.explaining import explained
from liushui.orders.pages.words import quantity_text
from liushui.orders.words import channel_name, payment_name
from liushui.runtime import audit, step_up
from liushui.runtime.access import Principal
from liushui.runtime.approvals import ApprovalMissing
from liushui.runtime.web import page
from liushui.stores import facade as stores
from liushui.stores.contracts import Store

_HISTORY_ROWS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRow:
    """The lines of one tax rate together: what they came to, without tax, and the tax within."""

    rate_bp: int
    amount_minor: int
    net_minor: int
    tax_minor: int


@require_GET
@page(capability="sale.read")
def receipt(request: HttpRequest, sale_id: UUID, *, principal: Principal) -> HttpResponse:
    """The receipt and its facts."""
    sale = facade.sale(sale_id=sale_id, store_ids=principal.stores("sale.read"))
    store = stores.store(store_id=sale.summary.store_id)
    audited = store.id in principal.stores("audit.read")
    history = audit.entries(store_ids=[store.id], target=f"sale:{sale_id}", limit=_HISTORY_ROWS) if audited else ()
    return render(
        request,
        "orders/receipt.html",
        _shown(sale, store)
        | _links(sale_id, principal)
        | {
            "sees_promotions": store.chain_id in principal.chains("promotion.read"),
            "history": history,
            **_void_form(sale, principal),
            "sees_catalog": store.chain_id in principal.chains("catalog.read"),
        },
    )


@require_GET
@page(capability="sale.read")
def receipt_paper(request: HttpRequest, sale_id: UUID, *, principal: Principal) -> HttpResponse:
    """The receipt as it is printed on a roll of 80 mm."""
    sale = facade.sale(sale_id=sale_id, store_ids=principal.stores("sale.read"))
    return render(request, "orders/paper.html", _shown(sale, stores.store(store_id=sale.summary.store_id)))


@require_POST
@page(capability="sale.void")
def void(request: HttpRequest, sale_id: UUID, *, principal: Principal) -> HttpResponse:
    """Void the sale with the reason given, and go back to it. A large one asks for a fresh password or code."""
    sale = facade.sale(sale_id=sale_id, store_ids=principal.stores("sale.void"))
    if step_up.is_due(request, amount_minor=sale.summary.total_minor):
        return step_up.ask(request)
    now, reason = datetime.now(UTC), request.POST.get("reason", "")
    try:
        facade.void_sale(sale_id=sale_id, reason=reason, principal=principal, now=now)
    except ApprovalMissing:
        _ask_another(request, sale_id, reason, principal, now)
    except InvalidValue:
        messages.error(request, _("Not voided: give a reason of up to 400 characters."))
    except SaleHasReturns:
        messages.error(request, _("Not voided: goods of this sale came back."))
    except ValueGivenBack:
        messages.error(request, _("Not voided: points or stored value went back with it. Sell the goods again."))
    except VoidAtTill:
        messages.error(request, _("Not voided: this sale was made at a till, void it or take it back there."))
    else:
        messages.success(request, _("The sale is voided."))
    return redirect("orders:sale", sale_id)


def _ask_another(request: HttpRequest, sale_id: UUID, reason: str, principal: Principal, now: datetime) -> None:
    try:
        facade.ask_void(sale_id=sale_id, reason=reason, principal=principal, now=now)
    except InvalidValue:
        messages.error(request, _("Not voided: give a reason of up to 400 characters."))
    else:
        messages.info(request, _("Not voided yet: another person has to approve it, under Approvals."))


def _void_form(sale: SaleDetail, principal: Principal) -> dict[str, object]:
    """Whether the reader may void it, whether that takes two people, and what he has asked for already."""
    may_void = sale.summary.status == "completed" and sale.summary.store_id in principal.stores("sale.void")
    takes_two = may_void and facade.needs_two(sale, principal=principal)
    asked = facade.asked_void(sale, principal=principal, now=datetime.now(UTC)) if takes_two else None
    return {"may_void": may_void, "takes_two": takes_two, "asked_void": asked}


def _links(sale_id: UUID, principal: Principal) -> dict[str, object]:
    """The receipts by which lines of this one came back, and those of the lines that it takes back."""
    visible = principal.stores("sale.read")
    links = facade.return_links(sale_id=sale_id)
    known = {store.id: store for store in stores.stores()}
    return {
        "came_back": [
            (link, known[link.store_id].local(link.completed_at).replace(tzinfo=None), link.store_id in visible)
            for link in links
            if link.original_sale_id == sale_id
        ],
        "takes_back": [(link, link.original_store_id in visible) for link in links if link.sale_id == sale_id],
    }


def _shown(sale: SaleDetail, store: Store) -> dict[str, object]:
    at = store.local(sale.summary.completed_at).replace(tzinfo=None)
    stored = facade.price_explanation(sale_id=sale.summary.id, store_ids={store.id})
    why = explained(chain_id=store.chain_id, sale=sale.summary, stored=stored)
    return {
        "why": why,
        "sale": sale,
        "summary": sale.summary,
        "currency": sale.summary.currency,
        "store": store,
        "local_time": at,
        "recorded_time": store.local(sale.recorded_at).replace(tzinfo=None),
        "voided_time": store.local(sale.voided_at).replace(tzinfo=None) if sale.voided_at else None,
        "taxes": tax_rows(sale.lines),
        "channel": channel_name(sale.summary.channel),
        "lines": [(line, quantity_text(line), taken_off(line, why)) for line in sale.lines],
        "tenders": [(tender, payment_name(tender.type, tender.method)) for tender in sale.tenders],
    }


def taken_off(line: SaleLine, why: ExplainedPrice | None) -> list[tuple[str, int]]:
    """What took something off a line: names in the reader's language where promotions know them, else as recorded."""
    if why is not None and (found := why.lines.get(str(line.line_number))):
        return [(each.name, each.amount_minor) for each in found]
    return [(each.name or each.code, each.amount_minor) for each in line.discounts]


def tax_rows(lines: Sequence[SaleLine]) -> tuple[TaxRow, ...]:
    """The tax of the lines by rate, the highest rate first."""
    sums: dict[int, list[int]] = {}
    for line in lines:
        amounts = sums.setdefault(line.tax_rate_bp, [0, 0])
        amounts[0] += line.amount_minor
        amounts[1] += line.tax_minor
    return tuple(
        TaxRow(rate_bp=rate, amount_minor=amount, net_minor=amount - tax, tax_minor=tax)
        for rate, (amount, tax) in sorted(sums.items(), reverse=True)
    )
