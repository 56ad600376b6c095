"""The sale screen: what is scanned, changed, taken off, parked and taken up again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from liushui.kernel.errors import LiushuiError
from liushui.runtime.menu import MenuEntry
from liushui.till import facade
from liushui.till.access import till_page
from liushui.till.contracts import Ticket, Till
from liushui.till.errors import LineRefused, MeasureNeeded, TicketMissing, UnknownCode, WrongState
from liushui.till.kinds import CANCEL, LINE_VOID
from liushui.till.pages import customer, display, members, paying, returns
from liushui.till.pages.approving import ask_or_do
from liushui.till.pages.entry import CODE_MAX, Entry, read_entry
from liushui.till.pages.posted import currency_of, line_of, text_of, version_of
from liushui.till.pages.return_screen import PANEL
from liushui.till.pages.screen import PANELS, screen, show
from liushui.till.pages.words import Answer, answer_to, note

LOOKS_MAX = 12
_PAYING = frozenset({"pay", "give", "busy"})  # panels


@require_GET
@till_page()
def sale(request: HttpRequest, *, till: Till) -> HttpResponse:
    """The whole screen with the ticket at hand."""
    ticket = facade.current_ticket(till=till)
    wanted = request.GET.get("return", "")[:36]  # from a receipt: its goods come back
    panel = f"{PANEL}-{wanted}" if wanted and (ticket is None or ticket.state == "open") else ""
    return render(request, "till/sale.html", screen(request, till=till, ticket=ticket, panel=panel))


@require_GET
@till_page()
def ticket(request: HttpRequest, *, till: Till) -> HttpResponse:
    """The ticket at hand with one of the panels; the one that was being paid, if it was completed meanwhile."""
    panel = request.GET.get("show", "")
    present = facade.current_ticket(till=till)
    if present is None and (paid := _paid_meanwhile(request, till=till)) is not None:
        return show(request, till=till, ticket=paid, sound="paid")
    return show(
        request,
        till=till,
        ticket=present,
        panel=panel if panel in PANELS else "",
        line=line_of(request.GET.get("line")),
    )


def _paid_meanwhile(request: HttpRequest, *, till: Till) -> Ticket | None:
    """The ticket that the screen was paying when it lost the server, and that recovery or the provider's news has
    completed since: the cashier sees that it is paid, and not an empty basket."""
    if request.GET.get("panel") not in _PAYING:
        return None
    try:
        found = facade.ticket(ticket_id=UUID(request.GET.get("ticket", "")), store_ids=frozenset({till.store_id}))
    except (ValueError, TicketMissing):
        return None
    return found if found.state == "settled" and found.workstation_code == till.workstation_code else None


@require_POST
@till_page()
def enter(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Whatever stood in the scan box when Enter came: by a scanner or by hand."""
    now, panel = datetime.now(UTC), request.POST.get("panel", "")
    text = text_of(request)
    try:
        entry = read_entry(text=text, panel=panel, currency=currency_of(till))
    except LiushuiError as error:
        return refused(request, till=till, error=error, about=text, panel=panel)
    try:
        return _entered(request, till=till, entry=entry, panel=panel, now=now)
    except MeasureNeeded as error:
        return _weigh(request, till=till, entry=entry, error=error)
    except UnknownCode as error:
        if entry.kind == "article" and entry.units == 1 and entry.grams is None and panel in ("", "why", "box"):
            member = members.maybe_member(request, till=till, text=entry.code, now=now)
            if member is not None:
                return member
            if entry.is_like_receipt() and returns.is_receipt(till=till, text=entry.code):
                return returns.enter_receipt(request, till=till, text=entry.code)
            return customer.maybe_code(request, till=till, code=entry.code, error=error, now=now)
        return refused(request, till=till, error=error, about=text, panel=panel)
    except WrongState as error:
        advice = _("Something of it is paid: type an amount, or take the payments off to go on scanning.")
        return refused(
            request, till=till, error=error, about=text, panel=panel, advice=advice if panel == "pay" else ""
        )
    except LiushuiError as error:
        return refused(request, till=till, error=error, about=text, panel=panel)


