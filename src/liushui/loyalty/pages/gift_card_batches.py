"""Batches of gift cards: the list, a new one, one with its progress and its cards, and its codes, told once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import segno
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from liushui.kernel.errors import NotAllowed
from liushui.kernel.money import exponent
from liushui.loyalty import facade
from liushui.loyalty.actions.issue_cards import require_issue
from liushui.loyalty.actions.tell_codes import AGAIN
from liushui.loyalty.contracts import GIFT_CARDS_MAX, TEXT_MAX, VALUE_MAX_MINOR, GiftCardBatch, IssuedGiftCard
from liushui.loyalty.domain.numbers import printed
from liushui.loyalty.errors import CodesLost, CodesTold, EntryConflict
from liushui.loyalty.gift_card_queries import sold_of_batches
from liushui.loyalty.pages.gift_card_batch_blocks import block_context, block_or_ask, running_of
from liushui.loyalty.pages.gift_cards import CAPABILITY, cursor_of, request_id, row_of
from liushui.loyalty.pages.programme_values import Wrong, read_money, read_whole
from liushui.loyalty.pages.scope import chain_by_id, chain_of, zone_of
from liushui.loyalty.pages.words import CARD_BATCH_STATES
from liushui.runtime.access import Principal
from liushui.runtime.export import Column, table_response
from liushui.runtime.places import ChainPlace
from liushui.runtime.web import page

SHEET_MAX = 200  # cards on a sheet to be printed here; more go to a printer as a file


def _field(label: Any, help_text: Any, **more: Any) -> Any:
    attributes = more.pop("attributes", {})
    widget = forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", **attributes})
    return forms.CharField(label=label, help_text=help_text, widget=widget, **more)


class BatchForm(forms.Form):
    """How many cards, for how much, and what for."""

    count = _field(
        pgettext_lazy("gift card", "How many"),
        gettext_lazy("Up to 100,000. More than 500 are made in the background."),
        attributes={"inputmode": "numeric", "maxlength": "9", "autofocus": True},
    )
    amount = _field(
        pgettext_lazy("gift card", "Face value"),
        gettext_lazy("Empty: the customer says at the till how much goes on it. With an amount, it is sold for that."),
        required=False,
        max_length=16,
        attributes={"inputmode": "decimal"},
    )
    note = _field(
        pgettext_lazy("gift card", "Note"),
        gettext_lazy("What the cards are for, such as “Spring Festival, Shanghai”. No personal data, please."),
        required=False,
        max_length=TEXT_MAX["batch_note"],
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency

    def clean_count(self) -> int:
        """How many cards."""
        try:
            return read_whole(self.cleaned_data["count"], low=1, high=GIFT_CARDS_MAX)
        except Wrong as wrong:
            raise forms.ValidationError(str(wrong)) from None

    def clean_amount(self) -> int | None:
        """Minor units; None for an open amount."""
        text = self.cleaned_data["amount"]
        if not text:
            return None
        try:
            amount = read_money(text, self.currency)
        except Wrong as wrong:
            raise forms.ValidationError(str(wrong)) from None
        if not 0 < amount <= VALUE_MAX_MINOR:
            raise forms.ValidationError(_("This must be more than 0, and no more than a card can hold."))
        return amount


@require_GET
@page(capability="value.adjust")
def batches(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Batches of the chain, the latest first."""
    chain = chain_of(request, principal, CAPABILITY)
    rows_max = settings.LIUSHUI.page_rows
    found = facade.gift_card_batches(chain_id=chain.id, before=cursor_of(request), limit=rows_max + 1)
    shown = found[:rows_max]
    sold = sold_of_batches(batch_ids=[batch.id for batch in shown])
    context = {
        "chain": chain,
        "zone": zone_of(chain),
        "rows": [(batch, sold.get(batch.id, 0), CARD_BATCH_STATES[batch.state]) for batch in shown],
        "after": f"{shown[-1].issued_at.isoformat()}|{shown[-1].id}" if len(found) > rows_max else None,
        "may_issue": chain.id in principal.whole_chains(CAPABILITY),
    }
    return render(request, "loyalty/gift_card_batches.html", context)


