"""Shifts at the till: opening with a float, cash in and out, X report, and what became of a shift.

The count is in shift_count.py, what the console shows in shift_list.py.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from liushui.kernel.errors import InvalidValue, LiushuiError, NotFound
from liushui.runtime import approvals
from liushui.runtime.menu import MenuEntry
from liushui.stores import facade as stores
from liushui.till import facade
from liushui.till.access import till_page
from liushui.till.contracts import Shift, Till
from liushui.till.pages import shift_count, shift_list
from liushui.till.pages.cash_forms import (
    ASK_INBOX,
    REASON_MAX,
    Approver,
    read_amount,
    read_approver,
    read_count,
    read_reason,
)
from liushui.till.pages.shift_count import blocker_urls, shift_of, shown, waiting_shifts
from liushui.till.pages.shift_words import QUICK_REASONS, blocker_rows, problem_text, report_rows

PAID_OUT = "till.paid_out"
_DRAWER = {  # kind → title, what the button says
    "paid_in": (_("Cash paid in"), _("Put the cash in")),
    "paid_out": (_("Cash paid out"), _("Take the cash out")),
    "no_sale": (_("Open the drawer"), _("Open the drawer")),
}


@require_GET
@till_page()
def shift_home(request: HttpRequest, *, till: Till) -> HttpResponse:
    """The drawer of this till now: to be opened, open, or counted."""
    shift = facade.current_shift(till=till)
    if shift is None:
        return _open_form(request, till)
    if shift.state == "counted":
        return redirect("till:shift-difference", shift.id)
    now = datetime.now(UTC)
    report = facade.x_report(shift_id=shift.id, store_ids=frozenset({till.store_id}), now=now, blind=True)
    return render(
        request,
        "till/shift_home.html",
        shown(till, shift)
        | {
            "report": report,
            "rows": report_rows(report.entries, store=stores.store(store_id=till.store_id)),
            "blockers": blocker_rows(facade.shift_blockers(shift_id=shift.id), urls=blocker_urls()),
            "waiting": waiting_shifts(till),
        },
    )


@require_http_methods(["GET", "POST"])
@till_page()
def open_shift(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Begin a shift with the float that lies in the drawer."""
    if request.method == "GET":
        present = facade.current_shift(till=till)
        return redirect("till:shift") if present is not None and present.state == "open" else _open_form(request, till)
    currency = stores.store(store_id=till.store_id).currency
    counted = read_count(request.POST, currency=currency)
    typed = request.POST.get("float", "").strip()
    try:
        if not typed and (counted.is_empty or not counted.is_good):
            raise InvalidValue("There is no float", pointer="/float")
        amount = read_amount(typed, currency=currency, may_be_zero=True) if typed else counted.total_minor
    except InvalidValue:
        return _open_form(request, till, problem=str(_("Write the float, such as 500.00; 0 when the drawer is empty.")))
    try:
        facade.open_shift(
            till=till, float_minor=amount, is_training=request.POST.get("training") == "1", now=datetime.now(UTC)
        )
    except LiushuiError as error:
        return _open_form(request, till, problem=problem_text(error))
    return redirect("till:sale")


