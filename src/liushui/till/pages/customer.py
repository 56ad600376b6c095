"""What the customer brings and is offered: coupon codes, and the gift of a promotion."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from liushui.kernel.errors import LiushuiError
from liushui.till import facade
from liushui.till.access import till_page
from liushui.till.contracts import Ticket, Till
from liushui.till.domain.codes import mask
from liushui.till.errors import CodeRefused
from liushui.till.pages.posted import line_of, ticket_id_of, version_of
from liushui.till.pages.screen import show
from liushui.till.pages.words import answer_to, note

PROMOTION_MAX = 128


def enter_code(request: HttpRequest, *, till: Till, code: str, now: datetime) -> HttpResponse:
    """A coupon code was scanned or typed where codes are asked for."""
    try:
        changed = facade.add_code(till=till, code=code, now=now)
    except LiushuiError as error:
        return _refused(request, till=till, error=error, about=code, panel="code")
    said = note(_("The coupon code is on the ticket"), about=mask(code))
    return show(request, till=till, ticket=changed, panel="", answer=said, sound="ok")


def maybe_code(request: HttpRequest, *, till: Till, code: str, error: LiushuiError, now: datetime) -> HttpResponse:
    """Something was scanned that is no article: a coupon code, or nothing that is known."""
    try:
        changed = facade.add_code(till=till, code=code, now=now)
    except CodeRefused as refused:
        is_coupon = refused.reason not in ("unknown", "too_many")
        return _refused(request, till=till, error=refused if is_coupon else error, about=code, panel="")
    except LiushuiError:
        return _refused(request, till=till, error=error, about=code, panel="")
    said = note(_("The coupon code is on the ticket"), about=mask(code))
    return show(request, till=till, ticket=changed, answer=said, sound="ok")


@require_POST
@till_page()
def no_code(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Take a coupon code off the ticket."""
    return _changed(request, till=till, what="code")


@require_POST
@till_page()
def gift(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Put the gift that a promotion offers on the ticket."""
    return _changed(request, till=till, what="gift")


def _changed(request: HttpRequest, *, till: Till, what: str) -> HttpResponse:
    panel = "code" if what == "code" else ""
    try:
        changed = _deed(request, till=till, what=what)
    except LiushuiError as error:
        return _refused(request, till=till, error=error, about="", panel=panel)
    return show(request, till=till, ticket=changed, panel=panel, sound="ok")


def _deed(request: HttpRequest, *, till: Till, what: str) -> Ticket:
    now, ticket_id, version = datetime.now(UTC), ticket_id_of(request), version_of(request)
    if what == "code":
        number = line_of(request.POST.get("number")) or 0
        return facade.remove_code(till=till, ticket_id=ticket_id, version=version, number=number, now=now)
    promotion = request.POST.get("promotion", "")[:PROMOTION_MAX]
    return facade.add_gift(till=till, ticket_id=ticket_id, version=version, promotion=promotion, now=now)


def _refused(request: HttpRequest, *, till: Till, error: LiushuiError, about: str, panel: str) -> HttpResponse:
    present = facade.current_ticket(till=till)
    return show(request, till=till, ticket=present, panel=panel, answer=answer_to(error, about=about), sound="bad")


urlpatterns: list[URLPattern] = [
    path("till/ticket/code/remove/", no_code, name="code-remove"),
    path("till/ticket/gift/", gift, name="gift"),
]