@require_http_methods(["GET", "POST"])
@page(capability="value.adjust")
def batch_new(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """Issue cards; the same form sent twice issues them once."""
    chain = chain_of(request, principal, CAPABILITY)
    require_issue(principal, chain_id=chain.id)
    form = BatchForm(request.POST or None, currency=chain.currency)
    batch_id = request_id(request)
    if request.method == "POST" and form.is_valid():
        try:
            batch = facade.start_gift_card_batch(
                batch_id=batch_id, chain_id=chain.id, count=form.cleaned_data["count"],
                note=form.cleaned_data["note"], face_minor=form.cleaned_data["amount"], principal=principal,
                now=datetime.now(UTC),
            )  # fmt: skip
            return redirect("loyalty:gift-card-batch", card_batch_id=batch.id)
        except EntryConflict:
            form.add_error(None, _("This form was sent before with other contents. Open it anew."))
    context = {"chain": chain, "form": form, "request_id": batch_id}
    return render(request, "loyalty/gift_card_new.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@page(capability="value.adjust")
def batch_detail(request: HttpRequest, *, card_batch_id: UUID, principal: Principal) -> HttpResponse:
    """One batch: its progress or its cards; a POST stops it, blocks its cards, or asks for their unblocking."""
    batch = _batch(card_batch_id, principal)
    if request.method == "GET":
        return _show(request, batch, principal)
    do = request.POST.get("do", "")
    if do in ("block", "unblock"):
        problem = block_or_ask(request, batch, do, principal)
        if problem:
            return _show(request, batch, principal, do=do, problem=problem)
    elif do == "stop":
        facade.stop_gift_card_batch(batch_id=batch.id, principal=principal, now=datetime.now(UTC))
        messages.success(request, _("No more cards are made. Those that were made are good."))
    return redirect("loyalty:gift-card-batch", card_batch_id=batch.id)


def _show(
    request: HttpRequest, batch: GiftCardBatch, principal: Principal, *, do: str = "", problem: str = ""
) -> HttpResponse:
    chain, text = chain_by_id(batch.chain_id), request.GET.get("after", "")
    zone, now = zone_of(chain), datetime.now(UTC)
    after = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
    found = facade.gift_cards_of_batch(batch_id=batch.id, after=after, limit=settings.LIUSHUI.page_rows)
    today = now.astimezone(zone).date()
    may_issue = batch.chain_id in principal.whole_chains(CAPABILITY)
    again = batch.told_at is not None and batch.told_by == principal.subject and batch.told_at > now - AGAIN
    context = _progress(batch) | {
        "chain": chain,
        "zone": zone,
        "sold": sold_of_batches(batch_ids=[batch.id]).get(batch.id, 0),
        "rows": [row_of(card, today=today) for card in found.cards],
        "after": found.next_cursor or None,
        "may_stop": may_issue and batch.state == "making",
        "may_tell": may_issue and batch.state != "making" and batch.made_count > 0 and (not batch.told_at or again),
        "may_print": batch.made_count <= SHEET_MAX,
        "sheet_max": SHEET_MAX,
        "do": do,
        "problem": problem,
        "posted": request.POST,
        "request_id": request_id(request),
    }
    context |= block_context(batch, now=now, may_issue=may_issue)
    return render(request, "loyalty/gift_card_batch.html", context, status=422 if problem else 200)


@require_GET
@page(capability="value.adjust")
def batch_progress(request: HttpRequest, *, card_batch_id: UUID, principal: Principal) -> HttpResponse:
    """The progress bar alone; at the end it has the whole page read again."""
    batch = _batch(card_batch_id, principal)
    running = running_of(batch)
    response = render(request, "loyalty/gift_card_progress.html", _progress(batch) | {"running": running})
    if batch.state != "making" and running is None:
        response["HX-Refresh"] = "true"
    return response


@never_cache
@require_POST
@page(capability="value.adjust", step_up="POST")
def batch_codes(request: HttpRequest, *, card_batch_id: UUID, principal: Principal) -> HttpResponseBase:
    """The cards with their codes, once: as a file or, with `do=sheet`, as a sheet to print."""
    batch, is_sheet = _batch(card_batch_id, principal), request.POST.get("do") == "sheet"
    if is_sheet and batch.made_count > SHEET_MAX:
        raise NotAllowed("So many cards are not printed here", remedy="Take the file.")
    try:
        batch, cards = facade.tell_gift_codes(batch_id=batch.id, principal=principal, now=datetime.now(UTC))
    except (CodesTold, CodesLost, EntryConflict) as error:
        messages.error(request, _(error.title))
        return redirect("loyalty:gift-card-batch", card_batch_id=batch.id)
    chain = chain_by_id(batch.chain_id)
    if is_sheet:
        context = {"batch": batch, "chain": chain, "zone": zone_of(chain), "cards": list(_printed(cards))}
        return render(request, "loyalty/gift_card_sheet.html", context)
    return _file(batch, cards, chain)


def _file(batch: GiftCardBatch, cards: Iterable[IssuedGiftCard], chain: ChainPlace) -> HttpResponseBase:
    columns = (
        Column(title=pgettext("gift card", "Number")),
        Column(title=pgettext("gift card", "Code")),
        Column(title=_("Amount"), kind="amount", places=exponent(chain.currency)),
    )
    return table_response(
        filename=f"liushui-gift-cards-{timezone.localdate()}-{batch.made_count}",
        columns=columns,
        rows=((card.number, printed(card.code), batch.face_minor) for card in cards),
        format="csv",
    )


def _printed(cards: Iterable[IssuedGiftCard]) -> Iterator[dict[str, str]]:
    """Number, code and the code as a picture that a till scans."""
    for card in cards:
        picture = segno.make_qr(card.code, error="m").svg_inline(scale=4, border=2, omitsize=True)
        yield {"number": card.number, "code": printed(card.code), "picture": picture}


def _batch(card_batch_id: UUID, principal: Principal) -> GiftCardBatch:
    return facade.gift_card_batch(batch_id=card_batch_id, chain_ids=principal.chains(CAPABILITY))


def _progress(batch: GiftCardBatch) -> dict[str, Any]:
    title, kind = CARD_BATCH_STATES[batch.state]
    return {"batch": batch, "state_name": title, "state_class": kind, "is_moving": batch.state == "making"}
