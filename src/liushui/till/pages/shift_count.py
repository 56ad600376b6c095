"""The end of a shift at the till: blind count, the difference with its reason and approver, hand-over (交接班)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from liushui.kernel.errors import LiushuiError, NotFound
from liushui.runtime import approvals, operators
from liushui.runtime.models import StaffUser
from liushui.runtime.web import client_address
from liushui.stores import facade as stores
from liushui.till import access, facade
from liushui.till.access import till_page
from liushui.till.contracts import Shift, Till
from liushui.till.errors import ShiftBlocked
from liushui.till.pages.cash_forms import (
    ASK_INBOX,
    REASON_MAX,
    Approver,
    CashCount,
    read_approver,
    read_count,
    read_reason,
)
from liushui.till.pages.shift_words import QUICK_REASONS, blocker_rows, problem_text, shift_times

DIFFERENCE = "till.difference"


@require_http_methods(["GET", "POST"])
@till_page()
def count(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Count the drawer: written, looked over, final. Nothing that is shown before tells what should be in it."""
    shift = facade.current_shift(till=till)
    if shift is None or shift.state != "open":
        return redirect("till:shift")
    drawer = _Drawer(request=request, till=till, shift=shift, hands_over=False)
    if not drawer.is_final:
        return drawer.before()
    try:
        counted = facade.count_shift(till=till, count=drawer.counted.count, now=datetime.now(UTC))
    except LiushuiError as error:
        return drawer.refused(error)
    return _after_count(counted)


