"""A gift card by its number: what is on it, until when it is good, and asking for another end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods

from liushui.kernel.errors import LiushuiError, NotAllowed
from liushui.kernel.ids import new_id
from liushui.loyalty import facade
from liushui.loyalty.contracts import GiftCard
from liushui.loyalty.domain.programme_calendar import add_months
from liushui.loyalty.errors import GiftCardUnknown
from liushui.loyalty.pages.scope import asked_date, chain_of, zone_of
from liushui.runtime.access import Principal
from liushui.runtime.places import ChainPlace
from liushui.runtime.web import page

_MONTHS = 12  # offered where the programme names none
_STATES: dict[str, tuple[Any, str]] = {
    "issued": (pgettext_lazy("gift card", "Not sold yet"), ""),
    "active": (pgettext_lazy("gift card", "Good"), "status-good"),
    "blocked": (pgettext_lazy("gift card", "Blocked"), "status-bad"),
    "expired": (pgettext_lazy("gift card", "Ended"), "status-warn"),
}
_ASKED = {
    "waiting": pgettext_lazy("extension", "Waiting"),
    "booked": pgettext_lazy("extension", "Extended"),
    "refused": pgettext_lazy("extension", "Not extended"),
}


@require_http_methods(["GET", "POST"])
@page(capability="value.adjust")
def gift_cards(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Find a card; ask for its extension. The same form sent twice asks once."""
    chain = chain_of(request, principal, "value.adjust")
    number = (request.POST if request.method == "POST" else request.GET).get("number", "").strip()[:16]
    card, problem = _found(chain, number)
    if request.method == "GET" or card is None:
        return _show(request, chain, card, number=number, problem=problem)
    last, reason = asked_date(request.POST.get("last")), request.POST.get("reason", "").strip()[:400]
    if last is None or not reason or not last.year < date.max.year:
        return _show(request, chain, card, number=number, problem=_("Name the last day and the reason."))
    try:
        facade.request_card_extension(
            extension_id=_id(request), chain_id=chain.id, number=card.number, ends_on=last + timedelta(days=1),
            reason=reason, principal=principal, now=datetime.now(UTC),
        )  # fmt: skip
    except NotAllowed:
        raise
    except LiushuiError as error:
        return _show(request, chain, card, number=number, problem=_(error.title))
    messages.success(request, _("Asked for. Another person decides it under Approvals."))
    return redirect(f"{reverse('loyalty:gift-cards')}?number={card.number}")


def _found(chain: ChainPlace, number: str) -> tuple[GiftCard | None, str]:
    if not number:
        return None, ""
    try:
        return facade.gift_card_by_number(chain_id=chain.id, number=number), ""
    except GiftCardUnknown as error:
        return None, _(error.title)


def _id(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("request_id", ""))
    except ValueError:
        return new_id()


def _show(
    request: HttpRequest, chain: ChainPlace, card: GiftCard | None, *, number: str, problem: str = ""
) -> HttpResponse:
    now = datetime.now(UTC)
    today = now.astimezone(zone_of(chain)).date()
    months = facade.live_programme(chain_id=chain.id, at=now).gift_card_months or _MONTHS
    asked = facade.card_extensions(chain_id=chain.id, number=card.number) if card is not None else ()
    context = {
        "chain": chain,
        "zone": zone_of(chain),
        "number": number,
        "card": card,
        "state": _STATES["expired" if card.is_over(on=today) and card.state == "active" else card.state]
        if card is not None
        else None,
        "good_until": card.ends_on - timedelta(days=1) if card is not None and card.ends_on is not None else None,
        "may_extend": card is not None and card.ends_on is not None and card.state in ("active", "expired"),
        "offered": add_months(today, months) - timedelta(days=1),
        "asked": [(each, each.ends_on - timedelta(days=1), _ASKED[each.state]) for each in asked],
        "request_id": _id(request),
        "posted": request.POST,
        "problem": problem,
    }
    return render(request, "loyalty/gift_cards.html", context, status=422 if problem else 200)