def _entered(request: HttpRequest, *, till: Till, entry: Entry, panel: str, now: datetime) -> HttpResponse:
    if entry.kind in ("article", "weight") and panel != "price":
        code = request.POST.get("code", "")[:CODE_MAX] if entry.kind == "weight" else entry.code
        scanned = facade.scan(till=till, code=code, units=entry.units, measure_value=entry.grams, now=now)
        return show(request, till=till, ticket=scanned, panel=_kept(panel), sound="ok")
    if entry.kind == "receipt":
        return returns.enter_receipt(request, till=till, text=entry.code)
    if entry.kind == "returned":
        return returns.enter_goods(request, till=till, entry=entry, panel=panel, now=now)
    if entry.kind == "pieces":
        return _pieces(request, till=till, wanted=entry.units)
    if entry.kind == "coupon":
        return customer.enter_code(request, till=till, code=entry.code, now=now)
    if entry.kind == "member":
        return members.enter_member(request, till=till, text=entry.code, now=now)
    if entry.kind == "gift_card":
        return members.spend(request, till=till, kind="gift_card", card=entry.code, now=now)
    present = facade.current_ticket(till=till)
    if entry.kind == "amount" and present is not None:
        return paying.pay_cash(request, till=till, ticket=present, given_minor=entry.amount_minor, now=now)
    if entry.kind == "wallet":
        return _wallet(request, till=till, ticket=present, entry=entry, panel=panel, now=now)
    if entry.kind == "badge":
        answer = Answer(level="bad", title=_("A badge was scanned"), advice=_("Nothing waits for an approval here."))
        return show(request, till=till, ticket=present, panel=panel, answer=answer, sound="bad")
    if entry.kind == "nothing":
        return show(request, till=till, ticket=present, panel=panel)
    found = facade.look_up(till=till, text=entry.code, now=now, limit=LOOKS_MAX)
    sound = "ok" if found else "bad"
    return show(request, till=till, ticket=present, panel=panel, sound=sound, looks=found, looked_for=entry.code)


def _kept(panel: str) -> str:
    """A request that waits in the manager's inbox stays in sight while selling goes on; other panels close."""
    return panel if panel.startswith("asked-") else ""


def _wallet(
    request: HttpRequest, *, till: Till, ticket: Ticket | None, entry: Entry, panel: str, now: datetime
) -> HttpResponse:
    if ticket is None or panel != "pay":
        answer = Answer(
            level="bad", title=_("That is a customer's payment code"), advice=_("Press Pay first, then scan it again.")
        )
        return show(request, till=till, ticket=ticket, panel=panel, answer=answer, sound="bad")
    return paying.scan_wallet(request, till=till, ticket=ticket, code=entry.code, wallet=entry.wallet, now=now)


def _weigh(request: HttpRequest, *, till: Till, entry: Entry, error: LiushuiError) -> HttpResponse:
    code = request.POST.get("code", "") if entry.kind == "weight" else entry.code
    present = facade.current_ticket(till=till)
    answer = answer_to(error, about=code)
    return show(request, till=till, ticket=present, panel="weigh", answer=answer, sound="bad", weighed_code=code)