@require_http_methods(["GET", "POST"])
@till_page()
def hand_over(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Count, and the next cashier takes the drawer with what was counted as float, and the till."""
    shift = facade.current_shift(till=till)
    if shift is None or shift.state != "open":
        return redirect("till:shift")
    drawer = _Drawer(request=request, till=till, shift=shift, hands_over=True)
    if not drawer.is_final:
        return drawer.before()
    try:
        user = _next_cashier(request, till)
        to = access.till_for(request, user=user)
        if to is None:
            return redirect("till:shift")
        facade.hand_over(till=till, to=to, count=drawer.counted.count, now=datetime.now(UTC))
    except LiushuiError as error:
        return drawer.review(problem=problem_text(error)) if not isinstance(error, ShiftBlocked) else drawer.form()
    before = facade.shift(shift_id=shift.id, store_ids=frozenset({till.store_id}))
    response = _after_count(before)
    access.sign_in(request, response, user=user)
    return response


def _next_cashier(request: HttpRequest, till: Till) -> StaffUser:
    return operators.identify(
        store_id=till.store_id,
        username=request.POST.get("next_user", "").strip()[:150],
        pin=request.POST.get("next_pin", "").strip()[:32],
        badge=request.POST.get("next_badge", "").strip()[:200],
        now=datetime.now(UTC),
        address=client_address(request),
    )


def _after_count(shift: Shift) -> HttpResponse:
    return redirect("till:shift-finished" if shift.state == "closed" else "till:shift-difference", shift.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawer:
    """The two pages of a count, and what was written on them."""

    request: HttpRequest
    till: Till
    shift: Shift
    hands_over: bool

    @property
    def step(self) -> str:
        """review, final or change; the empty form otherwise."""
        return self.request.POST.get("step", "") if self.request.method == "POST" else ""

    @property
    def is_final(self) -> bool:
        """Whether what was written can be read and was said to be final."""
        return self.step == "final" and self.counted.is_good

    @property
    def counted(self) -> CashCount:
        """What was written."""
        return read_count(self.request.POST, currency=self.shift.currency)

    def before(self) -> HttpResponse:
        """The page of a count that is not final."""
        return self.review() if self.step == "review" and self.counted.is_good else self.form()

    def form(self, *, problem: str = "") -> HttpResponse:
        """The fields, with what is in the way of the count above them."""
        bad = bool(problem) or not self.counted.is_good
        return self._render("till/shift_count.html", problem, status=422 if bad else 200)

    def review(self, *, problem: str = "") -> HttpResponse:
        """What was written, once more, before it is final."""
        return self._render("till/shift_review.html", problem, status=422 if problem else 200)

    def refused(self, error: LiushuiError) -> HttpResponse:
        """The form, with what the error says; blockers stand above it by themselves."""
        return self.form(problem=problem_text(error))

    def _render(self, template: str, problem: str, *, status: int) -> HttpResponse:
        blockers = facade.shift_blockers(shift_id=self.shift.id)
        return render(
            self.request,
            template,
            shown(self.till, self.shift)
            | {
                "counted": self.counted,
                "hands_over": self.hands_over,
                "next_user": self.request.POST.get("next_user", ""),
                "blockers": blocker_rows(blockers, urls=blocker_urls()),
                "problem": problem,
            },
            status=status,
        )


@require_http_methods(["GET", "POST"])
@till_page()
def difference(request: HttpRequest, shift_id: UUID, *, till: Till) -> HttpResponse:
    """A count that differs: its reason, and the other person who approves it, here or from the inbox."""
    shift = shift_of(till, shift_id)
    if shift.state != "counted":
        return redirect("till:shift-finished", shift.id) if shift.state == "closed" else redirect("till:shift")
    if request.method == "GET":
        return _difference_form(request, till, shift)
    if request.POST.get("step") == "finish":
        return _finish(request, till, shift)
    approver, reason = read_approver(request.POST), read_reason(request.POST)
    problems: dict[str, str] = {}
    if not 0 < len(reason) <= REASON_MAX:
        problems["reason"] = _("Give a reason; up to 400 characters.")
    if approver.way != ASK_INBOX and not approver.is_named:
        problems["approver"] = _("Scan the badge of the person who approves, or write name and PIN.")
    if problems:
        return _difference_form(request, till, shift, problems=problems)
    try:
        after = _explain(till, shift, reason=reason, approver=approver)
    except LiushuiError as error:
        return _difference_form(request, till, shift, problems={"whole": problem_text(error)})
    return _after_count(after)


def _explain(till: Till, shift: Shift, *, reason: str, approver: Approver) -> Shift:
    now = datetime.now(UTC)
    if approver.way == ASK_INBOX:
        return facade.explain_difference(till=till, shift_id=shift.id, reason=reason, now=now)
    approval_id = facade.approve_here(
        till=till,
        kind=DIFFERENCE,
        target=f"shift:{shift.id}",
        reason=reason,
        username=approver.username,
        pin=approver.pin,
        badge=approver.badge,
        amount_minor=shift.difference_minor,
        now=now,
    )
    after = facade.finish_count(till=till, shift_id=shift.id, approval_id=approval_id, now=now)
    if shift.approval_id not in (None, approval_id):  # what the inbox was asked before is no question any more
        approvals.withdraw(approval_id=shift.approval_id, principal=till.principal, now=now)
    return after


def _finish(request: HttpRequest, till: Till, shift: Shift) -> HttpResponse:
    asked = _asked(shift)
    if asked is None:
        return redirect("till:shift-difference", shift.id)
    try:
        after = facade.finish_count(till=till, shift_id=shift.id, approval_id=asked.id, now=datetime.now(UTC))
    except LiushuiError as error:
        return _difference_form(request, till, shift, problems={"whole": problem_text(error)})
    response = _after_count(after)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": response["Location"]})
    return response


def _difference_form(
    request: HttpRequest, till: Till, shift: Shift, *, problems: dict[str, str] | None = None
) -> HttpResponse:
    context = (
        shown(till, shift)
        | _waiting(shift)
        | {
            "quick_reasons": QUICK_REASONS["difference"],
            "typed": request.POST,
            "approver": read_approver(request.POST),
            "problems": problems or {},
        }
    )
    return render(request, "till/shift_difference.html", context, status=422 if problems else 200)


@require_GET
@till_page(touch=False)
def difference_state(request: HttpRequest, shift_id: UUID, *, till: Till) -> HttpResponse:
    """How the request about the difference stands; the page asks by itself."""
    shift = shift_of(till, shift_id)
    if shift.state == "closed":
        return HttpResponse(status=204, headers={"HX-Redirect": redirect("till:shift-finished", shift.id).url})
    return render(request, "till/shift_waiting.html", shown(till, shift) | _waiting(shift))


def _asked(shift: Shift) -> approvals.Approval | None:
    return None if shift.approval_id is None else approvals.approval(approval_id=shift.approval_id)


def _waiting(shift: Shift) -> dict[str, Any]:
    asked = _asked(shift)
    waits = asked is not None and asked.state == "pending" and asked.expires_at > datetime.now(UTC)
    return {"asked": asked, "waits": waits}


def shift_of(till: Till, shift_id: UUID) -> Shift:
    """A shift of this till; raises NotFound for one of another."""
    shift = facade.shift(shift_id=shift_id, store_ids=frozenset({till.store_id}))
    if shift.workstation_id != till.workstation_id:
        raise NotFound("There is no such shift at this till")
    return shift


def shown(till: Till, shift: Shift) -> dict[str, Any]:
    """What every page of a shift at the till shows."""
    store = stores.store(store_id=till.store_id)
    return {
        "till": till,
        "store": store,
        "shift": shift,
        "currency": shift.currency,
        **shift_times(shift, store=store),
    }


def blocker_urls() -> dict[str, str]:
    """Where the operator deals with what blocks the count: at the screen of the sale."""
    return {"ticket": reverse("till:sale"), "payment": reverse("till:sale")}


def waiting_shifts(till: Till) -> Sequence[Shift]:
    """Counted shifts of this till whose difference waits for an approval."""
    found = facade.shifts(store_ids=frozenset({till.store_id}), state="counted")
    return [shift for shift in found if shift.workstation_id == till.workstation_id]


urlpatterns: list[URLPattern] = [
    path("till/shift/count/", count, name="shift-count"),
    path("till/shift/hand-over/", hand_over, name="hand-over"),
    path("till/shift/<uuid:shift_id>/difference/", difference, name="shift-difference"),
    path("till/shift/<uuid:shift_id>/difference/state/", difference_state, name="shift-difference-state"),
]
