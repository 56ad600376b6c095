"""Top-ups and gift cards at the till: a small flow of its own, since they are no sales."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from liushui.kernel.errors import InvalidValue, LiushuiError, NotFound
from liushui.kernel.ids import new_id
from liushui.kernel.money import parse_minor
from liushui.loyalty import facade as loyalty
from liushui.loyalty.contracts import Member
from liushui.privacy import facade as privacy
from liushui.runtime.approvals import Approval
from liushui.stores import facade as stores
from liushui.till import facade
from liushui.till.access import till_page
from liushui.till.contracts import Till, ValueSale
from liushui.till.domain.codes import mask
from liushui.till.errors import AmountRefused, MemberUnknown, PaymentCodeNeeded, ReasonMissing
from liushui.till.kinds import VOID_VALUE
from liushui.till.pages.approving import own_request
from liushui.till.pages.cash_forms import read_amount, read_reason
from liushui.till.pages.entry import read_entry
from liushui.till.pages.paying import provider_for
from liushui.till.pages.screen import paper_width
from liushui.till.pages.words import REASONS, Answer, answer_to, failure_words, payment_words

CODE_MAX, NOTE_MAX, QUICK_MAX = 64, 64, 4
_AMOUNT_FIELD = "amount"


@require_GET
@till_page()
def home(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Whom to top up, a gift card to sell, and the last of both."""
    number = request.GET.get("member", "").strip()[:16]
    found = loyalty.find_member(chain_id=till.chain_id, text=number) if number else None
    return _home(request, till=till, member=found)


@require_POST
@till_page()
def find(request: HttpRequest, *, till: Till) -> HttpResponse:
    """The member whom a phone, a card or a code means; in the address stands the number, which opens nothing."""
    text = request.POST.get("text", "").strip()[:400]
    found = loyalty.find_member(chain_id=till.chain_id, text=text) if text else None
    if found is None:
        return _home(request, till=till, member=None, answer=answer_to(MemberUnknown("No member has this")))
    return redirect(f"{reverse('till:value')}?member={found.number}")


