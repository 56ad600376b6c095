"""Receipts of the till: the last ones, each on screen and on paper, its copies, and its being taken back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from liushui.kernel.errors import LiushuiError, NotFound
from liushui.payments import facade as payments
from liushui.payments.contracts import Refund
from liushui.runtime.approvals import Approval
from liushui.runtime.menu import MenuEntry
from liushui.stores import facade as stores
from liushui.stores.contracts import Store
from liushui.till import facade
from liushui.till.access import till_page
from liushui.till.contracts import Ticket, Till
from liushui.till.kinds import VOID_SALE
from liushui.till.pages.approving import approve_here, own_request, reason_of
from liushui.till.pages.screen import explanation_of, paper_width, quantity_text, receipt_context, tender_rows
from liushui.till.pages.words import REASONS, Answer, answer_to

LIST_MAX = 50


@require_GET
@till_page()
def receipts(request: HttpRequest, *, till: Till) -> HttpResponse:
    """The last receipts of this store; a number finds one."""
    store, text = stores.store(store_id=till.store_id), request.GET.get("q", "").strip()[:80]
    found = facade.finished(till=till, text=text, limit=LIST_MAX)
    if text and len(found) == 1:
        return redirect("till:receipt", found[0].id)
    rows = [(ticket, _local(store, ticket.finished_at), tender_rows(ticket)) for ticket in found]
    return render(request, "till/receipts.html", {"till": till, "rows": rows, "text": text})


@require_GET
@till_page()
def receipt(request: HttpRequest, ticket_id: UUID, *, till: Till) -> HttpResponse:
    """One receipt as it was printed, with what can be done about it."""
    ticket = _ticket(till, ticket_id)
    is_asked = {"asked": _asked(till, request.GET.get("asked", ""))}
    return render(request, "till/receipt.html", _shown(request, till, ticket) | is_asked)


@require_POST
@till_page()
def copy(request: HttpRequest, ticket_id: UUID, *, till: Till) -> HttpResponse:
    """Count one more copy, then show the receipt with its mark and print it."""
    ticket = facade.note_copy(till=till, ticket_id=ticket_id, now=datetime.now(UTC))
    return redirect(f"{reverse('till:receipt', args=[ticket.id])}?print={ticket.copies}")


@require_POST
@till_page()
def take_back(request: HttpRequest, ticket_id: UUID, *, till: Till) -> HttpResponse:
    """Void a receipt of this day, with a second person's approval."""
    now, ticket = datetime.now(UTC), _ticket(till, ticket_id)
    kind = VOID_SALE
    target = target_of(ticket)
    try:
        reason = reason_of(request)
        if request.POST.get("ask"):
            asked = facade.ask_approval(
                till=till, kind=kind, target=target, reason=reason, amount_minor=ticket.total_minor, now=now
            )
            return redirect(f"{reverse('till:receipt', args=[ticket.id])}?asked={asked.id}")
        approval_id = approve_here(
            request, till=till, kind=kind, target=target, reason=reason, now=now, amount=ticket.total_minor
        )
        shown = facade.void_sale(till=till, ticket_id=ticket.id, reason=reason, approval_id=approval_id, now=now)
    except LiushuiError as error:
        more = {"answer": answer_to(error), "typed": request.POST}
        return render(request, "till/receipt.html", _shown(request, till, ticket) | more, status=422)
    return redirect("till:receipt", shown.id)


@require_GET
@till_page(touch=False)
def asked(request: HttpRequest, ticket_id: UUID, approval_id: UUID, *, till: Till) -> HttpResponse:
    """How a request in the manager's inbox fares; once it is approved, the deed, and the receipt shown anew."""
    now, ticket = datetime.now(UTC), _ticket(till, ticket_id)
    request_made = own_request(till=till, approval_id=approval_id)
    if request_made.kind != VOID_SALE or request_made.target != target_of(ticket):
        raise NotFound("There is no such request")
    if request_made.state == "pending" and request_made.expires_at > now:
        return HttpResponse(status=204)
    if request_made.state != "approved":
        answer = Answer(level="bad", title=_("The request was turned down"), about=request_made.decided_by_name)
        return render(request, "till/parts/answer.html", {"answer": answer}, status=286)  # 286 ends HTMX's asking
    try:
        shown = facade.void_sale(
            till=till, ticket_id=ticket.id, reason=request_made.reason, approval_id=request_made.id, now=now
        )
    except LiushuiError as error:
        return render(request, "till/parts/answer.html", {"answer": answer_to(error)}, status=286)
    return HttpResponse(status=204, headers={"HX-Redirect": reverse("till:receipt", args=[shown.id])})


def target_of(ticket: Ticket) -> str:
    """What an approval of giving money back names."""
    return f"sale:{ticket.sale_id}"


def _ticket(till: Till, ticket_id: UUID) -> Ticket:
    return facade.ticket(ticket_id=ticket_id, store_ids=frozenset({till.store_id}))


def _asked(till: Till, text: str) -> Approval | None:
    try:
        found = own_request(till=till, approval_id=UUID(text))
    except (ValueError, NotFound):
        return None
    return found if found.state in ("pending", "approved") and found.used_at is None else None


def _shown(request: HttpRequest, till: Till, ticket: Ticket) -> dict[str, Any]:
    store, now = stores.store(store_id=till.store_id), datetime.now(UTC)
    is_today = ticket.business_date == store.business_date(now)
    takes_back = ticket.state == "settled" and not ticket.is_refund and not ticket.is_training
    return {
        "till": till,
        "store": store,
        "ticket": ticket,
        "currency": ticket.currency,
        "finished_at": _local(store, ticket.finished_at),
        "paper": paper_width(request),
        "lines": [(line, quantity_text(line)) for line in ticket.lines if not line.is_voided],
        "tenders": tender_rows(ticket),
        "copy": ticket.copies,
        "is_printed": str(ticket.copies) == request.GET.get("print", "") and ticket.copies > 0,
        "may_void": takes_back and is_today,
        "may_return": takes_back or (ticket.state == "settled" and ticket.is_refund and not ticket.is_training),
        "reasons": REASONS["receipt"],
        "given_back": _given_back(ticket),
        "explanation": explanation_of(till=till, ticket=ticket, now=now),
    } | receipt_context(till=till, ticket_id=ticket.id)


def _given_back(ticket: Ticket) -> list[Refund]:
    """What providers were asked to give back for a sale that was taken back, and how that stands: the customer asks."""
    if ticket.state not in ("voiding", "voided") and not ticket.is_refund:
        return []
    ids = [tender.payment_id for tender in ticket.tenders if tender.payment_id is not None]
    return [refund for payment_id in ids for refund in payments.refunds_of(payment_id=payment_id)]


def _local(store: Store, at: datetime | None) -> datetime | None:
    return store.local(at).replace(tzinfo=None) if at else None


urlpatterns: list[URLPattern] = [
    path("till/receipts/", receipts, name="receipts"),
    path("till/receipts/<uuid:ticket_id>/", receipt, name="receipt"),
    path("till/receipts/<uuid:ticket_id>/copy/", copy, name="copy"),
    path("till/receipts/<uuid:ticket_id>/take-back/", take_back, name="take-back"),
    path("till/receipts/<uuid:ticket_id>/asked/<uuid:approval_id>/", asked, name="receipt-asked"),
]
MENU: tuple[MenuEntry, ...] = ()