def _open_form(request: HttpRequest, till: Till, *, problem: str = "") -> HttpResponse:
    store = stores.store(store_id=till.store_id)
    context = {
        "till": till,
        "store": store,
        "currency": store.currency,
        "business_date": store.business_date(datetime.now(UTC)),
        "counted": read_count(request.POST, currency=store.currency),
        "typed": request.POST,
        "problem": problem,
        "shift": None,
        "waiting": waiting_shifts(till),
    }
    return render(request, "till/shift_open.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "POST"])
@till_page()
def drawer(request: HttpRequest, *, till: Till, kind: str) -> HttpResponse:
    """Cash in, cash out, or the drawer opened without a sale; each with its reason."""
    shift = facade.current_shift(till=till)
    if shift is None or shift.state != "open":
        return redirect("till:shift")
    if request.method == "GET":
        return _drawer_form(request, till, shift, kind=kind)
    approver, reason = read_approver(request.POST), read_reason(request.POST)
    problems: dict[str, str] = {}
    amount = 0
    if kind != "no_sale":
        try:
            amount = read_amount(request.POST.get("amount", ""), currency=shift.currency)
        except InvalidValue:
            problems["amount"] = str(_("Write an amount such as 12.50."))
    if not 0 < len(reason) <= REASON_MAX:
        problems["reason"] = str(_("Give a reason; up to 400 characters."))
    needs_approval = kind == "paid_out" and amount > settings.LIUSHUI.till_paid_out_limit_minor
    if needs_approval and approver.way != ASK_INBOX and not approver.is_named:
        problems["approver"] = str(_("Scan the badge of the person who approves, or write name and PIN."))
    if problems:
        return _drawer_form(request, till, shift, kind=kind, problems=problems)
    try:
        waiting = _move_cash(till, shift, kind=kind, amount=amount, reason=reason, approver=approver)
    except LiushuiError as error:
        return _drawer_form(request, till, shift, kind=kind, problems={"whole": problem_text(error)})
    return redirect("till:paid-out-asked", waiting) if waiting else redirect("till:shift")


def _move_cash(till: Till, shift: Shift, *, kind: str, amount: int, reason: str, approver: Approver) -> UUID | None:
    """Do it, or answer the request that waits for an approval."""
    now = datetime.now(UTC)
    if kind == "no_sale":
        facade.no_sale(till=till, reason=reason, now=now)
        return None
    if kind == "paid_in":
        facade.paid_in(till=till, amount_minor=amount, reason=reason, now=now)
        return None
    if amount <= settings.LIUSHUI.till_paid_out_limit_minor:
        facade.paid_out(till=till, amount_minor=amount, reason=reason, now=now)
        return None
    target = f"shift:{shift.id}"
    if approver.way == ASK_INBOX:
        asked = facade.ask_approval(
            till=till, kind=PAID_OUT, target=target, reason=reason, amount_minor=amount, now=now
        )
        return asked.id
    approval_id = facade.approve_here(
        till=till,
        kind=PAID_OUT,
        target=target,
        reason=reason,
        username=approver.username,
        pin=approver.pin,
        badge=approver.badge,
        amount_minor=amount,
        now=now,
    )
    facade.paid_out(till=till, amount_minor=amount, reason=reason, approval_id=approval_id, now=now)
    return None


def _drawer_form(
    request: HttpRequest, till: Till, shift: Shift, *, kind: str, problems: dict[str, str] | None = None
) -> HttpResponse:
    title, button = _DRAWER[kind]
    context = shown(till, shift) | {
        "kind": kind,
        "form_title": title,
        "button": button,
        "quick_reasons": QUICK_REASONS[kind],
        "typed": request.POST,
        "approver": read_approver(request.POST),
        "limit_minor": settings.LIUSHUI.till_paid_out_limit_minor,
        "problems": problems or {},
    }
    return render(request, "till/shift_drawer.html", context, status=422 if problems else 200)


@require_http_methods(["GET", "POST"])
@till_page()
def paid_out_asked(request: HttpRequest, approval_id: UUID, *, till: Till) -> HttpResponse:
    """Cash that the inbox was asked for; once approved, just what was asked for is taken out."""
    shift, asked = _asked(till, approval_id)
    problem = ""
    if request.method == "POST":
        try:
            facade.paid_out(
                till=till,
                amount_minor=asked.amount_minor or 0,
                reason=asked.reason,
                approval_id=asked.id,
                now=datetime.now(UTC),
            )
            return redirect("till:shift")
        except LiushuiError as error:
            problem = problem_text(error)
    context = shown(till, shift) | {"asked": asked, "problem": problem, "is_over": _is_over(asked)}
    return render(request, "till/shift_asked.html", context, status=422 if problem else 200)


@require_GET
@till_page(touch=False)
def paid_out_state(request: HttpRequest, approval_id: UUID, *, till: Till) -> HttpResponse:
    """How that request stands; the page asks by itself."""
    shift, asked = _asked(till, approval_id)
    context = shown(till, shift) | {"asked": asked, "is_over": _is_over(asked)}
    return render(request, "till/shift_asked_state.html", context)


def _asked(till: Till, approval_id: UUID) -> tuple[Shift, approvals.Approval]:
    shift = facade.current_shift(till=till)
    asked = approvals.approval(approval_id=approval_id)
    if shift is None or asked.kind != PAID_OUT or asked.target != f"shift:{shift.id}":
        raise NotFound("There is no such request at this till")
    return shift, asked


def _is_over(asked: approvals.Approval) -> bool:
    return asked.state != "pending" or asked.expires_at <= datetime.now(UTC)


@require_GET
@till_page()
def x_report(request: HttpRequest, *, till: Till) -> HttpResponse:
    """The X report of the running shift, without what the drawer should hold: it is counted blind."""
    shift = facade.current_shift(till=till)
    if shift is None:
        return redirect("till:shift")
    return _report(request, till, shift.id, template="till/shift_x.html")


@require_GET
@till_page()
def x_paper(request: HttpRequest, *, till: Till) -> HttpResponse:
    """The X report on a roll of 80 mm."""
    shift = facade.current_shift(till=till)
    if shift is None:
        return redirect("till:shift")
    return _report(request, till, shift.id, template="till/shift_paper.html")


@require_GET
@till_page()
def finished(request: HttpRequest, shift_id: UUID, *, till: Till) -> HttpResponse:
    """A closed shift of this till: what it came to."""
    return _report(request, till, shift_id, template="till/shift_closed.html")


@require_GET
@till_page()
def finished_paper(request: HttpRequest, shift_id: UUID, *, till: Till) -> HttpResponse:
    """A closed shift of this till on a roll of 80 mm."""
    return _report(request, till, shift_id, template="till/shift_paper.html")


def _report(request: HttpRequest, till: Till, shift_id: UUID, *, template: str) -> HttpResponse:
    store = stores.store(store_id=till.store_id)
    shift = shift_of(till, shift_id)
    is_blind = shift.state == "open"
    report = facade.x_report(
        shift_id=shift_id, store_ids=frozenset({till.store_id}), now=datetime.now(UTC), blind=is_blind
    )
    context = shown(till, report.shift) | {
        "report": report,
        "is_blind": is_blind,
        "made_at": store.local(report.made_at).replace(tzinfo=None),
        "rows": report_rows(report.entries, store=store),
        "back": reverse("till:shift-x") if is_blind else reverse("till:shift-finished", args=[shift_id]),
    }
    return render(request, template, context)


urlpatterns: list[URLPattern] = [
    path("till/shift/", shift_home, name="shift"),
    path("till/shift/open/", open_shift, name="shift-open"),
    path("till/shift/paid-in/", drawer, {"kind": "paid_in"}, name="paid-in"),
    path("till/shift/paid-out/", drawer, {"kind": "paid_out"}, name="paid-out"),
    path("till/shift/no-sale/", drawer, {"kind": "no_sale"}, name="no-sale"),
    path("till/shift/paid-out/<uuid:approval_id>/", paid_out_asked, name="paid-out-asked"),
    path("till/shift/paid-out/<uuid:approval_id>/state/", paid_out_state, name="paid-out-state"),
    path("till/shift/x/", x_report, name="shift-x"),
    path("till/shift/x/paper/", x_paper, name="shift-x-paper"),
    path("till/shift/<uuid:shift_id>/", finished, name="shift-finished"),
    path("till/shift/<uuid:shift_id>/paper/", finished_paper, name="shift-finished-paper"),
    *shift_count.urlpatterns,
    *shift_list.urlpatterns,
]
MENU: tuple[MenuEntry, ...] = shift_list.MENU