@require_POST
@till_page()
def top_up(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Take the money and book it; sent twice, it is taken once."""
    member = loyalty.find_member(chain_id=till.chain_id, text=request.POST.get("member", "")[:16])
    try:
        if member is None:
            raise MemberUnknown("No member has this number")
        sold = facade.top_up(
            till=till, value_id=_id_of(request), member_id=member.id, paid_minor=_amount(request, till),
            payment=_payment(request, till), now=datetime.now(UTC),
        )  # fmt: skip
    except LiushuiError as error:
        return _home(request, till=till, member=member, answer=answer_to(error))
    return redirect("till:value-receipt", sold.id)


@require_POST
@till_page()
def gift_card(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Sell the gift card whose code was scanned."""
    try:
        sold = facade.sell_gift_card(
            till=till, value_id=_id_of(request), code=request.POST.get("code", "")[:CODE_MAX],
            paid_minor=_amount(request, till), payment=_payment(request, till), now=datetime.now(UTC),
        )  # fmt: skip
    except LiushuiError as error:
        return _home(request, till=till, member=None, answer=answer_to(error), is_card=True)
    return redirect("till:value-receipt", sold.id)


@require_GET
@till_page()
def receipt(request: HttpRequest, value_id: UUID, *, till: Till) -> HttpResponse:
    """What was sold, on screen and on paper, and how it is taken back."""
    return _receipt(request, till=till, sold=_sold(till, value_id))


@require_GET
@till_page()
def state(request: HttpRequest, value_id: UUID, *, till: Till) -> HttpResponse:
    """How a payment by phone stands, for the page that waits; it is shown whole when it is over."""
    sold = facade.refresh_value(till=till, value_id=value_id, now=datetime.now(UTC))
    if sold.state in ("pending", "booking"):
        return render(request, "till/parts/value_waits.html", {"sold": sold, "currency": sold.currency})
    return HttpResponse(headers={"HX-Redirect": reverse("till:value-receipt", args=[sold.id])})


@require_POST
@till_page()
def cancel(request: HttpRequest, value_id: UUID, *, till: Till) -> HttpResponse:
    """Give up a payment by phone that is waited for."""
    try:
        facade.cancel_value(till=till, value_id=value_id, now=datetime.now(UTC))
    except LiushuiError as error:
        return _receipt(request, till=till, sold=_sold(till, value_id), answer=answer_to(error))
    return redirect("till:value-receipt", value_id)


@require_POST
@till_page()
def void(request: HttpRequest, value_id: UUID, *, till: Till) -> HttpResponse:
    """Take it back with a second person's approval."""
    now, sold = datetime.now(UTC), _sold(till, value_id)
    try:
        waiting = _asked(till, sold, request.POST.get("asked", ""))
        reason = waiting.reason if waiting is not None else read_reason(request.POST)
        if not reason:
            raise ReasonMissing("A reason is needed")
        if request.POST.get("ask"):
            asked = facade.ask_approval(
                till=till, kind=VOID_VALUE, target=f"value:{sold.id}", reason=reason, amount_minor=sold.paid_minor,
                now=now,
            )  # fmt: skip
            return redirect(f"{reverse('till:value-receipt', args=[sold.id])}?asked={asked.id}")
        approval_id = waiting.id if waiting is not None else None
        if approval_id is None and not sold.is_training:
            approval_id = facade.approve_here(
                till=till, kind=VOID_VALUE, target=f"value:{sold.id}", reason=reason,
                username=request.POST.get("username", "").strip(), pin=request.POST.get("pin", "").strip(),
                badge=request.POST.get("badge", "").strip(), amount_minor=sold.paid_minor, now=now,
            )  # fmt: skip
        facade.void_value(till=till, value_id=sold.id, reason=reason, approval_id=approval_id, now=now)
    except LiushuiError as error:
        return _receipt(request, till=till, sold=_sold(till, value_id), answer=answer_to(error))
    return redirect("till:value-receipt", sold.id)


def _sold(till: Till, value_id: UUID) -> ValueSale:
    return facade.value_sale(value_id=value_id, store_ids=frozenset({till.store_id}))


def _asked(till: Till, sold: ValueSale, text: str) -> Approval | None:
    """This operator's request for taking it back that is neither turned down nor used."""
    try:
        found = own_request(till=till, approval_id=UUID(text))
    except (ValueError, NotFound):
        return None
    is_open = found.state in ("pending", "approved") and found.used_at is None
    return found if is_open and (found.kind, found.target) == (VOID_VALUE, f"value:{sold.id}") else None


def _id_of(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("id", ""))
    except ValueError as error:
        raise InvalidValue("The form is not complete") from error


def _amount(request: HttpRequest, till: Till) -> int:
    currency = stores.store(store_id=till.store_id).currency
    try:
        return read_amount(request.POST.get(_AMOUNT_FIELD, ""), currency=currency)
    except InvalidValue as error:
        raise AmountRefused("This is not an amount", pointer="/amount") from error


def _payment(request: HttpRequest, till: Till) -> facade.Payment:
    currency = stores.store(store_id=till.store_id).currency
    given = request.POST.get("given", "").strip()[:16]
    try:
        given_minor = parse_minor(given, currency) if given else None
    except InvalidValue as error:
        raise AmountRefused("This is not an amount", pointer="/given") from error
    tender, code = request.POST.get("tender", "cash"), request.POST.get("auth", "").strip()[:CODE_MAX]
    if not code and tender != "mobile":
        return facade.Payment(tender=tender, given_minor=given_minor, note=request.POST.get("note", "")[:NOTE_MAX])
    read = read_entry(text=code, panel="", currency=currency)  # whoever scans a payment code pays by phone
    if read.kind != "wallet":
        raise PaymentCodeNeeded("This is no payment code of a phone", pointer="/auth")
    provider = provider_for(till=till, wallet=read.wallet)
    return facade.Payment(tender="mobile", provider=provider, auth_code=read.code)


def _home(
    request: HttpRequest, *, till: Till, member: Member | None, answer: Answer | None = None, is_card: bool = False
) -> HttpResponse:
    """`is_card`: a gift card was refused, and what was typed for it stands there again."""
    now, store = datetime.now(UTC), stores.store(store_id=till.store_id)
    shift = facade.current_shift(till=till)
    programme = loyalty.live_programme(chain_id=till.chain_id, at=now)
    context = {
        "till": till,
        "currency": store.currency,
        "has_shift": shift is not None and shift.state == "open",
        "member": member,
        "person": _person(member),
        "balances": loyalty.balances(member_id=member.id) if member is not None else None,
        "bonus_rows": sorted(programme.bonus_rows, key=lambda row: row.paid_minor)[-QUICK_MAX:],
        "value_id": new_id(),
        "typed": request.POST,
        "is_card": is_card,
        "answer": answer,
        "rows": [(row, store.local(row.taken_at).replace(tzinfo=None)) for row in facade.value_sales(till=till)],
    }
    return render(request, "till/value.html", context, status=422 if answer is not None else 200)


def _person(member: Member | None) -> dict[str, str]:
    if member is None or member.subject_id is None:
        return {}
    return dict(privacy.masked(subject_ids=[member.subject_id]).get(member.subject_id, {}))


def _ends_on(sold: ValueSale) -> date | None:
    """The last day on which a card sold here is good; None: it has no end."""
    if sold.kind != "gift_card" or sold.is_training or sold.state != "done":
        return None
    card = loyalty.gift_card_by_number(chain_id=stores.store(store_id=sold.store_id).chain_id, number=sold.card)
    return card.ends_on - timedelta(days=1) if card.ends_on is not None else None


def _receipt(request: HttpRequest, *, till: Till, sold: ValueSale, answer: Answer | None = None) -> HttpResponse:
    store = stores.store(store_id=till.store_id)
    shift = facade.current_shift(till=till)
    balances = loyalty.balances(member_id=sold.member_id) if sold.member_id is not None else None
    context: dict[str, Any] = {
        "till": till,
        "store": store,
        "sold": sold,
        "currency": sold.currency,
        "at": store.local(sold.taken_at).replace(tzinfo=None),
        "member": mask(sold.customer) if sold.customer else "",
        "card": mask(sold.card) if sold.card else "",
        "balances": balances,
        "ends_on": _ends_on(sold),
        "way": payment_words(sold.tender, sold.method),
        "failure": failure_words(sold.note) if sold.state == "failed" else "",
        "paper": paper_width(request),
        "reasons": REASONS["value"],
        "may_void": sold.state == "done" and shift is not None and shift.business_date == sold.business_date,
        "asked": _asked(till, sold, request.GET.get("asked", "")),
        "typed": request.POST,
        "answer": answer,
        "title": _("Top-up") if sold.kind == "top_up" else _("Gift card"),
    }
    return render(request, "till/value_receipt.html", context, status=422 if answer is not None else 200)


urlpatterns: list[URLPattern] = [
    path("till/value/", home, name="value"),
    path("till/value/find/", find, name="value-find"),
    path("till/value/top-up/", top_up, name="value-top-up"),
    path("till/value/gift-card/", gift_card, name="value-gift-card"),
    path("till/value/<uuid:value_id>/", receipt, name="value-receipt"),
    path("till/value/<uuid:value_id>/state/", state, name="value-state"),
    path("till/value/<uuid:value_id>/cancel/", cancel, name="value-cancel"),
    path("till/value/<uuid:value_id>/void/", void, name="value-void"),
]
