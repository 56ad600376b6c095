"""The sale screen's changing part: the ticket, the panel beside it and the total, drawn anew after every deed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from liushui.kernel.errors import NotFound
from liushui.payments import facade as payments
from liushui.promotions import facade as promotions
from liushui.promotions.contracts import Explanation
from liushui.runtime import approvals
from liushui.runtime.approvals import Approval
from liushui.stores import facade as stores
from liushui.till import facade
from liushui.till.contracts import Receipt, Ticket, TicketLine, TicketTender, Till
from liushui.till.domain.codes import mask
from liushui.till.pages.quick_cash import quick_sums
from liushui.till.pages.return_screen import (
    MORE,
    PANEL,
    give_context,
    needs_approval,
    numbers_of_receipts,
    panel_of,
    reason_words,
    refund_rows,
    return_context,
)
from liushui.till.pages.words import REASONS, Answer, code_problem, tender_name, tender_note

PANELS = frozenset(
    ("", "pay", "price", "weigh", "units", "park", "parked", "line", "cancel", "code", "member", "why", "gift")
) | {PANEL, MORE}
_WITHOUT_TICKET = frozenset({"parked", "price", "weigh", "code", "member", "join"})
UPSELLS = 2  # near misses told at once, the nearest
_EXPLAINED = frozenset({"", "why", "code", "member", "box"})  # panels beside which gifts and near misses are told
PAPERS = ("80", "58")
_PAPER_COOKIE = "liushui_paper"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """A line as the basket shows it."""

    line: TicketLine
    quantity: str
    is_chosen: bool
    discounts: tuple[tuple[str, int], ...]  # name and amount
    receipt: str  # of goods that come back: its number, where there are several


@dataclass(frozen=True, slots=True, kw_only=True)
class TenderRow:
    """A tender with the name people call it by and, while the customer scans it, its code."""

    tender: TicketTender
    name: str
    note: str
    qr: str


def show(
    request: HttpRequest,
    *,
    till: Till,
    ticket: Ticket | None,
    panel: str = "",
    answer: Answer | None = None,
    sound: str = "",
    line: int | None = None,
    **more: Any,
) -> HttpResponse:
    """The answer to a deed: `#ticket`, to be swapped in."""
    return render(
        request,
        "till/swap.html",
        screen(request, till=till, ticket=ticket, panel=panel, answer=answer, sound=sound, line=line) | more,
    )


def screen(
    request: HttpRequest,
    *,
    till: Till,
    ticket: Ticket | None,
    panel: str = "",
    answer: Answer | None = None,
    sound: str = "",
    line: int | None = None,
) -> dict[str, Any]:
    """What `till/ticket.html` takes. Asks the database for nothing but what the panel needs."""
    store = stores.store(store_id=till.store_id)
    shift = facade.current_shift(till=till) if ticket is None else None
    panel = _panel_of(ticket, panel)
    chosen = _chosen(ticket, line)
    now = datetime.now(UTC)
    explanation = explanation_of(till=till, ticket=ticket, now=now) if panel in _EXPLAINED else None
    context: dict[str, Any] = {
        "till": till,
        "store": store,
        "currency": ticket.currency if ticket else store.currency,
        "ticket": ticket,
        "has_shift": ticket is not None or (shift is not None and shift.state == "open"),
        "is_training": ticket.is_training if ticket else bool(shift and shift.is_training),
        "rows": _line_rows(ticket, chosen),
        "sold_minor": ticket.total_minor + ticket.returned.refund_minor if ticket and ticket.returned else 0,
        "besides_minor": _besides_minor(ticket),
        "paid_minor": _paid_minor(ticket),
        "chosen": chosen,
        "units": sum(row.units for row in ticket.lines if not row.is_voided) if ticket else 0,
        "panel": panel,
        "answer": answer,
        "sound": sound,
        "shown_at": store.local(now).replace(tzinfo=None),
        "explanation": explanation,
        "upsells": explanation.near_misses[:UPSELLS] if explanation else (),
        "gained": explanation.gained if explanation else (),
        "codes": shown_codes(ticket),
        "person": facade.masked_member(ticket=ticket),
    }
    return context | _panel_context(request, till=till, ticket=ticket, panel=panel, line=line)


def _panel_of(ticket: Ticket | None, panel: str) -> str:
    """The panel that fits the ticket: a payment that runs is never covered, a ticket that is over shows its end."""
    if panel in ("member", "box"):
        panel = "box" if ticket is not None and ticket.member is not None else "member"
    if panel == PANEL:  # what comes back already is looked at again
        panel = panel_of(ticket)
    if ticket is None:
        return panel if panel.startswith(PANEL) or panel in _WITHOUT_TICKET else ""
    if ticket.state in ("settled", "voided", "cancelled"):
        return "done" if ticket.state == "settled" else ""
    if ticket.state in ("recording", "cancelling", "voiding"):
        return "busy"
    if ticket.state == "paying" and panel not in ("cancel", "gift") and not panel.startswith("asked-"):
        return "pay"
    if panel == "pay" and ticket.is_refund and (ticket.due_minor <= 0 or needs_approval(ticket)):
        return "give"
    return panel


def _chosen(ticket: Ticket | None, line: int | None) -> int | None:
    numbers = [row.number for row in ticket.lines if not row.is_voided] if ticket else []
    if line in numbers:
        return line
    return numbers[-1] if numbers else None


def _paid_minor(ticket: Ticket | None) -> int:
    """What was taken from the customer."""
    tenders = ticket.tenders if ticket is not None else ()
    return sum(each.amount_minor for each in tenders if each.amount_minor > 0 and each.state == "paid")


def _besides_minor(ticket: Ticket | None) -> int:
    """Of an exchange that costs more: what of the old goods goes back to accounts and cards, and is paid anew."""
    if ticket is None or ticket.returned is None or ticket.due_minor + _paid_minor(ticket) <= 0:
        return 0
    return sum(row.amount_minor for row in refund_rows(ticket))


def _line_rows(ticket: Ticket | None, chosen: int | None) -> list[LineRow]:
    receipts = numbers_of_receipts(ticket)
    return [
        LineRow(
            line=row, quantity=quantity_text(row), is_chosen=row.number == chosen, discounts=named_discounts(row),
            receipt=receipts.get(row.number, ""),
        )
        for row in (ticket.lines if ticket else ())
    ]  # fmt: skip


def quantity_text(line: TicketLine) -> str:
    """`3`, or `0.456 kg` of what was weighed."""
    if line.measure_value is None:
        return str(line.units)
    if line.measure_unit == "g":
        whole, grams = divmod(abs(line.measure_value), 1000)
        return f"{'-' if line.measure_value < 0 else ''}{whole}.{grams:03} kg"
    return f"{line.measure_value} {line.measure_unit or ''}".strip()


def shown_codes(ticket: Ticket | None) -> list[tuple[int, str, str]]:
    """Number, masked text, and what keeps the code from counting."""
    codes = ticket.codes if ticket is not None else ()
    return [(at, mask(each.code), code_problem(each.problem)) for at, each in enumerate(codes, start=1)]


def named_discounts(line: TicketLine) -> tuple[tuple[str, int], ...]:
    """What was taken off a line, with the names of the promotions in the reader's language."""
    is_zh = (get_language() or "").startswith("zh")
    return tuple(
        (
            (each.name_zh or each.name_en if is_zh else each.name_en or each.name_zh) or each.promotion,
            each.amount_minor,
        )
        for each in line.discounts
    )


