"""Addresses of the pay panel: cash, cards, codes, and what is waited for."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from liushui.kernel.errors import LiushuiError
from liushui.runtime.menu import MenuEntry
from liushui.till import facade
from liushui.till.access import till_page
from liushui.till.contracts import Ticket, Till
from liushui.till.errors import TicketMissing
from liushui.till.pages import approving, paying
from liushui.till.pages.entry import typed_amount
from liushui.till.pages.posted import line_of, text_of, ticket_at_hand, ticket_id_of, version_of
from liushui.till.pages.sale import refused
from liushui.till.pages.screen import show

RECORDED = {"card": "pos-terminal", "other": "voucher"}  # type → method, taken at a machine or box of its own
NOTE_MAX = 64


@require_POST
@till_page()
def cash(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Cash: `given` of a button, what was typed, else what is due to the cent."""
    now = datetime.now(UTC)
    try:
        ticket = ticket_at_hand(request, till=till)
        text = request.POST.get("given", "")
        typed = int(text) if text.isdecimal() else typed_amount(text=text_of(request), currency=ticket.currency)
    except LiushuiError as error:
        return refused(request, till=till, error=error, about=text_of(request), panel="pay")
    given = ticket.due_minor if typed is None else typed
    return paying.pay_cash(request, till=till, ticket=ticket, given_minor=given, now=now)


@require_POST
@till_page()
def recorded(request: HttpRequest, *, till: Till) -> HttpResponse:
    """What the card machine took, or a voucher: all that is due, or the amount typed before."""
    now, kind = datetime.now(UTC), request.POST.get("type", "")
    try:
        ticket = ticket_at_hand(request, till=till)
        amount = typed_amount(text=text_of(request), currency=ticket.currency)
    except LiushuiError as error:
        return refused(request, till=till, error=error, about=text_of(request), panel="pay")

    def deed() -> Ticket:
        return facade.pay_recorded(
            till=till, ticket_id=ticket.id, version=version_of(request), type=kind, method=RECORDED.get(kind, ""),
            amount_minor=amount, note=request.POST.get("note", "").strip()[:NOTE_MAX], now=now,
        )  # fmt: skip

    return paying.paid(request, till=till, deed=deed, now=now)


@require_POST
@till_page()
def mobile(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Show the customer a code to scan, for all that is due or the amount typed before."""
    now = datetime.now(UTC)
    try:
        ticket = ticket_at_hand(request, till=till)
        amount = typed_amount(text=text_of(request), currency=ticket.currency)
    except LiushuiError as error:
        return refused(request, till=till, error=error, about=text_of(request), panel="pay")

    def deed() -> Ticket:
        return facade.pay_mobile(
            till=till, ticket_id=ticket.id, version=version_of(request), provider=request.POST.get("provider", ""),
            mode="customer_scans", amount_minor=amount, now=now,
        )  # fmt: skip

    return paying.paid(request, till=till, deed=deed, now=now)


@require_POST
@till_page(touch=False)
def pending(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Ask how a payment fares; 204 while it is as the screen shows it, and while nobody can say."""
    try:
        changed = facade.refresh(till=till, ticket_id=ticket_id_of(request), now=datetime.now(UTC))
    except TicketMissing as error:
        return refused(request, till=till, error=error)
    except LiushuiError:
        return HttpResponse(status=204)
    if changed.version == version_of(request):
        return HttpResponse(status=204)
    return paying.after(request, till=till, ticket=changed)


@require_POST
@till_page()
def remove(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Take a tender off: cash that goes back, or a payment that the customer has not made yet."""
    now, number = datetime.now(UTC), line_of(request.POST.get("tender"))
    try:
        ticket = ticket_at_hand(request, till=till)
        changed = facade.remove_tender(
            till=till, ticket_id=ticket.id, version=version_of(request), number=number or 0, now=now
        )
    except LiushuiError as error:
        return refused(request, till=till, error=error, panel="pay")
    return (
        paying.after(request, till=till, ticket=changed)
        if changed.state == "settled"
        else show(request, till=till, ticket=changed, panel="pay", sound="ok")
    )


@require_POST
@till_page(touch=False)
def asked(request: HttpRequest, approval_id: UUID, *, till: Till) -> HttpResponse:
    """Ask how a request in the manager's inbox fares."""
    return approving.show_asked(request, till=till, approval_id=approval_id)


@require_POST
@till_page()
def withdraw(request: HttpRequest, approval_id: UUID, *, till: Till) -> HttpResponse:
    """Take a request back."""
    return approving.withdraw(request, till=till, approval_id=approval_id)


urlpatterns: list[URLPattern] = [
    path("till/ticket/pay/cash/", cash, name="pay-cash"),
    path("till/ticket/pay/recorded/", recorded, name="pay-recorded"),
    path("till/ticket/pay/mobile/", mobile, name="pay-mobile"),
    path("till/ticket/pay/pending/", pending, name="pay-pending"),
    path("till/ticket/pay/remove/", remove, name="pay-remove"),
    path("till/ticket/asked/<uuid:approval_id>/", asked, name="asked"),
    path("till/ticket/asked/<uuid:approval_id>/withdraw/", withdraw, name="asked-withdraw"),
]
MENU: tuple[MenuEntry, ...] = ()
