"""Gift cards of a chain by their state, one found by its number; and what all their pages share."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from liushui.kernel.ids import new_id
from liushui.loyalty import facade
from liushui.loyalty.contracts import GiftCardLine
from liushui.loyalty.domain import numbers
from liushui.loyalty.errors import GiftCardUnknown
from liushui.loyalty.pages.scope import chain_of, zone_of
from liushui.loyalty.pages.words import GIFT_CARD_STATES
from liushui.runtime.access import Principal
from liushui.runtime.places import ChainPlace
from liushui.runtime.web import page

CAPABILITY = "value.adjust"
_TYPED_MAX = 40
_DEFAULT = "active"


@sensitive_post_parameters("number")  # somebody may scan the code instead
@require_http_methods(["GET", "POST"])
@page(capability="value.adjust")
def gift_cards(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Cards in one state, the latest first; a POST finds one by its number and opens it."""
    chain = chain_of(request, principal, CAPABILITY)
    if request.method == "GET":
        return _show(request, chain, principal)
    text = request.POST.get("number", "").strip()[:_TYPED_MAX]
    try:
        card = facade.gift_card_by_number(chain_id=chain.id, number=text)
    except GiftCardUnknown:
        shown = text if len(numbers.normal(text)) < numbers.CODE_LENGTH else ""  # never a code
        return _show(request, chain, principal, problem=_why_unknown(text), typed=shown)
    return redirect("loyalty:gift-card", gift_card_id=card.id)


def request_id(request: HttpRequest) -> UUID:
    """The id under which a form does what it says once; a new one when the form brings none."""
    try:
        return UUID(request.POST.get("request_id", ""))
    except ValueError:
        return new_id()


def cursor_of(request: HttpRequest) -> tuple[datetime, UUID] | None:
    """The place in a list that the address names; None for its beginning and for what is no place."""
    at, _bar, identity = request.GET.get("after", "").partition("|")
    try:
        when = datetime.fromisoformat(at)
        return (when, UUID(identity)) if when.tzinfo is not None else None
    except ValueError:
        return None


def row_of(card: GiftCardLine, *, today: date) -> dict[str, Any]:
    """A card of a list with the words for it."""
    is_over = card.state == "active" and card.ends_on is not None and card.ends_on <= today
    title, kind = GIFT_CARD_STATES["expired" if is_over else card.state]
    good_until = card.ends_on - timedelta(days=1) if card.ends_on is not None else None
    return {"card": card, "state": title, "state_class": kind, "good_until": good_until}


def _show(
    request: HttpRequest, chain: ChainPlace, principal: Principal, *, problem: str = "", typed: str = ""
) -> HttpResponse:
    asked = request.GET.get("state", "")
    state = asked if asked in GIFT_CARD_STATES else _DEFAULT
    zone = zone_of(chain)
    found = facade.gift_cards_of(
        chain_id=chain.id, state=state, before=cursor_of(request), limit=settings.LIUSHUI.page_rows
    )
    today = datetime.now(UTC).astimezone(zone).date()
    context = {
        "chain": chain,
        "zone": zone,
        "rows": [row_of(card, today=today) for card in found.cards],
        "after": found.next_cursor or None,
        "states": [(code, "" if code == _DEFAULT else code, title) for code, (title, _k) in GIFT_CARD_STATES.items()],
        "state": state,
        "may_issue": chain.id in principal.whole_chains(CAPABILITY),
        "problem": problem,
        "typed": typed,
    }
    return render(request, "loyalty/gift_cards.html", context, status=422 if problem else 200)


def _why_unknown(text: str) -> str:
    normal = numbers.normal(text)
    if not normal:
        return _("Type the number that stands on the card.")
    if numbers.is_code(normal):
        return _("This is the secret code of a card. Type the number that stands beside it.")
    if not numbers.is_number(normal):
        return _("This is not the number of a gift card: G and eleven digits. Look for a slip.")
    return _("The chain has no gift card with this number.")
