"""Ways of paying a ticket, as the scan box and the keys of the pay panel ask for them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.http import HttpRequest, HttpResponse

from liushui.kernel.errors import LiushuiError
from liushui.payments import facade as payments
from liushui.till import facade
from liushui.till.contracts import Ticket, Till
from liushui.till.errors import TenderRefused
from liushui.till.pages.posted import version_of
from liushui.till.pages.screen import show
from liushui.till.pages.words import answer_to


def pay_cash(request: HttpRequest, *, till: Till, ticket: Ticket, given_minor: int, now: datetime) -> HttpResponse:
    """Cash; what is more than due is given back, what is less pays a part."""

    def deed() -> Ticket:
        return facade.pay_cash(
            till=till, ticket_id=ticket.id, version=version_of(request), given_minor=given_minor, now=now
        )

    return paid(request, till=till, deed=deed, now=now)


def scan_wallet(
    request: HttpRequest, *, till: Till, ticket: Ticket, code: str, wallet: str, now: datetime
) -> HttpResponse:
    """The customer's payment code was scanned: charge the wallet that it belongs to."""

    def deed() -> Ticket:
        return facade.pay_mobile(
            till=till, ticket_id=ticket.id, version=version_of(request),
            provider=provider_for(till=till, wallet=wallet), mode="we_scan", auth_code=code, now=now,
        )  # fmt: skip

    return paid(request, till=till, deed=deed, now=now)


def provider_for(*, till: Till, wallet: str) -> str:
    """The provider that charges codes of this wallet: the one of that name, else the first that scans at all."""
    scanning = [offer.name for offer in payments.providers(chain_id=till.chain_id) if "we_scan" in offer.modes]
    if not scanning:
        raise TenderRefused("No provider takes customers' payment codes here")
    return wallet if wallet in scanning else scanning[0]


def paid(
    request: HttpRequest, *, till: Till, deed: Callable[[], Ticket], now: datetime, again: str = "pay"
) -> HttpResponse:
    """Take the money and show what is left, or the change; when refused, the ticket as it stands and why, beside the
    panel `again` in which it is tried again."""
    try:
        changed = deed()
    except LiushuiError as error:
        present = facade.current_ticket(till=till)
        return show(request, till=till, ticket=present, panel=again, answer=answer_to(error), sound="bad")
    return after(request, till=till, ticket=changed)


def after(request: HttpRequest, *, till: Till, ticket: Ticket) -> HttpResponse:
    """The ticket after money was taken or refused."""
    failed = bool(ticket.tenders) and ticket.tenders[-1].state == "failed"
    sound = "paid" if ticket.state == "settled" else "bad" if failed else "ok"
    return show(request, till=till, ticket=ticket, panel="pay", sound=sound)
