"""Goods that come back at the till: find the receipt, choose what comes back, have it approved, give back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from liushui.kernel.errors import InvalidValue, LiushuiError
from liushui.stores import facade as stores
from liushui.till import facade
from liushui.till.access import till_page
from liushui.till.contracts import Ticket, Till
from liushui.till.domain.tenders import TENDERS_MAX
from liushui.till.errors import TicketMissing
from liushui.till.kinds import RETURN, return_target
from liushui.till.pages.approving import ask_or_do
from liushui.till.pages.entry import CODE_MAX, Entry, typed_amount
from liushui.till.pages.posted import currency_of, line_of, text_of, ticket_at_hand, version_of
from liushui.till.pages.return_screen import MORE, NO_RECEIPT, PANEL, ROW_KEYS, sale_of
from liushui.till.pages.screen import show
from liushui.till.pages.words import Answer, answer_to
from liushui.till.return_queries import ReceiptSearch
from liushui.till.returned import RECEIPTS_MAX

SLIP_MAX = 64
SLIPS_MAX = RECEIPTS_MAX * TENDERS_MAX


def enter_receipt(request: HttpRequest, *, till: Till, text: str) -> HttpResponse:
    """A receipt's number was scanned or typed."""
    return _found(request, till=till, wanted=ReceiptSearch(text=text[:CODE_MAX]), about=text)


def is_receipt(*, till: Till, text: str) -> bool:
    """Whether this is the number of a receipt of the chain."""
    return bool(facade.find_receipts(till=till, wanted=ReceiptSearch(text=text), limit=1))


def enter_goods(request: HttpRequest, *, till: Till, entry: Entry, panel: str, now: datetime) -> HttpResponse:
    """Goods that come back were scanned: one more of them, or as many as were typed before."""
    line, sale_id = line_of(request.POST.get("line")), sale_of(panel)

    def deed() -> Ticket:
        return facade.return_scanned(till=till, sale_id=sale_id, code=entry.code, units=entry.units, now=now)

    return _done(request, till=till, deed=deed, panel=panel, line=line, about=entry.code)


