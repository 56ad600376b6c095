"""The approval inbox: what waits for me, what I asked for, and what became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from liushui.console.shell import local_name
from liushui.runtime import approvals, step_up
from liushui.runtime.access import Principal
from liushui.runtime.approvals import Approval
from liushui.runtime.web import page
from liushui.stores import facade as stores

VIEWS: dict[str, Any] = {
    "waiting": gettext_lazy("Waiting for me"),
    "asked": gettext_lazy("Asked by me"),
    "history": gettext_lazy("History"),
}
STATES: dict[str, Any] = {
    "pending": pgettext_lazy("approval", "Waiting"),
    "approved": pgettext_lazy("approval", "Approved"),
    "rejected": gettext_lazy("Rejected"),
    "withdrawn": gettext_lazy("Withdrawn"),
    "expired": gettext_lazy("Expired"),
}
_STATUS = {"approved": "status-good", "rejected": "status-bad", "pending": "status-info"}
# What a request is about, by the first word of its target, and the page that shows it.
_PAGES = {
    "sale": "orders:sale",
    "shift": "till:shift-report",
    "case": "payments:case",
    "ticket": "till:receipt",
    "draft": "promotions:draft",
    "programme-draft": "loyalty:draft",
    "adjustment": "loyalty:correction",
    "gift-card": "loyalty:gift-card",
    "gift-card-batch": "loyalty:gift-card-batch",
    "merge": "loyalty:merge-request",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFact:
    """What whoever decides should know; `address` leads to a receipt that this reader sees."""

    label: str
    text: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A request as the page shows it."""

    approval: Approval
    title: Any
    place: str
    address: str
    state: Any
    status: str
    is_pending: bool
    is_own: bool
    needs_proof: bool
    facts: Sequence[ShownFact]


@require_GET
@page(capability=None)
def inbox(request: HttpRequest, *, principal: Principal) -> HttpResponse:
    """One of the three lists. A page that is left open asks again and again, and gets nothing when nothing is new."""
    now = datetime.now(UTC)
    view = request.GET.get("view", "")
    waiting = approvals.waiting(principal=principal, now=now)
    if view not in VIEWS:
        view = "waiting"
    if view == "history":
        return _history(request, principal, now, len(waiting))
    found = waiting if view == "waiting" else approvals.asked(principal=principal, now=now)
    known = _fingerprint(found)
    if request.GET.get("known") == known:
        return HttpResponse(status=204)
    context = {
        "views": VIEWS, "view": view, "lines": lines(found, principal, now), "known": known, "count": len(waiting)
    }  # fmt: skip
    part = request.headers.get("HX-Request") == "true"
    return render(request, "console/parts/approval_lines.html" if part else "console/approvals.html", context)


def _history(request: HttpRequest, principal: Principal, now: datetime, count: int) -> HttpResponse:
    state, kind = request.GET.get("state", ""), request.GET.get("kind", "")
    rows = settings.LIUSHUI.page_rows
    found = approvals.history(
        principal=principal, now=now, state=state if state in STATES else "", kind=kind, before=_cursor(request),
        limit=rows + 1,
    )  # fmt: skip
    context = {
        "views": VIEWS, "view": "history", "count": count, "lines": lines(found[:rows], principal, now),
        "states": STATES, "state": state, "kinds": approvals.kinds(), "kind": kind,
        "after": str(found[rows - 1].id) if len(found) > rows else None,
    }  # fmt: skip
    return render(request, "console/approvals.html", context)


@require_http_methods(["GET", "POST"])
@page(capability=None)
def request_detail(request: HttpRequest, *, approval_id: UUID, principal: Principal) -> HttpResponse:
    """One request; a POST says in `do` whether it is approved, rejected or taken back."""
    now = datetime.now(UTC)
    found = approvals.shown(approval_id=approval_id, principal=principal)
    if request.method == "GET":
        return _detail(request, found, principal, now)
    do, reason = request.POST.get("do"), request.POST.get("reason", "").strip()
    if do == "withdraw":
        if approvals.withdraw(approval_id=approval_id, principal=principal, now=now):
            messages.success(request, _("Taken back."))
    elif do in ("approve", "reject"):
        if step_up.is_due(request, amount_minor=found.amount_minor):
            return step_up.ask(request)
        if do == "reject" and not reason:
            return _detail(request, found, principal, now, problem=_("Say why you reject it."))
        return _decide(request, found, principal, now, approve=do == "approve", reason=reason)
    return redirect("console:approvals")


def _decide(
    request: HttpRequest, found: Approval, principal: Principal, now: datetime, *, approve: bool, reason: str
) -> HttpResponse:
    try:
        approvals.decide(approval_id=found.id, approve=approve, principal=principal, now=now, reason=reason)
    except approvals.AlreadyDecided:
        latest = approvals.shown(approval_id=found.id, principal=principal)
        if latest.decided_by_name:
            text = _("%(name)s has decided this already.") % {"name": latest.decided_by_name}
        else:
            text = _("This request waits no longer.")
        messages.warning(request, text)
    except approvals.SamePerson as error:
        return _detail(request, found, principal, now, problem=_(error.title))
    else:
        messages.success(request, _("Approved.") if approve else _("Rejected."))
    return redirect("console:approvals")


def _detail(
    request: HttpRequest, found: Approval, principal: Principal, now: datetime, *, problem: str = ""
) -> HttpResponse:
    [line] = lines([found], principal, now)
    context = {"line": line, "problem": problem, "reason": request.POST.get("reason", "")}
    return render(request, "console/approval.html", context, status=422 if problem else 200)


def lines(found: Sequence[Approval], principal: Principal, now: datetime) -> list[Line]:
    """Requests in the reader's words."""
    places = {store.id: store for store in stores.stores()} if found else {}
    return [
        Line(
            approval=one,
            title=_title(one.kind),
            place=local_name(places[one.store_id]) if one.store_id in places else _("Whole chain"),
            address=_address(one.target),
            state=STATES[one.state_at(now)],
            status=_STATUS.get(one.state_at(now), ""),
            is_pending=one.state_at(now) == "pending",
            is_own=one.requested_by == principal.subject,
            needs_proof=_needs_proof(one),
            facts=_facts(one, principal),
        )
        for one in found
    ]


def _facts(one: Approval, principal: Principal) -> list[ShownFact]:
    seen = principal.stores("sale.read")
    return [
        ShownFact(
            label=fact.label, text=fact.text,
            address=reverse("orders:sale", args=[fact.sale_id]) if fact.sale_id and fact.store_id in seen else "",
        )
        for fact in approvals.facts(one)
    ]  # fmt: skip


def _needs_proof(found: Approval) -> bool:
    return abs(found.amount_minor or 0) >= settings.LIUSHUI.step_up_amount_minor


def _title(kind: str) -> Any:
    return next((known.title for known in approvals.kinds() if known.name == kind), kind)


def _address(target: str) -> str:
    """The page of what a target names, `sale:<id>`; empty when there is none, as of a ticket that is still open."""
    kind, _colon, identity = target.partition("/")[0].partition(":")
    if kind not in _PAGES or "/" in target:
        return ""
    try:
        return reverse(_PAGES[kind], args=[identity.partition(":")[0]])  # a draft is followed by its revision
    except NoReverseMatch:
        return ""


def _fingerprint(found: Sequence[Approval]) -> str:
    return hashlib.sha256("".join(str(one.id) for one in found).encode()).hexdigest()[:16]


def _cursor(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET["after"])
    except (KeyError, ValueError):
        return None
