"""One gift card: what is on it, what happened to it; blocked by one person, unblocked and extended by two."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy
from django.views.decorators.http import require_http_methods

from liushui.kernel.errors import LiushuiError, NotAllowed
from liushui.loyalty import facade
from liushui.loyalty.actions.unblock_gift_card import is_undone
from liushui.loyalty.contracts import TEXT_MAX, CardBlock, CardExtension, Entry
from liushui.loyalty.domain.programme_calendar import add_months
from liushui.loyalty.gift_card_queries import FoundCard, found_card
from liushui.loyalty.pages.adjustments import why_not
from liushui.loyalty.pages.gift_cards import CAPABILITY, request_id
from liushui.loyalty.pages.scope import asked_date, chain_by_id, local, stores_of, zone_of
from liushui.loyalty.pages.words import ENTRY_KINDS, GIFT_CARD_STATES
from liushui.orders import facade as orders
from liushui.runtime import approvals
from liushui.runtime.access import Principal
from liushui.runtime.places import StorePlace
from liushui.runtime.web import page

_MONTHS = 12  # offered where the programme names none
_ENTRIES_SHOWN = 30
_DEEDS = ("extend", "block", "unblock")
_ASKED = {
    "waiting": pgettext_lazy("extension", "Waiting"),
    "booked": pgettext_lazy("extension", "Extended"),
    "refused": pgettext_lazy("extension", "Not extended"),
}
_BLOCKS = {
    ("block", "done"): pgettext_lazy("gift card", "Blocked"),
    ("unblock", "waiting"): pgettext_lazy("gift card", "Unblocking asked for"),
    ("unblock", "done"): pgettext_lazy("gift card", "Unblocked"),
    ("unblock", "refused"): pgettext_lazy("gift card", "Not unblocked"),
}


@require_http_methods(["GET", "POST"])
@page(capability="value.adjust")
def gift_card(request: HttpRequest, *, gift_card_id: UUID, principal: Principal) -> HttpResponse:
    """The card; a POST says in `do` what is done to it, and the same form sent twice does it once."""
    found = found_card(card_id=gift_card_id, chain_ids=principal.chains(CAPABILITY))
    if request.method == "GET":
        return _show(request, found, principal)
    do, reason = request.POST.get("do", ""), request.POST.get("reason", "").strip()
    wrong = _wrong_fields(request, do, reason)
    if do not in _DEEDS or wrong:
        return _show(request, found, principal, do=do, wrong=wrong)
    try:
        _done(request, found, do, reason, principal)
    except NotAllowed:
        raise
    except LiushuiError as error:
        return _show(request, found, principal, do=do, wrong=_refused(do, error))
    return redirect("loyalty:gift-card", gift_card_id=gift_card_id)


def _wrong_fields(request: HttpRequest, do: str, reason: str) -> dict[str, str]:
    """What is wrong, by field."""
    wrong: dict[str, str] = {}
    if not 0 < len(reason) <= TEXT_MAX["reason"]:
        wrong["reason"] = _("Say why, in 1 to 400 characters.")
    if do == "extend" and _last(request) is None:
        wrong["last"] = _("Name the last day on which the card is good.")
    return wrong


def _last(request: HttpRequest) -> date | None:
    last = asked_date(request.POST.get("last"))
    return last if last is not None and last.year < date.max.year else None


def _done(request: HttpRequest, found: FoundCard, do: str, reason: str, principal: Principal) -> None:
    terms = {
        "chain_id": found.chain_id, "number": found.number, "reason": reason, "principal": principal,
        "now": datetime.now(UTC),
    }  # fmt: skip
    if do == "block":
        facade.block_gift_card(block_id=request_id(request), **terms)  # type: ignore[arg-type]  # as named
        messages.success(request, _("The card is blocked: nothing of it can be spent."))
        return
    if do == "unblock":
        facade.request_gift_card_unblock(unblock_id=request_id(request), **terms)  # type: ignore[arg-type]  # as named
    else:
        last = _last(request) or date.min
        facade.request_card_extension(
            extension_id=request_id(request), ends_on=last + timedelta(days=1), **terms  # type: ignore[arg-type]  # as named
        )  # fmt: skip
    messages.success(request, _("Asked for. Another person decides it under Approvals."))


def _refused(do: str, error: LiushuiError) -> dict[str, str]:
    """A refusal beside the field that it is about."""
    if do == "extend" and error.pointer == "/ends_on":
        return {"last": _("It must be later than the present end, and than today.")}
    return {"reason": _(error.title)}


def _show(
    request: HttpRequest, found: FoundCard, principal: Principal, *, do: str = "", wrong: dict[str, str] | None = None
) -> HttpResponse:
    now, chain = datetime.now(UTC), chain_by_id(found.chain_id)
    card = facade.gift_card_by_number(chain_id=chain.id, number=found.number)
    today = now.astimezone(zone_of(chain)).date()
    blocks = facade.card_blocks(card=card)
    undone = is_undone(card_id=card.id)
    asked_for = any(each.state == "waiting" for each in blocks)
    shown = "expired" if card.state == "active" and card.is_over(on=today) else card.state
    months = facade.live_programme(chain_id=chain.id, at=now).gift_card_months or _MONTHS
    entries = facade.entries(member_id=card.id, cursor=_cursor(request), limit=_ENTRIES_SHOWN)
    stores = stores_of(chain)
    context = {
        "chain": chain,
        "zone": zone_of(chain),
        "card": card,
        "found": found,
        "batch": facade.gift_card_batch(batch_id=found.batch_id, chain_ids=[chain.id]),
        "state": GIFT_CARD_STATES[shown],
        "good_until": card.ends_on - timedelta(days=1) if card.ends_on is not None else None,
        "is_undone": undone,
        "is_asked_for": asked_for,
        "may_extend": card.ends_on is not None and card.state in ("active", "expired"),
        "may_block": card.state in ("issued", "active") or found.is_blocked_with_batch,
        "may_unblock": card.state == "blocked" and not undone and not asked_for,
        "offered": add_months(today, months) - timedelta(days=1),
        "moments": [_moment(entry, stores, principal) for entry in entries.entries],
        "after": entries.next_cursor or None,
        "blocks": [_block_row(each, now) for each in blocks],
        "extensions": [
            _extension_row(each, now) for each in facade.card_extensions(chain_id=chain.id, number=card.number)
        ],
        "request_id": request_id(request),
        "posted": request.POST,
        "do": do,
        "wrong": wrong or {},
    }
    return render(request, "loyalty/gift_card.html", context, status=422 if request.method == "POST" else 200)


def _cursor(request: HttpRequest) -> str:
    text = request.GET.get("after", "")
    return text if text.isascii() and text.isdigit() and len(text) < 19 else ""


def _moment(entry: Entry, stores: dict[int, StorePlace], principal: Principal) -> dict[str, Any]:
    """A booking in words, with its receipt for those who may see it."""
    store = stores.get(entry.store_id or 0)
    sees = entry.sale_id is not None and entry.store_id in principal.stores("sale.read")
    return {
        "entry": entry,
        "title": pgettext("booking", "Sale taken back") if entry.kind == "top_up_back" else ENTRY_KINDS[entry.kind],
        "note": orders.payment_name(entry.reason, "") if entry.kind == "sell" and entry.reason else entry.reason,
        "place": local((store.name_zh, store.name_en)) if store else "",
        "url": reverse("orders:sale", args=[entry.sale_id]) if sees else "",
    }


def _block_row(each: CardBlock, now: datetime) -> dict[str, Any]:
    return {
        "each": each,
        "title": _BLOCKS[each.kind, each.state],
        "problem": _problem(each.approval_id, each.problem, now) if each.state == "refused" else "",
    }


def _extension_row(each: CardExtension, now: datetime) -> dict[str, Any]:
    return {
        "each": each,
        "last": each.ends_on - timedelta(days=1),
        "state": _ASKED[each.state],
        "problem": _problem(each.approval_id, each.problem, now) if each.state == "refused" else "",
    }


def _problem(approval_id: UUID | None, problem: str, now: datetime) -> str:
    said = why_not(approvals.approval(approval_id=approval_id), now=now) if approval_id else ""
    return said or (_(problem) if problem else "")