def explanation_of(*, till: Till, ticket: Ticket | None, now: datetime) -> Explanation | None:
    """Why the ticket costs what it does, in the reader's language; None when no rulebook was asked."""
    if ticket is None or ticket.answer is None:
        return None
    return promotions.explain_answer(
        chain_id=till.chain_id, answer=ticket.answer.to_json(), currency=ticket.currency, at=now
    )


def _panel_context(
    request: HttpRequest, *, till: Till, ticket: Ticket | None, panel: str, line: int | None
) -> dict[str, Any]:
    if panel.startswith(PANEL):
        return return_context(till=till, ticket=ticket, panel=panel, line=line)
    if panel == "parked":
        return {"parked": facade.parked(till=till)}
    if panel in ("line", "cancel"):
        return {"reasons": REASONS["line" if panel == "line" else "sale"]}
    if panel == "box":
        return {"box": facade.member_box(till=till, ticket=ticket, now=datetime.now(UTC))}
    if panel == "give" and ticket is not None:
        return give_context(ticket)
    if panel == "pay" and ticket is not None:
        return pay_context(till=till, ticket=ticket)
    if panel == "done" and ticket is not None:
        return {"tenders": tender_rows(ticket), "paper": paper_width(request)} | receipt_context(
            till=till, ticket_id=ticket.id
        )
    if panel.startswith("asked-"):
        return {"asked": _asked(panel)}
    return {}