@require_POST
@till_page()
def units(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Change the pieces of the chosen line: to the number in the scan box, or by `step`. Fewer needs a reason."""
    text, step, line = text_of(request), request.POST.get("step", ""), line_of(request.POST.get("line"))
    if text and step not in ("1", "-1") and not (text.isascii() and text.isdigit() and len(text) < 6):
        error = LineRefused("This is not a number of pieces")
        return refused(request, till=till, error=error, about=text, panel="units", line=line)
    return _pieces(request, till=till, wanted=int(text) if text and step not in ("1", "-1") else None, step=step)


def _pieces(request: HttpRequest, *, till: Till, wanted: int | None, step: str = "") -> HttpResponse:
    """So many pieces of the chosen line; asked for where neither a number nor a step is given."""
    now, line = datetime.now(UTC), line_of(request.POST.get("line"))
    present = facade.current_ticket(till=till)
    row = next((row for row in present.lines if row.number == line and not row.is_voided), None) if present else None
    if present is None or row is None:
        return show(request, till=till, ticket=present, answer=_no_line(), sound="bad")
    if wanted is None and step in ("1", "-1"):
        wanted = row.units + int(step)
    if wanted is None:
        return show(request, till=till, ticket=present, panel="units", line=line)
    if wanted < row.units:
        return show(request, till=till, ticket=present, panel="line", line=line, fewer=wanted or None)
    units = wanted

    def deed() -> Ticket:
        return facade.set_units(
            till=till, ticket_id=present.id, version=version_of(request), line_number=row.number, units=units, now=now
        )

    return done(request, till=till, deed=deed, line=line)


@require_POST
@till_page()
def void_line(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Take a line off: with a reason, approved by a second person here or by the inbox."""
    line = line_of(request.POST.get("line"))
    target = f"ticket:{request.POST.get('ticket', '')}/line:{line}"
    return ask_or_do(request, till=till, kind=LINE_VOID, target=target, panel="line", line=line)


@require_POST
@till_page()
def cancel(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Give the whole ticket up; what was paid through a provider goes back."""
    target = f"ticket:{request.POST.get('ticket', '')}"
    return ask_or_do(request, till=till, kind=CANCEL, target=target, panel="cancel", line=None)


@require_POST
@till_page()
def park(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Put the ticket aside under a name, so that the next customer can be served."""
    present = facade.current_ticket(till=till)
    if present is None:
        return show(request, till=till, ticket=None)
    label = request.POST.get("label", "").strip() or text_of(request)

    def deed() -> None:
        facade.park(
            till=till, ticket_id=present.id, version=version_of(request), label=label[:60], now=datetime.now(UTC)
        )

    return done(request, till=till, deed=deed, said=note(_("Parked"), about=label[:60]))


@require_POST
@till_page()
def resume(request: HttpRequest, ticket_id: UUID, *, till: Till) -> HttpResponse:
    """Take a parked ticket up again, at this till."""

    def deed() -> Ticket:
        return facade.resume(till=till, ticket_id=ticket_id, now=datetime.now(UTC))

    return done(request, till=till, deed=deed)


@require_GET
@till_page()
def look_up(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Articles by what has been typed so far, for the list below the scan box."""
    text = request.GET.get("q", "").strip()[:CODE_MAX]
    found = facade.look_up(till=till, text=text, now=datetime.now(UTC), limit=LOOKS_MAX) if text else ()
    context = {"looks": found, "currency": currency_of(till), "text": text}
    return render(request, "till/parts/looks.html", context)


def done(
    request: HttpRequest,
    *,
    till: Till,
    deed: Callable[[], Ticket | None],
    line: int | None = None,
    panel: str = "",
    said: Answer | None = None,
) -> HttpResponse:
    """Do it and show the ticket as it is then, or what was refused."""
    try:
        changed = deed()
    except LiushuiError as error:
        return refused(request, till=till, error=error, line=line, panel=panel)
    return show(request, till=till, ticket=changed, line=line, sound="ok", answer=said)


def refused(
    request: HttpRequest,
    *,
    till: Till,
    error: LiushuiError,
    about: str = "",
    panel: str = "",
    line: int | None = None,
    advice: str = "",
) -> HttpResponse:
    """The ticket as it stands, with what went wrong above it; 200, since the screen is right."""
    present = facade.current_ticket(till=till)
    answer = answer_to(error, about=about)
    answer = replace(answer, advice=advice) if advice else answer
    return show(request, till=till, ticket=present, panel=panel, answer=answer, sound="bad", line=line)


def _no_line() -> Answer:
    return Answer(level="bad", title=_("No line is chosen"), advice=_("Choose one with the arrow keys, or tap it."))


urlpatterns: list[URLPattern] = [
    path("till/", sale, name="sale"),
    path("till/ticket/", ticket, name="ticket"),
    path("till/ticket/enter/", enter, name="enter"),
    path("till/ticket/units/", units, name="units"),
    path("till/ticket/void-line/", void_line, name="void-line"),
    path("till/ticket/cancel/", cancel, name="cancel"),
    path("till/ticket/park/", park, name="park"),
    path("till/ticket/resume/<uuid:ticket_id>/", resume, name="resume"),
    path("till/ticket/look-up/", look_up, name="look-up"),
    *customer.urlpatterns,
    *members.urlpatterns,
    *returns.urlpatterns,
    *display.urlpatterns,
]
MENU: tuple[MenuEntry, ...] = ()
