"""The customer's display: a second window beside the sale screen, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import override
from django.views.decorators.http import require_GET

from liushui.stores import facade as stores
from liushui.till import facade
from liushui.till.access import till_page
from liushui.till.contracts import Ticket, Till
from liushui.till.pages.screen import UPSELLS, explanation_of, quantity_text, tender_rows

THANKS = timedelta(seconds=25)  # how long the change stays in sight when nobody is next


@require_GET
@till_page(touch=False)
def display(request: HttpRequest, *, till: Till) -> HttpResponse:
    """The window; it asks for its contents again whenever the sale screen says so."""
    return render(request, "till/display.html", _shown(till))


@require_GET
@till_page(touch=False)
def display_ticket(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Its contents."""
    return render(request, "till/parts/display.html", _shown(till))


def _shown(till: Till) -> dict[str, Any]:
    now, store = datetime.now(UTC), stores.store(store_id=till.store_id)
    ticket = facade.current_ticket(till=till)
    is_finished = ticket is None
    if ticket is None:
        ticket = _just_finished(till, now)
    lines = [line for line in ticket.lines if not line.is_voided] if ticket else []
    tenders = tender_rows(ticket) if ticket and not is_finished else []
    return {
        "till": till,
        "store": store,
        "currency": ticket.currency if ticket else store.currency,
        "ticket": ticket,
        "finished": is_finished,
        "lines": [(line, quantity_text(line)) for line in reversed(lines)],
        "units": sum(line.units for line in lines),
        "near": _near(till, ticket, now) if ticket is not None and ticket.state == "open" else [],
        "pending": next((row for row in tenders if row.tender.state == "pending"), None),
    }


def _near(till: Till, ticket: Ticket, now: datetime) -> list[tuple[str, str]]:
    """What is nearly reached, in both languages."""
    told = []
    for language in ("zh-hans", "en"):
        with override(language):
            explanation = explanation_of(till=till, ticket=ticket, now=now)
        told.append([one.text for one in explanation.near_misses[:UPSELLS]] if explanation else [])
    return list(zip(*told, strict=True))


def _just_finished(till: Till, now: datetime) -> Ticket | None:
    for ticket in facade.finished(till=till, limit=8):
        if ticket.workstation_id == till.workstation_id and ticket.state == "settled":
            is_fresh = ticket.finished_at is not None and ticket.finished_at > now - THANKS
            return ticket if is_fresh else None
    return None


urlpatterns: list[URLPattern] = [
    path("till/display/", display, name="display"),
    path("till/display/ticket/", display_ticket, name="display-ticket"),
]
