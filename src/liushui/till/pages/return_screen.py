"""What the screen shows of goods that come back: the receipt with its lines, and what will be given back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from liushui.kernel.errors import NotFound
from liushui.orders.contracts import VALUE_TENDERS, ReturnLink, SaleLine
from liushui.returns import facade as returns
from liushui.returns.contracts import ConditionCode, ReasonCode, ReturnCodes, ReturnPart, ReturnPolicy
from liushui.stores import facade as stores
from liushui.till import facade
from liushui.till.contracts import Ticket, Till
from liushui.till.domain.returned import settlement
from liushui.till.pages.words import REASONS, payment_words
from liushui.till.return_queries import ReturnableLine
from liushui.till.returned import RECEIPTS_MAX, ReturnedLine, ReturnedReceipt, TicketRefund

PANEL = "return"
MORE = "return_more"  # asks for a receipt though goods of another come back already
NO_RECEIPT = "return-none"
ROW_KEYS = ("F2", "F3", "F4", "F6", "F7")  # of receipts to choose from
_Code = ReasonCode | ConditionCode


@dataclass(frozen=True, slots=True, kw_only=True)
class BackRow:
    """A line of the receipt as the screen shows it: bought, back before, comes back now."""

    number: int
    name: str
    code: str
    bought: str
    left: int
    before: tuple[str, ...]
    chosen: int
    amount_minor: int  # what comes back now is worth, positive
    said: tuple[tuple[int, str, str], ...]  # units, reason and condition; several of a line that was parted
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRow:
    """A receipt of which goods come back on the ticket."""

    sale: str  # as the form names it
    number: str  # empty: goods without one
    refund_minor: int
    key: str
    is_shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRow:
    """A part of what is given back, with the name people call it by."""

    place: int  # 1, 2, …
    name: str
    how: str  # drawer | account | provider | machine
    amount_minor: int  # positive
    points: int


def panel_of(ticket: Ticket | None) -> str:
    """The panel of what comes back on the ticket, the receipt chosen last; the one that asks for a receipt where
    nothing does yet."""
    if ticket is None or ticket.returned is None:
        return PANEL
    last = ticket.returned.receipts[-1].sale_id
    return f"{PANEL}-{last}" if last is not None else NO_RECEIPT


def receipt_rows(ticket: Ticket | None, *, shown: UUID | None = None) -> list[ReceiptRow]:
    """The receipts that come back on the ticket, with the keys that open them."""
    receipts = ticket.returned.receipts if ticket is not None and ticket.returned is not None else ()
    return [
        ReceiptRow(
            sale=str(each.sale_id or "none"), number=each.receipt_number, refund_minor=each.refund_minor,
            key=ROW_KEYS[place] if place < len(ROW_KEYS) else "", is_shown=each.sale_id == shown,
        )
        for place, each in enumerate(receipts)
    ]  # fmt: skip


def numbers_of_receipts(ticket: Ticket | None) -> dict[int, str]:
    """By line of the ticket the receipt that it comes back of, where goods of several do."""
    receipts = ticket.returned.receipts if ticket is not None and ticket.returned is not None else ()
    if len(receipts) < 2:
        return {}
    return {line.number: each.receipt_number for each in receipts for line in each.lines}


def sale_of(panel: str) -> UUID | None:
    """The receipt that a panel is about."""
    try:
        return UUID(panel.removeprefix(f"{PANEL}-")[:36]) if panel.startswith(f"{PANEL}-") else None
    except ValueError:
        return None


def return_context(*, till: Till, ticket: Ticket | None, panel: str, line: int | None) -> dict[str, Any]:
    """What the panels of goods that come back take."""
    sale_id = sale_of(panel)
    rules = returns.policy(chain_id=till.chain_id)
    if sale_id is not None:
        try:
            return _receipt(till, ticket, sale_id, line, rules)
        except NotFound:
            return {"panel": PANEL}
    if panel == NO_RECEIPT:
        return _unreceipted(ticket, line, rules)
    coming = receipt_rows(ticket)
    return {
        "coming": coming,
        "is_enough": len(coming) >= RECEIPTS_MAX,
        "takes_unreceipted": rules.unreceipted_max_minor > 0 and not coming,
        "unreceipted_max_minor": rules.unreceipted_max_minor,
    }


def _receipt(till: Till, ticket: Ticket | None, sale_id: UUID, line: int | None, rules: ReturnPolicy) -> dict[str, Any]:
    receipt = facade.receipt_to_return(till=till, sale_id=sale_id, now=datetime.now(UTC))
    returned = ticket.returned.of(sale_id) if ticket is not None and ticket.returned is not None else None
    chosen = _by_line(returned) if returned is not None else {}
    numbers = [each.line.line_number for each in receipt.lines]
    at = line if line in numbers else next((each.line.line_number for each in receipt.lines if each.left), None)
    store = stores.store(store_id=till.store_id)
    rows = [_row(each, chosen.get(each.line.line_number, ()), at, rules, store.local) for each in receipt.lines]
    present = chosen.get(at, ()) if at is not None else ()
    theirs = stores.store(store_id=receipt.sale.summary.store_id)
    return {
        "receipt": receipt.sale.summary,
        "sold_in": theirs if theirs.id != till.store_id else None,
        "sold_at": store.local(receipt.sale.summary.completed_at).replace(tzinfo=None),
        "back_rows": rows,
        "chosen": at,
        "comes_back": returned is not None,
        "coming": receipt_rows(ticket, shown=sale_id),
        "has_left": any(each.left for each in receipt.lines),
        **_codes(rules, present[0] if present else None),
    }


def _unreceipted(ticket: Ticket | None, line: int | None, rules: ReturnPolicy) -> dict[str, Any]:
    returned = ticket.returned.of(None) if ticket is not None and ticket.returned is not None else None
    lines = returned.lines if returned is not None else ()
    at = line if line in [each.number for each in lines] else (lines[-1].number if lines else None)
    shown = {row.number: _in_language(row.name_zh, row.name_en) for row in (ticket.lines if ticket else ())}
    rows = [
        BackRow(
            number=each.number, name=shown.get(each.number, each.line.name), code=each.line.sku, bought="", left=0,
            before=(), chosen=-each.line.units, amount_minor=-each.line.amount_minor,
            said=_words(each.said, rules), is_chosen=each.number == at,
        )
        for each in lines
    ]  # fmt: skip
    present = next((each for each in lines if each.number == at), None)
    return {
        "back_rows": rows,
        "chosen": at,
        "comes_back": returned is not None,
        "unreceipted_max_minor": rules.unreceipted_max_minor,
        **_codes(rules, present),
    }


def _codes(rules: ReturnPolicy, present: ReturnedLine | None) -> dict[str, Any]:
    return {
        "return_reasons": _offered(rules.reasons, present.said[-1].reason if present else None),
        "return_conditions": _offered(rules.conditions, present.said[-1].condition if present else None),
        "line_comes_back": present is not None,
    }


def _offered(codes: Sequence[_Code], present: str | None) -> list[tuple[str, str, bool]]:
    """Code, name, and whether it is the one of the line."""
    return [(each.code, _name(each), each.code == present) for each in codes if each.is_active]


def named(codes: Sequence[_Code], code: str) -> str:
    """A code as people read it."""
    return next((_name(each) for each in codes if each.code == code), code)


def reason_words(*, till: Till, said: Sequence[ReturnPart]) -> tuple[tuple[int, str, str], ...]:
    """Units, reasons and conditions of a line as people read them, also those that are no longer offered."""
    rules = returns.return_codes(chain_id=till.chain_id)
    return _words(said, rules)


def _words(said: Sequence[ReturnPart], rules: ReturnPolicy | ReturnCodes) -> tuple[tuple[int, str, str], ...]:
    return tuple(
        (each.units, named(rules.reasons, each.reason), named(rules.conditions, each.condition)) for each in said
    )


def _name(code: _Code) -> str:
    return _in_language(code.name_zh, code.name_en)


def _in_language(name_zh: str, name_en: str) -> str:
    return (name_zh or name_en) if (get_language() or "").startswith("zh") else (name_en or name_zh)


def _by_line(returned: ReturnedReceipt) -> dict[int, tuple[ReturnedLine, ...]]:
    found: dict[int, tuple[ReturnedLine, ...]] = {}
    for each in returned.lines:
        found[each.line_number] = (*found.get(each.line_number, ()), each)
    return found


def _row(
    each: ReturnableLine, chosen: Sequence[ReturnedLine], at: int | None, rules: ReturnPolicy,
    local: Callable[[datetime], datetime],
) -> BackRow:  # fmt: skip
    line = each.line
    return BackRow(
        number=line.line_number,
        name=_in_language(*each.names),
        code=line.sku,
        bought=_quantity(line),
        left=each.left,
        before=tuple(_told(link, line, local) for link in each.before),
        chosen=-sum(back.line.units for back in chosen),
        amount_minor=-sum(back.line.amount_minor for back in chosen),
        said=_words(chosen[0].said, rules) if chosen else (),
        is_chosen=line.line_number == at,
    )


def _quantity(line: SaleLine) -> str:
    if line.measure_value is None:
        return str(line.units)
    return f"{line.measure_value / 1000:.3f} kg" if line.measure_unit == "g" else f"{line.measure_value}"


def _told(link: ReturnLink, line: SaleLine, local: Callable[[datetime], datetime]) -> str:
    """2 of 3 came back on 11-20 (S01-T1-000007)."""
    day = local(link.completed_at).strftime("%m-%d")
    return _("%(units)s of %(bought)s came back on %(day)s (%(receipt)s)") % {
        "units": link.units,
        "bought": line.units,
        "day": day,
        "receipt": link.receipt_number,
    }


def refund_rows(ticket: Ticket) -> list[RefundRow]:
    """What goes back when nothing is to be paid any more, or besides it: in the order in which it is given."""
    if ticket.returned is None:
        return []
    sold = sum(line.amount_minor for line in ticket.lines if not line.is_voided and not line.is_returned)
    refunds = settlement(sold_minor=sold, tenders=ticket.returned.tenders).refunds
    return [_refund_row(place, refund) for place, refund in enumerate(refunds, start=1)]


def _refund_row(place: int, refund: TicketRefund) -> RefundRow:
    how = "drawer" if refund.type == "cash" else "account" if refund.type in VALUE_TENDERS else "machine"
    if refund.type == "mobile" and len(refund.reference) == 36:  # a payment of ours is known by its id
        how = "provider"
    return RefundRow(
        place=place, name=payment_words(refund.type, refund.method), how=how, amount_minor=-refund.amount_minor,
        points=refund.points,
    )  # fmt: skip


def needs_approval(ticket: Ticket) -> bool:
    """Whether another person has to approve what comes back, and nobody has yet."""
    return ticket.returned is not None and bool(ticket.returned.needs_approval)


def give_context(ticket: Ticket) -> dict[str, Any]:
    """What `till/parts/give.html` takes."""
    return {
        "refunds": refund_rows(ticket),
        "needs_approval": needs_approval(ticket),
        "why_approval": why_approval(ticket.returned.needs_approval) if ticket.returned is not None else "",
        "reasons": REASONS["return"],
    }


def why_approval(needs: str) -> str:
    """Why a return needs another person, in words."""
    return {
        "no_receipt": _("There is no receipt."),
        "late": _("The days for returns are over."),
        "other_store": _("It was bought in another store."),
        "over_limit": _("The amount is above what one person may give back."),
    }.get(needs, "")
