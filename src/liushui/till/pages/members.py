"""The member box: found by phone, card, number or code; joined in two steps; taken off; value as a way of paying."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from liushui.kernel.errors import LiushuiError
from liushui.kernel.ids import new_id
from liushui.privacy import facade as privacy
from liushui.privacy.errors import InvalidPersonalData
from liushui.till import facade
from liushui.till.access import till_page
from liushui.till.contracts import Ticket, Till
from liushui.till.errors import MemberRefused, MemberUnknown
from liushui.till.pages import paying
from liushui.till.pages.entry import typed_amount
from liushui.till.pages.posted import text_of, ticket_at_hand, ticket_id_of, version_of
from liushui.till.pages.screen import show
from liushui.till.pages.words import answer_to, note

PHONE_MAX, NAME_MAX = 32, 64
OPTIONAL = ("marketing",)  # what a member may agree to besides membership; nothing is ticked beforehand


def enter_member(request: HttpRequest, *, till: Till, text: str, now: datetime) -> HttpResponse:
    """A phone, card, number or code was scanned or typed; a phone that nobody has leads to joining."""
    try:
        changed = facade.find_member(till=till, text=text, now=now)
    except MemberUnknown as error:
        if _is_phone(text):
            return _ask_to_join(request, till=till, phone=text)
        return _refused(request, till=till, error=error, panel="member")
    except LiushuiError as error:
        return _refused(request, till=till, error=error, panel="member")
    return show(request, till=till, ticket=changed, panel="box", sound="ok")


def maybe_member(request: HttpRequest, *, till: Till, text: str, now: datetime) -> HttpResponse | None:
    """What is no article may be a member's phone, typed without asking for the member first; None when it is not."""
    if not _is_phone(text):
        return None
    try:
        changed = facade.find_member(till=till, text=text, now=now)
    except LiushuiError:
        return None
    return show(request, till=till, ticket=changed, panel="box", sound="ok")


@require_POST
@till_page()
def join(request: HttpRequest, *, till: Till) -> HttpResponse:
    """The second step: the customer was told the notice and agrees."""
    now, phone = datetime.now(UTC), request.POST.get("phone", "").strip()[:PHONE_MAX]
    try:
        wished = UUID(request.POST.get("member", ""))
        changed = facade.join_member(
            till=till, member_id=wished, phone=phone, name=request.POST.get("name", "")[:NAME_MAX],
            notices=_agreed(request), now=now,
        )  # fmt: skip
    except ValueError:
        return _ask_to_join(request, till=till, phone=phone)
    except InvalidPersonalData as error:
        return _refused(request, till=till, error=error, panel="member")
    except LiushuiError as error:
        return _ask_to_join(request, till=till, phone=phone, error=error)
    return show(request, till=till, ticket=changed, panel="box", sound="ok", answer=note(_("Welcome, a new member")))


def _agreed(request: HttpRequest) -> dict[str, str]:
    """The version of the notice for each purpose that was ticked; raises MemberRefused without membership."""
    ticked = [purpose for purpose in ("membership", *OPTIONAL) if request.POST.get(purpose) == "1"]
    if "membership" not in ticked:
        raise MemberRefused("Nobody joins without agreeing to membership", pointer="/membership")
    return {purpose: request.POST.get(f"{purpose}_version", "")[:64] for purpose in ticked}


def _ask_to_join(request: HttpRequest, *, till: Till, phone: str, error: LiushuiError | None = None) -> HttpResponse:
    notices = {
        purpose: privacy.current_notice(chain_id=till.chain_id, purpose=purpose)
        for purpose in ("membership", *OPTIONAL)
    }
    return show(
        request, till=till, ticket=facade.current_ticket(till=till), panel="join", sound="bad" if error else "",
        answer=answer_to(error) if error is not None else None, join_phone=phone[:PHONE_MAX], typed=request.POST,
        join_id=request.POST.get("member") if error is not None else new_id(), notices=notices,
    )  # fmt: skip


def _is_phone(text: str) -> bool:
    try:
        privacy.normalise(field="phone", value=text)
    except InvalidPersonalData:
        return False
    return True


@require_POST
@till_page()
def remove(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Take the member off the ticket."""
    try:
        changed = facade.remove_member(
            till=till, ticket_id=ticket_id_of(request), version=version_of(request), now=datetime.now(UTC)
        )
    except LiushuiError as error:
        return _refused(request, till=till, error=error, panel="box")
    return show(request, till=till, ticket=changed, panel="", sound="ok")


@require_POST
@till_page()
def pay_value(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Points or stored value: as much as may be used, or the amount typed before."""
    return spend(request, till=till, kind=request.POST.get("type", ""), card="", now=datetime.now(UTC))


def spend(request: HttpRequest, *, till: Till, kind: str, card: str, now: datetime) -> HttpResponse:
    """Pay with what loyalty keeps; a gift card by its code."""
    try:
        ticket = ticket_at_hand(request, till=till)
        amount = None if card else typed_amount(text=text_of(request), currency=ticket.currency)
    except LiushuiError as error:
        return _refused(request, till=till, error=error, panel="pay")

    def deed() -> Ticket:
        return facade.pay_value(
            till=till, ticket_id=ticket.id, version=version_of(request), type=kind, amount_minor=amount, card=card,
            now=now,
        )  # fmt: skip

    return paying.paid(request, till=till, deed=deed, now=now, again="gift" if card else "pay")


def _refused(request: HttpRequest, *, till: Till, error: LiushuiError, panel: str) -> HttpResponse:
    """What went wrong, without what was typed: it may be a phone number."""
    present = facade.current_ticket(till=till)
    return show(request, till=till, ticket=present, panel=panel, answer=answer_to(error), sound="bad")


urlpatterns: list[URLPattern] = [
    path("till/ticket/member/join/", join, name="member-join"),
    path("till/ticket/member/remove/", remove, name="member-remove"),
    path("till/ticket/pay/value/", pay_value, name="pay-value"),
]
