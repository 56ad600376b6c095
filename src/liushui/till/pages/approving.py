"""Deeds of a cashier that a second person approves: on the spot with badge or PIN, or in the manager's inbox."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from liushui.kernel.errors import LiushuiError, NotFound
from liushui.runtime import approvals
from liushui.runtime.approvals import REASON_MAX, Approval
from liushui.till import facade
from liushui.till.contracts import Ticket, Till
from liushui.till.errors import ReasonMissing, TicketMissing
from liushui.till.kinds import CANCEL, LINE_VOID, RETURN
from liushui.till.pages.posted import line_of
from liushui.till.pages.screen import show
from liushui.till.pages.words import Answer, answer_to, note

_TARGET = re.compile(
    r"\Aticket:(?P<ticket>[0-9a-f-]{36})(/line:(?P<line>[0-9]{1,6})|/return/[0-9a-f]{16})?\Z", re.ASCII
)
_ASKED = re.compile(r"\Aasked-(?P<id>[0-9a-f-]{36})(-(?P<units>[0-9]{1,5}))?\Z", re.ASCII)


def ask_or_do(
    request: HttpRequest, *, till: Till, kind: str, target: str, panel: str, line: int | None
) -> HttpResponse:
    """Do it with the approval given in the form, or ask the inbox and wait beside the sale.

    The form's `fewer`, if there is one, says how many pieces of the line are left.
    """
    now, fewer = datetime.now(UTC), line_of(request.POST.get("fewer"))
    try:
        reason = reason_of(request)
        if request.POST.get("ask"):
            asked = facade.ask_approval(till=till, kind=kind, target=target, reason=reason, now=now)
            waits = f"asked-{asked.id}" + (f"-{fewer}" if fewer else "")
            return show(request, till=till, ticket=_present(till, now), panel=waits, sound="ok")
        approval_id = approve_here(request, till=till, kind=kind, target=target, reason=reason, now=now)
        deed = Deed(kind=kind, target=target, reason=reason, approval_id=approval_id, fewer=fewer)
        changed = perform(till=till, deed=deed, now=now)
    except LiushuiError as error:
        return show(
            request, till=till, ticket=_present(till, now), panel=panel, answer=answer_to(error), sound="bad",
            line=line, typed=request.POST, fewer=fewer,
        )  # fmt: skip
    return _after(request, till=till, ticket=changed, kind=kind)


def approve_here(
    request: HttpRequest, *, till: Till, kind: str, target: str, reason: str, now: datetime, amount: int | None = None
) -> UUID:
    """The approval of whoever showed badge or PIN in the form."""
    return facade.approve_here(
        till=till,
        kind=kind,
        target=target,
        reason=reason,
        username=request.POST.get("username", "").strip(),
        pin=request.POST.get("pin", "").strip(),
        badge=request.POST.get("badge", "").strip(),
        amount_minor=amount,
        now=now,
    )


def reason_of(request: HttpRequest) -> str:
    """The reason of the form; raises ReasonMissing."""
    reason = request.POST.get("reason", "").strip()
    if not reason:
        raise ReasonMissing("A reason is needed")
    return reason[:REASON_MAX]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What a second person approved. `fewer` are the pieces left of a line; None takes it off."""

    kind: str
    target: str
    reason: str
    approval_id: UUID
    fewer: int | None


def perform(*, till: Till, deed: Deed, now: datetime) -> Ticket:
    """Do it on the ticket as it is now. Raises what the deed raises."""
    found = _TARGET.match(deed.target)
    if found is None:
        raise TicketMissing("There is no such ticket here")
    ticket = facade.ticket(ticket_id=UUID(found["ticket"]), store_ids=frozenset({till.store_id}))
    if deed.kind == RETURN:
        return facade.approve_return(
            till=till, ticket_id=ticket.id, version=ticket.version, approval_id=deed.approval_id, now=now
        )
    if deed.kind == CANCEL and not found["line"]:
        return facade.cancel_ticket(
            till=till, ticket_id=ticket.id, version=ticket.version, reason=deed.reason, approval_id=deed.approval_id,
            now=now,
        )  # fmt: skip
    if deed.kind != LINE_VOID or not found["line"]:
        raise NotFound("There is no such deed at a till")
    if deed.fewer:
        return facade.set_units(
            till=till, ticket_id=ticket.id, version=ticket.version, line_number=int(found["line"]), units=deed.fewer,
            approval_id=deed.approval_id, now=now,
        )  # fmt: skip
    return facade.void_line(
        till=till, ticket_id=ticket.id, version=ticket.version, line_number=int(found["line"]), reason=deed.reason,
        approval_id=deed.approval_id, now=now,
    )  # fmt: skip


def show_asked(request: HttpRequest, *, till: Till, approval_id: UUID) -> HttpResponse:
    """How a request fares; once it is approved, the deed. 204 while it waits: nothing on the screen changes."""
    now = datetime.now(UTC)
    asked = own_request(till=till, approval_id=approval_id)
    if asked.state == "pending" and asked.expires_at > now:
        return HttpResponse(status=204)
    if asked.state != "approved":
        answer = Answer(
            level="bad", title=_("The request was turned down"), about=asked.decided_by_name,
            advice=asked.decision_reason,
        )  # fmt: skip
        return show(request, till=till, ticket=_present(till, now), answer=answer, sound="bad")
    panel = _ASKED.match(request.POST.get("panel", ""))
    deed = Deed(
        kind=asked.kind, target=asked.target, reason=asked.reason, approval_id=asked.id,
        fewer=line_of(panel["units"]) if panel else None,
    )  # fmt: skip
    try:
        changed = perform(till=till, deed=deed, now=now)
    except LiushuiError as error:
        return show(request, till=till, ticket=_present(till, now), answer=answer_to(error), sound="bad")
    return _after(request, till=till, ticket=changed, kind=asked.kind, by=asked.decided_by_name)


def withdraw(request: HttpRequest, *, till: Till, approval_id: UUID) -> HttpResponse:
    """Take the request back."""
    now = datetime.now(UTC)
    approvals.withdraw(approval_id=approval_id, principal=till.principal, now=now)
    return show(request, till=till, ticket=_present(till, now))


def own_request(*, till: Till, approval_id: UUID) -> Approval:
    """A request that this operator made; raises NotFound for any other."""
    asked = approvals.approval(approval_id=approval_id)
    if asked.requested_by != till.principal.subject or asked.store_id != till.store_id:
        raise NotFound("There is no such request")
    return asked


def _present(till: Till, now: datetime) -> Ticket | None:
    return facade.current_ticket(till=till)


def _after(request: HttpRequest, *, till: Till, ticket: Ticket, kind: str, by: str = "") -> HttpResponse:
    if kind == CANCEL:
        said = note(_("The ticket is cancelled"), about=ticket.number)
        return show(request, till=till, ticket=facade.current_ticket(till=till), answer=said, sound="ok")
    if kind == RETURN:
        said = note(_("The return is approved"), about=ticket.approved_by)
        return show(request, till=till, ticket=ticket, panel="pay", answer=said, sound="ok")
    answer = note(_("The line is taken off"), about=by) if by else None
    return show(request, till=till, ticket=ticket, answer=answer, sound="ok")