@require_POST
@till_page()
def find(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Find receipts by what the customer knows of them."""
    try:
        wanted = _search(request, till=till)
    except LiushuiError as error:
        return _shown(request, till=till, panel=MORE, answer=answer_to(error), sound="bad", typed=request.POST)
    return _found(request, till=till, wanted=wanted, about="")


@require_POST
@till_page()
def choose(request: HttpRequest, *, till: Till) -> HttpResponse:
    """One of the receipts found, or none at all."""
    panel = f"{PANEL}-{request.POST.get('sale', '')[:36]}"
    is_known = panel == NO_RECEIPT or sale_of(panel) is not None
    return _shown(request, till=till, panel=panel if is_known else MORE)


@require_POST
@till_page()
def units(request: HttpRequest, *, till: Till) -> HttpResponse:
    """One more or one less of the chosen line, all or none of it; or one `apart`, in another condition."""
    panel, line = request.POST.get("panel", ""), line_of(request.POST.get("line"))
    step, now = request.POST.get("step", ""), datetime.now(UTC)

    def deed() -> Ticket:
        if line is None:
            raise InvalidValue("No line is chosen")
        if step == "apart":
            return facade.split_return(till=till, sale_id=sale_of(panel), line_number=line, now=now)
        return facade.step_return(till=till, sale_id=sale_of(panel), line_number=line, step=step, now=now)

    return _done(request, till=till, deed=deed, panel=panel, line=line)


@require_POST
@till_page()
def everything(request: HttpRequest, *, till: Till) -> HttpResponse:
    """All that can still come back of the receipt."""
    panel = request.POST.get("panel", "")
    sale_id = sale_of(panel)

    def deed() -> Ticket:
        if sale_id is None:
            raise TicketMissing("No receipt is chosen")
        return facade.return_everything(till=till, sale_id=sale_id, now=datetime.now(UTC))

    return _done(request, till=till, deed=deed, panel=panel, line=line_of(request.POST.get("line")))


@require_POST
@till_page()
def code(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Another reason or condition for the chosen line; without one named, the next."""
    panel, line = request.POST.get("panel", ""), line_of(request.POST.get("line"))

    def deed() -> Ticket:
        return facade.say_why(
            till=till, sale_id=sale_of(panel), line_number=line or 0, what=request.POST.get("what", ""),
            code=request.POST.get("code", "")[:64], now=datetime.now(UTC),
        )  # fmt: skip

    return _done(request, till=till, deed=deed, panel=panel, line=line)


@require_POST
@till_page()
def drop(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Nothing of this receipt comes back after all."""
    sale_id = sale_of(request.POST.get("panel", ""))

    def deed() -> Ticket:
        present = ticket_at_hand(request, till=till)
        return facade.keep_everything(
            till=till, ticket_id=present.id, version=version_of(request), sale_id=sale_id, now=datetime.now(UTC)
        )

    return _done(request, till=till, deed=deed, panel="", line=None)


@require_POST
@till_page()
def approve(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Another person approves what is given back."""
    try:
        present = ticket_at_hand(request, till=till)
    except LiushuiError as error:
        return _refused(request, till=till, error=error, panel="pay")
    target = return_target(ticket_id=present.id, returned=present.returned)
    return ask_or_do(request, till=till, kind=RETURN, target=target, panel="pay", line=None)


@require_POST
@till_page()
def give_back(request: HttpRequest, *, till: Till) -> HttpResponse:
    """Record the ticket and give back what is due."""
    try:
        present = ticket_at_hand(request, till=till)
        slips = {
            place: text[:SLIP_MAX]
            for place in range(1, SLIPS_MAX + 1)
            if (text := request.POST.get(f"slip-{place}", "").strip()) and "\0" not in text
        }
        settled = facade.give_back(
            till=till, ticket_id=present.id, version=version_of(request), slips=slips, now=datetime.now(UTC)
        )
    except LiushuiError as error:
        return _refused(request, till=till, error=error, panel="pay")
    return show(request, till=till, ticket=settled, panel="pay", sound="paid")


def _search(request: HttpRequest, *, till: Till) -> ReceiptSearch:
    posted = {name: request.POST.get(name, "").strip()[:CODE_MAX] for name in ("number", "day", "amount", "item")}
    try:
        day = date.fromisoformat(posted["day"]) if posted["day"] else None
    except ValueError as error:
        raise InvalidValue(f"{posted['day']!r} is not a day", pointer="/day") from error
    who = request.POST.get("member", "").strip()[:400]
    return ReceiptSearch(
        text=posted["number"] or text_of(request)[:CODE_MAX],
        day=day,
        amount_minor=typed_amount(text=posted["amount"], currency=currency_of(till)),
        customer=facade.find_member_number(till=till, text=who, now=datetime.now(UTC)) if who else "",
        sku=facade.sku_of(till=till, code=posted["item"], now=datetime.now(UTC)) if posted["item"] else "",
        everywhere=bool(request.POST.get("everywhere")),
    )


def _found(request: HttpRequest, *, till: Till, wanted: ReceiptSearch, about: str) -> HttpResponse:
    """One receipt is opened, several are offered."""
    try:
        found = facade.find_receipts(till=till, wanted=wanted)
    except LiushuiError as error:
        return _shown(request, till=till, panel=MORE, answer=answer_to(error), sound="bad", typed=request.POST)
    if len(found) == 1:
        return _shown(request, till=till, panel=f"{PANEL}-{found[0].id}", sound="ok")
    if not found:
        answer = Answer(
            level="bad", title=_("No receipt was found"), about=about[:80],
            advice=_("Check the number, or look for it by day and amount, article or member."),
        )  # fmt: skip
        return _shown(request, till=till, panel=MORE, answer=answer, sound="bad", typed=request.POST)
    store = stores.store(store_id=till.store_id)
    rows = [
        (sale, store.local(sale.completed_at).replace(tzinfo=None), ROW_KEYS[at] if at < len(ROW_KEYS) else "")
        for at, sale in enumerate(found)
    ]
    return _shown(request, till=till, panel=MORE, found=rows, typed=request.POST, sound="ok")


def _shown(request: HttpRequest, *, till: Till, panel: str, **more: Any) -> HttpResponse:
    return show(request, till=till, ticket=facade.current_ticket(till=till), panel=panel, **more)


def _done(
    request: HttpRequest, *, till: Till, deed: Callable[[], Ticket], panel: str, line: int | None, about: str = ""
) -> HttpResponse:
    try:
        changed = deed()
    except LiushuiError as error:
        return _refused(request, till=till, error=error, panel=panel, line=line, about=about)
    return show(request, till=till, ticket=changed, panel=panel, line=line, sound="ok")


def _refused(
    request: HttpRequest, *, till: Till, error: LiushuiError, panel: str, line: int | None = None, about: str = ""
) -> HttpResponse:
    answer = answer_to(error, about=about)
    return _shown(request, till=till, panel=panel, answer=answer, sound="bad", line=line)


urlpatterns: list[URLPattern] = [
    path("till/return/find/", find, name="return-find"),
    path("till/return/receipt/", choose, name="return-receipt"),
    path("till/return/units/", units, name="return-units"),
    path("till/return/everything/", everything, name="return-everything"),
    path("till/return/code/", code, name="return-code"),
    path("till/return/drop/", drop, name="return-drop"),
    path("till/return/approve/", approve, name="return-approve"),
    path("till/return/give-back/", give_back, name="return-give-back"),
]