def _asked(panel: str) -> Approval | None:
    try:
        found = approvals.approval(approval_id=UUID(panel.removeprefix("asked-")[:36]))
    except (ValueError, NotFound):
        return None
    return found if found.state in ("pending", "approved") and found.used_at is None else None


def pay_context(*, till: Till, ticket: Ticket) -> dict[str, Any]:
    """Ways of paying what is due, and those begun."""
    offered = payments.providers(chain_id=till.chain_id)
    return {
        "tenders": tender_rows(ticket),
        "pending": next((row for row in tender_rows(ticket) if row.tender.state == "pending"), None),
        "quick": [
            (amount, f"F{key}")
            for key, amount in enumerate(quick_sums(due_minor=ticket.due_minor, currency=ticket.currency, limit=3), 2)
        ],
        "shows_qr": [provider for provider in offered if "customer_scans" in provider.modes],
        "usable": facade.usable_value(chain_id=till.chain_id, ticket=ticket, now=datetime.now(UTC)),
    }


def tender_rows(ticket: Ticket) -> list[TenderRow]:
    """The tenders that count, and what failed last."""
    return [_tender_row(tender) for tender in ticket.tenders]


def _tender_row(tender: TicketTender) -> TenderRow:
    return TenderRow(
        tender=tender,
        name=tender_name(tender),
        note=tender_note(tender),
        qr=qr_image(tender.qr_text) if tender.state == "pending" and tender.qr_text else "",
    )


def qr_image(text: str) -> str:
    """A QR code as the address of an image."""
    return segno.make(text, error="m", micro=False).svg_data_uri(scale=8, border=0, dark="#000", light="#fff")


def paper_width(request: HttpRequest) -> str:
    """Width of the receipt roll in millimetres, as chosen at this till."""
    chosen = request.COOKIES.get(_PAPER_COOKIE, PAPERS[0])
    return chosen if chosen in PAPERS else PAPERS[0]


def receipt_context(*, till: Till, ticket_id: UUID) -> dict[str, Any]:
    """What `till/parts/paper.html` takes."""
    receipt = facade.receipt(ticket_id=ticket_id, store_ids=frozenset({till.store_id}))
    return {
        "receipt": receipt,
        "paper_zh": (get_language() or "").startswith("zh"),
        "paper_lines": [(line, quantity_text(line), named_discounts(line)) for line in receipt["lines"]],
        "paper_tenders": [_tender_row(tender) for tender in receipt["tenders"]],
        "receipt_qr": qr_image(receipt["qr"]),
        **(paper_back(till=till, receipt=receipt) if receipt["returned"] is not None else {}),
    }


def paper_back(*, till: Till, receipt: Receipt) -> dict[str, Any]:
    """What `till/parts/paper_back.html` takes: of each receipt, the name of its store if it is another, lines."""
    is_zh = (get_language() or "").startswith("zh")
    told = []
    for each in receipt["returned"]["receipts"]:
        theirs = stores.store(store_id=each["store_id"])
        name = theirs.name_zh or theirs.name_en if is_zh else theirs.name_en or theirs.name_zh
        said = {number: reason_words(till=till, said=parts) for number, parts in each["reasons"].items()}
        rows = [
            (line, quantity_text(line), named_discounts(line), said[line.number])
            for line in receipt["returned_lines"]
            if line.number in said
        ]
        told.append((each, name if theirs.id != till.store_id else "", rows))
    return {"paper_back": told}
